//! What a cache costs: a service keeps its credential for a time, the TTL, and its secret is rotated at an interval.
//!
//! The TTL is 600 s by the service's clock, and the interval is shorter or longer. Ten times in an interval, at the first of which the
//! secret has just been rotated, each of five workers logs in. The workers begin one after the other, so that their caches do not
//! all get old at the same moment. No login is made while a rotation runs: only the cache is measured.

use super::consumer::{SETTINGS, Strategy};
use super::postgres::Scene;
use super::program::{Logins, Program};

/// The service's TTL, in seconds.
pub const TTL: u64 = 600;
/// Logins of a worker in an interval.
pub const LOGINS: usize = 10;
/// Workers, each with a cache of its own.
pub const WORKERS: usize = 5;

/// Begun at this login.
pub const fn first(worker: usize) -> usize {
    worker * LOGINS / WORKERS
}

/// What was counted at one interval.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// The interval between two rotations, in seconds by the service's clock.
    pub interval: u64,
    /// The logins of the service that keeps the credential until the TTL has passed.
    pub keeps: Logins,
    /// The same of one that also reads the secret again when a login is refused.
    pub reads_again: Logins,
}

/// Rotates the service's secret so many times, at each of these intervals.
///
/// # Panics
/// If a rotation fails, or the service fails otherwise than by being refused.
pub async fn measure(strategy: Strategy, rotations: usize, intervals: &[u64]) -> Vec<Share> {
    static SERVICE: super::Consumer = SETTINGS;
    let scene = Scene::start(&SERVICE, strategy).await;
    let start = |again: bool| {
        let again = again.then(|| ("READ_AGAIN", "1".to_owned()));
        scene.program(again.as_slice())
    };
    let mut shares: Vec<(Share, [Program; 2])> = intervals
        .iter()
        .map(|&interval| {
            let share = Share {
                interval,
                keeps: Logins::default(),
                reads_again: Logins::default(),
            };
            (share, [start(false), start(true)])
        })
        .collect();
    // In the first of the intervals, the caches are filled.
    for login in 0..(rotations + 1) * LOGINS {
        if login > 0 && login % LOGINS == 0 {
            scene.world.rotate().await.expect("the rotation succeeds");
        }
        for worker in (0..WORKERS).filter(|worker| login >= first(*worker)) {
            for (share, programs) in &mut shares {
                let now = u64::try_from(login).expect("a small number") * share.interval / LOGINS as u64;
                for program in programs {
                    program.ask(now, worker);
                }
            }
            for (share, [keeps, reads_again]) in &mut shares {
                let outcomes = (keeps.outcome(), reads_again.outcome());
                // Before the first rotation there is nothing to count.
                if login >= LOGINS {
                    share.keeps += outcomes.0;
                    share.reads_again += outcomes.1;
                }
            }
        }
    }
    shares.into_iter().map(|(share, _)| share).collect()
}
