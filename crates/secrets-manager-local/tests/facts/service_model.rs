//! Requests made from the service model, most of them right and some wrong in one place: no panic, no fault of the server's own,
//! no member of an answer that the model does not know, and nothing accepted that it does not allow.

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value as Json, json};

use super::{FUNCTION, World, v};
use crate::api::Operation;
use crate::model::{MODEL, Shape};

/// Choices, one after the other; zeros when they are used up.
struct Choices(std::vec::IntoIter<u16>);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.0.next().unwrap_or_default()) % limit
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// A value that the model allows, and often one that leads further: the name of a secret or a version that is there.
fn right(choices: &mut Choices, name: &str) -> Json {
    match name {
        "SecretIdType" => choices.one_of(&["db", "db", "db", "none"]).into(),
        "NameType" => choices.one_of(&["db", "other"]).into(),
        "ClientRequestTokenType" | "SecretVersionIdType" => v([1, 2, 3][choices.below(3)]).into(),
        "SecretVersionStageType" => choices
            .one_of(&["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "mine"])
            .into(),
        "RotationLambdaARNType" => choices.one_of(&[FUNCTION, ""]).into(),
        "RegionType" => choices.one_of(&["eu-west-1", "us-east-1"]).into(),
        "RotationTokenType" => "a".repeat(36).into(),
        "DurationType" => choices.one_of(&["3h", "99h"]).into(),
        "ScheduleExpressionType" => choices
            .one_of(&["rate(4 hours)", "cron(0 8 * * ? *)", "soon"])
            .into(),
        "ResourcePolicyNameType" => choices.one_of(&["default", "mine"]).into(),
        "NonEmptyResourcePolicyType" => choices.one_of(&["{}", "no policy"]).into(),
        "SecretBinaryType" => "eA==".into(),
        _ => match &MODEL.shapes[name] {
            Shape::Structure { members, required } => structure(choices, members, required),
            Shape::List { member, .. } => json!([right(choices, member)]),
            Shape::String {
                one_of: Some(names), ..
            } => choices.one_of(names).into(),
            Shape::String { size, .. } => {
                let shortest = usize::try_from(size.min.unwrap_or(1)).unwrap();
                "x".repeat(shortest + choices.below(3)).into()
            }
            Shape::Long { size } => (size.min.unwrap_or(7) + i64::try_from(choices.below(3)).unwrap()).into(),
            Shape::Boolean {} => (choices.below(2) == 1).into(),
            Shape::Map { .. } | Shape::Blob { .. } | Shape::Timestamp {} => {
                unreachable!("{name} is in no request")
            }
        },
    }
}

fn structure(
    choices: &mut Choices,
    members: &std::collections::BTreeMap<String, String>,
    required: &[String],
) -> Json {
    let mut all = Map::new();
    for (name, shape) in members {
        if required.contains(name) || choices.below(3) == 0 {
            all.insert(name.clone(), right(choices, shape));
        }
    }
    Json::Object(all)
}

/// Values that this shape does not allow.
fn wrong(name: &str) -> Vec<Json> {
    let long = |length: i64| "x".repeat(usize::try_from(length).unwrap());
    match &MODEL.shapes[name] {
        Shape::Structure { .. } | Shape::Map { .. } => vec![json!(7), json!([])],
        Shape::List { member, size } => {
            let mut all = vec![json!(7), json!({})];
            all.extend(size.max.map(|max| {
                vec![right(&mut Choices(Vec::new().into_iter()), member); usize::try_from(max + 1).unwrap()]
                    .into()
            }));
            all.extend(size.min.filter(|min| *min > 0).map(|_| json!([])));
            all
        }
        Shape::String {
            size,
            pattern,
            one_of,
        } => {
            let mut all = vec![json!(7), json!(["x"])];
            all.extend(size.max.map(|max| long(max + 1).into()));
            all.extend(size.min.filter(|min| *min > 0).map(|min| long(min - 1).into()));
            all.extend(pattern.as_ref().map(|_| "\u{7}\u{7}\u{7}".into()));
            all.extend(one_of.as_ref().map(|_| "none of these".into()));
            all
        }
        Shape::Blob { .. } => vec![json!(7), json!("not base64!"), json!("")],
        Shape::Long { size } => {
            let mut all = vec![json!("7"), json!(1.5)];
            all.extend(size.max.map(|max| (max + 1).into()));
            all.extend(size.min.map(|min| (min - 1).into()));
            all
        }
        Shape::Boolean {} => vec![json!("true"), json!(1)],
        Shape::Timestamp {} => vec![json!("now")],
    }
}

proptest! {
    #![proptest_config(Config::with_cases(10_000))]

    #[test]
    fn any_request(seed in proptest::collection::vec(any::<u16>(), 0..80)) {
        let mut choices = Choices(seed.into_iter());
        let name = choices.one_of(&MODEL.operations.keys().collect::<Vec<_>>());
        let operation = Operation::named(name).expect("every operation of the model is one of the server's");
        let input = &MODEL.operations[name].input;
        let Shape::Structure { members, required } = &MODEL.shapes[input] else { unreachable!("{input}") };
        let mut request = structure(&mut choices, members, required);
        let mut violated = None;
        if choices.below(2) == 1 && !members.is_empty() {
            let (member, shape) = choices.one_of(&members.iter().collect::<Vec<_>>());
            let value = if required.contains(member) && choices.below(2) == 1 {
                Json::Null
            } else {
                choices.one_of(&wrong(shape))
            };
            request[member] = value;
            violated = Some(member);
        }
        let mut world = if choices.below(2) == 1 { World::rotating() } else { World::with_secret() };
        match world.call(operation, request.clone()) {
            Ok(answer) => prop_assert!(violated.is_none(), "{operation} {request} with a wrong {violated:?}: {answer}"),
            Err(error) => prop_assert_eq!(error.code.status(), 400, "{} {}: {}", operation, request, error),
        }
    }
}

#[test]
fn the_model_and_the_server_have_the_same_operations() {
    for name in MODEL.operations.keys() {
        assert!(Operation::named(name).is_ok(), "{name}");
    }
}
