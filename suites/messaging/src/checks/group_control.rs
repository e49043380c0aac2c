//! Changes of a group and key shares are authenticated.

use hallmark_model::Verdict;

use super::{Check, Conclusion, TOO_SLOW, measured};
use crate::probe::{GroupControlMeasured, Swept};

pub(super) const CHECK: Check = Check {
    name: "group-control",
    title: "Nobody can alter what changes a group",
    experiment: "group-control",
    expected: "every altered change or key share is refused, or has exactly the effect of the \
               unaltered one",
    judge: |experiment, _| {
        measured(experiment, |m: GroupControlMeasured| {
            let all = |list: fn(&Swept) -> &Vec<String>| -> Vec<String> {
                let named = |swept: &Swept| {
                    let kind = swept.kind.clone();
                    list(swept)
                        .iter()
                        .map(move |label| format!("{kind} {label}"))
                        .collect::<Vec<_>>()
                };
                m.swept.iter().flat_map(named).collect()
            };
            let tried: u64 = m.swept.iter().map(|swept| swept.tried).sum();
            if tried == 0 {
                return Conclusion::unreadable("no control message was altered");
            }
            let refused: u64 = m.swept.iter().map(|swept| swept.refused).sum();
            let (other, none) = (all(|s| &s.other_effect), all(|s| &s.no_effect));
            let (same, broken) = (all(|s| &s.same_effect), all(|s| &s.broken));
            let observed = format!(
                "{tried} altered: {refused} refused, {} with another effect, {} without effect, {} \
                 with the same effect, {} broke the driver",
                other.len(),
                none.len(),
                same.len(),
                broken.len()
            );
            let first = |list: &[String]| list.first().cloned().unwrap_or_default();
            if !other.is_empty() {
                let why = "whoever carries envelopes can change a group or its keys";
                Conclusion::new(Verdict::Fail, format!("{observed}; {}", first(&other)), why)
            } else if !broken.is_empty() {
                let why = "no answer is not a refusal: altered envelopes crashed or confused the \
                           candidate or its driver";
                Conclusion::new(Verdict::Error, format!("{observed}; {}", first(&broken)), why)
            } else if m.swept.iter().any(|swept| swept.cut_short) {
                Conclusion::new(Verdict::Inconclusive, observed, TOO_SLOW)
            } else if same.is_empty() {
                let why = "changes and key shares are authenticated as a whole";
                Conclusion::new(Verdict::Pass, observed, why)
            } else if 10 * same.len() as u64 > tried {
                let why = "so much of it can be altered unnoticed that it cannot be authenticated";
                Conclusion::new(Verdict::Fail, format!("{observed}; {}", first(&same)), why)
            } else {
                let why = "what was accepted although it was altered has the same effect: malleable, \
                           harmless";
                Conclusion::new(Verdict::Pass, format!("{observed}; {}", first(&same)), why)
            }
        })
    },
};
