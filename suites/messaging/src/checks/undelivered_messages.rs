//! The store of keys of undelivered messages is bounded within one chain too.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::UndeliveredMeasured;

const LIMIT: &str = "undelivered-messages";

pub(super) const CHECK: Check = Check {
    name: "undelivered-messages",
    title: "Keys of messages that never arrived do not pile up within a chain",
    experiment: "undelivered-messages",
    expected: "the key of an undelivered message is displaced by the standard's number of others",
    judge: |experiment, ground| {
        measured(experiment, |m: UndeliveredMeasured| {
            let Some(limit) = ground.policy.limit(LIMIT) else {
                return Conclusion::unreadable(format!("the standard sets no limit `{LIMIT}`"));
            };
            let allowed =
                format!("the standard allows {} {} ({})", limit.max, limit.unit, limit.basis);
            let delivered = format!(
                "while {} further messages were delivered in order it stayed readable through {}",
                m.delivered, m.readable_after_delivered
            );
            match m.gone_at {
                Some(gone) => {
                    let readable = m.readable_through;
                    let verdict = if readable <= limit.max { Verdict::Pass } else { Verdict::Fail };
                    let observed = format!(
                        "readable beside {readable} further undelivered messages, gone beside \
                         {gone}; {delivered}"
                    );
                    Conclusion::new(verdict, observed, allowed)
                }
                None if m.tried == 0 || m.readable_through < m.tried => {
                    Conclusion::unreadable("the window was not followed to its end")
                }
                None if m.tried <= limit.max => Conclusion::new(
                    Verdict::Pass,
                    format!("readable beside at least {} others; {delivered}", m.tried),
                    format!("the limit was not reached: as far as it was tried, {allowed}"),
                ),
                None => Conclusion::new(
                    Verdict::Fail,
                    format!("still readable beside {} others; {delivered}", m.tried),
                    format!("the keys of withheld messages pile up in the state; {allowed}"),
                ),
            }
        })
    },
};
