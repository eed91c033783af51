//! The test rotation (`rotate-secret --no-rotate-immediately`): all that a rotation and the one after it need is tried, and nothing is
//! changed. What has to be changed to be tried is rolled back.

use rotation::password::Password;
use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context};

use super::idle_sessions;
use super::mend::{self, Planned, planned};
use super::own_rights::{self, AdminSession};
use super::plan::Arrangement;
use super::plan::give_over::GiveOver;
use super::plan::rights::{self, Compared};
use super::users::AlternatingUsers;
use super::verify::{differ, differ_in, elsewhere, not_compared};
use crate::admin::Admin;
use crate::copies;
use crate::fault::PostgresFault;
use crate::role::change::Change;
use crate::role::commit;
use crate::role::login_attempts::LoginAttempts;
use crate::role::transaction::{By, Idle, Transaction};
use crate::server::endpoint::Endpoint;
use crate::server::scrub::Scrub;
use crate::server::session::Session;
use crate::settings::IdleSessions;

const ENDING: &str = "ending the test";
const TRYING: &str = "trying what a rotation does";

/// What was tried, and what could not be: one line in the log.
#[derive(Default)]
struct Report {
    tried: Vec<String>,
    not_tried: Vec<String>,
}

impl Report {
    fn tried(&mut self, what: impl Into<String>) {
        self.tried.push(what.into());
    }

    fn not_tried(&mut self, what: impl Into<String>) {
        self.not_tried.push(what.into());
    }

    fn log(self) {
        tracing::info!(
            "tried, and nothing changed: {}. Could not be tried: {}",
            self.tried.join("; "),
            self.not_tried.join("; ")
        );
    }
}

impl AlternatingUsers {
    /// All that setSecret, testSecret, finishSecret and a recovery would need, for this turn and the next.
    pub(super) async fn rehearse(
        &self,
        arrangement: &Arrangement,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let mut report = Report::default();
        let password = copies::next_password(current, &self.settings)?;
        copies::rotated(current, arrangement.idle(), &password, &self.settings)?;
        self.check_admin_named(current, context)?;
        let admin = self.admin(endpoint, arrangement, current, context).await?;
        let mut attempts = LoginAttempts::new(&self.tls, context.budget());
        let mut ownership = self.ownership(endpoint, admin.endpoint(), &mut attempts, context);
        // In a test rotation it is a copy of the current version. Otherwise it is what heals an AWSCURRENT that is refused.
        match ownership.log_in("the pending version", pending).await? {
            Some(session) => session.close().await,
            None => return Err(ownership.unproven(current).into()),
        }
        report.tried("the login of AWSCURRENT, also over the superuser's connection");
        report.tried("making a value");
        if self.settings.test_sql.is_some() {
            report.tried("TEST_SQL");
        }
        let session = self.admins.open(&admin, &self.tls, context).await?;
        report.tried(format!("the login of the superuser role {:?}", admin.role()));
        let outcome = self
            .rehearse_as(&session, &admin, arrangement, context, &mut report)
            .await;
        session.close().await;
        outcome?;
        rehearse_calls(context, &mut report).await?;
        report.log();
        Ok(())
    }

    async fn rehearse_as(
        &self,
        session: &Session,
        admin: &Admin,
        arrangement: &Arrangement,
        context: &Context<'_>,
        report: &mut Report,
    ) -> Result<(), Cause> {
        let budget = context.budget();
        let identity = session.identify(admin.role(), budget).await?;
        idle_sessions::wait_for_end(session, arrangement.idle(), IdleSessions::Report, budget).await?;
        let by = AdminSession {
            session,
            identity: &identity,
            admin,
        };
        let transaction = begin(&by, Scrub::new([]), context).await?;
        let mut planned = planned(&transaction, arrangement).await?;
        transaction.rollback(ENDING).await?;
        planned.report_oddities(arrangement);
        if let Some(own) = &planned.plan.own {
            if let Some(give_over) = &own.give_over {
                tracing::warn!("a rotation would try this: {give_over}");
                report.not_tried(format!("to {give_over}, which locks each object"));
            }
            if !self.may_act(own, &by, context).await? && !own.begins.is_empty() {
                planned.plan = planned.plan.without_acting();
            }
        }
        mend::report(&planned.plan.now, "a rotation would first have to do this");
        self.rehearse_changes(arrangement, &planned, &by, context, report)
            .await?;
        commit::check_standby(session, budget).await?;
        self.rehearse_comparison(arrangement, &planned, &by, context)
            .await?;
        report.tried("whether both users can do the same, in each database that matters");
        tracing::info!(
            "a rotation would set a new password for role {:?} through {:?}",
            arrangement.idle(),
            admin.role()
        );
        Ok(())
    }

    /// Does what setSecret would do, and what the setSecret of the rotation after it would do with the other user, in one transaction that is
    /// rolled back. The password is one that nobody has.
    async fn rehearse_changes(
        &self,
        arrangement: &Arrangement,
        planned: &Planned,
        by: &AdminSession<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) -> Result<(), Cause> {
        let password = self.settings.policy.generate_from_os();
        let password = password.map_err(PostgresFault::from)?;
        let change = self.change(arrangement, by, &password);
        let sent = change.sent(by.session.server(), by.identity)?;
        let transaction = begin(by, change.scrub(&sent), context).await?;
        mend::mend(&transaction, arrangement, planned).await?;
        planned.alter(&change, &transaction, &sent).await?;
        if let Some(give_over) = planned.plan.own.as_ref().and_then(|own| own.give_over.as_ref()) {
            rehearse_loan(&transaction, give_over).await?;
        }
        report.tried(format!(
            "{} changes and a new password of role {:?}, rolled back",
            planned.plan.now.len(),
            arrangement.idle()
        ));

        let ahead = arrangement.one_turn_ahead();
        let change = Change {
            role: ahead.idle(),
            ..change
        };
        let outcome = async {
            let planned = mend::planned(&transaction, &ahead).await?;
            mend::mend(&transaction, &ahead, &planned).await?;
            planned.alter(&change, &transaction, &sent).await?;
            Ok::<_, Cause>(planned.plan.now.len())
        };
        let changes = outcome.await.inspect_err(|_| {
            tracing::warn!(
                "one rotation ahead: the next one would go through, and the one after it would not"
            );
        })?;
        report.tried(format!(
            "the same of the rotation after it: {changes} changes and a new password of role {:?}, rolled back",
            ahead.idle()
        ));
        transaction.rollback(ENDING).await?;
        Ok(())
    }

    fn change<'a>(
        &self,
        arrangement: &'a Arrangement,
        by: &AdminSession<'a>,
        password: &'a Password,
    ) -> Change<'a> {
        Change {
            role: arrangement.idle(),
            by: by.admin.role(),
            password,
            sent_as: self.settings.sent_as,
        }
    }

    /// What testSecret would compare after the rotation's setSecret: found before anything is changed.
    async fn rehearse_comparison(
        &self,
        arrangement: &Arrangement,
        planned: &Planned,
        by: &AdminSession<'_>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let Planned { plan, facts } = planned;
        let (Some(next), Some(now)) = (facts.role(arrangement.idle()), facts.role(arrangement.in_use()))
        else {
            return Ok(());
        };
        let next = plan.carried_out(next);
        let compared = Compared {
            pending: &next.name,
            current: &now.name,
            pending_acts_as: facts.acts_as_here(&next),
            current_acts_as: facts.acts_as_here(now),
        };
        if compared.pending_acts_as != compared.current_acts_as {
            let given = plan.own.as_ref().and_then(|own| own.give_over.as_ref());
            let given = given.is_some_and(|give_over| give_over.from == compared.current_acts_as);
            let mut here = own_rights::missing(&compared, by.session, by.identity, context).await?;
            // A rotation would give it over first.
            here.retain(|missing| !(missing.owned && given));
            if let Some((lacks, remedy)) = rights::words(&here, &compared) {
                return Err(differ(&compared, lacks, remedy).into());
            }
        }
        for there in elsewhere(facts, now, &next) {
            match self
                .missing_in(there.database, &there.compared, by, context)
                .await
            {
                Ok(missing) => {
                    if let Some((lacks, remedy)) = rights::words(&missing, &there.compared) {
                        return Err(differ_in(there.database, &there.compared, &lacks, &remedy).into());
                    }
                }
                Err(cause) => not_compared(&next.name, there.database, &cause),
            }
        }
        Ok(())
    }
}

async fn begin<'s>(
    by: &AdminSession<'s>,
    scrub: Scrub<'s>,
    context: &Context<'_>,
) -> Result<Transaction<'s>, Cause> {
    let budget = context.budget();
    Ok(Transaction::begin(by.session, by.identity, By::Admin, Idle::Shortly, budget, scrub).await?)
}

/// Whether the superuser could lend itself what giving objects over takes. If not, a rotation goes on without that.
async fn rehearse_loan(transaction: &Transaction<'_>, give_over: &GiveOver) -> Result<(), Cause> {
    transaction.ask("SAVEPOINT loan", TRYING).await?;
    let lent = transaction.try_out(&give_over.take(), TRYING).await;
    transaction.ask("ROLLBACK TO SAVEPOINT loan", TRYING).await?;
    if let Err(silence) = lent {
        let fault = silence.into_fault(transaction.server().to_owned(), TRYING);
        tracing::warn!(
            "a rotation could not {give_over}: {fault}; {}",
            give_over.by_hand()
        );
    }
    Ok(())
}

/// The calls to Secrets Manager that change nothing. Those that write cannot be tried.
async fn rehearse_calls(context: &Context<'_>, report: &mut Report) -> Result<(), Cause> {
    context.tags().await?;
    report.tried("DescribeSecret");
    let old = async {
        context.previous().await?;
        context.deprecated().await
    };
    match old.await {
        Ok(_) => report.tried("the previous value and ListSecretVersionIds, for a recovery"),
        Err(cause) => report.not_tried(format!("a recovery by an older version ({})", cause.problem())),
    }
    report.not_tried("PutSecretValue and UpdateSecretVersionStage");
    Ok(())
}
