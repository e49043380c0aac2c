//! Keys of past epochs do not survive for long.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::GroupEpochsMeasured;

const LIMIT: &str = "group-epochs";

pub(super) const CHECK: Check = Check {
    name: "group-epochs",
    title: "Keys from before a change of the group do not survive for long",
    experiment: "group-epochs",
    expected: "a message withheld before a change becomes unreadable within the standard's number of \
               further changes",
    judge: |experiment, ground| {
        measured(experiment, |m: GroupEpochsMeasured| {
            let Some(limit) = ground.policy.limit(LIMIT) else {
                return Conclusion::unreadable(format!("the standard sets no limit `{LIMIT}`"));
            };
            let allowed =
                format!("the standard allows {} {} ({})", limit.max, limit.unit, limit.basis);
            let follow = limit.warn.unwrap_or(limit.max);
            let Some(gone_at) = m.gone_at else {
                if m.tried <= follow || m.readable_through < m.tried {
                    return Conclusion::unreadable("the window was not followed to its end");
                }
                return Conclusion::new(
                    Verdict::Fail,
                    format!("still readable after {} further changes", m.tried),
                    format!("stolen state opens messages that were withheld long ago; {allowed}"),
                );
            };
            let observed = format!(
                "readable through {} further changes, gone at {gone_at}",
                m.readable_through
            );
            let verdict = match m.readable_through {
                n if n <= limit.max => Verdict::Pass,
                n if n <= follow => Verdict::Warn,
                _ => Verdict::Fail,
            };
            Conclusion::new(verdict, observed, allowed)
        })
    },
};
