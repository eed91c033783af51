//! The rotation itself, and the claims that are checked in front of the reader.

use keywheel_tests::world::World;
use staging_labels::Label;

use crate::table;

/// Rotates, shows and checks; whether everything held.
pub(crate) async fn tell(world: &World) -> bool {
    let old = world.password(&Label::Current).await;
    println!("3. The secret before:");
    println!("      {}", hidden(world, &old).await);
    print!("{}", table::labels(&world.labels().await));

    println!(
        "\n4. aws secretsmanager rotate-secret --secret-id {}",
        name(&world.secret)
    );
    let outcome = world.rotate().await;
    if let Some(run) = world.aws.rotations(&world.secret).last() {
        print!("{}", table::steps(run));
    }
    if let Err(error) = outcome {
        println!("   {error}");
        return false;
    }

    let new = world.password(&Label::Current).await;
    println!("\n5. The secret after:");
    println!("      {}", hidden(world, &new).await);
    print!("{}", table::labels(&world.labels().await));

    println!("\n6. Checked just now, by real logins and by reading the server's log:");
    let held = [
        claim("the new password logs in", world.database.accepts(&new).await),
        claim("the old password is refused", !world.database.accepts(&old).await),
        no_password_in_the_log(world, &[&old, &new]),
        one_failed_login(world),
    ];
    show_the_statement(world);
    held.into_iter().all(|held| held)
}

/// Prints a claim; whether it held.
pub(crate) fn claim(text: &str, held: bool) -> bool {
    println!("{}", table::claim(text, held));
    held
}

/// The document with its password covered.
async fn hidden(world: &World, password: &str) -> String {
    let text = world.text(&Label::Current).await.unwrap_or_default();
    text.replace(password, "(hidden)")
}

fn no_password_in_the_log(world: &World, passwords: &[&str]) -> bool {
    let log = world.database.log();
    let held = !passwords.iter().any(|password| log.contains(password));
    let function = world.log();
    let silent = !passwords.iter().any(|password| function.contains(password));
    claim(
        "the server's log, with every statement in it, holds neither password",
        held,
    ) & claim(
        "the function's log, at its most verbose, holds neither password",
        silent,
    )
}

/// The only failed login is the check of the old password above.
fn one_failed_login(world: &World) -> bool {
    let failed = world
        .database
        .log()
        .of_role(world.database.user())
        .failed_logins();
    claim("the rotation itself caused no failed login", failed <= 1)
}

fn show_the_statement(world: &World) {
    let statements = world.database.log().of_role(world.database.user()).statements();
    if let Some(statement) = statements
        .iter()
        .rfind(|statement| statement.contains("PASSWORD"))
    {
        let shown: String = statement.chars().take(100).collect();
        println!("\n   What the server saw of the new password is a verifier:\n      {shown}…\n");
    }
}

/// The secret's name out of its ARN.
fn name(arn: &str) -> &str {
    let name = arn.rsplit(':').next().unwrap_or(arn);
    name.rsplit_once('-').map_or(name, |(name, _)| name)
}
