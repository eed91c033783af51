//! Whatever dies in a turn, wherever: AWSCURRENT logs in at every moment, AWSPREVIOUS until the idle user is reset, and the next
//! rotation goes through.
//!
//! It is the single user's matrix ([`crate::crash`]) with what two users add to it: both turns, the making of the clone, the admin.
//! What adds nothing is left to that one:
//!
//! - A death at a read changes nothing, whatever is done about it: Secrets Manager's retries meet it at every call and at every
//!   exchange, the other aftermaths only around what writes, and around what is the admin's.
//! - A login is met at its start and at its end. The messages between them are the same code for every login.
//! - Calls that are lost, throttled or slow are the driver's, which does not know whom it rotates. Here each answer is lost
//!   once, each read is once a moment behind, and the admin's secret meets the rest.

use keywheel_tests::net::{Act, Rule, Side};
use keywheel_tests::world::World;
use secrets_manager_local::Effect;
use staging_labels::Step;

use super::forget_the_clone;
use crate::crash::aftermath::Aftermath;
use crate::crash::calls::{
    Call, a_kill_at_every_call, all_reads_of_a_step_are_a_moment_behind, goes_through_whatever_call_meets,
};
use crate::crash::database::{AMPLE, Exchange, SHORT, behind_a_proxy, cut_at, killed_at, rule, silent_at};
use crate::crash::{Started, Subject, bring_to, check_invariants, side_by_side};

fn writes_or_is_the_admins(call: &Call) -> bool {
    !call.reads() || call.admins
}

#[tokio::test]
async fn killed_at_any_call_secrets_managers_own_retries_finish_the_turn() {
    a_kill_at_every_call(Subject::TwoUsers, Aftermath::Retried, |_| true).await;
}

#[tokio::test]
async fn killed_at_a_call_the_step_delivered_again_finishes_the_turn() {
    let concerned = writes_or_is_the_admins;
    a_kill_at_every_call(Subject::TwoUsers, Aftermath::DeliveredAgain, concerned).await;
}

#[tokio::test]
async fn killed_at_a_call_and_abandoned_a_new_turn_goes_through() {
    let concerned = writes_or_is_the_admins;
    a_kill_at_every_call(Subject::TwoUsers, Aftermath::Abandoned, concerned).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again() {
    goes_through_whatever_call_meets(Subject::TwoUsers, Effect::DropAnswer, |_| true).await;
}

#[tokio::test]
async fn a_read_that_is_a_moment_behind_is_repeated() {
    let concerned = |call: &Call| call.reads() && !call.admins;
    goes_through_whatever_call_meets(Subject::TwoUsers, Effect::StaleRead, concerned).await;
    all_reads_of_a_step_are_a_moment_behind(Subject::TwoUsers).await;
}

#[tokio::test]
async fn a_read_of_the_admins_secret_that_is_lost_throttled_or_slow_is_repeated() {
    for effect in [Effect::DropRequest, Effect::Throttle, Effect::DelayMs(300)] {
        goes_through_whatever_call_meets(Subject::TwoUsers, effect, |call| call.admins).await;
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// There is no clone yet: this turn makes it.
    NewClone,
    Clone,
    Original,
}

/// Who has the session in which something is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// The current user in the first two steps, the pending one in the last two.
    User,
    Admin,
}

/// A row of the matrix.
#[derive(Clone, Copy, Debug)]
struct Row {
    turn: Turn,
    step: Step,
    who: Who,
    exchange: Exchange,
}

/// A login, from the start-up packet to the server's last word.
const LOGIN: [Exchange; 2] = [
    (Side::Client, "application_name"),
    (Side::Server, "\0\0\0\u{c}v="),
];
/// The question what the server knows of the roles, and its answer.
const ROLES: [Exchange; 2] = [
    (Side::Client, "json_build_object"),
    (Side::Server, "\"memberships\""),
];
/// What the admin asks before it changes anything. BEGIN, the lock and the question about the roles are one message.
const QUESTIONS: [Exchange; 3] = [
    (Side::Client, "SELECT session_user"),
    (Side::Client, "pg_stat_activity"),
    (Side::Client, "pg_try_advisory_xact_lock"),
];
/// The clone is made.
const MAKING: [Exchange; 6] = [
    (Side::Client, "CREATE ROLE"),
    (Side::Server, "CREATE ROLE\0"),
    (Side::Client, "GRANT "),
    (Side::Server, "GRANT ROLE\0"),
    (Side::Client, " SET \"role\""),
    (Side::Server, "ALTER ROLE\0"),
];
/// The idle user gets its password.
const CHANGE: [Exchange; 3] = [
    (Side::Client, " PASSWORD "),
    (Side::Client, "COMMIT\0"),
    (Side::Server, "COMMIT\0"),
];

/// All that is exchanged in one step of one turn.
fn rows_of(turn: Turn, step: Step) -> Vec<Row> {
    let user = |exchanges: &[Exchange]| exchanges.iter().map(|it| (Who::User, *it)).collect::<Vec<_>>();
    let admin = |exchanges: &[Exchange]| exchanges.iter().map(|it| (Who::Admin, *it)).collect::<Vec<_>>();
    let exchanged = match (step, turn) {
        // Only a name that ends in `_clone` has to be asked about, and only then createSecret's login counts for setSecret, too.
        // The last two steps are the same in every turn.
        (Step::Create | Step::Finish, Turn::Original) | (Step::Test, Turn::Clone) => {
            [user(&LOGIN), user(&ROLES)].concat()
        }
        (Step::Set, Turn::NewClone) => [admin(&MAKING), admin(&CHANGE)].concat(),
        (Step::Set, Turn::Clone) => [user(&LOGIN), admin(&LOGIN), admin(&QUESTIONS), admin(&CHANGE)].concat(),
        (Step::Set, Turn::Original) => admin(&CHANGE),
        _ => Vec::new(),
    };
    let row = |(who, exchange)| Row {
        turn,
        step,
        who,
        exchange,
    };
    exchanged.into_iter().map(row).collect()
}

/// The rows that concern us, for a world each.
fn rows(concerned: fn(&Row) -> bool) -> Vec<Vec<Row>> {
    let turns = [Turn::NewClone, Turn::Clone, Turn::Original];
    let of = |(turn, step)| rows_of(turn, step).into_iter().filter(concerned).collect();
    let all = turns
        .into_iter()
        .flat_map(|turn| Step::ALL.map(|step| (turn, step)));
    all.map(of).filter(|rows: &Vec<_>| !rows.is_empty()).collect()
}

impl Row {
    /// Whether something is changed by then, or is just about to be.
    fn changes(&self) -> bool {
        [&MAKING[..], &CHANGE].concat().contains(&self.exchange)
    }

    /// When it comes to this exchange of this session.
    fn rule(&self, pair: &Started, act: Act) -> Rule {
        let (original, clone) = (pair.database.user().to_owned(), pair.database.clone_user());
        let (current, pending) = match self.turn {
            Turn::NewClone | Turn::Clone => (original, clone),
            Turn::Original => (clone, original),
        };
        let name = match (self.who, self.step) {
            (Who::Admin, _) => admin_of(pair),
            (Who::User, Step::Create | Step::Set) => current,
            (Who::User, Step::Test | Step::Finish) => pending,
        };
        Rule {
            from: Side::Client,
            bytes: format!("user\0{name}\0").into(),
            act: Act::Then(Box::new(rule(self.exchange, act))),
        }
    }

    async fn prepare(&self, world: &World) {
        match self.turn {
            Turn::NewClone => {
                bring_to(world, 0).await;
                forget_the_clone(world).await;
            }
            Turn::Clone if world.carrier(&staging_labels::Label::Previous).await.is_none() => {
                world.rotate().await.expect("the clone is made");
                bring_to(world, 0).await;
            }
            Turn::Clone => bring_to(world, 0).await,
            Turn::Original => bring_to(world, 1).await,
        }
    }
}

fn admin_of(pair: &Started) -> String {
    match pair {
        Started::Two(pair) => pair.admin.name.clone(),
        Started::One(_) => unreachable!("one user has no admin"),
    }
}

async fn a_kill_at_every_exchange(aftermath: Aftermath, concerned: fn(&Row) -> bool) {
    side_by_side(rows(concerned), move |rows| async move {
        let (pair, proxy) = behind_a_proxy(Subject::TwoUsers, AMPLE).await;
        for row in rows {
            row.prepare(&pair).await;
            let case = format!("killed at {row:?}");
            let rule = |kill| row.rule(&pair, kill);
            killed_at(&pair, &proxy, row.step, aftermath, &case, rule).await;
        }
        pair.invariant_the_next_rotation_goes_through("all kills").await;
    })
    .await;
}

#[tokio::test]
async fn killed_at_any_exchange_secrets_managers_own_retries_finish_the_turn() {
    a_kill_at_every_exchange(Aftermath::Retried, |_| true).await;
}

#[tokio::test]
async fn killed_at_any_change_the_step_delivered_again_finishes_the_turn() {
    a_kill_at_every_exchange(Aftermath::DeliveredAgain, Row::changes).await;
}

#[tokio::test]
async fn killed_at_any_change_and_abandoned_a_new_turn_goes_through() {
    a_kill_at_every_exchange(Aftermath::Abandoned, Row::changes).await;
}

/// A connection that is cut once is made again by the function itself, in the same step. What is cut after a question is cut
/// before its answer.
#[tokio::test]
async fn a_connection_cut_before_an_exchange_is_made_again() {
    let concerned = |row: &Row| row.changes() || row.exchange == LOGIN[0] || row.exchange == ROLES[0];
    side_by_side(rows(concerned), |rows| async move {
        let (pair, proxy) = behind_a_proxy(Subject::TwoUsers, AMPLE).await;
        for row in rows {
            row.prepare(&pair).await;
            let case = format!("cut at {row:?}");
            let rule = || row.rule(&pair, Act::CutBefore);
            cut_at(&pair, &proxy, row.step, &case, rule).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_falls_silent_during_the_change_is_an_error_and_the_step_again_succeeds() {
    side_by_side(MAKING.into_iter().chain(CHANGE), |exchange| async move {
        let (pair, proxy) = behind_a_proxy(Subject::TwoUsers, SHORT).await;
        silent_at(&pair, &proxy, exchange).await;
        check_invariants(&pair, "a turn after silence").await;
    })
    .await;
}
