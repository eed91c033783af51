//! The function `rotate-api-key`: rotates API keys of any provider that is described.

fn main() -> std::process::ExitCode {
    rotation::lambda::main(rotate_api_key::ApiKey::from_env)
}
