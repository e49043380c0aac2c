//! A stolen copy is left behind by the ratchet.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::{facts::Seen, probe::HealsMeasured};

const LIMIT: &str = "ratchet-heals-after";

pub(super) const CHECK: Check = Check {
    name: "ratchet-heals",
    title: "A stolen copy of the state is soon locked out",
    experiment: "ratchet-heals",
    expected: "after the standard's number of honest round trips a copied state reads no more",
    judge: |experiment, ground| {
        measured(experiment, |m: HealsMeasured| {
            let Some(limit) = ground.policy.limit(LIMIT) else {
                return Conclusion::unreadable(format!("the standard sets no limit `{LIMIT}`"));
            };
            let allowed =
                format!("the standard allows {} {} ({})", limit.max, limit.unit, limit.basis);
            let Some(after) = m.healed_after else {
                if m.tried <= limit.warn.unwrap_or(limit.max) {
                    return Conclusion::unreadable("the copy was not followed for long enough");
                }
                return Conclusion::new(
                    Verdict::Fail,
                    format!("the copy still reads after {} honest round trips", m.tried),
                    format!("a thief of one moment reads on for good; {allowed}"),
                );
            };
            let forged = match &m.impersonation {
                None => "it could not send on the old session".to_owned(),
                Some(seen @ Seen::Delivered { .. }) => {
                    format!("a message that it sent on the old session was {seen}")
                }
                Some(seen) => format!("a message that it sent on the old session: {seen}"),
            };
            let verdict = match after {
                n if n <= limit.max => Verdict::Pass,
                n if n <= limit.warn.unwrap_or(limit.max) => Verdict::Warn,
                _ => Verdict::Fail,
            };
            Conclusion::new(
                verdict,
                format!("the copy reads no more after {after} honest round trip(s); {forged}"),
                format!(
                    "{allowed}. This is healing of the ratchet; what a thief does with a copied \
                     identity key is a matter of the application"
                ),
            )
        })
    },
};
