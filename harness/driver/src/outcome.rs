//! What came back from a driver: four answers that keep the protocol, and the ways to break it.

use std::{fmt, time::Duration};

use hallmark_model::text;

use crate::protocol::{Fault, Refusal, Unsupported, Warning, WrongAnswer};

/// What one operation came to.
///
/// A crash, a hang and garbage are outcomes of their own: none of them is a refusal, because
/// none of them is a decision of the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The candidate did it; the warnings are what it shows its user.
    Ok(T, Vec<Warning>),
    /// The candidate decided against it.
    Refused(Refusal),
    /// There is no such thing behind this driver.
    Unsupported(Unsupported),
    /// The driver failed, and says so.
    Error(Fault),
    /// The driver broke off; it can answer nothing more.
    Broken(Breakage),
}

/// How a driver broke off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breakage {
    /// Its process ended.
    #[error("the driver crashed: {0}")]
    Crashed(String),
    /// It did not answer in time.
    #[error("the driver did not answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// It wrote something that is not an answer.
    #[error("the driver broke the protocol: {0}")]
    Garbage(WrongAnswer),
    /// It wrote a line longer than the protocol allows.
    #[error("the driver wrote a line of more than {0} bytes")]
    Oversized(usize),
    /// It closed its output, or stopped reading, without ending.
    #[error("the driver closed the connection")]
    Closed,
}

impl<T> Outcome<T> {
    /// The answer, if the candidate did it.
    pub fn ok(self) -> Option<T> {
        match self {
            Self::Ok(value, _) => Some(value),
            _ => None,
        }
    }

    /// The same outcome with another answer.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Ok(value, warnings) => Outcome::Ok(change(value), warnings),
            Self::Refused(refusal) => Outcome::Refused(refusal),
            Self::Unsupported(unsupported) => Outcome::Unsupported(unsupported),
            Self::Error(fault) => Outcome::Error(fault),
            Self::Broken(breakage) => Outcome::Broken(breakage),
        }
    }
}

impl<T> fmt::Display for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(..) => f.write_str("ok"),
            Self::Refused(Refusal { class, detail: None }) => write!(f, "refused ({class})"),
            Self::Refused(Refusal { class, detail: Some(detail) }) => {
                write!(f, "refused ({class}: {})", text::one_line(detail))
            }
            Self::Unsupported(Unsupported { reason }) => {
                write!(f, "unsupported: {}", text::one_line(reason))
            }
            Self::Error(Fault { message }) => {
                write!(f, "driver error: {}", text::one_line(message))
            }
            Self::Broken(breakage) => f.write_str(&text::one_line(&breakage.to_string())),
        }
    }
}
