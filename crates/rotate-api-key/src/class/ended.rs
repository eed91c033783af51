//! The old key of a class in which the new one ends it: whether it is dead.

use std::time::Duration;

use rotation::Cause;
use tokio::time::Instant;

use crate::client::Client;
use crate::fault::ProviderFault;
use crate::health::Pauses;
use crate::key::State;
use crate::provider::Provider;

/// In finishSecret, once AWSCURRENT has moved: looks whether AWSPREVIOUS's key is refused, until it is, or the time is over within
/// which the provider shows it. That it is not is a warning: the rotation itself is done.
///
/// # Errors
/// Secrets Manager's.
pub(super) async fn look_at_the_previous(client: &Client<'_>) -> Result<(), Cause> {
    client.log_state(State::Current, None, "the new key is current");
    let previous = client.context.previous().await?;
    let Some(previous) = previous.and_then(|text| client.key_in(&text)) else {
        return Ok(());
    };
    if previous.value == client.current.value {
        return Ok(());
    }
    let retire = &client.description.retire;
    if let Some(why) = &retire.not_shown {
        client.log_state(State::NotShown, None, why);
        return Ok(());
    }
    let within = Duration::from_secs(retire.shown_within_seconds);
    let (start, mut pauses) = (Instant::now(), Pauses::default());
    loop {
        match client.is_dead(&previous).await {
            Ok(true) => {
                client.log_state(State::Dead, None, "the key that was current is refused");
                return Ok(());
            }
            Ok(false) if pauses.wait(start, within, client.context.budget()).await => {}
            Ok(false) => break,
            Err(cause) => {
                tracing::info!("whether the key that was current is refused could not be asked: {cause}");
                break;
            }
        }
    }
    client.log_state(State::NotShown, None, "the key that was current is not refused");
    client.warn(&ProviderFault::RevocationNotShown {
        provider: client.description.provider.clone(),
        count: 1,
        listed: false,
        stops: false,
    });
    Ok(())
}
