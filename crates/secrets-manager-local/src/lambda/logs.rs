//! What functions wrote to stdout and stderr.

use std::io::Write as _;
use std::sync::Mutex;

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::clock::Clock;
use crate::sync::lock;

/// Who wrote the lines that are Lambda's own.
const LAMBDA: &str = "Lambda";

/// Lines kept for a function; older ones are dropped.
const KEPT: usize = 50_000;

/// The lines of all sandboxes of a function, in the order in which they were read.
#[derive(Debug)]
pub(crate) struct FunctionLog {
    lines: Mutex<Lines>,
    echo: bool,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Lines {
    kept: Vec<Line>,
    dropped: usize,
}

#[derive(Debug)]
struct Line {
    at: Timestamp,
    sandbox: String,
    text: String,
}

impl FunctionLog {
    /// With `echo`, every line also goes to this process's stderr.
    pub(crate) fn new(echo: bool, clock: Clock) -> Self {
        Self {
            lines: Mutex::default(),
            echo,
            clock,
        }
    }

    /// What the function wrote.
    pub(crate) fn lines(&self) -> Vec<String> {
        lock(&self.lines)
            .kept
            .iter()
            .filter(|line| line.sandbox != LAMBDA)
            .map(|line| line.text.clone())
            .collect()
    }

    /// The same with Lambda's own lines, and when each was written.
    pub(crate) fn events(&self) -> Vec<(Timestamp, String)> {
        lock(&self.lines)
            .kept
            .iter()
            .map(|line| (line.at, line.text.clone()))
            .collect()
    }

    /// A line of Lambda's own.
    pub(crate) fn note(&self, text: String) {
        self.push(LAMBDA.to_owned(), text);
    }

    /// How many lines there were so far.
    pub(crate) fn position(&self) -> usize {
        let lines = lock(&self.lines);
        lines.dropped + lines.kept.len()
    }

    /// What `sandbox` wrote since `position`.
    pub(crate) fn since(&self, position: usize, sandbox: &str) -> Vec<String> {
        let lines = lock(&self.lines);
        let start = position.saturating_sub(lines.dropped);
        let own = lines
            .kept
            .iter()
            .skip(start)
            .filter(|line| line.sandbox == sandbox);
        own.map(|line| line.text.clone()).collect()
    }

    /// Reads a pipe to its end.
    pub(crate) async fn capture(&self, function: &str, sandbox: &str, pipe: impl AsyncRead + Unpin) {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
            let text = String::from_utf8_lossy(&line)
                .trim_end_matches(['\n', '\r'])
                .to_owned();
            line.clear();
            if self.echo {
                // Nobody is left to tell if stderr is closed.
                let _ = writeln!(std::io::stderr(), "[{function}] {text}");
            }
            self.push(sandbox.to_owned(), text);
        }
    }

    fn push(&self, sandbox: String, text: String) {
        let at = self.clock.now();
        let line = Line { at, sandbox, text };
        let mut lines = lock(&self.lines);
        if lines.kept.len() == KEPT {
            lines.kept.drain(..KEPT / 10);
            lines.dropped += KEPT / 10;
        }
        lines.kept.push(line);
    }
}
