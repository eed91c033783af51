use std::collections::BTreeSet;

use rotation::{Fault, Prospect};

use super::{AlternatingFault as F, CODES};
use crate::fault::{Said, Tried};

fn text() -> String {
    "a\"b".to_owned()
}

fn said() -> Said {
    Said::plain("42501", "permission denied")
}

fn one_of_each() -> Vec<F> {
    vec![
        F::AdminIsOfThePair { role: text() },
        F::SuperuserLacksRights {
            server: text(),
            admin: text(),
            missing: text(),
            remedy: text(),
        },
        F::SuperuserSecretMissing,
        F::CloneForeign {
            server: text(),
            clone: text(),
            original: text(),
            member: true,
            tie: text(),
        },
        F::CurrentUnproven {
            server: text(),
            role: text(),
            tried: vec![Tried {
                credential: text(),
                outcome: said().to_string(),
            }],
        },
        F::OriginalMissing {
            server: text(),
            original: text(),
            clone: text(),
        },
        F::OwnerUnusable {
            server: text(),
            owner: text(),
            problem: "there is no such role",
        },
        F::RepairRefused {
            server: text(),
            repair: text(),
            said: said(),
            remedy: text(),
        },
        F::RightsDiffer {
            pending: text(),
            current: text(),
            lacks: text(),
            remedy: text(),
        },
        F::CloneNameTooLong {
            role: text(),
            bytes: 64,
        },
        F::Superuser { role: text() },
        F::SessionsOpen {
            server: text(),
            role: text(),
            sessions: 2,
            waited: std::time::Duration::ZERO,
        },
        F::PendingUserWrong {
            pending: text(),
            current: text(),
        },
        F::TurnPassed { role: text() },
    ]
}

#[test]
fn every_code_is_listed_and_every_listed_code_occurs() {
    let seen: BTreeSet<_> = one_of_each().iter().map(Fault::code).collect();
    assert_eq!(seen, CODES.iter().copied().collect());
}

#[test]
fn problems_and_remedies_are_clauses_on_one_line() {
    for fault in one_of_each() {
        for text in [fault.to_string(), fault.advice().remedy.into_owned()] {
            assert!(
                !text.is_empty() && !text.contains('\n') && !text.ends_with('.'),
                "{text}"
            );
        }
    }
}

#[test]
fn names_are_quoted_in_statements() {
    for fault in one_of_each() {
        let remedy = fault.advice().remedy.into_owned();
        let statement = ["ALTER ROLE", "GRANT a", "RENAME"];
        if statement.iter().any(|words| remedy.contains(words)) {
            assert!(!remedy.contains(" a\"b "), "{remedy}");
        }
    }
}

#[test]
fn only_a_turn_that_can_never_be_taken_is_released() {
    for fault in one_of_each() {
        let poisoned = fault.advice().prospect == Prospect::PoisonedPending;
        assert_eq!(poisoned, fault.code() == "PendingUserWrong", "{fault}");
    }
}
