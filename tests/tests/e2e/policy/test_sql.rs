//! The operator's own statement, however large its answer is.

use keywheel_tests::postgres::Server;
use keywheel_tests::process;
use keywheel_tests::world::Setup;
use uuid::Uuid;

/// The most memory that a function had while it rotated with this statement, in kB.
async fn peak(statement: &str) -> u64 {
    let mark = Uuid::new_v4().to_string();
    let world = Setup::on(Server::Eighteen)
        .env("TEST_SQL", statement)
        .env("KEYWHEEL_MARK", &mark)
        .start()
        .await;
    world.rotate().await.unwrap_or_else(|error| panic!("{error}"));
    let peaks = process::with_environment("KEYWHEEL_MARK", &mark)
        .into_iter()
        .map(process::peak);
    peaks.max().expect("the function is kept for the next step")
}

#[tokio::test]
async fn a_large_answer_is_not_collected() {
    let small = peak("SELECT true").await;
    let large = peak("SELECT true, repeat('x', 1000) FROM generate_series(1, 80000)").await;
    assert!(large < small + 40_000, "{small} kB, {large} kB");
}

#[tokio::test]
async fn the_last_row_of_many_decides() {
    let setup = |last: &str| {
        let statement = format!("SELECT n < {last} FROM generate_series(1, 5000) AS n");
        Setup::on(Server::Main).env("TEST_SQL", &statement)
    };
    let good = setup("5001").start().await;
    good.rotate().await.expect("the last answer is true");
    let bad = setup("5000").start().await;
    let error = bad.rotate().await.expect_err("the last answer is false");
    assert_eq!(error.error_type, "TestSqlFailed", "{error}");
}
