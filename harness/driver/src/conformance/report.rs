//! What the conformance kit found, for the driver's author.

use std::fmt;

use hallmark_model::text;
use serde::Serialize;

/// The outcome of a conversation with a driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// What the user types to name the driver.
    pub driver: String,
    /// One per step, in the order of the conversation.
    pub rows: Vec<Row>,
}

/// One step of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What was tried, in a few words.
    pub step: String,
    /// The operation that decides it.
    pub op: &'static str,
    /// What came of it.
    pub status: Status,
    /// Which field of which answer is wrong and what was expected, or what to know; may be empty
    /// where all is well.
    pub message: String,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As the protocol wants.
    Ok,
    /// Against the protocol.
    Broken,
    /// Not offered, or not reached because something before it is broken.
    Missing,
    /// Allowed, and worth knowing.
    Note,
}

impl Status {
    /// As printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Broken => "broken",
            Self::Missing => "missing",
            Self::Note => "note",
        }
    }
}

impl CheckReport {
    /// Whether nothing is broken.
    #[must_use]
    pub fn is_conformant(&self) -> bool {
        self.count(Status::Broken) == 0 && self.count(Status::Ok) > 0
    }

    /// How many rows have this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.rows.iter().filter(|row| row.status == status).count()
    }
}

/// Widest line, in characters.
const WIDTH: usize = 80;
/// Before the message of a row.
const INDENT: usize = 9;

impl fmt::Display for CheckReport {
    /// A table for people: status first, what was tried second, what is wrong below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "driver {}\n", text::one_line(&self.driver))?;
        for row in &self.rows {
            let Row { step, op, status, message } = row;
            writeln!(f, "{:<INDENT$}{step:<48} {op}", status.word())?;
            for line in wrap(message, WIDTH - INDENT) {
                writeln!(f, "{:INDENT$}{line}", "")?;
            }
        }
        writeln!(
            f,
            "\n{}: {} ok, {} broken, {} missing, {} to note",
            if self.is_conformant() { "conformant" } else { "not conformant" },
            self.count(Status::Ok),
            self.count(Status::Broken),
            self.count(Status::Missing),
            self.count(Status::Note),
        )
    }
}

/// Lines of at most `width` characters, broken between words where that is possible.
fn wrap(message: &str, width: usize) -> Vec<String> {
    let shown = text::one_line(message);
    let mut lines: Vec<String> = Vec::new();
    for word in shown.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if let Some(line) = lines.last_mut()
            && line.chars().count() + 1 + word.len() <= width
        {
            line.push(' ');
            line.extend(word);
            continue;
        }
        while word.len() > width {
            let rest = word.split_off(width);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        lines.push(word.into_iter().collect());
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_word_is_lost(message in "([a-z]{1,100} ?){0,20}") {
            let lines = wrap(&message, 40);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= 40));
            if message.len() < 300 {
                prop_assert_eq!(lines.concat().replace(' ', ""), message.replace(' ', ""));
            }
        }
    }
}
