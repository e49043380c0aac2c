//! The deliberate defects, and what each of them must turn.

use std::{fmt, str::FromStr};

/// A deliberate defect that the reference messenger can switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Used message keys stay in the state.
    KeepMessageKeys,
    /// The authentication tag is not checked.
    SkipMac,
    /// The authentication tag is compared only as far as it is there.
    AcceptShortMac,
    /// A delivered envelope is delivered again.
    AcceptReplay,
    /// A message handed back to its sender is shown as one of the peer.
    AcceptReflection,
    /// No new ratchet key after the first.
    NoRatchet,
    /// The signature of a signed prekey is not checked.
    SkipPrekeySignature,
    /// A key agreement that gives the all-zero secret is accepted.
    AcceptZeroKey,
    /// A one-time prekey serves any number of sessions.
    ReuseOneTimePrekey,
    /// Without a session, messages leave unencrypted.
    PlaintextFallback,
    /// Envelopes show the beginning of their plaintext.
    LeakPlaintext,
    /// Long messages lose their end.
    TruncateLongMessage,
    /// Only one skipped message key is stored.
    SingleSkippedKey,
    /// Skipped message keys never expire.
    KeepSkippedKeys,
    /// The fingerprint covers names, not keys.
    FingerprintWithoutKeys,
    /// Contents are encrypted with AES-128.
    Aes128,
}

impl Fault {
    /// Every fault, in the order of the list that people see.
    pub const ALL: [Self; 16] = [
        Self::KeepMessageKeys,
        Self::SkipMac,
        Self::AcceptShortMac,
        Self::AcceptReplay,
        Self::AcceptReflection,
        Self::NoRatchet,
        Self::SkipPrekeySignature,
        Self::AcceptZeroKey,
        Self::ReuseOneTimePrekey,
        Self::PlaintextFallback,
        Self::LeakPlaintext,
        Self::TruncateLongMessage,
        Self::SingleSkippedKey,
        Self::KeepSkippedKeys,
        Self::FingerprintWithoutKeys,
        Self::Aes128,
    ];

    /// The name used on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KeepMessageKeys => "keep-message-keys",
            Self::SkipMac => "skip-mac",
            Self::AcceptShortMac => "accept-short-mac",
            Self::AcceptReplay => "accept-replay",
            Self::AcceptReflection => "accept-reflection",
            Self::NoRatchet => "no-ratchet",
            Self::SkipPrekeySignature => "skip-prekey-signature",
            Self::AcceptZeroKey => "accept-zero-key",
            Self::ReuseOneTimePrekey => "reuse-one-time-prekey",
            Self::PlaintextFallback => "plaintext-fallback",
            Self::LeakPlaintext => "leak-plaintext",
            Self::TruncateLongMessage => "truncate-long-message",
            Self::SingleSkippedKey => "single-skipped-key",
            Self::KeepSkippedKeys => "keep-skipped-keys",
            Self::FingerprintWithoutKeys => "fingerprint-without-keys",
            Self::Aes128 => "aes-128",
        }
    }

    /// The defect in one line, for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::KeepMessageKeys => "keys of delivered messages stay in the stored state",
            Self::SkipMac => "the authentication tag of a message is not checked",
            Self::AcceptShortMac => {
                "a shortened authentication tag is compared only as far as it goes"
            }
            Self::AcceptReplay => "an envelope that was delivered is delivered again",
            Self::AcceptReflection => "a message handed back to its sender is shown as the peer's",
            Self::NoRatchet => "no new ratchet key is made after the first",
            Self::SkipPrekeySignature => "the signature of a peer's signed prekey is not checked",
            Self::AcceptZeroKey => "public keys that force an all-zero shared secret are accepted",
            Self::ReuseOneTimePrekey => "a one-time prekey is not deleted after its use",
            Self::PlaintextFallback => "without a session, messages leave unencrypted",
            Self::LeakPlaintext => "a padding field shows the beginning of each message",
            Self::TruncateLongMessage => "messages lose everything after 4096 bytes",
            Self::SingleSkippedKey => {
                "of the messages skipped in a chain, only the last can still be read"
            }
            Self::KeepSkippedKeys => "keys of messages that never arrived are kept for ever",
            Self::FingerprintWithoutKeys => {
                "the fingerprint covers the names of both sides, not their keys"
            }
            Self::Aes128 => "message contents are encrypted with AES-128",
        }
    }

    /// The exact set of checks of the messaging suite that must fail with this fault, by name
    /// without the suite's prefix, each with the reason.
    #[must_use]
    pub fn declared(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::KeepMessageKeys => &[(
                "rollback",
                "the key of a delivered message is still in the state after delivery",
            )],
            Self::SkipMac => &[
                ("bit-flips", "changed ciphertext decrypts to a changed text that is delivered"),
                ("truncation", "a message without its tag is delivered like any other"),
            ],
            Self::AcceptShortMac => {
                &[("truncation", "what is left of a shortened tag is right, so it is accepted")]
            }
            Self::AcceptReplay => {
                &[("replay", "the second copy of an envelope is answered from a cache")]
            }
            Self::AcceptReflection => {
                &[("reflection", "the sender still knows the envelope, and shows it as received")]
            }
            Self::NoRatchet => &[
                ("ratchet-heals", "the chain goes on from keys that the clone has too"),
                ("undelivered-window", "no further receiving chain ever begins, so no key expires"),
            ],
            Self::SkipPrekeySignature => &[(
                "prekey-signature",
                "a session starts from a prekey that its owner did not sign",
            )],
            Self::AcceptZeroKey => {
                &[("zero-key", "a session starts from a key whose shared secret anyone knows")]
            }
            Self::ReuseOneTimePrekey => &[(
                "one-time-prekey",
                "a second session starts from a one-time prekey already used",
            )],
            Self::PlaintextFallback => {
                &[("plaintext-fallback", "a message for a peer without session leaves as it is")]
            }
            Self::LeakPlaintext => {
                &[("envelope-confidential", "base64 of the text stands in the envelope")]
            }
            Self::TruncateLongMessage => {
                &[("round-trip", "a message of 16 KiB arrives without its end")]
            }
            Self::SingleSkippedKey => &[(
                "reordering",
                "two messages were overtaken, and one of the two keys was dropped",
            )],
            Self::KeepSkippedKeys => {
                &[("undelivered-window", "the key outlives any number of further chains")]
            }
            Self::FingerprintWithoutKeys => {
                &[("fingerprint", "another key of the peer leaves the fingerprint as it is")]
            }
            Self::Aes128 => &[
                ("aes-256-literal", "the cipher is AES with a key of 128 bits"),
                ("aes-256-equivalent", "a key of 128 bits is not the equivalent of 256"),
            ],
        }
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
pub struct Faults(u32);

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
                    .map(|(check, reason)| format!("    turns {check}: {reason}"))
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
        fn a_set_holds_what_was_put_in(chosen in proptest::sample::subsequence(&Fault::ALL[..], 0..=16)) {
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
