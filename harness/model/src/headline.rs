//! The two halves of the answer, never mixed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Overlay, Verdict};

/// One half of the headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Half {
    /// Every blocking row is met.
    Meets,
    /// At least one blocking row fails.
    DoesNotMeet,
    /// Nothing failed, but something is not known.
    NotDetermined,
}

impl Half {
    /// The half over the blocking rows of one kind. No rows means nothing was determined.
    #[must_use]
    pub fn over<'a>(rows: impl IntoIterator<Item = (Verdict, &'a [Overlay])>) -> Self {
        let mut half = None;
        for (verdict, overlays) in rows {
            let answered = overlays.iter().any(|overlay| overlay.answers(verdict));
            let row = match verdict {
                Verdict::Fail => return Self::DoesNotMeet,
                met if met.is_met() || answered => Self::Meets,
                _ => Self::NotDetermined,
            };
            half = Some(match (half, row) {
                (None | Some(Self::Meets), row) => row,
                (Some(worse), _) => worse,
            });
        }
        half.unwrap_or(Self::NotDetermined)
    }

    /// The words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Meets => "meets",
            Self::DoesNotMeet => "does not meet",
            Self::NotDetermined => "is not determined for",
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Meets => "meets",
            Self::DoesNotMeet => "does-not-meet",
            Self::NotDetermined => "not-determined",
        })
    }
}

/// What the run says of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Headline {
    /// Over the rows that a published clause demands.
    pub clauses: Half,
    /// Over the rows that only Hallmark demands.
    pub house_rules: Half,
}

impl Headline {
    /// The headline of a run that did not finish, or has not yet.
    pub const UNDETERMINED: Self =
        Self { clauses: Half::NotDetermined, house_rules: Half::NotDetermined };
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::Sha256;

    fn declared() -> Overlay {
        Overlay::Declared {
            by: "A. Person, security lead".into(),
            document: "Policy".into(),
            sha256: Sha256::from_bytes([7; 32]),
            expires: date(2027, 1, 1),
        }
    }

    fn waived() -> Overlay {
        Overlay::Waived {
            reason: "replaced next month".into(),
            owner: "B. Person".into(),
            approved_by: "C. Person".into(),
            expires: date(2027, 1, 1),
        }
    }

    fn rank(half: Half) -> u8 {
        match half {
            Half::Meets => 0,
            Half::NotDetermined => 1,
            Half::DoesNotMeet => 2,
        }
    }

    proptest! {
        #[test]
        fn adding_a_row_never_improves_a_half(
            rows in proptest::collection::vec(select(&Verdict::ALL[..]), 1..9),
            more in select(&Verdict::ALL[..]),
        ) {
            let half = |rows: &[Verdict]| Half::over(rows.iter().map(|v| (*v, &[][..])));
            let before = half(&rows);
            let after = half(&[&rows[..], &[more]].concat());
            prop_assert!(rank(after) >= rank(before));
        }

        #[test]
        fn a_waiver_never_improves_a_half(verdict in select(&Verdict::ALL[..])) {
            let (bare, over) = ([], [waived()]);
            prop_assert_eq!(Half::over([(verdict, &bare[..])]), Half::over([(verdict, &over[..])]));
        }

        #[test]
        fn a_declaration_answers_only_what_was_not_tested(verdict in select(&Verdict::ALL[..])) {
            let (bare, over) = ([], [declared()]);
            let (without, with) =
                (Half::over([(verdict, &bare[..])]), Half::over([(verdict, &over[..])]));
            prop_assert_eq!(without != with, verdict == Verdict::NotTested);
        }
    }

    #[test]
    fn nothing_tested_is_not_determined() {
        assert_eq!(Half::over([]), Half::NotDetermined);
    }
}
