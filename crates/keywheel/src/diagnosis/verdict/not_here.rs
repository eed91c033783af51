//! Is the secret here? If not: where may it be?

use crate::diagnosis::actions::{Action, Names};
use crate::diagnosis::answers::{Answers, Unasked};
use crate::diagnosis::finding::{Diagnosis, State, Word};
use crate::diagnosis::reasons;

/// DescribeSecret has no answer.
pub(super) fn not_answered(why: &Unasked, names: Names<'_>) -> Diagnosis {
    let action = match why {
        Unasked::Needs(_) => Action::run(
            "Get that permission. This prints the policy for all questions.",
            names.policy(),
        ),
        _ => Action::run(
            "Ask again in a minute. If it stays so, check --region, --profile and --endpoint-url.",
            names.doctor(),
        ),
    };
    Diagnosis {
        actions: vec![action],
        reasons: vec![reasons::not_asked("secret", why)],
        ..Diagnosis::new(
            Word::Unknown,
            State::NotAnswered,
            "the secret could not be looked at",
        )
    }
}

/// There is none of this name.
pub(super) fn not_found(answers: &Answers, names: Names<'_>) -> Diagnosis {
    Diagnosis {
        actions: elsewhere(answers, names),
        ..Diagnosis::new(
            Word::Unknown,
            State::NotFound,
            format!("there is no such secret in {}", answers.region),
        )
    }
}

fn elsewhere(answers: &Answers, names: Names<'_>) -> Vec<Action> {
    let of_arn = names.secret.strip_prefix("arn:");
    let region = of_arn.and_then(|rest| rest.split(':').nth(2));
    if let Some(region) = region.filter(|region| *region != answers.region) {
        let text = format!("The ARN is of {region}: ask there.");
        return vec![Action::run(text, names.in_region(region))];
    }
    let there = answers.other_regions.iter().map(|region| {
        let text = format!("A secret of this name is in {region}.");
        Action::run(text, names.in_region(region))
    });
    let similar = answers.similar.iter().map(|name| {
        let of_name = Names {
            secret: name,
            ..names
        };
        Action::run("This name begins so.", of_name.doctor())
    });
    let mut actions: Vec<Action> = there.chain(similar).collect();
    actions.push(Action::run(
        "Check the name, the region and the account. This lists what is there.",
        names.all_secrets(),
    ));
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::notation::{Given, commands, first_command, now};
    use crate::diagnosis::{Answer, diagnose};

    #[test]
    fn a_secret_that_is_not_here_may_be_elsewhere() {
        let mut given = Given::of("v1:C");
        given.0.secret = Answer::Said(None);
        given.0.similar = vec!["orders/db".to_owned(), "orders/api".to_owned()];
        given.0.other_regions = vec!["eu-north-1".to_owned()];
        let flags = ["--region".to_owned(), "us-east-1".to_owned()];
        let diagnosed = |secret| {
            diagnose(
                &given.0,
                Names {
                    secret,
                    flags: &flags,
                },
                now(),
            )
        };
        assert!(commands(&diagnosed("orders")).contains("keywheel doctor orders/api --region us-east-1"));
        assert_eq!(
            first_command(&diagnosed("orders")),
            "keywheel doctor orders --region eu-north-1"
        );
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:orders/db-AbCdEf";
        assert_eq!(
            commands(&diagnosed(arn)),
            format!("keywheel doctor {arn} --region eu-west-1")
        );
    }
}
