//! The number from which everything random in a run follows.

use std::{fmt, num::ParseIntError, str::FromStr};

/// A seed, written in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// An independent seed for the part of the run called `name` (FNV-1a over the name, folded
    /// in and mixed by the SplitMix64 finaliser): a probe run alone sees the same numbers as
    /// within the whole suite.
    #[must_use]
    pub fn derive(self, name: &str) -> Self {
        let folded = name.bytes().fold(self.0 ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (folded ^ (folded >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(mixed ^ (mixed >> 31))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl FromStr for Seed {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn seeds_survive_text(n: u64) {
            prop_assert_eq!(Seed(n).to_string().parse(), Ok(Seed(n)));
        }

        #[test]
        fn parts_are_independent(n: u64, a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
            prop_assert_eq!(Seed(n).derive(&a) == Seed(n).derive(&b), a == b);
        }
    }
}
