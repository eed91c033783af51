//! Somebody wrote a value while a rotation was under way.

use serde_json::{Value, json};
use staging_labels::Label;

use super::desk::Desk;

#[tokio::test]
async fn the_lost_password_is_found() {
    let desk = Desk::stuck(true).await;
    let text = desk.world.text(&Label::Current).await.expect("there is a value");
    let mut document: Value = serde_json::from_str(&text).expect("it is JSON");
    document["password"] = json!("written-by-hand");
    desk.world.put(&document.to_string(), &[Label::Current]).await;
    desk.minutes(1);
    desk.later();
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "[abandoned", "work: not known"]);
    let asked = desk.doctor("--login").await;
    asked.says(&["[abandoned", "work: no"]);
    let rotate = desk.types(asked.command("keywheel rotate", "")).await;
    assert_eq!(rotate.code, 0, "{}{}", rotate.out, rotate.err);
    desk.is_well().await;
}
