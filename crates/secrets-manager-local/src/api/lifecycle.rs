//! `CreateSecret`, `DeleteSecret`, `RestoreSecret`, tags and replication.

use serde_json::{Map, Value as Json};

use super::answer::{Answer, Context, epoch, secret_answer, version_answer};
use super::args::{Args, check_name, missing};
use super::describe;
use super::values::details;
use crate::model::violation;
use crate::state::lifecycle::{self, Deletion, NewSecret};
use crate::state::{ApiError, ErrorCode, Replica, State};

pub(super) fn create(args: Args<'_>, state: &mut State, context: &Context<'_>) -> Result<Answer, ApiError> {
    let name = args.required_text("Name")?;
    check_name(name)?;
    let token = args.request_token(ErrorCode::InvalidRequest)?;
    if args.text("CrossAccountPrimaryARN").is_some() {
        return Err(no_other_account());
    }
    let value = args.value()?;
    let writes = value.is_some();
    let new = NewSecret {
        name: name.to_owned(),
        arn: context
            .realm
            .secret_arn(context.region, name, &context.arn_suffix),
        token: token.clone(),
        value,
        details: details(args),
        tags: args.tags()?,
        replicas: new_replicas(args, context)?,
    };
    let arn = lifecycle::create(state, new, context.now)?;
    let secret = state.get(&arn)?;
    let mut answer = if writes {
        version_answer(secret, &token)
    } else {
        secret_answer(secret)
    };
    if !secret.replicas.is_empty() {
        answer.insert(
            "ReplicationStatus".to_owned(),
            describe::replication_status(secret, context.now),
        );
    }
    Ok(answer.into())
}

fn new_replicas(args: Args<'_>, context: &Context<'_>) -> Result<Vec<Replica>, ApiError> {
    let overwrites = args.flag("ForceOverwriteReplicaSecret").unwrap_or_default();
    args.structures("AddReplicaRegions", |replica| {
        let region = replica.required_text("Region")?;
        // Fact 30: the secret's own region.
        if region == context.region {
            return Err(ApiError::invalid_parameter("Invalid replica region."));
        }
        Ok(Replica {
            kms_key_id: replica.text("KmsKeyId").map(str::to_owned),
            overwrites,
            ..Replica::new(region.to_owned(), context.now)
        })
    })
}

pub(super) fn delete(args: Args<'_>, state: &mut State, context: &Context<'_>) -> Result<Answer, ApiError> {
    let id = args.secret_id()?;
    let window = args.integer("RecoveryWindowInDays");
    let deletion = match (
        window,
        args.flag("ForceDeleteWithoutRecovery").unwrap_or_default(),
    ) {
        (Some(_), true) => {
            return Err(ApiError::invalid_parameter(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            ));
        }
        (None, true) => Deletion::AtOnce,
        (window, false) => Deletion::AfterDays(recovery_window(window)?),
    };
    let secret = match (state.find(id), deletion) {
        (Ok(secret), _) => secret,
        // Fact 28: a forced deletion of what is not there is answered as if it had been.
        (Err(_), Deletion::AtOnce) => return Ok(deleted_nothing(id, context)),
        (Err(error), Deletion::AfterDays(_)) => return Err(error),
    };
    let (arn, mut answer) = (secret.arn.clone(), secret_answer(secret));
    let date = lifecycle::delete(state, &arn, deletion, context.now)?;
    answer.insert("DeletionDate".to_owned(), epoch(date));
    Ok(answer.into())
}

fn recovery_window(days: Option<i64>) -> Result<u8, ApiError> {
    match days.map(u8::try_from) {
        None => Ok(30),
        Some(Ok(days @ 7..=30)) => Ok(days),
        Some(_) => Err(ApiError::invalid_parameter(
            "RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        )),
    }
}

fn deleted_nothing(id: &str, context: &Context<'_>) -> Answer {
    let arn = if id.starts_with("arn:") {
        id.to_owned()
    } else {
        context.realm.secret_arn(context.region, id, &context.arn_suffix)
    };
    let answer = Map::from_iter([
        ("ARN".to_owned(), arn.into()),
        ("Name".to_owned(), id.into()),
        ("DeletionDate".to_owned(), epoch(context.now)),
    ]);
    answer.into()
}

pub(super) fn restore(args: Args<'_>, state: &mut State) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    state.change(&arn, |secret| {
        secret.refuse_replica()?;
        secret.deletion = None;
        Ok(())
    })?;
    Ok(secret_answer(state.get(&arn)?).into())
}

pub(super) fn tag(args: Args<'_>, state: &mut State) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let tags = args.tags()?;
    if tags.iter().any(|(key, _)| key.starts_with("aws:")) {
        return Err(violation("Tags", "a key must not begin with aws:"));
    }
    state.change(&arn, |secret| {
        secret.refuse_replica()?;
        lifecycle::add_tags(secret, tags)
    })?;
    Ok(Json::Object(Map::new()).into())
}

pub(super) fn untag(args: Args<'_>, state: &mut State) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let keys = args.texts("TagKeys").ok_or_else(|| missing("TagKeys"))?;
    state.change(&arn, |secret| {
        secret.refuse_deleted()?;
        secret.refuse_replica()?;
        if let Some(tags) = &mut secret.tags {
            tags.retain(|(key, _)| !keys.contains(key));
        }
        Ok(())
    })?;
    Ok(Json::Object(Map::new()).into())
}

pub(super) fn replicate(
    args: Args<'_>,
    state: &mut State,
    context: &Context<'_>,
) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let replicas = new_replicas(args, context)?;
    state.change(&arn, |secret| {
        secret.refuse_deleted()?;
        secret.refuse_replica()?;
        for new in replicas {
            // One that has failed begins again.
            secret
                .replicas
                .retain(|replica| replica.region != new.region || replica.failure.is_none());
            if secret.replicas.iter().any(|replica| replica.region == new.region) {
                return Err(ApiError::invalid_parameter(format!(
                    "The secret already has a replica in {}.",
                    new.region
                )));
            }
            secret.replicas.push(new);
        }
        Ok(())
    })?;
    replication_answer(state, &arn, context)
}

pub(super) fn stop_replication(
    args: Args<'_>,
    state: &mut State,
    context: &Context<'_>,
) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let regions = args
        .texts("RemoveReplicaRegions")
        .ok_or_else(|| missing("RemoveReplicaRegions"))?;
    state.change(&arn, |secret| {
        secret.refuse_deleted()?;
        secret.refuse_replica()?;
        secret
            .replicas
            .retain(|replica| !regions.contains(&replica.region));
        Ok(())
    })?;
    replication_answer(state, &arn, context)
}

/// `StopReplicationToReplica`, called where the replica is.
pub(super) fn become_primary(args: Args<'_>, state: &mut State) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    state.change(&arn, |secret| {
        secret.refuse_deleted()?;
        if secret.primary_region.take().is_none() {
            return Err(ApiError::invalid_request("The secret is not a replica."));
        }
        secret.primary_arn = None;
        Ok(())
    })?;
    Ok(Map::from_iter([("ARN".to_owned(), arn.into())]).into())
}

/// Replicas in other accounts: this server has one account.
pub(super) fn cross_account(args: Args<'_>, state: &State) -> Result<Answer, ApiError> {
    let secret = state.find(args.secret_id()?)?;
    secret.refuse_deleted()?;
    Err(no_other_account())
}

fn no_other_account() -> ApiError {
    ApiError::invalid_request(
        "This local Secrets Manager has one account, so that no secret is replicated to another.",
    )
}

fn replication_answer(state: &State, arn: &str, context: &Context<'_>) -> Result<Answer, ApiError> {
    let secret = state.get(arn)?;
    let status = describe::replication_status(secret, context.now);
    let answer = Map::from_iter([
        ("ARN".to_owned(), arn.into()),
        ("ReplicationStatus".to_owned(), status),
    ]);
    Ok(answer.into())
}
