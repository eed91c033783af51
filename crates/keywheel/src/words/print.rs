//! What goes to the screen: colours by what is at the other end, and nothing that a closed pipe could break.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use crate::diagnosis::{Mark, Word};

/// Whether to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Holds for all that follows.
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// A line of the answer. Nobody is left to tell if stdout is closed.
pub(crate) fn answer(line: &str) {
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// A line of progress, or what went wrong.
pub(crate) fn progress(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// The word in its colour. Red is only for what needs somebody now.
pub(crate) fn word(word: Word) -> String {
    let style = match word {
        Word::Stuck | Word::Broken => color(AnsiColor::Red).bold(),
        Word::Overdue | Word::Off | Word::Unknown => color(AnsiColor::Yellow).bold(),
        Word::Running => color(AnsiColor::Cyan),
        Word::Well => color(AnsiColor::Green),
        Word::NotOurs => Style::new(),
    };
    styled(style, word.text())
}

/// The mark in its colour.
pub(crate) fn mark(mark: Mark) -> String {
    let style = match mark {
        Mark::Ok => color(AnsiColor::Green),
        Mark::Note => color(AnsiColor::Yellow),
        Mark::Failed => color(AnsiColor::Red),
        Mark::NotAsked => Style::new().dimmed(),
    };
    styled(style, &format!("{:<6}", <&str>::from(mark)))
}

/// What to type.
pub(crate) fn command(text: &str) -> String {
    styled(Style::new().bold(), text)
}

const fn color(color: AnsiColor) -> Style {
    color.on_default()
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
