//! Where a run leaves what it saw, and whom it tells.

use hallmark_model::{Report, Sha256, Suite, event::Stamped};
use jiff::Timestamp;
use serde_json::Value;

/// Something could not be kept. The run stops: evidence is never lost in silence.
#[derive(Debug, thiserror::Error)]
#[error("could not record {what}: {reason}")]
pub struct RecorderError {
    /// What was to be kept.
    pub what: String,
    /// Why it was not.
    pub reason: String,
}

/// Keeps what a run produces.
pub trait Recorder {
    /// Keeps bytes under their digest.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    fn keep(&self, bytes: &[u8]) -> Result<Sha256, RecorderError>;

    /// Appends to the journal.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn journal(&self, event: &Stamped) -> Result<(), RecorderError>;

    /// Keeps the facts of a suite.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    fn facts(&self, suite: Suite, facts: &Value) -> Result<(), RecorderError>;

    /// Keeps the report as it stands; until the end it says that it is incomplete.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn report(&self, report: &Report) -> Result<(), RecorderError>;
}

/// Follows the run for a person.
pub trait Reporter {
    /// Something happened.
    fn event(&self, event: &Stamped);
}

/// Tells the time. The only clock of the flow.
pub type Clock<'a> = &'a dyn Fn() -> Timestamp;

/// Keeps nothing but digests: for a suite run alone, without a bundle.
pub struct Forget<D: Fn(&[u8]) -> Sha256>(pub D);

impl<D: Fn(&[u8]) -> Sha256> Recorder for Forget<D> {
    fn keep(&self, bytes: &[u8]) -> Result<Sha256, RecorderError> {
        Ok((self.0)(bytes))
    }

    fn journal(&self, _: &Stamped) -> Result<(), RecorderError> {
        Ok(())
    }

    fn facts(&self, _: Suite, _: &Value) -> Result<(), RecorderError> {
        Ok(())
    }

    fn report(&self, _: &Report) -> Result<(), RecorderError> {
        Ok(())
    }
}
