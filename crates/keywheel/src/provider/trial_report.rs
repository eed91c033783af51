//! What a trial says: its intent, and how it ended.

use rotate_api_key::trial::Outline;
use rotation::{Cause, Step};
use serde_json::json;

use super::calls::Call;
use crate::exit::Exit;
use crate::words::print;

/// How a trial ended.
pub(super) struct Ended {
    /// The step that failed.
    pub(super) failed: Option<(Step, Cause)>,
    /// Why a key may be left.
    pub(super) left: Option<Cause>,
    pub(super) interrupted: bool,
    /// What the name of a key of this trial has.
    pub(super) mark: String,
    pub(super) calls: Vec<Call>,
}

/// What is said of one definition.
pub(super) struct Report<'a> {
    outline: &'a Outline,
    json: bool,
}

impl<'a> Report<'a> {
    pub(super) const fn of(outline: &'a Outline, json: bool) -> Self {
        Self { outline, json }
    }

    /// What would be called.
    pub(super) fn plan(&self) {
        let it = self.outline;
        let lines = |calls: &[(&'static str, String)]| -> Vec<_> {
            let all = calls.iter();
            all.map(|(section, request)| json!({"section": section, "request": request}))
                .collect()
        };
        if self.json {
            let document = json!({
                "version": 1, "provider": it.provider, "base": it.base, "makes_a_key": it.only_tested.is_none(),
                "called": lines(&it.called), "written": lines(&it.written),
            });
            return print::answer(&document.to_string());
        }
        print::answer(&format!("{} at {}", it.provider, it.base));
        for (section, request) in &it.called {
            print::answer(&format!("  {section:<12} {request}"));
        }
        for (section, request) in &it.written {
            print::answer(&format!("  {section:<12} {request}  written, and not sent"));
        }
    }

    /// What is about to be done.
    pub(super) fn intent(&self) {
        let it = self.outline;
        print::progress(&match it.only_tested {
            None => format!(
                "this makes a key of {} at {}, uses it, and revokes it",
                it.provider, it.base
            ),
            Some(why) => format!(
                "this tries at {} what changes nothing, and makes no key: {why}",
                it.base
            ),
        });
    }

    /// What a kill would leave: nothing can be said after one.
    pub(super) fn if_killed(&self, mark: &str) {
        if !self.json && self.outline.only_tested.is_none() {
            print::progress(&format!(
                "if it is killed, a key may be left whose name has {mark}; the same command removes it"
            ));
        }
    }

    /// How it ended.
    pub(super) fn ended(&self, ended: &Ended) -> Exit {
        if self.json {
            self.document(ended);
        } else {
            self.lines(ended);
        }
        match ended {
            Ended { left: Some(_), .. } | Ended { failed: Some(_), .. } => Exit::Finding,
            Ended {
                interrupted: true, ..
            } => Exit::Interrupted,
            _ => Exit::Well,
        }
    }

    fn document(&self, ended: &Ended) {
        let said = |cause: &Cause| json!({"code": cause.code(), "problem": cause.problem().to_string(), "remedy": cause.remedy()});
        let document = json!({
            "version": 1,
            "provider": self.outline.provider,
            "makes_a_key": self.outline.only_tested.is_none(),
            "calls": ended.calls.iter().map(Call::json).collect::<Vec<_>>(),
            "failed": ended.failed.as_ref().map(|(step, cause)| json!({"step": step.name(), "error": said(cause)})),
            "may_be_left": ended.left.as_ref().map(|cause| json!({"name_has": ended.mark, "error": said(cause)})),
            "interrupted": ended.interrupted,
        });
        print::answer(&document.to_string());
    }

    fn lines(&self, ended: &Ended) {
        let provider = &self.outline.provider;
        if let Some((step, cause)) = &ended.failed {
            print::answer(&format!(
                "FAILED {provider} in {step}: {}: {}",
                cause.code(),
                cause.problem()
            ));
            print::answer(&format!("       {}", cause.remedy()));
            print::answer(&format!("       keywheel explain {}", cause.code()));
        }
        if let Some(cause) = &ended.left {
            print::answer(&format!(
                "LEFT   a key whose name has {} may be left at {provider}: {}: {}",
                ended.mark,
                cause.code(),
                cause.problem()
            ));
            print::answer("       run the same command again, which removes it; or revoke it there by hand");
            return;
        }
        let made = ended.calls.iter().any(|call| call.section == "create");
        let gone = if made {
            "the key that was made is revoked"
        } else {
            "no key was made"
        };
        if ended.failed.is_some() {
            print::answer(&format!("       {gone}"));
        } else if ended.interrupted {
            print::answer(&format!("       interrupted; {gone}"));
        } else if self.outline.only_tested.is_some() {
            print::answer(&format!(
                "ok     {provider}: what can be tried without a change went well; {gone}"
            ));
        } else {
            print::answer(&format!("ok     {provider}: every call went well; {gone}"));
        }
    }
}
