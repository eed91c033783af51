//! Objects that get another owner, one by one. Pure.
//!
//! REASSIGN OWNED does it in one transaction, with a lock on every object at once. Under load that makes applications wait for
//! each other, and thousands of tables fill the server's lock table. So each object has a transaction of its own.

use std::fmt;
use std::time::Duration;

use postgres_protocol::escape::{escape_identifier, escape_literal};
use serde::Deserialize;

use super::facts::Granted;
use crate::server::sql::ACT_AS_INTENDED;

/// Longest wait for an object's lock. An application that asks for the same lock after us waits as long.
pub(crate) const LOCK: Duration = Duration::from_millis(100);
/// Longest work on one object.
const STATEMENT: Duration = Duration::from_secs(2);
/// Locks of one object beyond those of its indexes and sequences.
const LOCKS: u32 = 8;

/// What `from` owns in this database is to be owned by `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GiveOver {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The roles whose rights `admin` has to lend itself for that.
    pub(crate) lend: Vec<Loan>,
    pub(crate) admin: String,
    /// Whether grants have options, as since PostgreSQL 16.
    pub(crate) options: bool,
    /// RDS or Aurora.
    pub(crate) rds: bool,
}

/// The rights of a role, lent for a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loan {
    pub(crate) role: String,
    /// As whom it is granted, since PostgreSQL 16; none if the server is to find one.
    pub(crate) grantor: Option<String>,
    /// The options of the same grantor's grant that was there before.
    pub(crate) before: Option<Granted>,
}

/// What a role owns in this database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Objects {
    /// `max_locks_per_transaction`.
    locks: u32,
    /// How many there are, linked sequences among them.
    pub(crate) all: u64,
    /// The first of them.
    pub(crate) first: Vec<Object>,
}

/// An object, as `pg_identify_object` names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Object {
    kind: String,
    identity: String,
    /// Its indexes and linked sequences, which are locked with it.
    with: u32,
}

impl GiveOver {
    /// The query for the objects, at most `most`; its one row has one column, JSON. For a transaction whose `search_path` is known.
    ///
    /// Schemas first: the new owner of what is in them needs CREATE there. A sequence that belongs to a table's column changes its
    /// owner with the table.
    pub(crate) fn objects(&self, most: u32) -> String {
        format!(
            "WITH o AS (SELECT h.classid, h.objid FROM pg_shdepend AS h \
               WHERE h.refclassid = 'pg_authid'::regclass AND h.refobjid = (SELECT oid FROM pg_roles WHERE rolname = {}) \
               AND h.deptype = 'o' AND h.classid <> 'pg_default_acl'::regclass \
               AND h.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))), \
             linked AS (SELECT d.objid, d.refobjid FROM pg_depend AS d JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S' \
               WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')), \
             f AS (SELECT o.classid, o.objid FROM o \
               WHERE NOT (o.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM linked AS l WHERE l.objid = o.objid)) \
               ORDER BY o.classid <> 'pg_namespace'::regclass, o.classid, o.objid LIMIT {most}) \
             SELECT json_build_object('locks', current_setting('max_locks_per_transaction')::int4, 'all', (SELECT count(*) FROM o), \
               'first', (SELECT coalesce(json_agg(json_build_object('kind', i.type, 'identity', i.identity, 'with', \
                 CASE f.classid WHEN 'pg_class'::regclass THEN (SELECT count(*) FROM pg_index AS x WHERE x.indrelid = f.objid) \
                   + (SELECT count(*) FROM linked AS l WHERE l.refobjid = f.objid) ELSE 0 END)), '[]') \
               FROM f, pg_identify_object(f.classid, f.objid, 0) AS i))",
            escape_literal(&self.from).trim_start()
        )
    }

    /// The transaction for one object; none if there is no such statement.
    pub(crate) fn sql(&self, object: &Object) -> Option<String> {
        let (take, give_back) = (self.take(), self.give_back());
        // A crash that undoes it does no harm: the next rotation does it again.
        Some(format!(
            "BEGIN READ WRITE; SET LOCAL search_path = pg_catalog; {ACT_AS_INTENDED}; SET LOCAL synchronous_commit = off; \
             SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}; \
             {take}ALTER {} {} OWNER TO {}; {give_back}COMMIT",
            LOCK.as_millis(),
            STATEMENT.as_millis(),
            object.keyword()?,
            object.identity,
            escape_identifier(&self.to)
        ))
    }

    /// Lends the admin what it needs.
    pub(crate) fn take(&self) -> String {
        let loans = self.lend.iter();
        loans.map(|loan| loan.take(&self.admin, self.options)).collect()
    }

    /// Takes back what was lent.
    fn give_back(&self) -> String {
        let loans = self.lend.iter();
        loans
            .map(|loan| loan.give_back(&self.admin, self.options))
            .collect()
    }

    /// What a person would do who may. On RDS nobody is a superuser.
    pub(crate) fn by_hand(&self) -> String {
        let (from, to) = (escape_identifier(&self.from), escape_identifier(&self.to));
        let reassign = format!("REASSIGN OWNED BY {from} TO {to}");
        let by_admin = format!(
            "as {:?}: BEGIN; {}{reassign}; {}COMMIT",
            self.admin,
            self.take(),
            self.give_back()
        );
        let commands = match (self.lend.is_empty(), self.rds) {
            (true, _) => format!("as {:?}: {reassign}", self.admin),
            (false, true) => by_admin,
            (false, false) => format!("as a superuser: {reassign}; or {by_admin}"),
        };
        format!("in this database, when nobody is busy, {commands}")
    }
}

impl fmt::Display for GiveOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "give what {:?} owns to {:?}", self.from, self.to)
    }
}

impl Loan {
    fn take(&self, admin: &str, options: bool) -> String {
        let (role, to) = (escape_identifier(&self.role), escape_identifier(admin));
        if options {
            let by = self.by();
            format!("GRANT {role} TO {to} WITH INHERIT TRUE, SET TRUE{by}; ")
        } else {
            format!("GRANT {role} TO {to}; ")
        }
    }

    fn give_back(&self, admin: &str, options: bool) -> String {
        let (role, from) = (escape_identifier(&self.role), escape_identifier(admin));
        let by = if options { self.by() } else { String::new() };
        match self.before {
            Some(Granted { inherit, set }) if options => {
                let word = |on: bool| if on { "TRUE" } else { "FALSE" };
                let (inherit, set) = (word(inherit), word(set));
                format!("GRANT {role} TO {from} WITH INHERIT {inherit}, SET {set}{by}; ")
            }
            _ => format!("REVOKE {role} FROM {from}{by}; "),
        }
    }

    /// The same grantor for both, or the one statement might not meet what the other made.
    fn by(&self) -> String {
        let grantor = self.grantor.as_ref();
        grantor.map_or_else(String::new, |grantor| {
            format!(" GRANTED BY {}", escape_identifier(grantor))
        })
    }
}

impl Objects {
    /// Reads the answer to [`GiveOver::objects`].
    pub(crate) fn read(row: &[Option<String>]) -> Option<Self> {
        let [Some(json)] = row else { return None };
        serde_json::from_str(json).ok()
    }

    /// Whether an object needs no more locks than the server expects of a transaction.
    pub(crate) fn has_locks_for(&self, object: &Object) -> bool {
        object.with + LOCKS <= self.locks
    }
}

impl Object {
    /// The words between ALTER and the name.
    fn keyword(&self) -> Option<String> {
        Some(match self.kind.as_str() {
            "function" | "procedure" | "aggregate" => "ROUTINE".to_owned(),
            "composite type" => "TYPE".to_owned(),
            "statistics object" => "STATISTICS".to_owned(),
            "foreign-data wrapper" => "FOREIGN DATA WRAPPER".to_owned(),
            // PostgreSQL has no ALTER EXTENSION … OWNER TO.
            "extension" => return None,
            kind => kind.to_uppercase(),
        })
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn give_over(lend: &[(&str, Option<Granted>)], options: bool) -> GiveOver {
        let lend = lend.iter().map(|&(role, before)| Loan {
            role: role.to_owned(),
            grantor: options.then(|| "group".to_owned()),
            before,
        });
        GiveOver {
            from: "app_clone".to_owned(),
            to: "a\"b".to_owned(),
            lend: lend.collect(),
            admin: "admin".to_owned(),
            options,
            rds: false,
        }
    }

    fn object(kind: &str, identity: &str) -> Object {
        Object {
            kind: kind.to_owned(),
            identity: identity.to_owned(),
            with: 3,
        }
    }

    #[test]
    fn each_object_has_a_transaction_of_its_own_with_short_waits() {
        let sql = give_over(&[], true)
            .sql(&object("table", "public.\"T\""))
            .unwrap();
        assert!(sql.starts_with("BEGIN READ WRITE; "), "{sql}");
        assert!(sql.contains("SET LOCAL lock_timeout = 100; "), "{sql}");
        assert!(
            sql.ends_with(r#" ALTER TABLE public."T" OWNER TO "a""b"; COMMIT"#),
            "{sql}"
        );
    }

    #[test]
    fn every_kind_of_object_is_named_as_alter_wants_it() {
        for (kind, words) in [
            ("view", "ALTER VIEW s.o OWNER"),
            ("materialized view", "ALTER MATERIALIZED VIEW s.o OWNER"),
            ("aggregate", "ALTER ROUTINE s.o OWNER"),
            ("procedure", "ALTER ROUTINE s.o OWNER"),
            ("composite type", "ALTER TYPE s.o OWNER"),
            ("statistics object", "ALTER STATISTICS s.o OWNER"),
            ("foreign-data wrapper", "ALTER FOREIGN DATA WRAPPER s.o OWNER"),
            ("large object", "ALTER LARGE OBJECT s.o OWNER"),
        ] {
            let sql = give_over(&[], true).sql(&object(kind, "s.o")).unwrap();
            assert!(sql.contains(words), "{sql}");
        }
        assert_eq!(give_over(&[], true).sql(&object("extension", "hstore")), None);
    }

    #[test]
    fn what_an_admin_lends_itself_it_gives_back_in_the_same_transaction() {
        let around = |before, options| {
            let sql = give_over(&[("app_clone", before)], options).sql(&object("view", "s.v"));
            let sql = sql.unwrap();
            let (_, sql) = sql.split_once("statement_timeout = 2000; ").unwrap();
            let (before, after) = sql.split_once(r#"ALTER VIEW s.v OWNER TO "a""b"; "#).unwrap();
            format!("{before}/ {after}")
        };
        assert_eq!(
            around(None, false),
            r#"GRANT "app_clone" TO "admin"; / REVOKE "app_clone" FROM "admin"; COMMIT"#
        );
        let take = r#"GRANT "app_clone" TO "admin" WITH INHERIT TRUE, SET TRUE GRANTED BY "group"; "#;
        assert_eq!(
            around(None, true),
            format!(r#"{take}/ REVOKE "app_clone" FROM "admin" GRANTED BY "group"; COMMIT"#)
        );
        let (inherit, set) = (true, false);
        assert_eq!(
            around(Some(Granted { inherit, set }), true),
            format!(
                r#"{take}/ GRANT "app_clone" TO "admin" WITH INHERIT TRUE, SET FALSE GRANTED BY "group"; COMMIT"#
            )
        );
    }

    #[test]
    fn what_a_person_is_told_can_be_done_by_the_admin_where_nobody_is_a_superuser() {
        let lent = give_over(&[("app_clone", None)], true);
        assert!(lent.by_hand().contains("as a superuser: REASSIGN OWNED BY"));
        let on_rds = GiveOver { rds: true, ..lent };
        let words = on_rds.by_hand();
        assert!(!words.contains("superuser"), "{words}");
        assert!(
            words.contains(r#"GRANT "app_clone" TO "admin" WITH INHERIT TRUE, SET TRUE"#),
            "{words}"
        );
    }

    #[test]
    fn an_object_that_needs_more_locks_than_the_server_expects_is_left_to_a_person() {
        let json = r#"{"locks": 64, "all": 7, "first": [{"kind": "table", "identity": "s.t", "with": 56}]}"#;
        let mut objects = Objects::read(&[Some(json.to_owned())]).unwrap();
        let object = objects.first.pop().unwrap();
        assert!(objects.has_locks_for(&object));
        assert!(!objects.has_locks_for(&Object { with: 57, ..object }));
    }
}
