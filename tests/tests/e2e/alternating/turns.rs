//! The usual case: one turn after the other.

use keywheel_tests::pair::Pair;
use keywheel_tests::postgres::Server;
use staging_labels::Label;

/// Three rotations on `server`, checked from the outside.
async fn takes_turns_on(server: Server) {
    let pair = Pair::on(server).await;
    let (app, clone) = (pair.database.user().to_owned(), pair.database.clone_user());
    for (round, expected) in [&clone, &app, &clone].into_iter().enumerate() {
        let cached = (
            pair.user(&Label::Current).await,
            pair.password(&Label::Current).await,
        );
        let token = pair
            .rotate()
            .await
            .unwrap_or_else(|error| panic!("{round}: {error}\n{}", pair.log()));
        assert_eq!(pair.carrier(&Label::Current).await, Some(token));
        assert_eq!(pair.user(&Label::Current).await, *expected);
        pair.invariant_current_and_previous_log_in("a rotation").await;
        let (database, cluster) = (&pair.database, pair.database.cluster());
        assert!(
            cluster.accepts(&cached.0, &cached.1, database.name()).await,
            "what a client has cached still logs in"
        );
    }
}

#[tokio::test]
async fn two_users_take_turns_on_the_distributions_postgresql() {
    takes_turns_on(Server::Main).await;
}

#[tokio::test]
async fn two_users_take_turns_on_postgresql_16() {
    takes_turns_on(Server::Sixteen).await;
}

#[tokio::test]
async fn two_users_take_turns_on_postgresql_18() {
    takes_turns_on(Server::Eighteen).await;
}

#[tokio::test]
async fn two_users_take_turns_on_postgresql_18_with_tls() {
    takes_turns_on(Server::EighteenTls).await;
}

#[tokio::test]
async fn a_turn_takes_twelve_calls_and_four_logins_none_in_vain() {
    let pair = Pair::new().await;
    for turn in ["to the clone", "to the original", "to the clone again"] {
        pair.aws.clear_calls();
        let before = pair.database.log();
        pair.rotate().await.expect("the rotation succeeds");

        let calls = pair.aws.calls();
        let calls: Vec<_> = calls.into_iter().filter(|call| call.function.is_some()).collect();
        assert_eq!(calls.len(), 12, "{turn}: {calls:#?}");
        let log = pair.database.log().since(&before);
        assert_eq!((log.logins(), log.failed_logins()), (4, 0), "{turn}");
    }
}
