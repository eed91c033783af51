use rotation::Fault;

use super::facts::{Asker, Membership, Setting};
use super::missing_privileges::{self, Need};
use super::ties::{counterpart, mark_of};
use super::*;

/// A role as CREATE ROLE … LOGIN makes it.
fn role(name: &str) -> Role {
    Role {
        administered: false,
        ..Repairs::new(&facts(15, vec![])).existing(None, name)
    }
}

fn facts(major: u32, roles: Vec<Role>) -> Facts {
    Facts {
        version: major * 10_000,
        database: "d".to_owned(),
        session: Asker {
            name: "admin".to_owned(),
            superuser: false,
            createrole: true,
            createdb: false,
            replication: false,
            bypassrls: false,
        },
        rds: false,
        everybody: Vec::new(),
        roles,
    }
}

fn member_of(role: &str) -> Membership {
    Membership {
        role: role.to_owned(),
        inherit: true,
        set: true,
        admin: false,
        administered: false,
    }
}

fn setting(database: Option<&str>, config: &[&str]) -> Setting {
    Setting {
        database: database.map(str::to_owned),
        config: config.iter().map(|config| (*config).to_owned()).collect(),
    }
}

/// A clone as it should be.
fn clone() -> Role {
    Role {
        memberships: vec![member_of("app")],
        settings: vec![setting(None, &["role=app"])],
        may_act_as: vec!["app".to_owned()],
        comment: Some(mark_of("app")),
        ..role("app_clone")
    }
}

fn arrangement(turn: Turn, owner: Option<&str>) -> Arrangement {
    Arrangement {
        pair: Pair::of_original("app").unwrap(),
        turn,
        owner: owner.map(str::to_owned),
    }
}

fn sql(repairs: &[Repair]) -> Vec<String> {
    repairs
        .iter()
        .map(|repair| repair.sql().trim_end().to_owned())
        .collect()
}

/// What is done at once.
fn planned(arrangement: &Arrangement, facts: &Facts) -> Vec<String> {
    sql(&arrangement.plan(facts, "db:5432").unwrap().now)
}

/// At the clone's turn that is done; at the original's nothing is, and it is known that it will be.
#[track_caller]
fn check(facts: &Facts, expected: &[&str]) {
    assert_eq!(planned(&arrangement(Turn::Clone, None), facts), expected);
    let plan = arrangement(Turn::Original, None).plan(facts, "db:5432").unwrap();
    assert_eq!(plan.now, [], "the clone is in use");
    assert_eq!(sql(&plan.later), expected);
}

fn refused(arrangement: &Arrangement, facts: &Facts) -> &'static str {
    arrangement.plan(facts, "db:5432").unwrap_err().code()
}

#[test]
fn a_clone_that_is_not_there_is_made_at_its_turn() {
    let facts15 = facts(15, vec![role("app")]);
    let expected = [
        r#"CREATE ROLE "app_clone" LOGIN"#,
        r#"GRANT "app" TO "app_clone""#,
        r#"COMMENT ON ROLE "app_clone" IS 'keywheel: clone of "app"'"#,
        r#"ALTER ROLE "app_clone" SET "role" TO 'app'"#,
    ];
    assert_eq!(planned(&arrangement(Turn::Clone, None), &facts15), expected);
    assert_eq!(planned(&arrangement(Turn::Original, None), &facts15), [""; 0]);
    let facts16 = facts(16, vec![role("app")]);
    let grant = r#"GRANT "app" TO "app_clone" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE"#;
    assert_eq!(planned(&arrangement(Turn::Clone, None), &facts16)[1], grant);
}

#[test]
fn two_that_are_alike_need_nothing() {
    for major in [15, 16] {
        check(&facts(major, vec![role("app"), clone()]), &[]);
    }
}

#[test]
fn what_differs_is_brought_in_line_and_nothing_else_is_named() {
    let original = Role {
        createdb: true,
        connections: 7,
        until: Some("2999-01-01 00:00:00+00".to_owned()),
        ..role("app")
    };
    check(
        &facts(15, vec![original.clone(), clone()]),
        &[
            r#"ALTER ROLE "app_clone" CREATEDB"#,
            r#"ALTER ROLE "app_clone" CONNECTION LIMIT 7"#,
            r#"ALTER ROLE "app_clone" VALID UNTIL '2999-01-01 00:00:00+00'"#,
        ],
    );
    // Since 16 an admin without CREATEDB cannot give it; the clone acts as one that has it.
    assert_eq!(
        planned(
            &arrangement(Turn::Clone, None),
            &facts(16, vec![original, clone()])
        )
        .len(),
        2
    );
    let changed = Role {
        connections: 3,
        until: Some("2999-01-01 00:00:00+00".to_owned()),
        ..clone()
    };
    check(
        &facts(15, vec![role("app"), changed]),
        &[
            r#"ALTER ROLE "app_clone" CONNECTION LIMIT -1"#,
            r#"ALTER ROLE "app_clone" VALID UNTIL 'infinity'"#,
        ],
    );
    let infinite = Role {
        until: Some("infinity".to_owned()),
        ..clone()
    };
    check(&facts(15, vec![role("app"), infinite]), &[]);
}

#[test]
fn settings_follow_the_original_in_every_database() {
    let original = Role {
        settings: vec![
            setting(None, &["search_path=\"$user\", public", "work_mem=8MB"]),
            setting(Some("d"), &["work_mem=16MB"]),
        ],
        ..role("app")
    };
    let changed = Role {
        settings: vec![
            setting(None, &["role=app", "work_mem=1GB", "statement_timeout=5s"]),
            setting(Some("e"), &["role=other"]),
        ],
        ..clone()
    };
    check(
        &facts(15, vec![original, changed]),
        &[
            r#"ALTER ROLE "app_clone" SET "search_path" TO '$user', 'public'"#,
            r#"ALTER ROLE "app_clone" SET "work_mem" TO '8MB'"#,
            r#"ALTER ROLE "app_clone" IN DATABASE "d" SET "work_mem" TO '16MB'"#,
            r#"ALTER ROLE "app_clone" RESET "statement_timeout""#,
            r#"ALTER ROLE "app_clone" IN DATABASE "e" RESET "role""#,
        ],
    );
}

#[test]
fn a_clone_acts_as_whom_the_original_acts_as() {
    let original = Role {
        settings: vec![setting(None, &["role=team"])],
        may_act_as: vec!["team".to_owned()],
        ..role("app")
    };
    check(
        &facts(15, vec![original.clone(), clone()]),
        &[r#"ALTER ROLE "app_clone" SET "role" TO 'team'"#],
    );
    // A setting that the server passes over counts for nobody, nor does one that says "itself".
    for (setting, may_act_as) in [("role=team", vec![]), ("role=none", vec!["team".to_owned()])] {
        let original = Role {
            settings: vec![self::setting(None, &[setting])],
            may_act_as,
            ..role("app")
        };
        check(&facts(15, vec![original, clone()]), &[]);
    }
}

/// `ALTER DATABASE … SET role`, and `ALTER ROLE ALL SET role`: a setting of the clone's own for all databases outweighs both.
#[test]
fn what_is_set_for_everybody_counts_in_each_database() {
    let with = |everybody: Vec<Setting>, own: Vec<Setting>| Facts {
        everybody,
        ..facts(
            16,
            vec![
                Role {
                    settings: own,
                    may_act_as: vec!["team".to_owned(), "other".to_owned()],
                    ..role("app")
                },
                clone(),
            ],
        )
    };
    let in_d = r#"ALTER ROLE "app_clone" IN DATABASE "d" SET "role" TO 'team'"#;
    let in_e = r#"ALTER ROLE "app_clone" IN DATABASE "e" SET "role" TO 'app'"#;
    let everywhere = r#"ALTER ROLE "app_clone" SET "role" TO 'team'"#;
    let team = |database| setting(database, &["role=team", "work_mem=8MB"]);
    check(&with(vec![team(Some("d"))], vec![]), &[in_d]);
    check(&with(vec![team(None)], vec![]), &[everywhere]);
    // The original's own settings outweigh those of the database.
    let own = setting(None, &["role=other"]);
    check(
        &with(vec![team(Some("d"))], vec![own]),
        &[r#"ALTER ROLE "app_clone" SET "role" TO 'other'"#],
    );
    let itself_in_e = setting(Some("e"), &["role=none"]);
    check(&with(vec![team(None)], vec![itself_in_e]), &[everywhere, in_e]);
}

#[test]
fn a_membership_without_its_options_is_granted_anew() {
    let half = Role {
        memberships: vec![Membership {
            set: false,
            ..member_of("app")
        }],
        ..clone()
    };
    check(
        &facts(16, vec![role("app"), half]),
        &[r#"GRANT "app" TO "app_clone" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE"#],
    );
    // Before 16 INHERIT is the clone's own attribute, and acting as the original does without.
    let noinherit = Role {
        memberships: vec![Membership {
            inherit: false,
            ..member_of("app")
        }],
        ..clone()
    };
    check(&facts(15, vec![role("app"), noinherit]), &[]);
}

#[test]
fn a_comment_of_somebody_else_stays() {
    let commented = Role {
        comment: Some("ours, don't touch".to_owned()),
        ..clone()
    };
    check(
        &facts(15, vec![role("app"), commented]),
        &[r#"COMMENT ON ROLE "app_clone" IS 'ours, don''t touch; keywheel: clone of "app"'"#],
    );
}

#[test]
fn what_a_clone_owns_becomes_the_originals_as_long_as_it_keeps_its_rights() {
    let given = |turn, facts: &Facts| {
        let plan = arrangement(turn, None).plan(facts, "db:5432").unwrap();
        let give_over = plan.own.and_then(|own| own.give_over)?;
        assert_eq!(
            (give_over.from.as_str(), give_over.to.as_str()),
            ("app_clone", "app")
        );
        Some(
            give_over
                .lend
                .iter()
                .map(|loan| loan.role.clone())
                .collect::<Vec<_>>(),
        )
    };
    let owning = Role { owns: 3, ..clone() };
    let by_an_admin = facts(16, vec![role("app"), owning.clone()]);
    for turn in [Turn::Clone, Turn::Original] {
        let lent = vec!["app_clone".to_owned(), "app".to_owned()];
        assert_eq!(given(turn, &by_an_admin), Some(lent));
    }
    let mut by_a_superuser = facts(16, vec![role("app"), owning.clone()]);
    by_a_superuser.session.superuser = true;
    assert_eq!(given(Turn::Clone, &by_a_superuser), Some(vec![]));
    let noinherit = Role {
        memberships: vec![Membership {
            inherit: false,
            ..member_of("app")
        }],
        ..owning
    };
    let facts = facts(16, vec![role("app"), noinherit]);
    assert_eq!(given(Turn::Original, &facts), None, "the clone is in use");
    assert!(given(Turn::Clone, &facts).is_some());
}

/// A clone of AWS's template, with a history of its own.
#[test]
fn a_role_with_rights_of_its_own_is_looked_at_before_it_acts_as_another() {
    let own = |turn, owner, roles| {
        arrangement(turn, owner)
            .plan(&facts(16, roles), "db:5432")
            .unwrap()
            .own
    };
    let named = ["d".to_owned(), "e".to_owned()];
    let of_a_template = Role {
        settings: Vec::new(),
        named_in: named.to_vec(),
        ..clone()
    };
    let found = own(Turn::Clone, None, vec![role("app"), of_a_template.clone()]).unwrap();
    assert_eq!((found.role.as_str(), found.target.as_str()), ("app_clone", "app"));
    assert!(found.give_over.is_none());
    let begins = |database: &str| Begins {
        database: database.to_owned(),
        now: "app_clone".to_owned(),
        target: "app".to_owned(),
    };
    assert_eq!(found.begins, [begins("d"), begins("e")]);
    // In use it is left alone.
    assert_eq!(
        own(Turn::Original, None, vec![role("app"), of_a_template.clone()]),
        None
    );
    // It acts as the original already, or has nothing of its own.
    let acts_already = Role {
        named_in: named.to_vec(),
        ..clone()
    };
    assert_eq!(own(Turn::Clone, None, vec![role("app"), acts_already]), None);
    assert_eq!(own(Turn::Clone, None, vec![role("app")]), None);

    let plan = arrangement(Turn::Clone, None);
    let plan = plan
        .plan(&facts(16, vec![role("app"), of_a_template]), "db:5432")
        .unwrap();
    assert!(plan.now.iter().any(|repair| repair.is_of_setting("role")));
    let plan = plan.without_acting();
    assert!(!plan.now.iter().any(|repair| repair.is_of_setting("role")));
}

#[test]
fn roles_that_cannot_or_must_not_take_turns_are_refused() {
    let (to_clone, to_original) = (arrangement(Turn::Clone, None), arrangement(Turn::Original, None));
    assert_eq!(refused(&to_clone, &facts(15, vec![clone()])), "OriginalMissing");
    let foreign = facts(15, vec![role("app"), role("app_clone")]);
    assert_eq!(refused(&to_clone, &foreign), "CloneForeign");
    assert_eq!(refused(&to_original, &foreign), "PendingUserWrong");
    let with = |change: fn(&mut Role)| {
        let (mut original, mut copy) = (role("app"), clone());
        change(&mut original);
        change(&mut copy);
        (
            facts(15, vec![original, clone()]),
            facts(15, vec![role("app"), copy]),
        )
    };
    let (super_original, super_clone) = with(|role| role.superuser = true);
    assert_eq!(refused(&to_clone, &super_original), "RolePowerful");
    assert_eq!(refused(&to_original, &super_clone), "RolePowerful");
    let (expired, _) = with(|role| role.expired = true);
    assert_eq!(refused(&to_clone, &expired), "RoleExpired");
    let (original, copy) = with(|role| role.login = false);
    for locked in [original, copy] {
        assert_eq!(refused(&to_original, &locked), "RoleMayNotLogIn");
        assert_eq!(refused(&to_clone, &locked), "RoleMayNotLogIn");
    }
    // Somebody's own name ends in _clone, and AWS's template staged a role that is not there.
    assert_eq!(
        refused(&to_original, &facts(15, vec![role("app_clone")])),
        "PendingUserWrong"
    );
}

#[test]
fn in_the_owner_form_only_the_idle_one_is_touched() {
    let owner = Role {
        login: false,
        owns: 1,
        ..role("team")
    };
    let active = Role {
        memberships: vec![
            member_of("team"),
            Membership {
                administered: true,
                ..member_of("reports")
            },
        ],
        settings: vec![setting(None, &["role=team", "work_mem=8MB"])],
        ..role("app")
    };
    let first = facts(16, vec![owner.clone(), active.clone()]);
    assert_eq!(
        planned(&arrangement(Turn::Clone, Some("team")), &first),
        [
            r#"CREATE ROLE "app_clone" LOGIN"#,
            r#"GRANT "reports" TO "app_clone" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE"#,
            r#"COMMENT ON ROLE "app_clone" IS 'keywheel: clone of "app"'"#,
            r#"GRANT "team" TO "app_clone" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE"#,
            r#"ALTER ROLE "app_clone" SET "role" TO 'team'"#,
            r#"ALTER ROLE "app_clone" SET "work_mem" TO '8MB'"#,
        ]
    );
    let owning = Role {
        owns: 1,
        memberships: vec![member_of("team")],
        ..role("app")
    };
    let before = facts(15, vec![owner, owning, clone()]);
    assert_eq!(
        planned(&arrangement(Turn::Original, Some("team")), &before),
        [r#"ALTER ROLE "app" SET "role" TO 'team'"#]
    );
    assert_eq!(
        planned(&arrangement(Turn::Clone, Some("team")), &before),
        [
            r#"REVOKE "app" FROM "app_clone""#,
            r#"GRANT "team" TO "app_clone""#,
            r#"ALTER ROLE "app_clone" SET "role" TO 'team'"#,
        ]
    );
}

#[test]
fn an_owner_that_cannot_be_one_is_refused() {
    let of = |owner: Option<Role>| {
        let roles = [Some(role("app")), owner].into_iter().flatten().collect();
        let arrangement = arrangement(Turn::Clone, Some("team"));
        let fault = arrangement.plan(&facts(15, roles), "db:5432").unwrap_err();
        assert_eq!(fault.code(), "OwnerUnusable");
        fault.problem().to_string()
    };
    let nologin = Role {
        login: false,
        ..role("team")
    };
    assert!(of(None).ends_with("there is no such role"));
    let foreign = Role {
        owns: 1,
        ..nologin.clone()
    };
    assert!(of(Some(foreign)).ends_with("the user is no member of it that may act as it"));
    assert!(of(Some(role("team"))).ends_with("it can log in itself"));
    assert!(of(Some(nologin.clone())).ends_with("it owns nothing in the database"));
    let superuser = Role {
        superuser: true,
        ..nologin
    };
    assert!(of(Some(superuser)).ends_with("it is a superuser"));
}

#[test]
fn whose_turn_it_is_the_server_decides() {
    let pair = Pair::of_clone("app_clone").unwrap();
    let next = |owner: Option<&str>, roles: Vec<Role>| {
        counterpart(&pair, owner, &facts(15, roles), "db:5432").map_err(|fault| fault.code())
    };
    let (app, own) = (Ok("app".to_owned()), Ok("app_clone_clone".to_owned()));
    assert_eq!(next(None, vec![role("app"), clone()]), app);
    assert_eq!(next(None, vec![role("app_clone")]), own);
    assert_eq!(next(None, vec![role("app"), role("app_clone")]), own);
    let orphan = Role {
        memberships: vec![member_of("renamed")],
        ..clone()
    };
    assert_eq!(next(None, vec![orphan]), Err("OriginalMissing"));
    let revoked = Role {
        memberships: Vec::new(),
        ..clone()
    };
    assert_eq!(next(None, vec![role("app"), revoked]), Err("CloneForeign"));
}

#[test]
fn a_group_is_no_original_and_a_locked_original_is_one() {
    let pair = Pair::of_clone("app_clone").unwrap();
    let next = |clone: Role| {
        let group = Role {
            login: false,
            ..role("app")
        };
        counterpart(&pair, None, &facts(15, vec![group, clone]), "db:5432").map_err(|fault| fault.code())
    };
    let member = Role {
        memberships: vec![member_of("app")],
        ..role("app_clone")
    };
    assert_eq!(next(member), Ok("app_clone_clone".to_owned()));
    assert_eq!(next(clone()), Ok("app".to_owned()));
}

/// Every role may set for itself as which role it acts, any role.
#[test]
fn nobody_ties_himself() {
    let himself = Role {
        settings: vec![setting(None, &["role=app"])],
        ..role("app_clone")
    };
    let facts = facts(15, vec![role("app"), himself]);
    let pair = Pair::of_clone("app_clone").unwrap();
    let next = counterpart(&pair, None, &facts, "db:5432");
    assert_eq!(next.map_err(|fault| fault.code()), Err("CloneForeign"));
    assert_eq!(
        refused(&arrangement(Turn::Original, None), &facts),
        "PendingUserWrong"
    );
    assert_eq!(refused(&arrangement(Turn::Clone, None), &facts), "CloneForeign");
}

/// Two strangers may be members of one group: in the owner form it takes the mark as well.
#[test]
fn a_group_in_common_ties_nobody() {
    let of_team = |name: &str, comment: Option<String>| Role {
        memberships: vec![member_of("team")],
        comment,
        ..role(name)
    };
    let pair = Pair::of_clone("app_clone").unwrap();
    let next = |owner: Option<&str>, comment: Option<String>| {
        let roles = vec![of_team("app", None), of_team("app_clone", comment)];
        counterpart(&pair, owner, &facts(15, roles), "db:5432").map_err(|fault| fault.code())
    };
    let own = Ok("app_clone_clone".to_owned());
    assert_eq!(next(Some("team"), None), own);
    assert_eq!(next(None, None), own);
    assert_eq!(next(Some("team"), Some(mark_of("app"))), Ok("app".to_owned()));
    assert_eq!(next(Some("team"), Some(mark_of("other"))), own);
    assert_eq!(next(None, Some(mark_of("app"))), Err("CloneForeign"));
}

/// Before 15 `app` may run `GRANT app TO app_clone` itself, whoever `app_clone` belongs to.
#[test]
fn before_15_a_membership_ties_nobody_without_the_mark() {
    let pair = Pair::of_clone("app_clone").unwrap();
    let team = Role {
        login: false,
        owns: 1,
        ..role("team")
    };
    let app = Role {
        memberships: vec![member_of("team")],
        ..role("app")
    };
    for owner in [None, Some("team")] {
        let facts = |major: u32, comment: Option<String>| {
            let granted = Role {
                memberships: vec![member_of("app")],
                comment,
                ..role("app_clone")
            };
            facts(major, vec![app.clone(), granted, team.clone()])
        };
        let next = |facts: &Facts| counterpart(&pair, owner, facts, "db:5432");
        for comment in [None, Some("ours".to_owned()), Some(mark_of("other"))] {
            let before = facts(14, comment.clone());
            for turn in [Turn::Clone, Turn::Original] {
                assert_eq!(refused(&arrangement(turn, owner), &before), "CloneForeign");
            }
            let fault = next(&before).unwrap_err();
            assert_eq!(fault.code(), "CloneForeign");
            let remedy = fault.advice().remedy.into_owned();
            assert!(remedy.starts_with("find out who made \"app_clone\""), "{remedy}");
            assert!(remedy.contains(r#"COMMENT ON ROLE "app_clone" IS "#), "{remedy}");
            assert!(!remedy.contains("GRANT \"app\""), "{remedy}");
            assert!(
                arrangement(Turn::Clone, owner)
                    .plan(&facts(15, comment), "db")
                    .is_ok()
            );
        }
        let marked = facts(14, Some(mark_of("app")));
        assert_eq!(next(&marked).unwrap(), "app");
        for turn in [Turn::Clone, Turn::Original] {
            assert!(arrangement(turn, owner).plan(&marked, "db:5432").is_ok());
        }
    }
}

/// The remedy ties completely: carried out, the two are a pair.
#[test]
fn what_would_tie_two_roles_depends_on_the_version() {
    let tie = |major: u32, comment: Option<&str>| {
        let stranger = Role {
            comment: comment.map(str::to_owned),
            ..role("app_clone")
        };
        let facts = facts(major, vec![role("app"), stranger.clone()]);
        match super::ties::foreign(&facts, &stranger, "app", "db:5432") {
            AlternatingFault::CloneForeign { tie, .. } => tie,
            other => panic!("{other}"),
        }
    };
    let grant = r#"GRANT "app" TO "app_clone""#;
    let mark = r#"COMMENT ON ROLE "app_clone" IS 'keywheel: clone of "app"'"#;
    assert_eq!(tie(15, None), grant);
    assert_eq!(tie(14, None), format!("{grant}; {mark}"));
    assert_eq!(tie(14, Some(&mark_of("app"))), grant);
    let beside = r#"COMMENT ON ROLE "app_clone" IS 'ours; keywheel: clone of "app"'"#;
    assert_eq!(tie(14, Some("ours")), format!("{grant}; {beside}"));
}

#[track_caller]
fn check_lack(facts: &Facts, expected: Option<&str>) {
    let arrangement = arrangement(Turn::Clone, None);
    let plan = arrangement.plan(facts, "db:5432").unwrap();
    let mut needs = std::iter::once(Need::Alter(arrangement.idle())).chain(plan.now.iter().map(Need::of));
    let lack = needs.find_map(|need| missing_privileges::explain(need, facts, "db:5432"));
    let remedy = lack.map(|fault| fault.advice().remedy.into_owned());
    assert_eq!(remedy.as_deref(), expected);
}

#[test]
fn what_the_admin_lacks_is_said_as_the_statement_that_gives_it() {
    let administered = |role: Role| Role {
        administered: true,
        grantor: Some("admin".to_owned()),
        ..role
    };
    check_lack(&facts(15, vec![role("app")]), None);
    let mut powerless = facts(15, vec![role("app")]);
    powerless.session.createrole = false;
    check_lack(
        &powerless,
        Some(r#"as a superuser: ALTER ROLE "admin" CREATEROLE"#),
    );
    powerless.session.superuser = true;
    check_lack(&powerless, None);
    let replicates = |role: Role| Role {
        replication: true,
        ..role
    };
    check_lack(
        &facts(15, vec![role("app"), replicates(clone())]),
        Some(
            r#"as a superuser: ALTER ROLE "app_clone" NOREPLICATION; or let `masterarn` name a superuser's secret"#,
        ),
    );

    let on_app = r#"GRANT "app" TO "admin" WITH ADMIN OPTION"#;
    let by = |by: &str| format!("as {by}: {on_app}");
    check_lack(&facts(16, vec![role("app")]), Some(&by("a superuser")));
    check_lack(&facts(16, vec![administered(role("app"))]), None);
    // A clone that somebody else made.
    let on_clone = r#"as a superuser: GRANT "app_clone" TO "admin" WITH ADMIN OPTION"#;
    let differs = Role {
        connections: 3,
        ..clone()
    };
    check_lack(
        &facts(16, vec![administered(role("app")), differs]),
        Some(on_clone),
    );
    check_lack(
        &facts(16, vec![administered(role("app")), administered(clone())]),
        None,
    );
}

/// Who can give it is said as the server's roles are: on RDS nobody is a superuser.
#[test]
fn who_can_give_what_the_admin_lacks_is_said_too() {
    let on_app = r#"GRANT "app" TO "admin" WITH ADMIN OPTION"#;
    let creator = Role {
        administrators: vec!["maker".to_owned()],
        ..role("app")
    };
    let on_rds = |role: Role| Facts {
        rds: true,
        ..facts(16, vec![role])
    };
    check_lack(
        &facts(16, vec![creator.clone()]),
        Some(&format!(r#"as a superuser, or as "maker": {on_app}"#)),
    );
    check_lack(&on_rds(creator), Some(&format!(r#"as "maker": {on_app}"#)));
    check_lack(
        &on_rds(role("app")),
        Some(&format!("as the master user: {on_app}")),
    );
    // By way of a group whose rights it does not inherit: it may alter the role, but not grant it.
    let through_a_group = Role {
        administered: true,
        settable_administrator: Some("group".to_owned()),
        administrators: vec!["group".to_owned()],
        ..role("app")
    };
    check_lack(
        &on_rds(through_a_group),
        Some(&format!(r#"as "admin": SET ROLE "group"; {on_app}; RESET ROLE"#)),
    );
}
