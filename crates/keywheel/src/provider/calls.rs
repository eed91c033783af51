//! The calls of a trial as the function's code logs them: section, method, the path as the definition has it, status and time.
//! No header and no body is in there.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use crate::words::print;

/// Whose log is read.
const FUNCTION: &str = "rotate_api_key";

/// One call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Call {
    /// Such as `create`.
    pub(super) section: String,
    method: String,
    path: String,
    status: Option<u64>,
    code: Option<String>,
    ms: u64,
}

impl Call {
    /// As a line.
    fn line(&self) -> String {
        let Self {
            section,
            method,
            path,
            ms,
            ..
        } = self;
        let answer = match (self.status, &self.code) {
            (Some(status), _) => status.to_string(),
            (None, Some(code)) => format!("no answer ({code})"),
            (None, None) => "no answer".to_owned(),
        };
        format!("  {section:<12} {method} {path}  {answer}  {ms} ms")
    }

    /// As a member of a document.
    pub(super) fn json(&self) -> Value {
        json!({"section": self.section, "method": self.method, "path": self.path, "status": self.status, "code": self.code, "ms": self.ms})
    }
}

/// What was called so far.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    all: Arc<Mutex<Vec<Call>>>,
    /// Each is shown when it is over.
    shown: bool,
}

impl Calls {
    /// Listens to the function's code in this process from now on.
    pub(super) fn listen(shown: bool) -> Self {
        let calls = Self {
            all: Arc::default(),
            shown,
        };
        // Fails only if somebody listens already, which no other command does.
        let _ = tracing::subscriber::set_global_default(Registry::default().with(calls.clone()));
        calls
    }

    /// All of them, in order.
    pub(super) fn list(&self) -> Vec<Call> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a call of this section has been sent.
    pub(super) fn has(&self, section: &str) -> bool {
        self.list().iter().any(|call| call.section == section)
    }
}

impl<S: Subscriber> Layer<S> for Calls {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !event.metadata().target().starts_with(FUNCTION) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let Some(call) = fields.call() {
            if self.shown {
                print::progress(&call.line());
            }
            self.all.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        } else if self.shown && *event.metadata().level() <= Level::WARN {
            print::progress(&format!("  note         {}", fields.message));
        }
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    call: Call,
}

impl Fields {
    /// The call that the line is about, if it is about one: `create at acme (api.acme.test): …`.
    fn call(&self) -> Option<Call> {
        if self.call.method.is_empty() {
            return None;
        }
        let section = self.message.split(" at ").next().unwrap_or_default();
        Some(Call {
            section: section.to_owned(),
            ..self.call.clone()
        })
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            "http.method" => self.call.method = text,
            "http.path" => self.call.path = text,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "error.code" {
            self.call.code = Some(value.to_owned());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "http.status" => self.call.status = Some(value),
            "http.duration_ms" => self.call.ms = value,
            _ => {}
        }
    }
}
