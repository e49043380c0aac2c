//! A sender cannot make a receiver store keys without end.

use std::fmt::Write;

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::{SkipMeasured, SkippedJump};

/// Less than any key: what a receiver that stores one for each skipped message cannot stay below. What it
/// was handed over it may keep besides: that costs the sender as much.
const BYTES_PER_MESSAGE: u64 = 8;

pub(super) const CHECK: Check = Check {
    name: "skip-ahead",
    title: "Lost messages neither end a conversation nor fill the device",
    experiment: "skip-ahead",
    expected: "after 100 lost messages the next is read; a far jump is refused, or the state stops \
               growing",
    judge: |experiment, _| {
        if let Some(step) = experiment.outcome.iter().find(|step| !step.seen.is_as_meant()) {
            return Conclusion::new(
                Verdict::Fail,
                format!("{}: {}", step.what, step.seen),
                "an hour without network ends the conversation",
            );
        }
        measured(experiment, |m: SkipMeasured| {
            let Some(last) = m.jumps.last() else {
                return Conclusion::unreadable("no jump was recorded");
            };
            let told: Vec<_> = m.jumps.iter().map(in_words).collect();
            let observed = told.join("; ");
            let most = m.jumps.iter().filter(|jump| jump.skipped == last.skipped).map(growth).max();
            if m.refused_at.is_some() {
                Conclusion::new(
                    Verdict::Pass,
                    observed,
                    "there is a limit to what a sender can skip",
                )
            } else if is_bounded(last, most.unwrap_or(0)) {
                Conclusion::new(
                    Verdict::Pass,
                    observed,
                    "the jumps were read, and the state does not grow with every further one",
                )
            } else if m.jumps.iter().filter(|jump| jump.skipped == last.skipped).count() < 2 {
                Conclusion::unreadable("the farthest jump was not repeated")
            } else {
                Conclusion::new(
                    Verdict::Fail,
                    observed,
                    "a sender can make the receiver derive and store keys without end, with a \
                     message that costs the sender nothing",
                )
            }
        })
    },
};

fn growth(jump: &SkippedJump) -> u64 {
    jump.state_after.saturating_sub(jump.state_before)
}

/// Whether the last jump added little: for its length, or beside equal jumps before it.
fn is_bounded(last: &SkippedJump, most: u64) -> bool {
    let grown = growth(last);
    let little = last.skipped.saturating_mul(BYTES_PER_MESSAGE).saturating_add(last.handed_over);
    grown <= little || grown <= most / 2
}

fn in_words(jump: &SkippedJump) -> String {
    let mut words = format!(
        "{} skipped: {}, state {} → {} bytes",
        jump.skipped,
        if jump.read { "read" } else { "refused" },
        jump.state_before,
        jump.state_after
    );
    if jump.handed_over > 0 {
        let _ = write!(words, " ({} bytes of key shares handed over)", jump.handed_over);
    }
    words
}
