//! The account, the regions, and the ARNs that name secrets and functions in them.

/// The region of every ARN, unless the server was given others.
pub const REGION: &str = "us-east-1";
/// The account of every ARN, unless the server was given another.
pub const ACCOUNT: &str = "000000000000";

/// The ARN of a hosted function in the account and the region that a server has by itself.
pub fn function_arn(name: &str) -> String {
    Realm::default().function_arn(REGION, name)
}

/// The account and the regions of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Realm {
    account: String,
    /// Where a request goes that names no region.
    home: String,
    others: Vec<String>,
}

impl Default for Realm {
    fn default() -> Self {
        Self {
            account: ACCOUNT.to_owned(),
            home: REGION.to_owned(),
            others: Vec::new(),
        }
    }
}

impl Realm {
    pub(crate) fn set_account(&mut self, account: String) {
        self.account = account;
    }

    /// The first is the home region. No regions change nothing.
    pub(crate) fn set_regions(&mut self, regions: impl IntoIterator<Item = String>) {
        let mut regions = regions.into_iter();
        if let Some(home) = regions.next() {
            self.others = Vec::new();
            for region in regions.filter(|region| *region != home) {
                if !self.others.contains(&region) {
                    self.others.push(region);
                }
            }
            self.home = home;
        }
    }

    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Where a request goes that names no region.
    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// All regions, the home region first.
    pub(crate) fn regions(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.home.as_str()).chain(self.others.iter().map(String::as_str))
    }

    /// The region that a request was signed for; with one region, that one. `None` if it is not served.
    pub(crate) fn signed_for(&self, region: Option<&str>) -> Option<&str> {
        match region {
            Some(region) if !self.others.is_empty() => self.regions().find(|served| *served == region),
            _ => Some(&self.home),
        }
    }

    /// The region in an ARN, if it is served; else the home region.
    pub(crate) fn region_of(&self, id: &str) -> &str {
        let named = region(id);
        let served = named.and_then(|named| self.regions().find(|served| *served == named));
        served.unwrap_or(&self.home)
    }

    /// The ARN of a secret: AWS puts six characters after its name.
    pub(crate) fn secret_arn(&self, region: &str, name: &str, suffix: &str) -> String {
        let (partition, account) = (partition(region), &self.account);
        format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{suffix}")
    }

    /// The ARN of a function.
    pub(crate) fn function_arn(&self, region: &str, name: &str) -> String {
        let (partition, account) = (partition(region), &self.account);
        format!("arn:{partition}:lambda:{region}:{account}:function:{name}")
    }

    /// The name in a function's ARN, whole or without what stands before the account or before `function`; else `text`.
    pub(crate) fn function_name<'a>(&self, text: &'a str) -> &'a str {
        let whole = self
            .regions()
            .find_map(|region| text.strip_prefix(&self.function_arn(region, "")));
        let name = whole.unwrap_or_else(|| {
            let partial = text.strip_prefix(&format!("{}:", self.account)).unwrap_or(text);
            partial.strip_prefix("function:").unwrap_or(text)
        });
        name.split_once(':').map_or(name, |(name, _qualifier)| name)
    }
}

/// The region in an ARN.
pub(crate) fn region(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(2)
}

/// The same ARN in another region: a replica has its primary's name and six characters.
pub(crate) fn in_region(arn: &str, region: &str) -> String {
    let mut parts: Vec<&str> = arn.split(':').collect();
    if let Some(part) = parts.get_mut(1) {
        *part = partition(region);
    }
    if let Some(part) = parts.get_mut(3) {
        *part = region;
    }
    parts.join(":")
}

fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(regions: &[&str]) -> Realm {
        let mut realm = Realm::default();
        realm.set_regions(regions.iter().map(|region| (*region).to_owned()));
        realm
    }

    #[test]
    fn with_one_region_every_request_goes_there_and_with_several_the_signature_decides() {
        let one = realm(&["eu-west-1"]);
        for signed in [None, Some("us-east-1"), Some("eu-west-1")] {
            assert_eq!(one.signed_for(signed), Some("eu-west-1"));
        }
        let two = realm(&["eu-west-1", "us-east-1", "eu-west-1"]);
        assert_eq!(two.regions().collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
        assert_eq!(two.signed_for(None), Some("eu-west-1"));
        assert_eq!(two.signed_for(Some("us-east-1")), Some("us-east-1"));
        assert_eq!(two.signed_for(Some("us-west-2")), None);
    }

    #[test]
    fn a_function_is_named_by_its_name_or_its_arn_or_a_part_of_it() {
        let mut realm = realm(&["us-east-1", "cn-north-1"]);
        realm.set_account("123456789012".to_owned());
        for name in [
            "rotate",
            "rotate:live",
            "function:rotate",
            "123456789012:function:rotate",
            "arn:aws:lambda:us-east-1:123456789012:function:rotate:1",
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:rotate",
        ] {
            assert_eq!(realm.function_name(name), "rotate", "{name}");
        }
        for name in [
            "arn:aws:lambda:us-west-2:123456789012:function:rotate",
            "arn:aws:lambda:us-east-1:000000000000:function:rotate",
        ] {
            assert_ne!(realm.function_name(name), "rotate", "{name}");
        }
    }

    #[test]
    fn a_replica_has_its_primarys_arn_but_for_the_region() {
        assert_eq!(
            in_region(
                "arn:aws:secretsmanager:us-east-1:000000000000:secret:a/b-AbCdEf",
                "eu-west-1"
            ),
            "arn:aws:secretsmanager:eu-west-1:000000000000:secret:a/b-AbCdEf"
        );
    }
}
