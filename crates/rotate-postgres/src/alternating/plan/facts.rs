//! What the server says of the roles that alternate, read in one query, as any role.
//!
//! `pg_authid` is not readable on RDS, `pg_roles`, `pg_auth_members` and `pg_db_role_setting` are readable to all.

use std::collections::BTreeSet;

use postgres_protocol::escape::escape_literal;
use serde::Deserialize;

/// The first version whose grants have an INHERIT and a SET option, and whose CREATEROLE needs ADMIN OPTION.
pub(crate) const WITH_GRANT_OPTIONS: u32 = 160_000;

/// What one session sees.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Facts {
    /// `server_version_num`, such as 150004.
    pub(crate) version: u32,
    /// The database of the session.
    pub(crate) database: String,
    /// The role that the session acts as, and what it may do to others.
    pub(crate) session: Asker,
    /// RDS or Aurora, where nobody is a superuser.
    pub(crate) rds: bool,
    /// `ALTER DATABASE … SET`, and `ALTER ROLE ALL SET`: what counts for a role that has no setting of its own.
    pub(crate) everybody: Vec<Setting>,
    /// Those of the roles asked for that exist.
    pub(crate) roles: Vec<Role>,
}

/// The role that asks: the one that logged in, or that its own settings make it act as.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are the columns of pg_roles")]
pub(crate) struct Asker {
    pub(crate) name: String,
    pub(crate) superuser: bool,
    pub(crate) createrole: bool,
    pub(crate) createdb: bool,
    pub(crate) replication: bool,
    pub(crate) bypassrls: bool,
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are the columns of pg_roles")]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) login: bool,
    pub(crate) superuser: bool,
    pub(crate) createdb: bool,
    pub(crate) createrole: bool,
    pub(crate) replication: bool,
    pub(crate) bypassrls: bool,
    /// CONNECTION LIMIT, -1 for none.
    pub(crate) connections: i32,
    /// VALID UNTIL, as the session writes times.
    pub(crate) until: Option<String>,
    /// It is past.
    pub(crate) expired: bool,
    pub(crate) settings: Vec<Setting>,
    pub(crate) memberships: Vec<Membership>,
    /// How many objects of this database (and how many databases and tablespaces) it owns.
    pub(crate) owns: u64,
    /// The databases in which it owns something, or in which a grant or a row policy names it. The session's own for what is shared.
    pub(crate) named_in: Vec<String>,
    /// Those of the roles which settings name for it that it may act as. The server passes over a setting that names another one.
    pub(crate) may_act_as: Vec<String>,
    /// The asker has ADMIN OPTION on it, be it through a role whose rights it does not inherit: it may alter the role.
    pub(crate) administered: bool,
    /// As whom the asker grants membership in it, since PostgreSQL 16: itself, or a role with ADMIN OPTION whose rights it inherits.
    pub(crate) grantor: Option<String>,
    /// A role with ADMIN OPTION that the asker is a member of, and may act as.
    pub(crate) settable_administrator: Option<String>,
    /// Those who have ADMIN OPTION themselves.
    pub(crate) administrators: Vec<String>,
    /// The asker has its rights without further ado.
    pub(crate) inherited: bool,
    /// The asker may act as it.
    pub(crate) settable: bool,
    /// The membership that a grant to the asker itself would change. Before 16 there is one at most.
    pub(crate) granted: Option<Granted>,
    /// `COMMENT ON ROLE`.
    pub(crate) comment: Option<String>,
}

/// `ALTER ROLE … [IN DATABASE …] SET`, all of one scope.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Setting {
    /// None: in all databases.
    pub(crate) database: Option<String>,
    /// `name=value`, as `pg_db_role_setting` has them.
    pub(crate) config: Vec<String>,
}

/// `GRANT role TO …`. The options of all grantors together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the columns of pg_auth_members"
)]
pub(crate) struct Membership {
    pub(crate) role: String,
    /// Before 16 the role's own INHERIT decides.
    pub(crate) inherit: bool,
    /// Before 16 there is no such option: always.
    pub(crate) set: bool,
    pub(crate) admin: bool,
    /// The asker may grant it.
    pub(crate) administered: bool,
}

/// Options of a membership, as since PostgreSQL 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Granted {
    pub(crate) inherit: bool,
    pub(crate) set: bool,
}

impl Facts {
    /// One of the roles asked for.
    pub(crate) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    pub(crate) fn has_grant_options(&self) -> bool {
        self.version >= WITH_GRANT_OPTIONS
    }

    /// Who may do what no ordinary role may: on RDS there is no superuser that anybody can be.
    pub(crate) const fn somebody_powerful(&self) -> &'static str {
        if self.rds {
            "the master user"
        } else {
            "a superuser"
        }
    }

    /// The settings with which a session of `role` begins in `database`, the strongest level first. None: in a database that has no
    /// settings of its own.
    pub(crate) fn levels<'f>(
        &'f self,
        role: &'f Role,
        database: Option<&'f str>,
    ) -> impl DoubleEndedIterator<Item = &'f Setting> {
        let of = move |settings: &'f [Setting], scope: Option<&'f str>| {
            settings
                .iter()
                .filter(move |setting| setting.database.as_deref() == scope)
        };
        let scopes = database.map(Some).into_iter().chain([None]);
        let own = scopes.clone().flat_map(move |scope| of(&role.settings, scope));
        own.chain(scopes.flat_map(move |scope| of(&self.everybody, scope)))
    }

    /// The role as which a session of `role` begins in `database`: itself, if no setting says otherwise.
    pub(crate) fn acts_as<'f>(&'f self, role: &'f Role, database: Option<&'f str>) -> &'f str {
        let named = self
            .levels(role, database)
            .flat_map(|setting| setting.values("role"));
        let mut valid = named.filter(|name| *name == "none" || role.may_act_as.iter().any(|may| may == name));
        valid.next().filter(|name| *name != "none").unwrap_or(&role.name)
    }

    /// The same in the session's own database.
    pub(crate) fn acts_as_here<'f>(&'f self, role: &'f Role) -> &'f str {
        self.acts_as(role, Some(&self.database))
    }

    /// Roles that the known ones act as somewhere, and that were not asked for.
    pub(crate) fn unknown_acting_roles(&self) -> Vec<String> {
        let scopes = self.roles.iter().flat_map(|role| {
            let own = role.settings.iter().chain(&self.everybody);
            own.map(move |setting| self.acts_as(role, setting.database.as_deref()))
        });
        let unknown: BTreeSet<_> = scopes.filter(|name| self.role(name).is_none()).collect();
        unknown.into_iter().map(str::to_owned).collect()
    }
}

impl Role {
    pub(crate) fn membership(&self, role: &str) -> Option<&Membership> {
        self.memberships.iter().find(|membership| membership.role == role)
    }
}

impl Setting {
    fn values<'s>(&'s self, wanted: &'s str) -> impl Iterator<Item = &'s str> {
        let pairs = self.config.iter().filter_map(|config| config.split_once('='));
        pairs
            .filter(move |(name, _)| *name == wanted)
            .map(|(_, value)| value)
    }
}

/// The query; its one row has one column, JSON. Every function by its full name, since a role's `search_path` may hold others of the same name.
pub(crate) fn query<'a>(roles: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = roles
        .into_iter()
        .map(|name| escape_literal(name).trim_start().to_owned())
        .collect();
    QUERY.replace("{names}", &names.join(", "))
}

/// Operators by their full name too: in the admin's session one of the application's own would do as the application likes.
/// `json_build_object` and not a row type: a column that a version lacks is then no error.
const QUERY: &str = "SELECT pg_catalog.json_build_object(\
 'version', pg_catalog.current_setting('server_version_num')::pg_catalog.int4, \
 'database', pg_catalog.current_database(), \
 'session', (SELECT pg_catalog.json_build_object('name', s.rolname, 'superuser', s.rolsuper, 'createrole', s.rolcreaterole, \
   'createdb', s.rolcreatedb, 'replication', s.rolreplication, 'bypassrls', s.rolbypassrls) \
   FROM pg_catalog.pg_roles AS s WHERE s.rolname OPERATOR(pg_catalog.=) current_user), \
 'rds', EXISTS (SELECT FROM pg_catalog.pg_roles AS s WHERE s.rolname OPERATOR(pg_catalog.=) 'rds_superuser'::pg_catalog.name), \
 'everybody', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('database', d.datname, 'config', c.setconfig)), '[]') \
   FROM pg_catalog.pg_db_role_setting AS c LEFT JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) c.setdatabase WHERE c.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid), \
 'roles', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(\
   'name', r.rolname, 'login', r.rolcanlogin, 'superuser', r.rolsuper, 'createdb', r.rolcreatedb, \
   'createrole', r.rolcreaterole, 'replication', r.rolreplication, 'bypassrls', r.rolbypassrls, \
   'connections', r.rolconnlimit, 'until', r.rolvaliduntil::pg_catalog.text, \
   'expired', coalesce(r.rolvaliduntil OPERATOR(pg_catalog.<=) pg_catalog.now(), false), \
   'settings', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('database', d.datname, 'config', c.setconfig)), '[]') \
     FROM pg_catalog.pg_db_role_setting AS c LEFT JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) c.setdatabase WHERE c.setrole OPERATOR(pg_catalog.=) r.oid), \
   'memberships', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('role', g.rolname, 'inherit', g.inherit, 'set', g.set, 'admin', g.admin, 'administered', EXISTS (SELECT FROM pg_catalog.pg_auth_members AS a WHERE a.roleid OPERATOR(pg_catalog.=) g.oid AND a.admin_option AND pg_catalog.pg_has_role(me.oid, a.member, 'USAGE')))), '[]') \
     FROM (SELECT o.oid, o.rolname, pg_catalog.bool_or(m.admin_option) AS admin, \
       pg_catalog.bool_or(coalesce((pg_catalog.to_jsonb(m) OPERATOR(pg_catalog.->>) 'inherit_option')::pg_catalog.bool, r.rolinherit)) AS inherit, \
       pg_catalog.bool_or(coalesce((pg_catalog.to_jsonb(m) OPERATOR(pg_catalog.->>) 'set_option')::pg_catalog.bool, true)) AS set \
       FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS o ON o.oid OPERATOR(pg_catalog.=) m.roleid \
       WHERE m.member OPERATOR(pg_catalog.=) r.oid GROUP BY o.oid, o.rolname) AS g), \
   'owns', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_shdepend AS h WHERE h.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass \
     AND h.refobjid OPERATOR(pg_catalog.=) r.oid AND h.deptype OPERATOR(pg_catalog.=) 'o' AND h.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_default_acl'::pg_catalog.regclass AND h.dbid OPERATOR(pg_catalog.=) ANY (ARRAY[0::pg_catalog.oid, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())])), \
   'named_in', (SELECT coalesce(pg_catalog.json_agg(DISTINCT coalesce(d.datname, pg_catalog.current_database())), '[]') FROM pg_catalog.pg_shdepend AS h \
     LEFT JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) h.dbid \
     WHERE h.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass AND h.refobjid OPERATOR(pg_catalog.=) r.oid \
     AND ((h.deptype OPERATOR(pg_catalog.=) 'a' OR h.deptype OPERATOR(pg_catalog.=) 'r') AND h.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_auth_members'::pg_catalog.regclass \
       OR h.deptype OPERATOR(pg_catalog.=) 'o' AND h.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_default_acl'::pg_catalog.regclass)), \
   'may_act_as', (SELECT coalesce(pg_catalog.json_agg(DISTINCT o.rolname), '[]') FROM pg_catalog.pg_db_role_setting AS c, pg_catalog.unnest(c.setconfig) AS v(v) \
     JOIN pg_catalog.pg_roles AS o ON v.v OPERATOR(pg_catalog.=) ('role='::pg_catalog.text OPERATOR(pg_catalog.||) o.rolname::pg_catalog.text) \
     WHERE (c.setrole OPERATOR(pg_catalog.=) r.oid OR c.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid) AND pg_catalog.pg_has_role(r.oid, o.oid, me.acting)), \
   'administered', pg_catalog.pg_has_role(me.oid, r.oid, 'USAGE WITH ADMIN OPTION'), \
   'grantor', (SELECT a.rolname FROM pg_catalog.pg_roles AS a WHERE a.oid OPERATOR(pg_catalog.=) g.oid), \
   'settable_administrator', (SELECT a.rolname FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS a ON a.oid OPERATOR(pg_catalog.=) m.member \
     WHERE m.roleid OPERATOR(pg_catalog.=) r.oid AND m.admin_option AND a.oid OPERATOR(pg_catalog.<>) me.oid AND pg_catalog.pg_has_role(me.oid, a.oid, me.acting) ORDER BY a.oid LIMIT 1), \
   'administrators', (SELECT coalesce(pg_catalog.json_agg(DISTINCT a.rolname), '[]') FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS a \
     ON a.oid OPERATOR(pg_catalog.=) m.member WHERE m.roleid OPERATOR(pg_catalog.=) r.oid AND m.admin_option), \
   'inherited', pg_catalog.pg_has_role(me.oid, r.oid, 'USAGE'), \
   'settable', pg_catalog.pg_has_role(me.oid, r.oid, me.acting), \
   'granted', (SELECT pg_catalog.json_build_object('inherit', coalesce((pg_catalog.to_jsonb(m) OPERATOR(pg_catalog.->>) 'inherit_option')::pg_catalog.bool, true), \
       'set', coalesce((pg_catalog.to_jsonb(m) OPERATOR(pg_catalog.->>) 'set_option')::pg_catalog.bool, true)) FROM pg_catalog.pg_auth_members AS m \
     WHERE m.roleid OPERATOR(pg_catalog.=) r.oid AND m.member OPERATOR(pg_catalog.=) me.oid AND (m.grantor OPERATOR(pg_catalog.=) g.oid OR NOT me.options) LIMIT 1), \
   'comment', pg_catalog.shobj_description(r.oid, 'pg_authid'))), '[]') \
   FROM pg_catalog.pg_roles AS r, \
     (SELECT s.oid, s.options, CASE WHEN s.options THEN 'SET' ELSE 'MEMBER' END AS acting FROM (SELECT p.oid, \
       pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.>=) 160000 AS options \
       FROM pg_catalog.pg_roles AS p WHERE p.rolname OPERATOR(pg_catalog.=) current_user) AS s) AS me, \
     LATERAL (SELECT (SELECT m.member FROM pg_catalog.pg_auth_members AS m WHERE m.roleid OPERATOR(pg_catalog.=) r.oid AND m.admin_option \
       AND pg_catalog.pg_has_role(me.oid, m.member, 'USAGE') ORDER BY m.member OPERATOR(pg_catalog.<>) me.oid, m.member LIMIT 1) AS oid) AS g \
   WHERE r.rolname OPERATOR(pg_catalog.=) ANY (ARRAY[{names}]::pg_catalog.name[])))";

/// Reads the answer to [`query`].
pub(crate) fn read(row: &[Option<String>]) -> Option<Facts> {
    let [Some(json)] = row else { return None };
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        let query = query(["a'b", "c\\d"]);
        assert!(
            query.ends_with(r"(ARRAY['a''b', E'c\\d']::pg_catalog.name[])))"),
            "{query}"
        );
    }

    #[test]
    fn an_answer_is_read() {
        let json = r#"{"version":160014,"database":"d","session":{"name":"app_clone","superuser":false,
            "createrole":false,"createdb":false,"replication":false,"bypassrls":false},"rds":false,
            "everybody":[{"database":"f","config":["role=owner"]},{"database":"g","config":["role=stranger"]},{"database":null,"config":["role=all"]}],"roles":[{"name":"app_clone","login":true,
            "superuser":false,"createdb":false,"createrole":false,"replication":false,"bypassrls":false,"connections":-1,"until":null,
            "expired":false,"settings":[{"database":null,"config":["role=app","search_path=\"$user\", public"]},
            {"database":"e","config":["role=other"]}],"memberships":[{"role":"app","inherit":true,"set":true,"admin":false,"administered":false}],"owns":0,
            "named_in":[],"may_act_as":["app","other"],"administered":false,"grantor":null,"settable_administrator":null,"administrators":[],
            "inherited":true,"settable":true,"granted":{"inherit":true,"set":false},"comment":null},{"name":"app","login":true,
            "superuser":false,"createdb":false,"createrole":false,"replication":false,"bypassrls":false,"connections":-1,"until":null,
            "expired":false,"settings":[{"database":"e","config":["role=none"]}],"memberships":[],"owns":0,
            "named_in":[],"may_act_as":["owner","all"],"administered":false,"grantor":null,"settable_administrator":null,"administrators":[],
            "inherited":true,"settable":true,"granted":null,"comment":null}]}"#;
        let facts = read(&[Some(json.to_owned())]).unwrap();
        let clone = facts.role("app_clone").unwrap();
        let acting = |role| ["d", "e", "f", "g"].map(|database| facts.acts_as(role, Some(database)));
        assert_eq!(acting(clone), ["app", "other", "app", "app"]);
        // What it may not act as, the server passes over.
        let original = facts.role("app").unwrap();
        assert_eq!(acting(original), ["all", "app", "owner", "all"]);
        assert_eq!(facts.acts_as(original, None), "all");
        assert_eq!(facts.unknown_acting_roles(), ["all", "other", "owner"]);
        assert!(clone.membership("app").is_some_and(|membership| membership.set));
        assert!(facts.role("owner").is_none() && facts.has_grant_options());
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[Some("{}".to_owned())]), None);
    }
}
