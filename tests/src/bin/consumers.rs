//! Rotates each consumer's secret while the consumer logs in with it, and measures what a cache costs: `make consumers`.
//!
//! Figures, not verdicts: docs/readers-of-secrets.md has those of one machine. The end-to-end tests run the same for a moment, and judge.

#![expect(clippy::print_stdout, reason = "the tables are for a person")]

use std::env;

use keywheel_tests::consumers::cache::{self, Share};
use keywheel_tests::consumers::{CONSUMERS, Row, Strategy, keys, postgres};

/// TTLs, in hundredths of the interval between two rotations.
const TTLS: [u64; 8] = [10, 25, 50, 75, 100, 150, 200, 300];

#[tokio::main]
async fn main() -> Result<(), String> {
    let usage = "consumers ROTATIONS [consumers|cache]";
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (rotations, only) = arguments.split_first().ok_or(usage)?;
    let rotations: usize = rotations.parse().map_err(|_| usage)?;
    match only {
        [] => {
            consumers(rotations).await;
            println!();
            caches(rotations).await;
        }
        [only] if only == "consumers" => consumers(rotations).await,
        [only] if only == "cache" => caches(rotations).await,
        _ => return Err(usage.to_owned()),
    }
    Ok(())
}

async fn consumers(rotations: usize) {
    println!(
        "| consumer | secret | strategy | rotations | reads | logins | refused while rotating | refused between rotations |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for consumer in &CONSUMERS {
        if let Some(lacking) = consumer.lacks() {
            println!("{lacking}");
            continue;
        }
        for strategy in [Strategy::SingleUser, Strategy::AlternatingUsers] {
            print(&postgres::rotate(consumer, strategy, rotations).await);
        }
    }
    print(&keys::api_key(rotations).await);
    print(&keys::client_secret(rotations).await);
}

async fn caches(rotations: usize) {
    println!(
        "| TTL / interval | single user | single user, reads again | alternating users | alternating users, reads again |"
    );
    println!("|---|---|---|---|---|");
    let intervals = TTLS.map(|hundredths| cache::TTL * 100 / hundredths);
    let single = cache::measure(Strategy::SingleUser, rotations, &intervals).await;
    let alternating = cache::measure(Strategy::AlternatingUsers, rotations, &intervals).await;
    for ((hundredths, one), two) in TTLS.iter().zip(&single).zip(&alternating) {
        let [one, one_again] = shares(one);
        let [two, two_again] = shares(two);
        println!(
            "| {}.{:02} | {one} | {one_again} | {two} | {two_again} |",
            hundredths / 100,
            hundredths % 100
        );
    }
}

fn print(row: &Row) {
    let Row {
        consumer,
        form,
        strategy,
        rotations,
        reads,
        during,
        between,
    } = row;
    let logins = during.wanted + between.wanted;
    println!(
        "| {consumer} | `{form}` | {strategy} | {rotations} | {reads} | {logins} | {} | {} |",
        during.refused, between.refused
    );
}

/// The share of logins that failed.
fn shares(share: &Share) -> [String; 2] {
    [share.keeps, share.reads_again].map(|logins| {
        let hundredths = logins.failed * 10_000 / logins.wanted;
        format!("{}.{:02} %", hundredths / 100, hundredths % 100)
    })
}
