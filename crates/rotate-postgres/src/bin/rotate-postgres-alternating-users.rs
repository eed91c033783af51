//! The function `rotate-postgres-alternating-users`: two PostgreSQL users alternate, so that AWSCURRENT always logs in.

fn main() -> std::process::ExitCode {
    rotation::lambda::main(rotate_postgres::AlternatingUsers::from_env)
}
