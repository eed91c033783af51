//! Whose credentials: as the aws command line chooses them, and what to do if there are none.

use std::borrow::Cow;

use aws_config::SdkConfig;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileSet, load};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::os_shim_internal::{Env, Fs};

use crate::exit::{Exit, Trouble, advice};

/// The profile's own credentials: a flag goes before the variables `AWS_ACCESS_KEY_ID` and the like. The SDK's usual chain asks them first.
pub(super) fn of_profile(name: &str, shared: &SdkConfig) -> SdkConfig {
    let mut asked = ProviderConfig::without_region().with_region(shared.region().cloned());
    if let Some(client) = shared.http_client() {
        asked = asked.with_http_client(client);
    }
    if let Some(retries) = shared.retry_config() {
        asked = asked.with_retry_config(retries.clone());
    }
    if let Some(limits) = shared.timeout_config() {
        asked = asked.with_timeout_config(limits.clone());
    }
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&asked)
        .profile_name(name)
        .build();
    let provider = SharedCredentialsProvider::new(provider);
    shared.to_builder().credentials_provider(provider).build()
}

/// Whether the files of the aws command line have the profile, and can be read.
pub(super) async fn is_there(name: &str) -> Result<(), Trouble> {
    let usage = |problem: String, remedy: &str| Trouble {
        problem,
        remedy: remedy.to_owned(),
        exit: Exit::Usage,
    };
    match profiles().await {
        Err(problem) => Err(usage(
            format!("the aws configuration cannot be read: {problem}"),
            "correct the file; aws configure list shows where it is",
        )),
        Ok(profiles) if profiles.get_profile(name).is_none() => Err(usage(
            format!("there is no profile {name}"),
            "aws configure list-profiles lists them",
        )),
        Ok(_) => Ok(()),
    }
}

async fn profiles() -> Result<ProfileSet, String> {
    let read = load(&Fs::real(), &Env::real(), &<_ as Default>::default(), None).await;
    read.map_err(|error| outbound::one_line(&outbound::chain(&error)))
}

/// The profile that is used: the flag's, or the variable's.
pub(super) fn profile(flag: Option<&str>) -> Option<Cow<'_, str>> {
    let variable = || std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    flag.map(Cow::Borrowed).or_else(|| variable().map(Cow::Owned))
}

/// What to type to have credentials again, of the profile that is used.
pub(crate) async fn remedy(problem: &str, flag: Option<&str>) -> String {
    let name = profile(flag);
    let profiles = profiles().await.ok();
    let sso = profiles
        .as_ref()
        .and_then(|all| signs_in(name.as_deref().unwrap_or("default"), all));
    advice(problem, name.as_deref(), sso)
}

/// The profile that has the SSO session: it may be another one's source.
fn signs_in<'a>(name: &'a str, all: &'a ProfileSet) -> Option<&'a str> {
    const LONGEST: usize = 10;
    let sources = std::iter::successors(Some(name), |name| all.get_profile(name)?.get("source_profile"));
    sources.take(LONGEST).find(|name| {
        let has = |key| {
            all.get_profile(name)
                .is_some_and(|profile| profile.get(key).is_some())
        };
        has("sso_session") || has("sso_start_url")
    })
}
