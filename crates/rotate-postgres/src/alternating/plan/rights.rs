//! Whether an application could do as the pending user all that it can do as the current one.
//!
//! Two users that act as the same role have the same rights by that alone. Otherwise the server is asked for each object.

use postgres_protocol::escape::{escape_identifier, escape_literal};
use serde::Deserialize;

/// Something that only the current user may.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Missing {
    /// `table`, `column`, `sequence`, `function`, `schema`, `database`, `role`, `policy`; `other` for what is known by its description alone.
    kind: String,
    /// As SQL would name it.
    object: String,
    /// `SELECT` and the like; `OWNER` for what the object's owner may; `MEMBER` of a role; `APPLIES` of a row policy.
    right: String,
    /// Because the current user owns it.
    pub(crate) owned: bool,
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
 m(kind, object, \"right\", owned) AS (\
 SELECT 'table', c.oid::pg_catalog.regclass::pg_catalog.text, p.p, c.relowner = r.cur FROM r, pg_catalog.pg_class AS c JOIN n ON n.oid = c.relnamespace, \
   (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) AS p(p) \
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.has_table_privilege(r.cur, c.oid, p.p) AND NOT pg_catalog.has_table_privilege(r.pen, c.oid, p.p) \
 UNION ALL SELECT 'column', pg_catalog.quote_ident(a.attname) || ' of ' || c.oid::pg_catalog.regclass::pg_catalog.text, p.p, c.relowner = r.cur \
   FROM r, pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid JOIN n ON n.oid = c.relnamespace, \
   (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) AS p(p) WHERE a.attacl IS NOT NULL AND NOT a.attisdropped \
   AND pg_catalog.has_column_privilege(r.cur, c.oid, a.attnum, p.p) AND NOT pg_catalog.has_column_privilege(r.pen, c.oid, a.attnum, p.p) \
 UNION ALL SELECT 'sequence', c.oid::pg_catalog.regclass::pg_catalog.text, p.p, c.relowner = r.cur FROM r, pg_catalog.pg_class AS c JOIN n ON n.oid = c.relnamespace, \
   (VALUES ('USAGE'), ('SELECT'), ('UPDATE')) AS p(p) \
   WHERE c.relkind = 'S' AND pg_catalog.has_sequence_privilege(r.cur, c.oid, p.p) AND NOT pg_catalog.has_sequence_privilege(r.pen, c.oid, p.p) \
 UNION ALL SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, c.oid::pg_catalog.regclass::pg_catalog.text, 'OWNER', c.relowner = r.cur \
   FROM r, pg_catalog.pg_class AS c JOIN n ON n.oid = c.relnamespace \
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND pg_catalog.pg_has_role(r.cur, c.relowner, 'USAGE') AND NOT pg_catalog.pg_has_role(r.pen, c.relowner, 'USAGE') \
 UNION ALL SELECT 'function', f.oid::pg_catalog.regprocedure::pg_catalog.text, 'EXECUTE', f.proowner = r.cur FROM r, pg_catalog.pg_proc AS f JOIN n ON n.oid = f.pronamespace \
   WHERE pg_catalog.has_function_privilege(r.cur, f.oid, 'EXECUTE') AND NOT pg_catalog.has_function_privilege(r.pen, f.oid, 'EXECUTE') \
 UNION ALL SELECT 'schema', pg_catalog.quote_ident(n.nspname), p.p, n.nspowner = r.cur FROM r, n, (VALUES ('USAGE'), ('CREATE')) AS p(p) \
   WHERE pg_catalog.has_schema_privilege(r.cur, n.oid, p.p) AND NOT pg_catalog.has_schema_privilege(r.pen, n.oid, p.p) \
 UNION ALL SELECT 'schema', pg_catalog.quote_ident(n.nspname), 'OWNER', n.nspowner = r.cur FROM r, n \
   WHERE pg_catalog.pg_has_role(r.cur, n.nspowner, 'USAGE') AND NOT pg_catalog.pg_has_role(r.pen, n.nspowner, 'USAGE') \
 UNION ALL SELECT 'database', pg_catalog.quote_ident(d.datname), p.p, d.datdba = r.cur FROM r, pg_catalog.pg_database AS d, (VALUES ('CONNECT'), ('CREATE'), ('TEMPORARY')) AS p(p) \
   WHERE d.datallowconn AND pg_catalog.has_database_privilege(CASE p.p WHEN 'CONNECT' THEN r.cur_login ELSE r.cur END, d.oid, p.p) \
   AND NOT pg_catalog.has_database_privilege(CASE p.p WHEN 'CONNECT' THEN r.pen_login ELSE r.pen END, d.oid, p.p) \
 UNION ALL SELECT 'role', pg_catalog.quote_ident(o.rolname), 'MEMBER', false FROM r, pg_catalog.pg_roles AS o \
   WHERE o.oid NOT IN (r.cur_login, r.pen_login, r.cur, r.pen) AND pg_catalog.pg_has_role(r.cur_login, o.oid, 'MEMBER') AND NOT pg_catalog.pg_has_role(r.pen_login, o.oid, 'MEMBER') \
 UNION ALL SELECT 'policy', pg_catalog.quote_ident(p.polname) || ' on ' || c.oid::pg_catalog.regclass::pg_catalog.text, 'APPLIES', false \
   FROM r, pg_catalog.pg_policy AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid AND c.relrowsecurity, \
   LATERAL (SELECT pg_catalog.bool_or(CASE x.role WHEN 0 THEN true ELSE pg_catalog.pg_has_role(r.cur, x.role, 'USAGE') END) AS cur, \
     pg_catalog.bool_or(CASE x.role WHEN 0 THEN true ELSE pg_catalog.pg_has_role(r.pen, x.role, 'USAGE') END) AS pen FROM pg_catalog.unnest(p.polroles) AS x(role)) AS t \
   WHERE CASE WHEN p.polpermissive THEN t.cur AND NOT t.pen ELSE t.pen AND NOT t.cur END \
 UNION ALL SELECT 'other', pg_catalog.pg_describe_object(h.classid, h.objid, h.objsubid), CASE h.deptype WHEN 'o' THEN 'OWNER' ELSE 'GRANT' END, h.deptype = 'o' \
   FROM r, pg_catalog.pg_shdepend AS h WHERE h.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND h.refobjid = r.cur \
   AND h.dbid IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())) \
   AND NOT pg_catalog.pg_has_role(r.pen, r.cur, 'USAGE') AND (h.deptype = 'o' AND h.classid NOT IN ('pg_catalog.pg_class'::pg_catalog.regclass, \
     'pg_catalog.pg_namespace'::pg_catalog.regclass, 'pg_catalog.pg_default_acl'::pg_catalog.regclass) OR h.deptype = 'a' AND h.classid NOT IN ('pg_catalog.pg_class'::pg_catalog.regclass, \
     'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_namespace'::pg_catalog.regclass, 'pg_catalog.pg_database'::pg_catalog.regclass, 'pg_catalog.pg_auth_members'::pg_catalog.regclass)) \
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS o WHERE o.refclassid = h.refclassid AND o.refobjid = r.pen AND o.deptype IN ('a', 'o') \
     AND o.dbid = h.dbid AND o.classid = h.classid AND o.objid = h.objid AND o.objsubid = h.objsubid)) \
 SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('kind', m.kind, 'object', m.object, 'right', m.\"right\", 'owned', m.owned) \
   ORDER BY m.owned, m.kind, m.object, m.\"right\"), '[]') FROM (SELECT * FROM m ORDER BY owned LIMIT 1000) AS m"
        )
    }
}

/// Reads the answer to the query.
pub(crate) fn read(row: &[Option<String>]) -> Option<Vec<Missing>> {
    let [Some(json)] = row else { return None };
    serde_json::from_str(json).ok()
}

/// What is missing, in words, and what gives it; none if nothing is.
pub(crate) fn words(missing: &[Missing], compared: &Compared<'_>) -> Option<(String, String)> {
    let first = missing.first()?;
    let remedy = if missing.iter().any(|missing| missing.owned) {
        format!(
            "REASSIGN OWNED BY {0} TO {1}, as a superuser, or as a role that has been granted {0} and {1}",
            escape_identifier(compared.current_acts_as),
            escape_identifier(compared.pending_acts_as)
        )
    } else {
        first.remedy(compared)
    };
    let named: Vec<_> = missing.iter().take(SHOWN).map(Missing::words).collect();
    let more = missing.len() - named.len();
    let lacks = match more {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    };
    Some((lacks, remedy))
}

impl Missing {
    fn words(&self) -> String {
        let (object, right) = (&self.object, &self.right);
        match self.kind.as_str() {
            "policy" => format!("the same row policies: {object}"),
            "other" => format!("{right} on {object}"),
            kind => format!("{right} on {kind} {object}"),
        }
    }

    fn remedy(&self, compared: &Compared<'_>) -> String {
        let (to, login) = (
            escape_identifier(compared.pending_acts_as),
            escape_identifier(compared.pending),
        );
        match (self.kind.as_str(), self.right.as_str()) {
            // What counts at the login itself is the login's own.
            ("role", _) => format!("GRANT {} TO {login}", self.object),
            ("database", "CONNECT") => format!("GRANT CONNECT ON DATABASE {} TO {login}", self.object),
            ("policy", _) => format!("ALTER POLICY {} TO both users", self.object),
            ("other", right) => format!("give {to} the same ({right} on {})", self.object),
            ("column", right) => match self.object.split_once(" of ") {
                Some((column, table)) => format!("GRANT {right} ({column}) ON {table} TO {to}, and so on"),
                None => format!("GRANT {right} on column {} TO {to}", self.object),
            },
            // Of a role that the current user is a member of. A membership WITH INHERIT FALSE is there already, and is not enough.
            (kind, "OWNER") => format!(
                "GRANT the owner of {kind} {} TO {to} (since PostgreSQL 16 WITH INHERIT TRUE)",
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
            owned: false,
        }
    }

    const COMPARED: Compared<'static> = Compared {
        pending: "app",
        current: "app_clone",
        pending_acts_as: "app",
        current_acts_as: "app_clone",
    };

    #[test]
    fn nothing_missing_is_nothing_to_say() {
        assert_eq!(words(&[], &COMPARED), None);
        assert_eq!(read(&[Some("[]".to_owned())]), Some(Vec::new()));
    }

    #[test]
    fn what_is_missing_is_named_with_what_gives_it() {
        let one = [missing("table", "public.t", "SELECT")];
        let (lacks, remedy) = words(&one, &COMPARED).unwrap();
        assert_eq!(lacks, "SELECT on table public.t");
        assert_eq!(remedy, "GRANT SELECT ON TABLE public.t TO \"app\", and so on");
        let many: Vec<_> = (0..7)
            .map(|i| missing("role", &format!("r{i}"), "MEMBER"))
            .collect();
        let (lacks, remedy) = words(&many, &COMPARED).unwrap();
        assert!(lacks.ends_with("MEMBER on role r4, and 2 more"), "{lacks}");
        assert_eq!(remedy, "GRANT r0 TO \"app\"");
        let owned = [
            missing("table", "t", "SELECT"),
            Missing {
                owned: true,
                ..missing("table", "u", "SELECT")
            },
        ];
        let (_, remedy) = words(&owned, &COMPARED).unwrap();
        assert_eq!(
            remedy,
            "REASSIGN OWNED BY \"app_clone\" TO \"app\", as a superuser, or as a role that has been granted \"app_clone\" and \"app\""
        );
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
