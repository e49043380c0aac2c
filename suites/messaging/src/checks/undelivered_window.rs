//! The key of a message that never arrived does not survive for long.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::WindowMeasured;

const LIMIT: &str = "undelivered-chains";

pub(super) const CHECK: Check = Check {
    name: "undelivered-window",
    title: "Keys of messages that never arrived do not survive for long",
    experiment: "undelivered-window",
    expected: "an undelivered message becomes unreadable within the standard's window",
    judge: |experiment, ground| {
        measured(experiment, |m: WindowMeasured| {
            let Some(limit) = ground.policy.limit(LIMIT) else {
                return Conclusion::unreadable(format!("the standard sets no limit `{LIMIT}`"));
            };
            let allowed =
                format!("the standard allows {} {} ({})", limit.max, limit.unit, limit.basis);
            let Some(gone_at) = m.gone_at else {
                let follow = limit.warn.unwrap_or(limit.max);
                if m.tried <= follow || m.readable_through < m.tried {
                    return Conclusion::unreadable("the window was not followed to its end");
                }
                return Conclusion::new(
                    Verdict::Fail,
                    format!("still readable after {} further receiving chains", m.tried),
                    format!("stolen state opens messages that were withheld long ago; {allowed}"),
                );
            };
            let observed = format!(
                "readable through {} further receiving chains, gone at {gone_at}",
                m.readable_through
            );
            let verdict = match m.readable_through {
                n if n <= limit.max => Verdict::Pass,
                n if n <= limit.warn.unwrap_or(limit.max) => Verdict::Warn,
                _ => Verdict::Fail,
            };
            Conclusion::new(verdict, observed, allowed)
        })
    },
};
