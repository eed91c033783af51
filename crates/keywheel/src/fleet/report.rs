//! What became of each secret.

use serde_json::{Value, json};

use crate::aws::Session;
use crate::diagnosis::Secret;
use crate::words::print;

/// A secret, and a word about it.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) why: String,
}

impl Line {
    pub(super) fn of(secret: &Secret, why: impl Into<String>) -> Self {
        Self {
            name: secret.name.clone(),
            arn: secret.arn.clone(),
            why: why.into(),
        }
    }

    fn json(&self) -> Value {
        json!({ "name": self.name, "arn": self.arn, "why": self.why })
    }
}

/// The end of a command, by what became of the secrets.
#[derive(Default)]
pub(super) struct Report {
    /// What went well, such as `rotated`.
    pub(super) verb: &'static str,
    pub(super) well: Vec<Line>,
    pub(super) failed: Vec<Line>,
    pub(super) left_out: Vec<Line>,
    /// Nothing was done to these, because of failures or Ctrl-C.
    pub(super) not_begun: Vec<Line>,
    /// Secrets Manager goes on with these.
    pub(super) left_running: Vec<Line>,
}

impl Report {
    /// On stdout: what failed, one line each, the numbers, and what to type.
    pub(super) fn print(&self, session: &Session, as_json: bool) {
        if as_json {
            return print::answer(&self.json().to_string());
        }
        for line in &self.failed {
            print::answer(&format!("FAILED  {}  {}", line.name, line.why));
        }
        for line in &self.left_running {
            print::answer(&format!("RUNNING {}  {}", line.name, line.why));
        }
        for line in &self.left_out {
            print::answer(&format!("-       {}  {}", line.name, line.why));
        }
        let numbers = [
            (self.verb, self.well.len()),
            ("failed", self.failed.len()),
            ("still running", self.left_running.len()),
            ("not begun", self.not_begun.len()),
            ("left out", self.left_out.len()),
        ];
        let numbers = numbers
            .into_iter()
            .filter(|(word, number)| *number > 0 || *word == self.verb);
        let numbers: Vec<String> = numbers
            .map(|(word, number)| format!("{word}: {number}"))
            .collect();
        print::answer(&numbers.join(", "));
        let failed: Vec<_> = self
            .failed
            .iter()
            .take(10)
            .map(|line| line.name.as_str())
            .collect();
        if !failed.is_empty() {
            let doctor = std::iter::once("doctor").chain(failed);
            print::answer(&format!("       {}", session.keywheel(doctor)));
        }
    }

    fn json(&self) -> Value {
        let list = |lines: &[Line]| lines.iter().map(Line::json).collect::<Vec<_>>();
        json!({
            "version": 1,
            self.verb: list(&self.well),
            "failed": list(&self.failed),
            "left_out": list(&self.left_out),
            "not_begun": list(&self.not_begun),
            "left_running": list(&self.left_running),
        })
    }
}
