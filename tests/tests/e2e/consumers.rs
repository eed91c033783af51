//! Those who read the secrets, in their own languages: each gets in after every rotation, and never learns more of it than a new credential.

use keywheel_tests::consumers::cache::{self, LOGINS, Share, TTL, WORKERS};
use keywheel_tests::consumers::{CONSUMERS, Row, Strategy, keys, postgres};

/// `make consumers` makes more of them.
const ROTATIONS: usize = 1;

/// A consumer that reads the secret for each login is refused at most while a rotation runs.
fn assert_gets_in(row: &Row) {
    assert_eq!(row.between.failed, 0, "{row:?}");
    assert_eq!(row.between.wanted, ROTATIONS + 1, "{row:?}");
    assert_eq!(row.reads, row.during.wanted + row.between.wanted, "{row:?}");
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "what is left out is said")]
async fn a_consumer_of_a_postgresql_secret_gets_in_after_every_rotation() {
    let strategies = [Strategy::SingleUser, Strategy::AlternatingUsers];
    for (number, consumer) in CONSUMERS.iter().enumerate() {
        // Whose credentials a reader has does not depend on the strategy: these meet one each, for brevity.
        let strategies = match consumer.form {
            "TestingSecret" => &strategies[number % 2..][..1],
            _ => &strategies[..],
        };
        if let Some(lacking) = consumer.lacks() {
            eprintln!("{lacking}");
            continue;
        }
        for &strategy in strategies {
            let row = postgres::rotate(consumer, strategy, ROTATIONS).await;
            if strategy == Strategy::AlternatingUsers {
                assert_eq!((row.during.refused, row.between.refused), (0, 0), "{row:?}");
            }
            if row.during.wanted > 0 {
                assert_gets_in(&row);
            }
        }
    }
}

#[tokio::test]
async fn a_consumer_of_a_bare_key_is_never_refused() {
    let row = keys::api_key(ROTATIONS).await;
    assert_gets_in(&row);
    assert_eq!(
        row.during.refused, 0,
        "the key before works for an interval: {row:?}"
    );
}

#[tokio::test]
async fn a_consumer_of_an_oauth_document_gets_in_after_every_rotation() {
    assert_gets_in(&keys::client_secret(ROTATIONS).await);
}

/// How many logins fail with a credential that is kept for `ttl` logins, if one that `works_for` so many intervals is taken.
fn expected(ttl: usize, works_for: usize, rotations: usize) -> usize {
    let failed = |worker: usize| {
        let mut read = cache::first(worker);
        let failed = |login: &usize| {
            if login - read >= ttl {
                read = *login;
            }
            *login >= LOGINS && login / LOGINS - read / LOGINS >= works_for
        };
        (cache::first(worker)..(rotations + 1) * LOGINS)
            .filter(failed)
            .count()
    };
    (0..WORKERS).map(failed).sum()
}

#[tokio::test]
async fn a_cache_younger_than_the_interval_never_fails_with_alternating_users() {
    // A TTL of one interval, and of two.
    let intervals = [TTL, TTL / 2];
    let ttls = [LOGINS, LOGINS * 2];
    let rotations = 2;
    for (strategy, works_for) in [(Strategy::SingleUser, 1), (Strategy::AlternatingUsers, 2)] {
        let shares = cache::measure(strategy, rotations, &intervals).await;
        for (
            Share {
                interval,
                keeps,
                reads_again,
            },
            ttl,
        ) in shares.into_iter().zip(ttls)
        {
            let place = format!("{strategy}, {interval} s");
            assert_eq!(
                keeps.failed,
                expected(ttl, works_for, rotations),
                "{place}: {keeps:?}"
            );
            assert_eq!(
                keeps.failed == 0,
                works_for == 2 && interval >= TTL,
                "{place}: {keeps:?}"
            );
            // At most once for each worker and rotation.
            assert_eq!(reads_again.failed, 0, "{place}: {reads_again:?}");
            assert!(
                reads_again.refused <= WORKERS * rotations,
                "{place}: {reads_again:?}"
            );
            assert_eq!(
                reads_again.refused == 0,
                keeps.failed == 0,
                "{place}: {reads_again:?}"
            );
        }
    }
}
