//! A bundle in the making, as the runner's recorder.

use std::fmt::Display;

use hallmark_bundle::{BundleError, Draft};
use hallmark_model::{Report, Sha256, Suite, event::Stamped};
use hallmark_runner::{Recorder, RecorderError};
use serde_json::Value;

/// Keeps everything in a bundle.
pub(crate) struct Kept(pub(crate) Draft);

impl Recorder for Kept {
    fn keep(&self, bytes: &[u8]) -> Result<Sha256, RecorderError> {
        self.0.keep_evidence(bytes).map_err(lost("evidence"))
    }

    fn journal(&self, event: &Stamped) -> Result<(), RecorderError> {
        self.0.append_event(event).map_err(lost("an event"))
    }

    fn facts(&self, suite: Suite, facts: &Value) -> Result<(), RecorderError> {
        self.0.write_facts(suite, facts).map_err(lost(format!("the facts of `{suite}`")))
    }

    fn report(&self, report: &Report) -> Result<(), RecorderError> {
        self.0.write_report(report).map_err(lost("the report"))
    }
}

fn lost(what: impl Display) -> impl FnOnce(BundleError) -> RecorderError {
    move |error| RecorderError { what: what.to_string(), reason: error.to_string() }
}
