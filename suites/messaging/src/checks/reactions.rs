//! How experiments are judged that bring in a key which should not be trusted.

use hallmark_model::{Verdict, text};

use super::{Conclusion, measured};
use crate::{
    facts::Experiment,
    probe::{Reaction, Reactions},
};

/// Refused, without effect, or told in time.
pub(super) fn none_silent(experiment: &Experiment, good: &str, bad: &str) -> Conclusion {
    measured(experiment, |m: Reactions| {
        let observed = in_words(&m);
        let any = |reaction| m.attempts.iter().any(|attempt| attempt.reaction == reaction);
        if m.attempts.is_empty() {
            Conclusion::unreadable("no attempt was recorded")
        } else if any(Reaction::Silent) {
            Conclusion::new(Verdict::Fail, observed, bad)
        } else if m.fingerprint_changed == Some(false) {
            Conclusion::new(
                Verdict::Fail,
                format!("{observed}; the fingerprint stays as it was"),
                "users who compare fingerprints are told that nothing has changed",
            )
        } else if any(Reaction::WarnedLate) {
            Conclusion::new(
                Verdict::Warn,
                observed,
                "the user is told, but only when a message has already gone to the new key",
            )
        } else {
            Conclusion::new(Verdict::Pass, observed, good)
        }
    })
}

fn in_words(measured: &Reactions) -> String {
    let attempts = measured.attempts.iter();
    let words =
        attempts.map(|attempt| format!("{}: {}", text::one_line(&attempt.what), attempt.reaction));
    words.collect::<Vec<_>>().join("; ")
}
