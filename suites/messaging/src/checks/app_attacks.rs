//! How attacks of a malicious server on a live app are judged.

use hallmark_model::{Verdict, text};

use super::{Conclusion, measured};
use crate::{
    facts::Experiment,
    probe::{AttackMeasured, Play, Reaction, Trust},
};

/// Why an act that changed nothing concludes nothing.
const NO_CHANCE: &str = "the server's act changed nothing that an app was handed: it had no chance";

/// Why a restart belongs to it.
const NOT_RESTARTED: &str = "what a running app cannot be made to forget, it may forget when it is started \
                             again: that was not seen";

/// What blind trust does until somebody compares fingerprints is an app's policy.
const POLICY: &str = "it holds once the reader is verified; before that the app trusts what its server \
                      shows it, which is a choice that users must be told of";

/// What an app is to do.
pub(super) struct Promise {
    /// What it comes to where the writer is told in time, and writes all the same.
    pub(super) told: Verdict,
    pub(super) good: &'static str,
    pub(super) bad: &'static str,
}

/// Nobody whom the server brought in reads along, or the writer is told. What the app does for a verified
/// reader decides.
pub(super) fn nobody_reads_along(experiment: &Experiment, promise: &Promise) -> Conclusion {
    let Promise { told, good, bad } = *promise;
    measured(experiment, |m: AttackMeasured| {
        if m.plays.is_empty() {
            return Conclusion::unreadable("no attack was recorded");
        }
        let observed = in_words(&m);
        let promised = match m.plays.iter().any(|play| play.trust == Trust::Verified) {
            true => worst(&m.plays, Trust::Verified, told),
            false => worst(&m.plays, Trust::Unverified, told),
        };
        match (promised, worst(&m.plays, Trust::Unverified, told)) {
            (Some(Verdict::Fail), _) => Conclusion::new(Verdict::Fail, observed, bad),
            (Some(Verdict::Inconclusive), _) => without_chance(observed),
            (Some(Verdict::Warn), _) => Conclusion::new(
                Verdict::Warn,
                observed,
                "the user is told, and the message goes to the server's reader all the same",
            ),
            (_, Some(Verdict::Fail | Verdict::Warn)) => {
                Conclusion::new(Verdict::Warn, observed, POLICY)
            }
            (_, Some(Verdict::Inconclusive)) => without_chance(observed),
            _ if m.not_restarted => Conclusion::new(Verdict::Inconclusive, observed, NOT_RESTARTED),
            _ => Conclusion::new(Verdict::Pass, observed, good),
        }
    })
}

/// An act that never reached an app.
pub(super) fn without_chance(observed: impl Into<String>) -> Conclusion {
    Conclusion::new(Verdict::Inconclusive, observed, NO_CHANCE)
}

/// The worst of what was played at a state of trust.
fn worst(plays: &[Play], trust: Trust, told: Verdict) -> Option<Verdict> {
    let judged =
        plays.iter().enumerate().filter(|(_, play)| play.trust == trust).map(|(at, play)| {
            // What a running app cannot be made to forget, it may forget when it is started again.
            let later = plays.get(at + 1).is_some_and(|next| next.restarted && next.applied > 0);
            verdict(play, later, told)
        });
    judged.max_by_key(|found| severity(*found))
}

fn verdict(play: &Play, had_a_chance_later: bool, told: Verdict) -> Verdict {
    match play.reaction {
        Reaction::Silent => Verdict::Fail,
        Reaction::Refused | Reaction::WithoutEffect if had_a_chance_later => Verdict::Pass,
        _ if play.applied == 0 => Verdict::Inconclusive,
        Reaction::WarnedLate => Verdict::Warn,
        Reaction::Warned => told,
        Reaction::Refused | Reaction::WithoutEffect => Verdict::Pass,
    }
}

fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 3,
        Verdict::Inconclusive => 2,
        Verdict::Warn => 1,
        _ => 0,
    }
}

fn in_words(measured: &AttackMeasured) -> String {
    let played = measured.plays.iter().map(|play| {
        let came = match (play.applied, play.reaction) {
            (0, Reaction::Silent) => "somebody new reads the message, although nothing was changed",
            (0, _) => "the server changed nothing",
            (_, Reaction::Refused) => "the app refuses to write",
            (_, Reaction::WithoutEffect) => "the server and its reader get nothing",
            (_, Reaction::Warned) => {
                "the user is told before he writes, and writes to the server's reader all the same"
            }
            (_, Reaction::WarnedLate) => {
                "the user is told when the server's reader has the message"
            }
            (_, Reaction::Silent) => "the server's reader gets the message, and nobody is told",
        };
        format!("{}: {came}", text::one_line(&play.when))
    });
    let not_tried =
        measured.not_tried.iter().map(|what| format!("not tried {}", text::one_line(what)));
    played.chain(not_tried).collect::<Vec<_>>().join("; ")
}
