//! What functions wrote to stdout and stderr.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::Mutex;

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use crate::clock::Clock;
use crate::sync::lock;

/// Who wrote the lines that are Lambda's own.
const LAMBDA: &str = "Lambda";

/// Lines kept for a function; older ones are dropped.
const KEPT: usize = 50_000;
/// Bytes kept for a function; older lines are dropped.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// The longest line, in bytes, as of CloudWatch Logs. A longer one is cut into several.
const LONGEST: u64 = 256 * 1024;

/// The lines of all sandboxes of a function, in the order in which they were read.
#[derive(Debug)]
pub(crate) struct FunctionLog {
    lines: Mutex<Lines>,
    echo: bool,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<Line>,
    bytes: usize,
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
        while matches!((&mut pipe).take(LONGEST).read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
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
        lines.bytes += line.text.len();
        lines.kept.push_back(line);
        while lines.kept.len() > KEPT || lines.bytes > KEPT_BYTES {
            let Some(oldest) = lines.kept.pop_front() else {
                break;
            };
            lines.bytes -= oldest.text.len();
            lines.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn captured(log: &FunctionLog, text: &str) {
        log.capture("f", "sandbox", text.as_bytes()).await;
    }

    #[tokio::test]
    async fn the_oldest_lines_are_dropped_by_number_and_by_size_and_a_long_one_is_cut() {
        let log = FunctionLog::new(false, Clock::system());
        captured(&log, &"line\n".repeat(KEPT)).await;
        let position = log.position();
        captured(&log, "last\n").await;
        assert_eq!((log.lines().len(), position), (KEPT, KEPT));
        assert_eq!(log.since(position, "sandbox"), ["last"]);
        let longest = usize::try_from(LONGEST).unwrap();
        captured(&log, &"x".repeat(longest + 1)).await;
        let lengths: Vec<_> = log.since(position, "sandbox").iter().map(String::len).collect();
        assert_eq!(lengths, [4, longest, 1]);
        captured(&log, &"x".repeat(KEPT_BYTES)).await;
        let bytes: usize = log.lines().iter().map(String::len).sum();
        assert_eq!(bytes, KEPT_BYTES);
        assert_eq!(log.since(position, "sandbox").len(), log.lines().len());
    }
}
