//! What the steps of alternating users share: who is next, the superuser's session, and what the server says about the roles.

use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context, VersionId};

use super::fault::AlternatingFault;
use super::ownership::Ownership;
use super::plan::facts::{self, Facts};
use super::plan::names::Pair;
use super::plan::{Arrangement, ties};
use crate::admin::{Admin, Admins};
use crate::fault::PostgresFault;
use crate::role::login_attempts::LoginAttempts;
use crate::role::transaction::Transaction;
use crate::server::endpoint::Endpoint;
use crate::server::session::{Row, Session};
use crate::server::tls::Tls;
use crate::settings::Settings;
use crate::ttl_cache::TtlCache;

pub(super) const LOOKING: &str = "looking at the roles";

/// The target of `rotate-postgres-alternating-users`: AWSCURRENT logs in at every moment, and so does what applications still
/// remember of the rotation before, until the next one.
///
/// | step | logs in as | does |
/// |---|---|---|
/// | createSecret | the current user, only if its name ends in `_clone` | asks the server whose turn it is; makes a password |
/// | setSecret | the current user (unless createSecret just did), the admin | makes or mends the idle user, sets its password |
/// | testSecret, finishSecret | the idle user | compares what it may with what the current one may; `TEST_SQL` |
#[derive(Debug)]
pub struct AlternatingUsers {
    pub(super) settings: Settings,
    pub(super) tls: Tls,
    pub(super) admins: Admins,
    /// By secret, the version whose password logged in as createSecret asked, and where: setSecret, a moment later, need not try it
    /// again over the same connection.
    proven: TtlCache<(VersionId, Endpoint)>,
}

impl AlternatingUsers {
    /// Reads the settings from the environment, which `get` looks up by name.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        Ok(Self::new(Settings::from_env(get)?))
    }

    /// A target with these settings.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            tls: Tls::new(settings.roots.clone()),
            admins: Admins::new(settings.clone()),
            settings,
            proven: TtlCache::default(),
        }
    }

    /// The NOLOGIN role that both act as, if there is one: the document's, or the environment's.
    pub(super) fn owner<'a>(&'a self, secret: &'a PostgresSecret) -> Option<&'a str> {
        secret.ownerrole().or(self.settings.owner_role.as_deref())
    }

    /// The admin, in the user's database. It does not log in yet.
    pub(super) async fn admin(
        &self,
        endpoint: &Endpoint,
        arrangement: &Arrangement,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Admin, Cause> {
        let admin = self.admins.find(current, endpoint, context).await?;
        let admin = admin
            .ok_or(AlternatingFault::SuperuserSecretMissing)?
            .in_database(&endpoint.dbname);
        if arrangement.names().any(|name| name == admin.role()) {
            let role = admin.role().to_owned();
            return Err(AlternatingFault::AdminIsOfThePair { role }.into());
        }
        Ok(admin)
    }

    /// Whether there is an admin at all, before anything is written.
    pub(super) fn check_admin_named(
        &self,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        if self.admins.are_allowed(current, context)? {
            Ok(())
        } else {
            Err(AlternatingFault::SuperuserSecretMissing.into())
        }
    }

    /// The user of the next rotation.
    pub(super) async fn next_user(
        &self,
        current: &PostgresSecret,
        endpoint: &Endpoint,
        attempts: &mut LoginAttempts<'_>,
        context: &Context<'_>,
    ) -> Result<String, Cause> {
        let user = current.username();
        // A name that no clone can have is an original's: the usual case, decided without a login.
        let Some(pair) = Pair::of_clone(user) else {
            return Ok(Pair::of_original(user)?.clone);
        };
        let mut ownership = self.ownership(endpoint, endpoint, attempts, context);
        if let Some(session) = ownership.log_in("the current version", current).await? {
            let owner = self.owner(current);
            let names = [pair.original.as_str(), pair.clone.as_str()];
            let facts = ask(&session, names.into_iter().chain(owner), context).await;
            session.close().await;
            let next = ties::counterpart(&pair, owner, &facts?, &endpoint.server())?;
            self.proven.insert(
                context.secret(),
                &(context.current_version().clone(), endpoint.clone()),
            );
            return Ok(next);
        }
        // The password was changed by hand. The version before tells which user this one is the clone of.
        match ownership.previous(&pair).await? {
            Some(previous) if !ownership.is_locked() && previous.username() == pair.original => {
                Ok(pair.original)
            }
            _ => Err(ownership.unproven(current).into()),
        }
    }

    /// The question whether the secret may speak for its role, about the server at `endpoint`, asked over the connection to `proof`.
    pub(super) fn ownership<'o, 't>(
        &'o self,
        endpoint: &'o Endpoint,
        proof: &'o Endpoint,
        attempts: &'o mut LoginAttempts<'t>,
        context: &'o Context<'o>,
    ) -> Ownership<'o, 't> {
        Ownership {
            primary: &self.admins.primary,
            endpoint,
            proof,
            context,
            declared: self.settings.declared(),
            attempts,
        }
    }

    /// Whether the current version was shown to log in by this very process, a moment ago, over such a connection. What a version
    /// holds never changes.
    pub(super) fn is_proven(&self, proof: &Endpoint, context: &Context<'_>) -> bool {
        let proven = self.proven.get(context.secret());
        proven.is_some_and(|(version, endpoint)| {
            version == *context.current_version() && endpoint.same_connection(proof)
        })
    }
}

/// Asks the server about the roles, outside of any transaction: a standby answers, too.
pub(super) async fn ask<'n>(
    session: &Session,
    names: impl Iterator<Item = &'n str>,
    context: &Context<'_>,
) -> Result<Facts, PostgresFault> {
    let ask = async |query: String| session.query(&query, LOOKING, context.budget()).await;
    let names: Vec<_> = names.collect();
    let row = ask(facts::query(names.iter().copied())).await?;
    read(session.server(), names, row, ask).await
}

/// The same in a transaction.
pub(super) async fn ask_in<'n>(
    transaction: &Transaction<'_>,
    names: impl Iterator<Item = &'n str>,
) -> Result<Facts, PostgresFault> {
    let names: Vec<_> = names.collect();
    let row = transaction
        .ask(&facts::query(names.iter().copied()), LOOKING)
        .await?;
    read_in(transaction, names, row).await
}

/// What `row` says of the roles, which a transaction was asked for as it began.
pub(super) async fn read_in(
    transaction: &Transaction<'_>,
    names: Vec<&str>,
    row: Row,
) -> Result<Facts, PostgresFault> {
    let ask = async |query: String| transaction.ask(&query, LOOKING).await;
    read(transaction.server(), names, row, ask).await
}

/// Asks a second time if the roles' settings name others that they act as.
async fn read(
    server: &str,
    mut names: Vec<&str>,
    row: Row,
    ask: impl AsyncFn(String) -> Result<Row, PostgresFault>,
) -> Result<Facts, PostgresFault> {
    let first = facts::read(&row).ok_or_else(|| unreadable(server))?;
    let unknown = first.unknown_acting_roles();
    if unknown.is_empty() {
        return Ok(first);
    }
    names.extend(unknown.iter().map(String::as_str));
    let row = ask(facts::query(names)).await?;
    facts::read(&row).ok_or_else(|| unreadable(server))
}

/// The server's answer about roles is not what the query asks for.
pub(super) fn unreadable(server: &str) -> PostgresFault {
    PostgresFault::NotPostgres {
        server: server.to_owned(),
        detail: "its answer about the roles cannot be read".to_owned(),
    }
}
