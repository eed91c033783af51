//! Two users take turns: one is in use, the other gets the new password.

mod apply;
mod fault;
mod idle_sessions;
mod ownership;
mod plan;
mod verify;

use rotation::secrets::{Mismatch, PostgresSecret};
use rotation::{Cause, Context, Target, VersionId};
use secrecy::SecretString;

pub use self::fault::{AlternatingFault, CODES};
use self::ownership::Prover;
use self::plan::Arrangement;
use self::plan::facts::{self, Facts};
use self::plan::names::Pair;
use crate::admin::Admins;
use crate::fault::PostgresFault;
use crate::server::endpoint::Endpoint;
use crate::server::reach::PATIENCE;
use crate::server::scrub::Scrub;
use crate::server::session::Session;
use crate::server::tls::Tls;
use crate::settings::Settings;
use crate::ttl_cache::TtlCache;

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
    settings: Settings,
    tls: Tls,
    admins: Admins,
    /// By secret, the version whose password logged in as createSecret asked: setSecret, a moment later, need not try it again.
    proven: TtlCache<VersionId>,
}

impl AlternatingUsers {
    /// Reads the settings from the environment, which `get` looks up by name. See [`Settings`].
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        Ok(Self::new(Settings::from_env(get)?))
    }

    /// A target with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            tls: Tls::new(settings.roots.clone()),
            admins: Admins::new(settings.clone()),
            settings,
            proven: TtlCache::default(),
        }
    }

    /// The NOLOGIN role that both act as, if there is one: the document's, or the environment's.
    fn owner<'a>(&'a self, secret: &'a PostgresSecret) -> Option<&'a str> {
        secret.ownerrole().or(self.settings.owner_role.as_deref())
    }

    /// A session of the admin in the user's database, and the admin's name.
    async fn admin(
        &self,
        endpoint: &Endpoint,
        arrangement: &Arrangement,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(Session, String), Cause> {
        let admin = self.admins.find(current, endpoint, context).await?;
        let admin = admin
            .ok_or(AlternatingFault::AdminMissing)?
            .in_database(&endpoint.dbname);
        let role = admin.role().to_owned();
        if arrangement.names().any(|name| name == role) {
            return Err(AlternatingFault::AdminIsOfThePair { role }.into());
        }
        let session = self.admins.open(&admin, &self.tls, context).await?;
        Ok((session, role))
    }

    /// Whether there is an admin at all, before anything is written.
    fn check_admin_named(&self, current: &PostgresSecret, context: &Context<'_>) -> Result<(), Cause> {
        if !self.admins.are_named(current) {
            return Err(AlternatingFault::AdminMissing.into());
        }
        let Some(admin) = current.masterarn().filter(|arn| *arn == context.secret()) else {
            return Ok(());
        };
        let (admin, role) = (admin.to_owned(), current.username().to_owned());
        Err(PostgresFault::AdminIsTheUser { admin, role }.into())
    }

    /// The user of the next rotation.
    async fn next_user(
        &self,
        current: &PostgresSecret,
        endpoint: &Endpoint,
        context: &Context<'_>,
    ) -> Result<String, Cause> {
        let user = current.username();
        // A name that no clone can have is an original's: the usual case, decided without a login.
        let Some(pair) = Pair::of_clone(user) else {
            return Ok(Pair::of_original(user)?.clone);
        };
        let mut prover = Prover::new(&self.tls, &self.settings, endpoint, context);
        if let Some(session) = prover.try_one("the current version", current).await? {
            let owner = self.owner(current);
            let names = [pair.original.as_str(), pair.clone.as_str()];
            let facts = ask(&session, names.into_iter().chain(owner), context).await;
            session.close().await;
            let next = plan::ties::counterpart(&pair, owner, &facts?, &endpoint.server())?;
            self.remember(context);
            return Ok(next);
        }
        // The password was changed by hand. The version before tells of whom this one is the clone.
        match prover.previous(&pair).await? {
            Some(previous) if !prover.is_locked() && previous.username() == pair.original => {
                Ok(pair.original)
            }
            _ => Err(prover.unproven(current).into()),
        }
    }

    fn remember(&self, context: &Context<'_>) {
        self.proven.keep(context.secret(), context.current_version());
    }

    /// Whether the current version was shown to log in by this very process, a moment ago. What a version holds never changes.
    fn is_proven(&self, context: &Context<'_>) -> bool {
        self.proven.recall(context.secret()).as_ref() == Some(context.current_version())
    }
}

/// Asks the server about the roles, outside of any transaction: a standby answers, too.
async fn ask<'n>(
    session: &Session,
    names: impl Iterator<Item = &'n str>,
    context: &Context<'_>,
) -> Result<Facts, PostgresFault> {
    let doing = "looking at the roles";
    let answer = session
        .ask(
            &facts::query(names),
            doing,
            PATIENCE,
            context.budget(),
            &Scrub::new([]),
        )
        .await;
    let server = session.server().to_owned();
    let row = answer.map_err(|silence| silence.into_fault(server.clone(), doing))?;
    facts::read(&row).ok_or_else(|| unreadable(server))
}

fn unreadable(server: String) -> PostgresFault {
    let detail = "its answer about the roles cannot be read".to_owned();
    PostgresFault::NotPostgres { server, detail }
}

impl Target for AlternatingUsers {
    type Secret = PostgresSecret;

    /// Right before the password changes: the change does not rest on the idle user's own.
    const CONFIRMS: bool = true;

    fn read(&self, text: &SecretString) -> Result<PostgresSecret, Cause> {
        Ok(PostgresSecret::parse(text)?)
    }

    fn text<'a>(&self, secret: &'a PostgresSecret) -> &'a SecretString {
        secret.text()
    }

    /// The other user of the pair; or the same one: in a trial without a rotation, a copy of the current version, and where
    /// AWSCURRENT was moved after this version was made, one whose turn has passed.
    fn check_pair(&self, current: &PostgresSecret, pending: &PostgresSecret) -> Result<(), Cause> {
        pending.same_place_as(current).map_err(PostgresFault::from)?;
        let (now, next) = (current.username(), pending.username());
        if now == next || Pair::of_turn(now, next).is_some() {
            Ok(())
        } else {
            Err(PostgresFault::from(Mismatch::of_users(next, now)).into())
        }
    }

    async fn propose(
        &self,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<PostgresSecret, Cause> {
        self.check_admin_named(current, context)?;
        let next = async || {
            let endpoint = self.admins.endpoint(current, context).await?;
            self.next_user(current, &endpoint, context).await
        };
        let user = self.admins.at_the_primary(current, context, next).await?;
        let password = self
            .settings
            .policy
            .generate_from_os()
            .map_err(PostgresFault::from)?;
        Ok(current.with_credentials(&user, &password)?)
    }

    async fn apply(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let attempt = async || self.set(current, pending, context).await;
        self.admins.at_the_primary(current, context, attempt).await
    }

    async fn verify(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let attempt = async || self.try_out(current, pending, context).await;
        self.admins.at_the_primary(pending, context, attempt).await
    }
}
