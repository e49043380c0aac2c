//! No flipped bit changes what is shown of a group message.

use hallmark_model::Verdict;

use super::{Check, Conclusion, TOO_SLOW, measured};
use crate::probe::{GroupBitFlipsMeasured, Sweep};

pub(super) const CHECK: Check = Check {
    name: "group-bit-flips",
    title: "No flipped bit changes what a group is shown",
    experiment: "group-bit-flips",
    expected: "every altered envelope is refused, or shown with unchanged text, sender and position",
    judge: |experiment, _| {
        measured(experiment, |m: GroupBitFlipsMeasured| {
            let sweep = &m.message;
            let (other, same) = (sweep.other_meaning.len(), sweep.same_meaning.len());
            let (silent, broken) = (sweep.nothing_shown.len(), sweep.broken.len());
            let observed = format!(
                "{} flips: {other} changed the meaning, {same} were accepted without changing it, \
                 {silent} showed nothing, {broken} broke the driver",
                sweep.tried
            );
            let so_many = is_more_than_a_tenth(sweep, same as u64);
            let (verdict, why) = match () {
                () if sweep.tried == 0 => return Conclusion::unreadable("no bit was flipped"),
                () if other > 0 => {
                    (Verdict::Fail, "whoever carries the message can change what the group reads")
                }
                () if so_many => (
                    Verdict::Fail,
                    "so much of the envelope can be altered unnoticed that part of its protection is \
                     not looked at",
                ),
                () if broken > 0 => (
                    Verdict::Error,
                    "no answer is not a refusal: altered envelopes crashed, hung or confused the \
                     candidate or its driver",
                ),
                () if sweep.cut_short => (Verdict::Inconclusive, TOO_SLOW),
                () if same > 0 => (
                    Verdict::Pass,
                    "contents are authenticated; the accepted flips are malleable but harmless: text, \
                     sender and position stayed the same",
                ),
                () => (Verdict::Pass, "contents are authenticated"),
            };
            Conclusion::new(verdict, observed, why)
        })
    },
};

/// Whether more than a tenth of the envelope can be altered unnoticed. Of a sample it counts by three standard
/// deviations more only: what is near a tenth must not be judged by the seed.
fn is_more_than_a_tenth(sweep: &Sweep, same: u64) -> bool {
    let tried = u128::from(sweep.tried);
    let over = (10 * u128::from(same)).saturating_sub(tried);
    let sampled = sweep.tried < sweep.bits;
    // With p = 1/10, the standard deviation of ten times the count is 3 √n.
    if sampled { over * over > 81 * tried } else { over > 0 }
}
