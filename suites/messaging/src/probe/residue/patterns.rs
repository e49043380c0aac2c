//! Secrets in every encoding that is looked for, and a search for all of them in one pass.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::{Deserialize, Serialize};

use super::super::search;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    CurrentChainKey,
    PreviousChainKey,
    FormerChainKey,
    MessageKey,
    Plaintext,
}

/// How it is written where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// As it is.
    Raw,
    /// Digits and small letters.
    HexLower,
    /// Digits and capital letters.
    HexUpper,
    /// RFC 4648, section 4, at any alignment.
    Base64,
    /// RFC 4648, section 5, at any alignment.
    Base64Url,
}

impl Encoding {
    /// By the name in [`search::forms`]; none for those that no key is ever written in.
    fn of(form: &str) -> Option<Self> {
        match form {
            "UTF-8" => Some(Self::Raw),
            "hex" => Some(Self::HexLower),
            "HEX" => Some(Self::HexUpper),
            "base64" => Some(Self::Base64),
            "base64url" => Some(Self::Base64Url),
            _ => None,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::HexLower => "hex",
            Self::HexUpper => "HEX",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
        })
    }
}

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Every form of every secret.
pub(super) struct Patterns {
    automaton: AhoCorasick,
    meant: Vec<(Class, Encoding)>,
    longest: usize,
}

impl Patterns {
    pub(super) fn of(secrets: &[(Class, Vec<u8>)]) -> Self {
        let mut known = HashMap::new();
        for (class, secret) in secrets {
            for (name, form) in search::forms(secret) {
                if let Some(encoding) = Encoding::of(name).filter(|_| !form.is_empty()) {
                    // Without special characters both kinds of base64 are the same.
                    known.entry(form).or_insert((*class, encoding));
                }
            }
        }
        let longest = known.keys().map(Vec::len).max().unwrap_or_default();
        let (forms, meant): (Vec<_>, Vec<_>) = known.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(&forms)
            .expect("a handful of keys is far below what the automaton can hold");
        Self { automaton, meant, longest }
    }
}

/// Looks for them in what is read piece by piece, and keeps counts alone.
pub(super) struct Searcher<'p> {
    patterns: &'p Patterns,
    /// The end of what was read before, then what is being read.
    buffer: Vec<u8>,
    kept: usize,
    found: BTreeMap<(Class, Encoding), u64>,
}

impl<'p> Searcher<'p> {
    pub(super) fn new(patterns: &'p Patterns) -> Self {
        let buffer = vec![0; patterns.longest + CHUNK];
        Self { patterns, buffer, kept: 0, found: BTreeMap::new() }
    }

    /// Where the next bytes are to be put.
    pub(super) fn space(&mut self) -> &mut [u8] {
        &mut self.buffer[self.kept..self.kept + CHUNK]
    }

    /// Searches the first `count` bytes of that space, together with the end of those before.
    pub(super) fn advance(&mut self, count: usize) {
        let end = self.kept + count.min(CHUNK);
        let text = &self.buffer[..end];
        // Much of what a process holds was never written.
        if text.iter().any(|byte| *byte != 0) {
            for hit in self.patterns.automaton.find_overlapping_iter(text) {
                // One that ends before was counted before.
                if hit.end() > self.kept {
                    let meant = self.patterns.meant[hit.pattern().as_usize()];
                    *self.found.entry(meant).or_default() += 1;
                }
            }
        }
        let keep = end.min(self.patterns.longest.saturating_sub(1));
        self.buffer.copy_within(end - keep..end, 0);
        self.kept = keep;
    }

    /// What comes next does not follow what came before.
    pub(super) fn gap(&mut self) {
        self.kept = 0;
    }

    /// Copies of each class in each encoding.
    pub(super) fn found(&self) -> impl Iterator<Item = (Class, Encoding, u64)> {
        self.found.iter().map(|((class, encoding), copies)| (*class, *encoding, *copies))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base64::{Engine, engine::general_purpose};
    use proptest::prelude::*;

    use super::*;

    fn hex(bytes: &[u8], upper: bool) -> Vec<u8> {
        let lower: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if upper { lower.to_uppercase() } else { lower }.into_bytes()
    }

    fn written(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
        match encoding {
            Encoding::Raw => bytes.to_vec(),
            Encoding::HexLower => hex(bytes, false),
            Encoding::HexUpper => hex(bytes, true),
            Encoding::Base64 => general_purpose::STANDARD.encode(bytes).into_bytes(),
            Encoding::Base64Url => general_purpose::URL_SAFE.encode(bytes).into_bytes(),
        }
    }

    fn read(searcher: &mut Searcher<'_>, mut hay: &[u8], pieces: &[usize]) {
        let mut pieces = pieces.iter().cycle();
        while !hay.is_empty() {
            let count = hay.len().min(*pieces.next().unwrap_or(&7)).max(1);
            searcher.space()[..count].copy_from_slice(&hay[..count]);
            searcher.advance(count);
            hay = &hay[count..];
        }
    }

    proptest! {
        #[test]
        fn each_copy_is_counted_once_in_whatever_pieces_it_is_read(
            key in any::<[u8; 32]>(),
            encoding in proptest::sample::select(&[
                Encoding::Raw, Encoding::HexLower, Encoding::HexUpper, Encoding::Base64,
                Encoding::Base64Url,
            ][..]),
            around in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..60), 0..60_usize), 1..5,
            ),
            pieces in proptest::collection::vec(1..200_usize, 1..6),
        ) {
            // Else it may stand in what surrounds it, or be the same in capitals.
            prop_assume!(key.iter().collect::<BTreeSet<_>>().len() > 16);
            prop_assume!(hex(&key, false) != hex(&key, true));
            let patterns = Patterns::of(&[
                (Class::MessageKey, key.to_vec()), (Class::CurrentChainKey, vec![0x5a; 32]),
            ]);
            let mut searcher = Searcher::new(&patterns);
            for (before, after) in &around {
                let field = [&before[..], &key, &vec![7; *after]].concat();
                let hay = [b"\"", &written(encoding, &field)[..], b"\""].concat();
                read(&mut searcher, &hay, &pieces);
            }
            let found: Vec<_> = searcher.found().collect();
            let copies: u64 = found.iter().map(|(.., copies)| copies).sum();
            prop_assert_eq!(copies, around.len() as u64, "{:?}", found);
            // Where it has no special character, one kind of base64 is as good as the other.
            let same = |encoding| match encoding {
                Encoding::Base64Url => Encoding::Base64,
                other => other,
            };
            for (class, seen, _) in found {
                prop_assert_eq!((class, same(seen)), (Class::MessageKey, same(encoding)));
            }
        }
    }

    #[test]
    fn what_does_not_follow_is_not_one_copy() {
        let patterns = Patterns::of(&[(Class::MessageKey, vec![0x5a; 32])]);
        let mut searcher = Searcher::new(&patterns);
        read(&mut searcher, &[0x5a; 20], &[20]);
        searcher.gap();
        read(&mut searcher, &[0x5a; 20], &[20]);
        assert_eq!(searcher.found().count(), 0);
    }
}
