//! The key of a group message that never arrived does not survive for ever.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::GroupWindowMeasured;

const LIMIT: &str = "group-generations";

pub(super) const CHECK: Check = Check {
    name: "group-window",
    title: "Keys of group messages that never arrived are bounded in number",
    experiment: "group-window",
    expected: "an undelivered group message becomes unreadable within what the candidate declares and \
               the standard allows",
    judge: |experiment, ground| {
        measured(experiment, |m: GroupWindowMeasured| {
            let Some(limit) = ground.policy.limit(LIMIT) else {
                return Conclusion::unreadable(format!("the standard sets no limit `{LIMIT}`"));
            };
            let allowed =
                format!("the standard allows {} {} ({})", limit.max, limit.unit, limit.basis);
            let observed = match m.gone_at {
                Some(gone) => format!(
                    "readable through {} further messages, gone at {gone}",
                    m.readable_through
                ),
                None => format!("still readable after {} further messages", m.readable_through),
            };
            let stands = m.gone_at.is_some() || m.readable_through == m.tried;
            if m.tried == 0 || !stands {
                return Conclusion::unreadable("the window was not followed");
            }
            if let Some(declared) = m.declared.filter(|declared| m.readable_through > *declared) {
                let why = format!("the candidate declares that it keeps such keys for {declared}");
                return Conclusion::new(Verdict::Fail, observed, why);
            }
            match m.readable_through {
                n if n > limit.warn.unwrap_or(limit.max) => {
                    let why = format!("stolen state opens messages withheld long ago; {allowed}");
                    Conclusion::new(Verdict::Fail, observed, why)
                }
                n if n > limit.max => Conclusion::new(Verdict::Warn, observed, allowed),
                _ if m.gone_at.is_none() => Conclusion::new(
                    Verdict::Pass,
                    observed,
                    format!("followed only so far at this depth; {allowed}"),
                ),
                _ => Conclusion::new(Verdict::Pass, observed, allowed),
            }
        })
    },
};
