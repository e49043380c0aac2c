//! Text from outside, made fit to be shown; the type keeps raw text out of the templates.

use std::fmt;

use hallmark_model::text;

/// Longest passage shown in place, in characters. Longer than anything a standard says of one
/// requirement, short enough that a hostile candidate cannot fill the report.
const PASSAGE: usize = 1500;

/// Text without control characters and bidirectional overrides, cut visibly where it is too long.
///
/// It is not escaped: that is the sink's part.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown(String);

impl Shown {
    /// A name, a label, a title: at most 300 characters.
    pub(crate) fn line(text: &str) -> Self {
        Self(text::one_line(text))
    }

    /// A sentence or several: at most 1500 characters.
    pub(crate) fn passage(text: &str) -> Self {
        Self(text::within(text, PASSAGE))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
