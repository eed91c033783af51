//! What docs/reference/secret-values.md lists.

/// The keys of a PostgreSQL user's JSON object: the names, what they may be, and what they mean. The texts are Markdown.
pub const FIELDS: &[(&[&str], &str, &str)] = &[
    (
        &["username"],
        "a string",
        "Required. Alternating users: AWSCURRENT names the one in use",
    ),
    (&["password"], "a string", "required"),
    (
        &["host"],
        "one name or address, without a port",
        "The server. If it is missing: `PGHOST`, then the host of the superuser secret",
    ),
    (
        &["port"],
        "1 to 65535, a number or a string of digits",
        "If it is missing: `PGPORT`, then 5432",
    ),
    (
        &["dbname", "database"],
        "a string; if both are there, the same",
        "The database to log in to. If it is missing: `PGDATABASE`, then `postgres`",
    ),
    (
        &["engine"],
        "`postgres`, `aurora-postgresql` or `postgresql`",
        "A secret of another engine is refused",
    ),
    (
        &["ssl"],
        "true or false, also as a string",
        "`false`: plain text. Otherwise, and by default, the certificate and the host name are verified",
    ),
    (
        &["sslmode"],
        "`disable`, `verify-ca`, `verify-full`; `allow`, `prefer` and `require` mean `verify-full`",
        "`verify-ca`: the host name is not compared; this needs `PGSSLROOTCERT` with your own roots. It must not contradict `ssl`",
    ),
    (
        &["tls_server_name"],
        "one name or address",
        "the name in the server's certificate, if `host` is a CNAME",
    ),
    (
        &["masterarn"],
        "an ARN",
        "the superuser secret, for the same server. See below",
    ),
    (
        &["ownerrole"],
        "a string",
        "Alternating users: the role that both users act as. It cannot log in and owns the application's objects. [How to set it up](../alternating-users.md#with-an-owner-role)",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FIELDS;
    use crate::json::KNOWN_KEYS;

    #[test]
    fn the_keys_that_are_read_are_those_that_are_listed() {
        let listed: BTreeSet<&str> = FIELDS.iter().flat_map(|(names, ..)| *names).copied().collect();
        // An API key's.
        let known = KNOWN_KEYS.into_iter().filter(|key| *key != "keywheel");
        assert_eq!(known.collect::<BTreeSet<_>>(), listed);
    }
}
