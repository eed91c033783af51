//! A rotation on the screen: a line a step on stderr, the end on stdout. With `--json` an object a line, all on stdout.

use serde_json::{Value, json};

use super::ending::Ending;
use crate::diagnosis::{Due, Names, Secret, Unasked};
use crate::log::{End, Entry, Event, in_few_words};
use crate::words::names::name_of;
use crate::words::{print, time};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Out {
    Screen,
    Json,
    /// One rotation among many.
    Nothing,
}

/// What is told of one rotation.
pub(super) struct Report<'a> {
    pub(super) names: Names<'a>,
    pub(super) out: Out,
}

impl Report<'_> {
    fn object(&self, event: &str, more: &Value) {
        if self.out == Out::Nothing {
            return;
        }
        let mut line = json!({ "version": 1, "event": event, "secret": self.names.secret });
        if let (Some(line), Some(more)) = (line.as_object_mut(), more.as_object()) {
            line.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        print::answer(&line.to_string());
    }

    pub(super) fn begun(&self, before: &Secret, version: &str, again: bool, test: bool) {
        let function = before.function.as_deref().map_or("its function", name_of);
        if self.out != Out::Screen {
            let more = json!({ "version_id": version, "function": function, "attempted_again": again, "test": test });
            return self.object("begun", &more);
        }
        let what = match (test, again) {
            (true, _) => "a test, by",
            (_, true) => "attempted again, by",
            _ => "by",
        };
        print::progress(&format!(
            "{}  version {}, {what} {function}",
            self.names.secret,
            short(version)
        ));
    }

    /// What an earlier attempt has said already is not said again to a person.
    pub(super) fn step(&self, entry: &Entry, said_already: bool) {
        let Event::Step {
            step,
            end,
            milliseconds,
        } = &entry.event
        else {
            return;
        };
        if self.out != Out::Screen {
            let (code, message) = match end {
                End::Succeeded(_) => (None, None),
                End::Failed { code, message } => (Some(code), message.as_ref()),
            };
            let more = json!({ "step": step.name(), "ok": code.is_none(), "code": code, "message": message, "at": entry.at.to_string(), "milliseconds": milliseconds });
            return self.object("step", &more);
        }
        let took = milliseconds.map_or_else(String::new, |ms| format!("  {ms} ms"));
        let at = time::moment(entry.at);
        match end {
            End::Succeeded(_) => print::progress(&format!("  {:<12} ok      {at}{took}", step.name())),
            End::Failed { code, message } => {
                print::progress(&format!("  {:<12} FAILED  {at}{took}  {code}", step.name()));
                match message {
                    Some(_) if said_already => print::progress("      as before"),
                    Some(message) => print::progress(&format!("      {}", in_few_words(message))),
                    None => {}
                }
            }
        }
    }

    pub(super) fn moment(&self, text: &str) {
        if self.out != Out::Screen {
            return self.object("moment", &json!({ "text": text }));
        }
        print::progress(&format!("  {text}"));
    }

    pub(super) fn without_log(&self, why: &Unasked) {
        let text = match why {
            Unasked::Needs(permission) => format!("steps are not shown: that needs {permission}"),
            Unasked::Failed(problem) => format!("steps are not shown: {problem}"),
            _ => "steps are not shown".to_owned(),
        };
        if self.out != Out::Screen {
            return self.object("note", &json!({ "text": text }));
        }
        print::progress(&format!("  {text}"));
    }

    pub(super) fn refused(&self, why: &str) {
        if self.out != Out::Screen {
            return self.object("refused", &json!({ "text": why }));
        }
        print::answer(&format!("refused {}: {why}", self.names.secret));
        print::answer(&format!("       {}", self.names.doctor()));
    }

    pub(super) fn left_running(&self, version: &str, why: &str) {
        if self.out != Out::Screen {
            return self.object("left_running", &json!({ "version_id": version, "because": why }));
        }
        print::answer(&format!(
            "running {}: version {} is left to Secrets Manager ({why})",
            self.names.secret,
            short(version)
        ));
        print::answer(&format!("       {}", self.names.doctor()));
    }

    pub(super) fn ended(&self, ending: Ending, version: &str) {
        let (event, text) = match ending {
            Ending::Rotated(after) => {
                let next = Due::of(&after, time::now()).at;
                let next = next.map(|at| format!(", next by {}", time::day(at)));
                (
                    "rotated",
                    format!(
                        "AWSCURRENT is version {}{}",
                        short(version),
                        next.unwrap_or_default()
                    ),
                )
            }
            Ending::Tested => ("tested", "the test succeeded, and nothing was changed".to_owned()),
            Ending::Failed(_) => ("failed", "no retry followed the failed step".to_owned()),
            Ending::Silent(time) => ("failed", format!("no step was seen in {} s", time.as_secs())),
            Ending::TakenOver => (
                "failed",
                format!("something took AWSPENDING off version {}", short(version)),
            ),
            Ending::Cancelled => ("failed", "rotation was switched off meanwhile".to_owned()),
        };
        if self.out != Out::Screen {
            return self.object(event, &json!({ "version_id": version, "text": text }));
        }
        print::answer(&format!("{event} {}: {text}", self.names.secret));
        if event == "failed" {
            print::answer(&format!("       {}", self.names.doctor()));
        }
    }
}

fn short(version: &str) -> &str {
    version.get(..8).unwrap_or(version)
}
