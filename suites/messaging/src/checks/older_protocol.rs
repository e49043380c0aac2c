//! The server cannot talk two devices into a weaker session.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, in_words, measured};
use crate::probe::OlderMeasured;

pub(super) const CHECK: Check = Check {
    name: "older-protocol",
    title: "The server cannot talk two devices into a weaker session",
    experiment: "older-protocol",
    expected: "prekeys from which something was taken out are refused, give the same session, or \
               the user is told",
    judge: |experiment, _| {
        measured(experiment, |m: OlderMeasured| {
            let weaker = m.others.iter().find(|other| other.stated != m.honest && !other.warned);
            match weaker {
                Some(other) => Conclusion::new(
                    Verdict::Fail,
                    format!(
                        "{}: the session states {} instead of {}",
                        text::one_line(&other.what),
                        other.algorithms(),
                        m.algorithms()
                    ),
                    "whoever runs the server chooses the weakest protocol that the candidate knows",
                ),
                None if experiment.outcome.is_empty() => {
                    Conclusion::unreadable("no step under test was recorded")
                }
                None => Conclusion::new(
                    Verdict::Pass,
                    in_words(&experiment.outcome),
                    "what two devices agree on is not the server's choice",
                ),
            }
        })
    },
};
