//! Why a verb could not do its work: one sentence with its context, and an exit code.

use std::fmt::Display;

use hallmark_bundle::{BundleError, CompareError};
use hallmark_driver::{FindError, SecretError};
use hallmark_model::{ExitCode, document::DocumentError};
use hallmark_runner::{FactsError, PlanError, RecorderError, RunError};
use hallmark_standards::StandardError;

/// A verb that could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: ExitCode,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(exit: ExitCode, message: impl Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// The arguments or the configuration are wrong; nothing was tested.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(ExitCode::Usage, message)
    }
}

impl From<DocumentError> for Failure {
    fn from(error: DocumentError) -> Self {
        Self::usage(error)
    }
}

impl From<StandardError> for Failure {
    fn from(error: StandardError) -> Self {
        Self::usage(error)
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        Self::usage(error)
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::usage(error)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Selector(_) | PlanError::NothingHandedIn(_) => Self::usage(error),
            PlanError::NothingSelected => Self::new(ExitCode::NothingSelected, error),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::new(error.exit(), error)
    }
}

impl From<RecorderError> for Failure {
    fn from(error: RecorderError) -> Self {
        Self::new(ExitCode::Incomplete, error)
    }
}

impl From<FactsError> for Failure {
    fn from(error: FactsError) -> Self {
        Self::new(ExitCode::Mismatch, error)
    }
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        let exit = match error {
            CompareError::Number(_) => ExitCode::Usage,
            CompareError::Incomplete(_) => ExitCode::Incomplete,
            CompareError::Contradiction { .. } => ExitCode::Mismatch,
        };
        Self::new(exit, error)
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::usage(error)
    }
}
