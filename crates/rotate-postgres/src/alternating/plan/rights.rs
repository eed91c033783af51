//! Whether an application could do as the pending user all that it can do as the current one.
//!
//! Two users that act as the same role have the same rights by that alone. Otherwise the server is asked for each object.

use postgres_protocol::escape::{escape_identifier, escape_literal};
use serde::Deserialize;

/// Something that only the current user may.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Missing {
    /// `table`, `sequence`, `function`, `schema`, `database`, `role`.
    kind: String,
    /// As SQL would name it.
    object: String,
    /// `SELECT` and the like; `OWNER` for what the object's owner may; `MEMBER` of a role.
    right: String,
}

/// How many are named in an error.
const SHOWN: usize = 5;

/// The roles to compare: those that log in, and those that they act as.
pub(crate) struct Compared<'a> {
    pub(crate) pending: &'a str,
    pub(crate) current: &'a str,
    pub(crate) pending_acts_as: &'a str,
    pub(crate) current_acts_as: &'a str,
}

impl Compared<'_> {
    /// The query for what is missing; its one row has one column, JSON.
    pub(crate) fn query(&self) -> String {
        let literal = |name: &str| escape_literal(name).trim_start().to_owned();
        let [pending, current, pen, cur] = [
            self.pending,
            self.current,
            self.pending_acts_as,
            self.current_acts_as,
        ]
        .map(literal);
        // System objects are everybody's, and temporary ones nobody else's. All names are put in at once: a name may look like a
        // place for another one.
        format!(
            "WITH r(cur, pen, cur_login, pen_login) AS (SELECT \
   (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {cur}), (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {pen}), \
   (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {current}), (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {pending})), \
 n AS (SELECT oid, nspname, nspowner FROM pg_catalog.pg_namespace WHERE nspname <> 'information_schema' AND NOT pg_catalog.starts_with(nspname, 'pg_')), \
 m(kind, object, \"right\") AS (\
 SELECT 'table', c.oid::pg_catalog.regclass::pg_catalog.text, p.p FROM r, pg_catalog.pg_class AS c JOIN n ON n.oid = c.relnamespace, \
   (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) AS p(p) \
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.has_table_privilege(r.cur, c.oid, p.p) AND NOT pg_catalog.has_table_privilege(r.pen, c.oid, p.p) \
 UNION ALL SELECT 'sequence', c.oid::pg_catalog.regclass::pg_catalog.text, p.p FROM r, pg_catalog.pg_class AS c JOIN n ON n.oid = c.relnamespace, \
   (VALUES ('USAGE'), ('SELECT'), ('UPDATE')) AS p(p) \
   WHERE c.relkind = 'S' AND pg_catalog.has_sequence_privilege(r.cur, c.oid, p.p) AND NOT pg_catalog.has_sequence_privilege(r.pen, c.oid, p.p) \
 UNION ALL SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, c.oid::pg_catalog.regclass::pg_catalog.text, 'OWNER' \
   FROM r, pg_catalog.pg_class AS c JOIN n ON n.oid = c.relnamespace \
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND pg_catalog.pg_has_role(r.cur, c.relowner, 'USAGE') AND NOT pg_catalog.pg_has_role(r.pen, c.relowner, 'USAGE') \
 UNION ALL SELECT 'function', f.oid::pg_catalog.regprocedure::pg_catalog.text, 'EXECUTE' FROM r, pg_catalog.pg_proc AS f JOIN n ON n.oid = f.pronamespace \
   WHERE pg_catalog.has_function_privilege(r.cur, f.oid, 'EXECUTE') AND NOT pg_catalog.has_function_privilege(r.pen, f.oid, 'EXECUTE') \
 UNION ALL SELECT 'schema', pg_catalog.quote_ident(n.nspname), p.p FROM r, n, (VALUES ('USAGE'), ('CREATE')) AS p(p) \
   WHERE pg_catalog.has_schema_privilege(r.cur, n.oid, p.p) AND NOT pg_catalog.has_schema_privilege(r.pen, n.oid, p.p) \
 UNION ALL SELECT 'schema', pg_catalog.quote_ident(n.nspname), 'OWNER' FROM r, n \
   WHERE pg_catalog.pg_has_role(r.cur, n.nspowner, 'USAGE') AND NOT pg_catalog.pg_has_role(r.pen, n.nspowner, 'USAGE') \
 UNION ALL SELECT 'database', pg_catalog.quote_ident(d.datname), p.p FROM r, pg_catalog.pg_database AS d, (VALUES ('CONNECT'), ('CREATE'), ('TEMPORARY')) AS p(p) \
   WHERE d.datallowconn AND pg_catalog.has_database_privilege(CASE p.p WHEN 'CONNECT' THEN r.cur_login ELSE r.cur END, d.oid, p.p) \
   AND NOT pg_catalog.has_database_privilege(CASE p.p WHEN 'CONNECT' THEN r.pen_login ELSE r.pen END, d.oid, p.p) \
 UNION ALL SELECT 'role', pg_catalog.quote_ident(o.rolname), 'MEMBER' FROM r, pg_catalog.pg_roles AS o \
   WHERE o.oid NOT IN (r.cur_login, r.pen_login, r.cur, r.pen) AND pg_catalog.pg_has_role(r.cur_login, o.oid, 'MEMBER') AND NOT pg_catalog.pg_has_role(r.pen_login, o.oid, 'MEMBER')) \
 SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('kind', m.kind, 'object', m.object, 'right', m.\"right\") ORDER BY m.kind, m.object, m.\"right\"), '[]') FROM (SELECT * FROM m LIMIT 1000) AS m"
        )
    }
}

/// Reads the answer to the query.
pub(crate) fn read(row: &[Option<String>]) -> Option<Vec<Missing>> {
    let [Some(json)] = row else { return None };
    serde_json::from_str(json).ok()
}

/// What is missing, in words, and what gives it; none if nothing is.
pub(crate) fn words(missing: &[Missing], pending: &str) -> Option<(String, String)> {
    let first = missing.first()?;
    let named: Vec<_> = missing
        .iter()
        .take(SHOWN)
        .map(|missing| format!("{} on {} {}", missing.right, missing.kind, missing.object))
        .collect();
    let more = missing.len() - named.len();
    let lacks = match more {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    };
    Some((lacks, first.remedy(pending)))
}

impl Missing {
    fn remedy(&self, pending: &str) -> String {
        let to = escape_identifier(pending);
        match (self.kind.as_str(), self.right.as_str()) {
            ("role", _) => format!("GRANT {} TO {to}", self.object),
            (_, "OWNER") => format!(
                "let both act as one owner: ALTER {} {} OWNER TO the role that {to} acts as, or REASSIGN OWNED",
                self.kind.to_uppercase(),
                self.object
            ),
            (kind, right) => format!(
                "GRANT {right} ON {} {} TO {to}, and so on",
                kind.to_uppercase(),
                self.object
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(kind: &str, object: &str, right: &str) -> Missing {
        Missing {
            kind: kind.to_owned(),
            object: object.to_owned(),
            right: right.to_owned(),
        }
    }

    #[test]
    fn nothing_missing_is_nothing_to_say() {
        assert_eq!(words(&[], "app"), None);
        assert_eq!(read(&[Some("[]".to_owned())]), Some(Vec::new()));
    }

    #[test]
    fn what_is_missing_is_named_with_what_gives_it() {
        let one = [missing("table", "public.t", "SELECT")];
        let (lacks, remedy) = words(&one, "app").unwrap();
        assert_eq!(lacks, "SELECT on table public.t");
        assert_eq!(remedy, "GRANT SELECT ON TABLE public.t TO \"app\", and so on");
        let many: Vec<_> = (0..7)
            .map(|i| missing("role", &format!("r{i}"), "MEMBER"))
            .collect();
        let (lacks, remedy) = words(&many, "app").unwrap();
        assert!(lacks.ends_with("MEMBER on role r4, and 2 more"), "{lacks}");
        assert_eq!(remedy, "GRANT r0 TO \"app\"");
    }

    #[test]
    fn names_are_quoted() {
        let compared = Compared {
            pending: "a'b",
            current: "c",
            pending_acts_as: "d",
            current_acts_as: "e",
        };
        let query = compared.query();
        assert!(query.contains("rolname = 'a''b'") && query.contains("rolname = 'e'"));
        assert!(!query.contains("{cur") && !query.contains("{pen"));
    }

    #[test]
    fn a_name_that_looks_like_a_place_for_another_one_stays_a_name() {
        let compared = Compared {
            pending: "x{current}{cur}",
            current: "x{cur}",
            pending_acts_as: "{pending}",
            current_acts_as: "o'{pen}",
        };
        let query = compared.query();
        for name in ["'x{current}{cur}'", "'x{cur}'", "'{pending}'", "'o''{pen}'"] {
            assert_eq!(query.matches(&format!("rolname = {name}")).count(), 1, "{name}");
        }
    }
}
