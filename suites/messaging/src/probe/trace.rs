//! What an experiment writes down as it goes.

use hallmark_driver::{Unreachable, protocol::Warning};
use hallmark_model::{CheckId, EvidenceRef};
use hallmark_runner::{Job, Material, RecorderError};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::facts::{Experiment, Seen, Step};

/// The record of one experiment in the making.
pub(super) struct Trace<'a> {
    job: &'a Job<'a>,
    control: Vec<Step>,
    outcome: Vec<Step>,
    measured: Map<String, Value>,
    evidence: Vec<EvidenceRef>,
}

/// Why an experiment ended before its end.
pub(super) enum Stop {
    /// A step that had to succeed did not.
    Step(Box<Step>),
    /// Evidence could not be kept.
    Lost(RecorderError),
    /// No device could be had.
    Unreachable(Unreachable),
    /// What the harness itself has to set up for a live app could not be set up.
    Stage(String),
}

/// One altered input of a sweep, and what came of it.
pub(super) struct Variant {
    /// Which alteration: a bit or a length.
    pub(super) at: u64,
    /// What came of it.
    pub(super) seen: Seen,
}

impl From<RecorderError> for Stop {
    fn from(error: RecorderError) -> Self {
        Self::Lost(error)
    }
}

impl From<Unreachable> for Stop {
    fn from(unreachable: Unreachable) -> Self {
        Self::Unreachable(unreachable)
    }
}

impl Stop {
    /// Stops at this step.
    pub(super) fn at(what: impl Into<String>, seen: Seen) -> Self {
        Self::Step(Box::new(Step { what: what.into(), seen, evidence: None, warnings: Vec::new() }))
    }

    /// Stops because the protocol has no such thing.
    pub(super) fn not_offered(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::at(what, Seen::Unsupported { reason: reason.into() })
    }
}

impl<'a> Trace<'a> {
    pub(super) fn new(job: &'a Job<'a>) -> Self {
        Self {
            job,
            control: Vec::new(),
            outcome: Vec::new(),
            measured: Map::new(),
            evidence: Vec::new(),
        }
    }

    /// Keeps bytes as evidence of this experiment.
    pub(super) fn keep(&mut self, label: String, bytes: &[u8]) -> Result<EvidenceRef, Stop> {
        let reference = self.job.keep(label, bytes)?;
        self.evidence.push(reference.clone());
        Ok(reference)
    }

    /// Leaves something for the suites that follow.
    pub(super) fn leave(&self, material: Material) {
        self.job.materials.leave(material);
    }

    /// Writes down a positive twin.
    pub(super) fn control(&mut self, what: impl Into<String>, seen: Seen) {
        self.control.push(Step { what: what.into(), seen, evidence: None, warnings: Vec::new() });
    }

    /// Writes down a step under test.
    pub(super) fn outcome(
        &mut self,
        what: impl Into<String>,
        seen: Seen,
        evidence: Option<EvidenceRef>,
    ) {
        self.outcome_with(what, seen, evidence, Vec::new());
    }

    /// Writes down a step under test, with what the candidate showed its user: see
    /// [`super::Device::take_warnings`].
    pub(super) fn outcome_with(
        &mut self,
        what: impl Into<String>,
        seen: Seen,
        evidence: Option<EvidenceRef>,
        warnings: Vec<Warning>,
    ) {
        self.outcome.push(Step { what: what.into(), seen, evidence, warnings });
    }

    /// Writes down what was measured.
    pub(super) fn measured(&mut self, measured: &impl Serialize) {
        if let Ok(Value::Object(map)) = serde_json::to_value(measured) {
            self.measured = map;
        }
    }

    pub(super) fn finish(
        self,
        id: CheckId,
        candidate: String,
        stopped: Option<Step>,
    ) -> Experiment {
        Experiment {
            id,
            candidate,
            control: self.control,
            outcome: self.outcome,
            stopped,
            measured: self.measured,
            evidence: self.evidence,
        }
    }
}
