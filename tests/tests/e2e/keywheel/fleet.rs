//! `keywheel status` lists what there is, trouble first.

use serde_json::Value;

use super::desk::Desk;

#[tokio::test]
async fn trouble_comes_first_and_says_why() {
    let desk = Desk::stuck(true).await;
    desk.later();
    let client = &desk.world.client;
    let plain = client
        .create_secret()
        .name("another/db")
        .secret_string("{}")
        .send()
        .await;
    plain.expect("a secret is created");
    let screen = desk.types("keywheel status --json").await;
    assert_eq!(screen.code, 1, "{}{}", screen.out, screen.err);
    let document: Value = serde_json::from_str(&screen.out).expect("it is JSON");
    let secrets = document["secrets"].as_array().expect("it is a list");
    assert_eq!(secrets.len(), 1, "a secret without rotation is left out");
    assert_eq!(secrets[0]["state"], "pending-after-set");
    assert_eq!(secrets[0]["code"], "PermissionDenied");
    let all = desk.types("keywheel status --all").await;
    let lines: Vec<&str> = all.out.lines().collect();
    assert!(
        lines[0].starts_with("STATE\tSECRET\t") && lines[1].starts_with("STUCK\t"),
        "{}",
        all.out
    );
    assert!(lines[2].starts_with("OFF\tanother/db\t"), "{}", all.out);
    let none = desk.types("keywheel status nothing/ --csv").await;
    assert_eq!((none.code, none.out.lines().count()), (0, 1), "{}", none.out);
    let by_function = desk
        .types("keywheel status --csv --function rotate-postgres-single-user")
        .await;
    assert_eq!(by_function.out.lines().count(), 2, "{}", by_function.out);
}

#[tokio::test]
async fn two_thousand_secrets_are_listed() {
    const SECRETS: usize = 2000;
    let desk = Desk::rotated(false).await;
    desk.later();
    let client = desk.world.client.clone();
    let create = |number: usize| {
        let call = client.create_secret().name(format!("fleet/{number:04}"));
        call.secret_string("{}").send()
    };
    for batch in (0..SECRETS).collect::<Vec<_>>().chunks(50) {
        let made: Vec<_> = batch.iter().map(|number| tokio::spawn(create(*number))).collect();
        for one in made {
            one.await.expect("it runs").expect("a secret is created");
        }
    }
    desk.world.aws.clear_calls();
    let screen = desk.types("keywheel status fleet/ --all --csv").await;
    assert_eq!(screen.out.lines().count(), SECRETS + 1);
    // ListSecrets has 100 a page.
    let calls = desk.world.aws.calls();
    let count = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    assert_eq!(count("ListSecrets"), (SECRETS + 1).div_ceil(100));
    assert_eq!(count("DescribeSecret") + count("ListSecretVersionIds"), 0);
}
