//! The names that RDS and Aurora give to endpoints. Pure: a name in, what it says out.
//!
//! ```text
//! orders.c7tj4example.eu-central-1.rds.amazonaws.com               an instance
//! orders.cluster-c7tj4example.eu-central-1.rds.amazonaws.com       a cluster's writer
//! orders.cluster-ro-c7tj4example.eu-central-1.rds.amazonaws.com    its readers
//! reports.cluster-custom-c7tj4example.…                            some of its instances
//! orders.proxy-c7tj4example.…, reports.endpoint.proxy-c7tj4example.…    a proxy, in front of either
//! orders.global-c7tj4example.global.rds.amazonaws.com              the writer of a global database
//! ```
//! In China the region stands behind `rds` (`….rds.cn-north-1.amazonaws.com.cn`). Sources: the user guides of RDS, Aurora and
//! RDS Proxy, "endpoints"; the partitions' suffixes are those of the SDK's `partitions.json`.

/// What the partitions of AWS end their names with.
const SUFFIXES: [&str; 7] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];
/// In the region's place in the name of a global database's endpoint.
const GLOBAL: &str = "global";

/// What kind of endpoint a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointKind {
    /// One instance: a server of its own, a replica, or a member of a cluster.
    Instance,
    /// A cluster's writer, whichever instance that is.
    Writer,
    /// A cluster's readers, in turn.
    Reader,
    /// Some of a cluster's instances, as somebody chose them.
    Custom,
    /// The writer of a global database, in whatever region.
    Global,
    /// RDS Proxy.
    Proxy,
}

/// The name of an endpoint, taken apart. In lower case, without a final dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdsName {
    /// What kind of endpoint it is.
    pub kind: EndpointKind,
    /// The first label: the identifier of the instance, cluster, custom endpoint or proxy.
    pub id: String,
    /// Such as `eu-central-1`; `global` for a global database.
    pub region: String,
    /// The whole name.
    pub host: String,
}

impl RdsName {
    /// Reads a host's name; none if it is not one of RDS's.
    pub fn parse(host: &str) -> Option<Self> {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let inner = SUFFIXES
            .iter()
            .find_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.'))?;
        let labels: Vec<&str> = inner.split('.').collect();
        if labels.iter().any(|label| label.is_empty()) {
            return None;
        }
        let (own, region) = match labels.as_slice() {
            [own @ .., region, "rds"] | [own @ .., "rds", region] => (own, (*region).to_owned()),
            _ => return None,
        };
        let (kind, id) = match own {
            [id, mark] => (kind(mark, &region)?, *id),
            [id, "endpoint", mark] if mark.starts_with("proxy-") => (EndpointKind::Proxy, *id),
            _ => return None,
        };
        Some(Self {
            kind,
            id: id.to_owned(),
            region,
            host,
        })
    }

    /// The writer's name, if the name alone tells it: that of a cluster's readers does.
    pub(crate) fn writer(&self) -> Option<String> {
        let writer = || self.host.replacen(".cluster-ro-", ".cluster-", 1);
        (self.kind == EndpointKind::Reader).then(writer)
    }

    /// Whether it may be an Aurora cluster, which can be paused, and then takes its time to resume.
    pub(crate) fn is_of_a_cluster(&self) -> bool {
        matches!(
            self.kind,
            EndpointKind::Writer | EndpointKind::Reader | EndpointKind::Custom | EndpointKind::Global
        )
    }
}

/// What the label behind the identifier says. It holds a mark of account and region, letters and digits.
fn kind(mark: &str, region: &str) -> Option<EndpointKind> {
    let marks = [
        ("cluster-ro-", EndpointKind::Reader),
        ("cluster-custom-", EndpointKind::Custom),
        ("cluster-", EndpointKind::Writer),
        ("proxy-", EndpointKind::Proxy),
        ("global-", EndpointKind::Global),
    ];
    let found = marks
        .into_iter()
        .find_map(|(prefix, kind)| Some((kind, mark.strip_prefix(prefix)?)));
    let (kind, account) = found.unwrap_or((EndpointKind::Instance, mark));
    let is_mark = account.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !account.is_empty();
    let is_global = kind == EndpointKind::Global;
    (is_mark && is_global == (region == GLOBAL)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kind id region`, or `-` for a name that is not one of RDS's.
    #[track_caller]
    fn check(host: &str, expected: &str) {
        let shown = RdsName::parse(host).map_or("-".to_owned(), |name| {
            format!("{:?} {} {}", name.kind, name.id, name.region)
        });
        assert_eq!(shown, expected, "{host}");
    }

    #[test]
    fn each_kind_of_endpoint_has_its_name() {
        for (host, expected) in [
            (
                "db.c7tj4example.us-east-1.rds.amazonaws.com",
                "Instance db us-east-1",
            ),
            (
                "db.123456789012.us-east-1.rds.amazonaws.com",
                "Instance db us-east-1",
            ),
            (
                "db.cluster-c7tj4example.eu-central-1.rds.amazonaws.com",
                "Writer db eu-central-1",
            ),
            (
                "db.cluster-ro-c7tj4example.eu-central-1.rds.amazonaws.com",
                "Reader db eu-central-1",
            ),
            (
                "some.cluster-custom-c7tj4example.eu-central-1.rds.amazonaws.com",
                "Custom some eu-central-1",
            ),
            (
                "p.proxy-c7tj4example.us-west-2.rds.amazonaws.com",
                "Proxy p us-west-2",
            ),
            (
                "ro.endpoint.proxy-c7tj4example.us-west-2.rds.amazonaws.com",
                "Proxy ro us-west-2",
            ),
            (
                "g.global-c7tj4example.global.rds.amazonaws.com",
                "Global g global",
            ),
            // An identifier may look like a mark.
            (
                "cluster-ro-x.c7tj4example.us-east-1.rds.amazonaws.com",
                "Instance cluster-ro-x us-east-1",
            ),
        ] {
            check(host, expected);
        }
    }

    #[test]
    fn each_partition_has_its_suffix() {
        for (host, expected) in [
            (
                "db.cluster-abc.us-gov-west-1.rds.amazonaws.com",
                "Writer db us-gov-west-1",
            ),
            ("db.abc.rds.cn-north-1.amazonaws.com.cn", "Instance db cn-north-1"),
            (
                "db.cluster-abc.rds.cn-northwest-1.amazonaws.com.cn",
                "Writer db cn-northwest-1",
            ),
            ("db.abc.cn-north-1.rds.amazonaws.com.cn", "Instance db cn-north-1"),
            (
                "db.cluster-ro-abc.us-iso-east-1.rds.c2s.ic.gov",
                "Reader db us-iso-east-1",
            ),
            (
                "db.abc.us-isob-east-1.rds.sc2s.sgov.gov",
                "Instance db us-isob-east-1",
            ),
            (
                "db.abc.eusc-de-east-1.rds.amazonaws.eu",
                "Instance db eusc-de-east-1",
            ),
        ] {
            check(host, expected);
        }
    }

    #[test]
    fn case_and_a_final_dot_make_no_difference() {
        check(
            "DB.Cluster-ABC.eu-central-1.RDS.amazonaws.com.",
            "Writer db eu-central-1",
        );
    }

    #[test]
    fn other_names_are_not_rdss() {
        for host in [
            "",
            ".",
            "localhost",
            "db.example.com",
            "127.0.0.1",
            "::1",
            "rds.amazonaws.com",
            "rds.us-east-1.amazonaws.com",
            "us-east-1.rds.amazonaws.com",
            "db.us-east-1.rds.amazonaws.com",
            "a.b.abc.us-east-1.rds.amazonaws.com",
            "db..us-east-1.rds.amazonaws.com",
            ".abc.us-east-1.rds.amazonaws.com",
            "db.cluster-.us-east-1.rds.amazonaws.com",
            "db.a-b.us-east-1.rds.amazonaws.com",
            "db.global-abc.us-east-1.rds.amazonaws.com",
            "db.abc.global.rds.amazonaws.com",
            "db.abc.us-east-1.rds.amazonaws.com.example.com",
            "db.abc.us-east-1.rds.evilamazonaws.com",
            "db.abc.us-east-1.redshift.amazonaws.com",
            "db.abc.us-east-1.rds.amazonaws.com..",
        ] {
            check(host, "-");
        }
    }

    #[test]
    fn only_the_readers_name_tells_the_writers() {
        let writer = |host: &str| RdsName::parse(host).unwrap().writer();
        assert_eq!(
            writer("Db.cluster-ro-abc.rds.cn-north-1.amazonaws.com.cn").as_deref(),
            Some("db.cluster-abc.rds.cn-north-1.amazonaws.com.cn")
        );
        for other in [
            "db.cluster-abc.us-east-1.rds.amazonaws.com",
            "db.abc.us-east-1.rds.amazonaws.com",
            "db.cluster-custom-abc.us-east-1.rds.amazonaws.com",
        ] {
            assert_eq!(writer(other), None, "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic_and_the_parts_are_of_it(host in "[a-z.-]{0,20}(\\.cluster-)?[a-z0-9.]{0,12}(\\.us-east-1\\.rds\\.amazonaws\\.com)?") {
            if let Some(name) = RdsName::parse(&host) {
                proptest::prop_assert!(host.starts_with(&name.id) && host.contains(&name.region));
                proptest::prop_assert_eq!(RdsName::parse(&name.host), Some(name));
            }
        }
    }
}
