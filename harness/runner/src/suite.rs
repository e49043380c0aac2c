//! What the runner asks of a suite.

use std::{future::Future, pin::Pin};

use hallmark_model::{
    CheckId, Event, EvidenceRef, Figure, Finding, Policy, Suite as SuiteName, report::Subject,
    selection::Depth,
};
use jiff::civil::Date;
use serde_json::Value;

use crate::{Material, Materials, Recorder, RecorderError, Seed};

/// A check, as lists and reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckInfo {
    /// `suite/name`.
    pub id: CheckId,
    /// What it tests, for people.
    pub title: &'static str,
}

/// The pure half of a suite: from facts to findings. No I/O, no clock.
pub trait Suite {
    /// The one word.
    fn name(&self) -> SuiteName;

    /// Its checks, in the order in which they are reported.
    fn checks(&self) -> Vec<CheckInfo>;

    /// Judges facts: one finding for each of `checks`, in that order.
    ///
    /// # Errors
    ///
    /// When the value is not the facts of this suite.
    fn judge(
        &self,
        facts: &Value,
        checks: &[CheckId],
        policy: &Policy,
        on: Date,
    ) -> Result<Vec<Finding>, FactsError>;

    /// Whom the facts are about.
    ///
    /// # Errors
    ///
    /// When the value is not the facts of this suite.
    fn subject(&self, facts: &Value) -> Result<Subject, FactsError>;

    /// What a report can draw from the facts.
    ///
    /// # Errors
    ///
    /// When the value is not the facts of this suite.
    fn figures(&self, facts: &Value) -> Result<Vec<Figure>, FactsError>;
}

/// Facts that a suite cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("facts/{suite}.json is not of this version's form: {reason}")]
pub struct FactsError {
    /// Whose facts.
    pub suite: SuiteName,
    /// What is wrong.
    pub reason: String,
}

/// The other half: talks to the candidate, and judges nothing.
pub trait Prober {
    /// How the user names the subject, for the reproduce command: `messaging ./driver.toml`.
    fn command(&self) -> String;

    /// Whether it was handed what this check looks at. A check that it does not cover is left out of
    /// the plan: not tested, and not gated by a suite that is run alone.
    fn covers(&self, _: &CheckId) -> bool {
        true
    }

    /// Whether it uses what scenes leave behind. Where no prober does, no scene is played.
    fn uses_material(&self) -> bool {
        false
    }

    /// Establishes the facts that the job's checks need.
    fn probe<'a>(
        &'a self,
        job: &'a Job<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Value, ProbeError>> + 'a>>;
}

/// Why a suite came back without facts.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The candidate or its driver could not be reached.
    #[error("{0}")]
    Unreachable(String),
    /// What was seen could not be kept.
    #[error(transparent)]
    Recorder(#[from] RecorderError),
}

/// What a prober is to do, and whom to tell.
pub struct Job<'a> {
    /// The selected checks of the suite.
    pub checks: &'a [CheckId],
    /// How thoroughly.
    pub depth: Depth,
    /// For everything that is chosen at random.
    pub seed: Seed,
    /// Where events go.
    pub tell: &'a (dyn Fn(Event) + 'a),
    /// Where bytes are kept.
    pub recorder: &'a dyn Recorder,
    /// What was left by scenes and by the probes before this one.
    pub materials: &'a Materials,
}

impl Job<'_> {
    /// What was left for this probe.
    #[must_use]
    pub fn material(&self) -> Vec<Material> {
        self.materials.all()
    }

    /// Keeps bytes as evidence.
    ///
    /// # Errors
    ///
    /// When they cannot be written: lost evidence must not go unnoticed.
    pub fn keep(
        &self,
        label: impl Into<String>,
        bytes: &[u8],
    ) -> Result<EvidenceRef, RecorderError> {
        let sha256 = self.recorder.keep(bytes)?;
        Ok(EvidenceRef { sha256, bytes: bytes.len() as u64, label: label.into() })
    }
}
