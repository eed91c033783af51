//! The questions about the function's network: if something was not reached, if Secrets Manager refused a call, or if a rotation left
//! no line at all.

use ipnet::IpNet;

use super::limit::within;
use super::login::{self, Settings};
use crate::aws::{self, Asked, Session};
use crate::diagnosis::{
    Answer, Answers, Caller, Cause, Function, FunctionState, Network, Place, Secret, Story, Target, Unasked,
};

/// Asks, if the function is in a VPC. `settings` are there if the person lets the secret's value be read.
pub(super) async fn ask(
    session: &Session,
    secret: &Secret,
    answers: &mut Answers,
    settings: Option<&Settings>,
) {
    let Some(entries) = answers.log.said() else { return };
    let Some(Function::There(FunctionState {
        vpc: Some(vpc), role, ..
    })) = answers.function.said().cloned()
    else {
        return;
    };
    let story = Story::new(entries.clone());
    let failure = story.last_failure();
    let target = if entries.is_empty() && secret.pending().is_some() {
        Some(Target::SecretsManager)
    } else {
        failure.and_then(|failure| Target::of(Cause::of(failure.code)))
    };
    let Some(target) = target else { return };
    let mut place = None;
    if target == Target::Database {
        place = failure.and_then(|failure| Place::in_words(failure.message?));
        if let (None, Some(settings)) = (&place, settings) {
            place = login::place(session, settings, secret).await;
        }
        answers.database = match &place {
            Some(place) => within(session.patience(), aws::database(session, &place.host)).await,
            None => Answer::NotAsked(Unasked::Flag("--login")),
        };
    }
    let asked = Asked {
        target,
        vpc,
        caller: Caller {
            role,
            function: secret.function.clone().unwrap_or_default(),
            secret: secret.arn.clone(),
        },
        database: answers.database.said(),
    };
    answers.network = match within(session.patience(), aws::network(session, asked)).await {
        Answer::Said(network) => Answer::Said(Network {
            port: place.as_ref().and_then(|place| place.port),
            address: place.and_then(|place| place.address).map(IpNet::from),
            ..network
        }),
        unasked @ Answer::NotAsked(_) => unasked,
    };
}
