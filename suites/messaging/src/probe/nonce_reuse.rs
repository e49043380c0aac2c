//! Encrypts one text many times, beside texts that differ in their second half, and looks for
//! bytes that the envelopes share.
//!
//! All texts have the same first half. So what envelopes share anyway – headers, padding, whatever
//! a messenger puts around its ciphertext – they share in both groups; only a key used again with
//! the same nonce or initialisation vector lets the equal texts share more.

use serde::{Deserialize, Serialize};

use super::{Lab, Sent, Stop, Trace};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How many envelopes each group holds.
    pub envelopes: u64,
    /// Length of every text in bytes; the first half is the same in all.
    pub plaintext_bytes: u64,
    /// Longest run of bytes that two envelopes of the *same* text share.
    pub equal: Runs,
    /// Longest run of bytes that two envelopes of *different* texts share.
    pub different: Runs,
}

/// The longest runs of equal bytes at equal places, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// With places counted from the start.
    pub from_start: u64,
    /// With places counted from the end.
    pub from_end: u64,
}

/// Length of a text: 16 blocks of 16 bytes.
const LENGTH: usize = 256;
/// Chains in which texts are encrypted, and texts of each group in each.
const CHAINS: usize = 2;
const IN_CHAIN: usize = 4;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let common: Vec<u8> = random(lab, LENGTH / 2);
    let same = [common.clone(), random(lab, LENGTH / 2)].concat();
    let (mut equal, mut different) = (Vec::new(), Vec::new());
    for chain in 1..=CHAINS {
        pair.back(lab, trace).await?;
        let mut last: Option<Sent> = None;
        for number in 1..=IN_CHAIN {
            let label = format!("the same text, chain {chain}, {number}");
            let sent = pair.alice.send("bob", &label, &same, trace).await?;
            pair.bob.must_take("alice", &sent.setup).await?;
            equal.push(sent.envelope.body.0);
            let other = [common.clone(), random(lab, LENGTH / 2)].concat();
            let label = format!("another text, chain {chain}, {number}");
            let sent = pair.alice.send("bob", &label, &other, trace).await?;
            different.push(sent.envelope.body.0.clone());
            last = Some(sent);
        }
        if let Some(sent) = last {
            let what = format!("bob reads the last of chain {chain}");
            trace.control(what, pair.bob.receive(&sent).await);
        }
    }
    trace.measured(&Measured {
        envelopes: (CHAINS * IN_CHAIN) as u64,
        plaintext_bytes: LENGTH as u64,
        equal: runs(&equal),
        different: runs(&different),
    });
    lab.release([pair.alice, pair.bob]);
    Ok(())
}

fn random(lab: &mut Lab<'_>, length: usize) -> Vec<u8> {
    (0..length).map(|_| u8::try_from(lab.below(256)).unwrap_or(0)).collect()
}

/// The longest runs that any two of these share.
fn runs(bodies: &[Vec<u8>]) -> Runs {
    let mut longest = Runs::default();
    for (index, one) in bodies.iter().enumerate() {
        for other in bodies.iter().skip(index + 1) {
            let from_start = run(one.iter().zip(other));
            let from_end = run(one.iter().rev().zip(other.iter().rev()));
            longest.from_start = longest.from_start.max(from_start);
            longest.from_end = longest.from_end.max(from_end);
        }
    }
    longest
}

fn run<'a>(pairs: impl Iterator<Item = (&'a u8, &'a u8)>) -> u64 {
    let (mut longest, mut current) = (0, 0);
    for (one, other) in pairs {
        current = if one == other { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_at_equal_places_is_found_from_both_ends() {
        let bodies = [b"abcdefgh".to_vec(), b"xbcdxfgh".to_vec(), b"yyyyyyyyyyfgh".to_vec()];
        assert_eq!(runs(&bodies), Runs { from_start: 3, from_end: 3 });
        let shifted = [b"0123456".to_vec(), b"x0123456".to_vec()];
        assert_eq!(runs(&shifted), Runs { from_start: 0, from_end: 7 });
        assert_eq!(runs(&[]), Runs::default());
    }
}
