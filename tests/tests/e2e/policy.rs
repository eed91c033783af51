//! Passwords: those that the server's rules reject, and those that the function's own rules make.

mod cleartext;
mod methods;
mod passwords;
mod test_sql;
