//! The other regions in which a secret of the same name may be.

use aws_config::Region;
use aws_config::retry::RetryConfig;
use futures_util::future::join_all;

use super::session::Session;

/// The regions that an account has without asking for them, by partition (AWS Account Management, "Enable or disable AWS
/// Regions in your account"; 2026-11).
const USUAL: [&[&str]; 3] = [
    &[
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "ca-central-1",
        "sa-east-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
    ],
    &["us-gov-east-1", "us-gov-west-1"],
    &["cn-north-1", "cn-northwest-1"],
];

/// The usual regions beside this one, of its partition.
fn others(region: &str) -> impl Iterator<Item = &'static str> {
    let of_partition = match region.split('-').collect::<Vec<_>>()[..] {
        ["us", "gov", ..] => USUAL[1],
        ["cn", ..] => USUAL[2],
        _ => USUAL[0],
    };
    of_partition.iter().copied().filter(move |other| *other != region)
}

/// Those of them in which there is a secret of this name. A region that does not answer is left out.
pub(crate) async fn regions_of(session: &Session, name: &str) -> Vec<String> {
    let asked = others(&session.region).map(|region| async move {
        let there = aws_sdk_secretsmanager::Config::builder()
            .region(Region::new(region))
            .retry_config(RetryConfig::disabled());
        let call = session.secrets.describe_secret().secret_id(name).customize();
        call.config_override(there)
            .send()
            .await
            .ok()
            .map(|_| region.to_owned())
    });
    join_all(asked).await.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_looked_for_in_its_partition() {
        assert_eq!(others("us-gov-west-1").collect::<Vec<_>>(), ["us-gov-east-1"]);
        assert_eq!(others("cn-north-1").collect::<Vec<_>>(), ["cn-northwest-1"]);
        assert_eq!(others("eu-west-1").count(), 16);
        // A region that an account has to ask for.
        assert_eq!(others("eu-south-2").count(), 17);
    }
}
