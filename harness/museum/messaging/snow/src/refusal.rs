//! snow's errors, as classes of refusal. What was not foreseen is an error of the driver.

use snow::{Error, error::StateProblem};

use crate::protocol::Declined;

/// What a message that was handed to snow came to: it says no more than that it does not open.
pub(crate) fn of_reading(error: Error) -> Declined {
    match error {
        Error::Decrypt => Declined::refused("bad-signature", error),
        Error::Dh => Declined::refused("bad-key", error),
        Error::Input => Declined::refused("malformed", error),
        error => of_state(error),
    }
}

/// What a text that was to be sealed came to.
pub(crate) fn of_writing(error: Error) -> Declined {
    match error {
        Error::Input => Declined::refused("policy", "longer than a Noise message may be"),
        Error::Dh => Declined::refused("bad-key", error),
        error => of_state(error),
    }
}

/// snow ends a session before its nonces repeat; that is a rule of its own. Every other state is
/// one in which the driver should not have asked.
fn of_state(error: Error) -> Declined {
    match error {
        Error::State(StateProblem::Exhausted) => Declined::refused("policy", error),
        error => Declined::error(error),
    }
}
