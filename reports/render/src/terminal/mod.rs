//! What a run prints: [`Progress`] while it works, [`summary`] when it is done.
//!
//! Nothing here writes to the process's streams by itself: the binary decides which text goes
//! where (results on standard output, everything else on standard error), whether colour is
//! wanted (`NO_COLOR`) and how wide the screen is.

mod catalogue;
mod layout;
mod progress;
mod summary;

pub(crate) use layout::Page;

pub use catalogue::{explain_check, explain_requirement, requirement_list};
pub use progress::{Progress, ProgressMode};
pub use summary::{Extras, summary};

use hallmark_model::Verdict;

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours may be used. No information rests on them.
    pub color: bool,
    /// Columns of the screen; lines are wrapped to fit, copyable ones excepted.
    pub width: usize,
}

impl Style {
    /// 80 columns without colour: logs, pipes, tests.
    pub const PLAIN: Self = Self { color: false, width: 80 };
}

/// What a piece of text is painted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Bold,
    Dim,
    Good,
    Bad,
    Doubtful,
}

impl Style {
    pub(crate) fn paint(self, paint: Paint, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Good => "32",
            Paint::Bad => "1;31",
            Paint::Doubtful => "33",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// The verdict as a word of four columns.
    pub(crate) fn verdict(self, verdict: Verdict) -> String {
        let (paint, word) = match verdict {
            Verdict::Pass | Verdict::PassEquivalent => (Paint::Good, "PASS"),
            Verdict::Warn => (Paint::Doubtful, "WARN"),
            Verdict::Fail => (Paint::Bad, "FAIL"),
            Verdict::Inconclusive => (Paint::Doubtful, "INC?"),
            Verdict::NotTested => (Paint::Dim, "N/T "),
            Verdict::NotApplicable => (Paint::Dim, "N/A "),
            Verdict::Error => (Paint::Bad, "ERR!"),
        };
        self.paint(paint, word)
    }
}
