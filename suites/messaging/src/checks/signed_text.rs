//! What is shown under a signature is what was signed.

use hallmark_model::Verdict;

use super::{Check, Conclusion, in_words, measured};
use crate::{facts::Seen, probe::SignedMeasured};

pub(super) const CHECK: Check = Check {
    name: "signed-text",
    title: "What is shown under a signature is what was signed",
    experiment: "signed-text",
    expected: "of a signed message with another text beside the signed one, the signed text is shown, or \
               nothing",
    judge: |experiment, _| {
        measured(experiment, |m: SignedMeasured| {
            if !m.signs {
                return Conclusion::new(
                    Verdict::NotApplicable,
                    "messages of this protocol are not signed before they are encrypted",
                    "there is no signed message that a recipient could hand on",
                );
            }
            let steps = &experiment.outcome;
            let forged = |seen: &Seen| seen.is_delivered() && !seen.is_as_meant();
            match steps.iter().find(|step| forged(&step.seen)) {
                _ if steps.is_empty() => Conclusion::unreadable("no step was recorded"),
                Some(step) => Conclusion::new(
                    Verdict::Fail,
                    format!("{}: {}", step.what, step.seen),
                    "whoever once got a signed message can put any text under that signature",
                ),
                None => Conclusion::new(
                    Verdict::Pass,
                    in_words(steps),
                    "a signature vouches for the text that is shown beside it",
                ),
            }
        })
    },
};
