//! Passwords that the server's rules reject.
