//! The function `rotate-postgres-single-user`: rotates the password of one PostgreSQL role in place.

fn main() -> std::process::ExitCode {
    rotation::lambda::main(rotate_postgres::SingleUser::from_env)
}
