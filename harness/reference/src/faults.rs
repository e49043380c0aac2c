//! The deliberate defects, and what each of them must turn.

mod table;

use std::{fmt, str::FromStr};

pub use table::Fault;

/// A check that a fault must turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The check, with its suite: `messaging/rollback`.
    pub check: &'static str,
    /// What its verdict must be.
    pub to: Turned,
    /// Why.
    pub reason: &'static str,
}

/// The verdict of a check that a fault turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// The defect itself.
    Fail,
    /// What cannot be avoided beside the defect, and is not as bad.
    Warn,
}

impl fmt::Display for Turned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
        })
    }
}

impl Fault {
    /// Whether it is a defect of the live app, which shows only where that app runs on its server.
    #[must_use]
    pub fn is_of_the_live_app(self) -> bool {
        self.declared().iter().all(|turn| turn.check.starts_with("messaging/app-"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no fault has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a fault{}", .closest.map(|fault| format!("; did you mean `{fault}`?")).unwrap_or_default())]
pub struct UnknownFault {
    /// What was given.
    pub name: String,
    /// The fault whose name is closest, if one is close.
    pub closest: Option<Fault>,
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        Self::ALL
            .into_iter()
            .find(|fault| fault.name() == text)
            .ok_or_else(|| UnknownFault { name: text.to_owned(), closest: closest(text) })
    }
}

/// The fault whose name can be reached by the fewest edits, if that is less than half of it.
fn closest(text: &str) -> Option<Fault> {
    if text.len() > 64 {
        return None;
    }
    Fault::ALL
        .into_iter()
        .map(|fault| (strsim::damerau_levenshtein(text, fault.name()), fault))
        .filter(|(distance, fault)| *distance < fault.name().len() / 2)
        .min()
        .map(|(_, fault)| fault)
}

/// A set of faults; empty is the honest messenger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults(u128);

impl Faults {
    /// The honest messenger.
    pub const NONE: Self = Self(0);

    /// Whether this fault is on.
    #[must_use]
    pub fn has(self, fault: Fault) -> bool {
        self.0 & Self::from(fault).0 != 0
    }

    /// Those that are on, in the order of [`Fault::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.has(*fault))
    }

    /// Whether none is on.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(1 << fault as u32)
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().fold(0, |set, fault| set | Self::from(fault).0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_list_of_faults() {
        let list: Vec<_> = Fault::ALL
            .into_iter()
            .map(|fault| {
                let turns: Vec<_> = fault
                    .declared()
                    .iter()
                    .map(|turn| format!("    {} {}: {}", turn.to, turn.check, turn.reason))
                    .collect();
                format!("{fault}: {}\n{}", fault.title(), turns.join("\n"))
            })
            .collect();
        insta::assert_snapshot!(list.join("\n"));
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_closest() {
        let said = |name: &str| name.parse::<Fault>().unwrap_err().to_string();
        insta::assert_snapshot!(
            [said("skip-mca"), said("keep-message-key"), said("bad-weather"), said("")].join("\n")
        );
    }

    proptest! {
        #[test]
        fn a_set_holds_what_was_put_in(chosen in proptest::sample::subsequence(&Fault::ALL[..], 0..=Fault::ALL.len())) {
            let set: Faults = chosen.iter().copied().collect();
            prop_assert_eq!(set.iter().collect::<Vec<_>>(), chosen.clone());
            prop_assert_eq!(set.is_empty(), chosen.is_empty());
            for fault in chosen {
                prop_assert_eq!(fault.name().parse::<Fault>(), Ok(fault));
            }
        }

        #[test]
        fn no_name_makes_it_panic(name in any::<String>()) {
            let _ = name.parse::<Fault>();
        }
    }
}
