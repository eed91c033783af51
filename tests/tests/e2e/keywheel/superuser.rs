//! The superuser secret's password is wrong: nobody is locked out, and no new password can be set.

use keywheel_tests::pair::{Pair, admin_document};
use keywheel_tests::postgres::{Server, cluster};

use super::desk::types_at;

#[tokio::test]
async fn a_wrong_password_is_named_with_its_secret_and_the_retry_leads_out() {
    let pair = Pair::new().await;
    pair.rotate().await.expect("the first rotation succeeds");
    let good = admin_document(&pair.database, &pair.admin);
    let mut wrong = good.clone();
    wrong["password"] = "somebody-changed-it".into();
    let authority = cluster(Server::Main).authority_path();
    let writes = async |document: &serde_json::Value| {
        let call = pair.client.put_secret_value().secret_id(&pair.admin_secret);
        let call = call.secret_string(document.to_string());
        call.send().await.expect("it can be written");
    };
    writes(&wrong).await;
    let error = pair.rotate().await.expect_err("the superuser cannot log in");
    assert_eq!(error.error_type, "SuperuserLoginRefused");
    let line = format!("keywheel doctor '{}'", pair.secret);
    let screen = types_at(&pair.aws.url(), &authority, &line).await;
    screen.says(&["STUCK", "[pending-before-set, admin-unreadable]", "work: yes"]);
    for words in [
        pair.admin_secret.as_str(),
        "write the superuser role's right password into its secret",
        "keywheel does step 2 for you, after what stands before it",
    ] {
        assert!(screen.out.contains(words), "{words}: {}", screen.out);
    }
    for shown in [pair.admin.password.as_str(), "somebody-changed-it"] {
        assert!(!screen.out.contains(shown), "{}", screen.out);
    }
    let explain = screen.command("keywheel explain", "");
    let page = types_at(&pair.aws.url(), &authority, explain).await;
    assert!(page.out.starts_with("# SuperuserLoginRefused"), "{}", page.out);
    writes(&good).await;
    let rotate = screen.command("keywheel rotate", "");
    let done = types_at(&pair.aws.url(), &authority, rotate).await;
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    pair.invariant_current_and_previous_log_in("the superuser secret was repaired")
        .await;
}
