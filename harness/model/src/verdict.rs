//! What a check concludes, and how conclusions combine.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The conclusion of a check, and of a requirement.
///
/// "Could not tell" has several honest forms, and none of them is a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The demand is met, literally.
    Pass,
    /// The demand is met by a documented equivalence; the finding names the clause permitting it.
    PassEquivalent,
    /// Met, with a weakness that the standard does not forbid.
    Warn,
    /// Not met.
    Fail,
    /// Tried, but a control failed or the observation cannot be trusted.
    Inconclusive,
    /// Not tried: a capability is absent, or the check was not selected.
    NotTested,
    /// The demand does not concern this candidate.
    NotApplicable,
    /// The driver or Hallmark itself failed; nothing is known about the candidate.
    Error,
}

impl Verdict {
    /// Every verdict, worst first, the neutral one last.
    pub const ALL: [Self; 8] = [
        Self::Fail,
        Self::Error,
        Self::Inconclusive,
        Self::NotTested,
        Self::Warn,
        Self::PassEquivalent,
        Self::Pass,
        Self::NotApplicable,
    ];

    /// Position in the order of badness; `NotApplicable` is the neutral element.
    fn badness(self) -> u8 {
        match self {
            Self::NotApplicable => 0,
            Self::Pass => 1,
            Self::PassEquivalent => 2,
            Self::Warn => 3,
            Self::NotTested => 4,
            Self::Inconclusive => 5,
            Self::Error => 6,
            Self::Fail => 7,
        }
    }

    /// The worse of two verdicts.
    ///
    /// Commutative, associative and idempotent, with [`Verdict::NotApplicable`] as identity:
    /// the order in which checks ran can never change a conclusion.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if other.badness() > self.badness() { other } else { self }
    }

    /// The verdict of a requirement: the worst of its checks; none run means not tested.
    #[must_use]
    pub fn of_checks(checks: impl IntoIterator<Item = Self>) -> Self {
        checks.into_iter().reduce(Self::worst).unwrap_or(Self::NotTested)
    }

    /// Whether the demand counts as met.
    #[must_use]
    pub fn is_met(self) -> bool {
        matches!(self, Self::Pass | Self::PassEquivalent | Self::Warn | Self::NotApplicable)
    }

    /// Whether nothing is known: neither met nor failed.
    #[must_use]
    pub fn is_undetermined(self) -> bool {
        matches!(self, Self::Inconclusive | Self::NotTested | Self::Error)
    }

    /// The identifier used in every machine-readable output.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::PassEquivalent => "pass-equivalent",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NotTested => "not-tested",
            Self::NotApplicable => "not-applicable",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    fn any_verdict() -> impl Strategy<Value = Verdict> {
        select(&Verdict::ALL[..])
    }

    proptest! {
        #[test]
        fn worst_is_a_commutative_idempotent_monoid(
            a in any_verdict(), b in any_verdict(), c in any_verdict()
        ) {
            prop_assert_eq!(a.worst(b), b.worst(a));
            prop_assert_eq!(a.worst(b).worst(c), a.worst(b.worst(c)));
            prop_assert_eq!(a.worst(a), a);
            prop_assert_eq!(a.worst(Verdict::NotApplicable), a);
        }

        #[test]
        fn adding_a_check_never_improves_a_requirement(
            checks in proptest::collection::vec(any_verdict(), 1..8), more in any_verdict()
        ) {
            let before = Verdict::of_checks(checks.iter().copied());
            let after = Verdict::of_checks(checks.into_iter().chain([more]));
            prop_assert!(after.badness() >= before.badness());
        }

        #[test]
        fn met_undetermined_and_fail_partition(v in any_verdict()) {
            let kinds = [v.is_met(), v.is_undetermined(), v == Verdict::Fail];
            prop_assert_eq!(kinds.iter().filter(|k| **k).count(), 1);
        }
    }

    #[test]
    fn the_published_order_holds() {
        let order: Vec<_> = Verdict::ALL.iter().map(|v| v.badness()).collect();
        assert!(order.is_sorted_by(|a, b| a > b), "{order:?}");
        assert_eq!(Verdict::of_checks([]), Verdict::NotTested);
        assert_eq!(Verdict::of_checks([Verdict::NotApplicable]), Verdict::NotApplicable);
    }

    #[test]
    fn the_identifier_is_the_serialised_form() {
        for v in Verdict::ALL {
            assert_eq!(serde_json::to_value(v).unwrap(), v.id());
        }
    }
}
