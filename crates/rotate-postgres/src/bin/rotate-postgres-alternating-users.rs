//! The function `rotate-postgres-alternating-users`: two PostgreSQL users take turns, so that AWSCURRENT logs in at every moment.

fn main() -> std::process::ExitCode {
    rotation::lambda::main(rotate_postgres::AlternatingUsers::from_env)
}
