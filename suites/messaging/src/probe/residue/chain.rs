//! The keys of a sending chain, found in states whose format nobody knows.
//!
//! A chain key is recognised by what is derived from it. With the constants that "The Double Ratchet
//! Algorithm" recommends (section 5.2), HMAC-SHA-256 of the byte 1 is a message key and of the byte 2
//! the next chain key: 32 bytes whose next chain key stands in the state after the next message
//! are the chain key.

use std::collections::HashSet;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hallmark_driver::protocol::Bytes;
use ring::{hkdf, hmac};
use serde_json::Value;

/// What is decoded of one state, in bytes.
const MOST: usize = 2 << 20;

/// Encodings within encodings that are undone.
const DEEPEST: usize = 6;

/// States in which so many keys look as if another followed, and none does, are made to look so.
const MOST_CANDIDATES: usize = 64;

/// To what Signal, Olm and OMEMO 2 (XEP-0384, version 0.8) expand a message key: the words that they put in.
const EXPANSIONS: [&str; 3] = ["WhisperMessageKeys", "OLM_KEYS", "OMEMO Message Key Material"];

const MESSAGE_KEY: u8 = 1;
const NEXT_CHAIN_KEY: u8 = 2;

pub(super) type Key = [u8; 32];

/// The chain key before the first of some messages, and after each.
pub(super) struct Chain(Vec<Key>);

impl Chain {
    /// The chain in these states of its sender: before the first message, and after each.
    pub(super) fn of(states: &[Bytes]) -> Option<Self> {
        let states: Vec<_> = states.iter().map(|state| State::read(state)).collect();
        let (first, later) = states.split_first()?;
        let second = later.first()?.beginnings();
        let mut candidates = 0;
        first.windows().find_map(|key| {
            let mut keys = vec![*key];
            let mut next = derive(key, NEXT_CHAIN_KEY);
            // Most windows end here, at the cost of one HMAC. One whose successor is there already
            // is older than the chain key: this sender keeps them.
            if candidates >= MOST_CANDIDATES || !second.contains(&beginning(&next)) {
                return None;
            }
            candidates += 1;
            if first.holds(&next) {
                return None;
            }
            for state in later {
                if !state.holds(&next) {
                    return None;
                }
                keys.push(next);
                next = derive(&next, NEXT_CHAIN_KEY);
            }
            Some(Self(keys))
        })
    }

    /// The key behind the next message.
    pub(super) fn current(&self) -> &Key {
        self.0.last().expect("a chain that was recognised has keys")
    }

    /// The keys behind the messages that were sent.
    pub(super) fn spent(&self) -> &[Key] {
        &self.0[..self.0.len() - 1]
    }

    /// The keys of those messages, and what protocols expand them to: what encrypts, what authenticates.
    pub(super) fn message_keys(&self) -> impl Iterator<Item = Key> {
        self.spent().iter().flat_map(|key| {
            let key = derive(key, MESSAGE_KEY);
            EXPANSIONS.into_iter().flat_map(move |info| expand(&key, info)).chain([key])
        })
    }
}

fn derive(key: &Key, constant: u8) -> Key {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &[constant]);
    let mut derived = [0; 32];
    derived.copy_from_slice(tag.as_ref());
    derived
}

/// HKDF with SHA-256 (RFC 5869) and a salt of zeros: two keys.
fn expand(key: &Key, info: &str) -> [Key; 2] {
    let mut keys = [0; 64];
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[0; 32])
        .extract(key)
        .expand(&[info.as_bytes()], TwoKeys)
        .and_then(|okm| okm.fill(&mut keys))
        .expect("RFC 5869 allows far more than two keys");
    let (mut first, mut second) = ([0; 32], [0; 32]);
    first.copy_from_slice(&keys[..32]);
    second.copy_from_slice(&keys[32..]);
    [first, second]
}

struct TwoKeys;

impl hkdf::KeyType for TwoKeys {
    fn len(&self) -> usize {
        64
    }
}

fn beginning(key: &Key) -> [u8; 8] {
    key[..8].try_into().expect("a key has more than eight bytes")
}

/// Every byte string in a state, whatever it is wrapped in.
struct State(Vec<Vec<u8>>);

impl State {
    fn read(state: &[u8]) -> Self {
        let mut found = Vec::new();
        let mut bytes = 0;
        let mut open = vec![(state.to_vec(), 0)];
        while let Some((piece, depth)) = open.pop() {
            bytes += piece.len();
            if bytes > MOST {
                break;
            }
            let inner = if depth < DEEPEST { unwrap(&piece) } else { Vec::new() };
            if inner.is_empty() {
                found.push(piece);
            } else {
                open.extend(inner.into_iter().map(|inner| (inner, depth + 1)));
            }
        }
        Self(found)
    }

    fn windows(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().flat_map(|piece| piece.windows(32)).filter_map(|key| key.try_into().ok())
    }

    fn beginnings(&self) -> HashSet<[u8; 8]> {
        self.windows().map(beginning).collect()
    }

    fn holds(&self, key: &Key) -> bool {
        self.windows().any(|window| window == key)
    }
}

/// The byte strings in a JSON document, in base64 or in hexadecimal digits; none where it is
/// something else.
fn unwrap(piece: &[u8]) -> Vec<Vec<u8>> {
    if let Ok(json @ (Value::Object(_) | Value::Array(_) | Value::String(_))) =
        serde_json::from_slice(piece)
    {
        let mut found = Vec::new();
        leaves(json, &mut found);
        return found;
    }
    let text = piece.trim_ascii();
    if text.len() < 32 {
        return Vec::new();
    }
    // Digits can be read both ways.
    [unhex(text), STANDARD.decode(text).ok(), URL_SAFE.decode(text).ok()]
        .into_iter()
        .flatten()
        .collect()
}

/// Strings, and lists of numbers that are bytes. The depth of a document is bounded by its parser.
fn leaves(json: Value, found: &mut Vec<Vec<u8>>) {
    match json {
        Value::String(text) => {
            found.extend(latin_1(&text));
            found.push(text.into_bytes());
        }
        Value::Array(list) => match bytes(list.iter()) {
            Some(bytes) => found.push(bytes),
            None => list.into_iter().for_each(|value| leaves(value, found)),
        },
        // As JavaScript writes an array of bytes: by index.
        Value::Object(map) => match bytes(map.values()) {
            Some(bytes) => found.push(bytes),
            None => map.into_iter().for_each(|(_, value)| leaves(value, found)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text of which each character stands for a byte, as Python and JavaScript may write bytes. What
/// is ASCII is the same either way.
fn latin_1(text: &str) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return None;
    }
    text.chars().map(|letter| u8::try_from(letter).ok()).collect()
}

/// Bytes as numbers, with or without sign.
fn bytes<'v>(values: impl Iterator<Item = &'v Value>) -> Option<Vec<u8>> {
    let byte = |value: &Value| match value.as_i64()? {
        number @ 0..=255 => u8::try_from(number).ok(),
        number => i8::try_from(number).ok().map(i8::cast_unsigned),
    };
    let bytes: Vec<u8> = values.map(byte).collect::<Option<_>>()?;
    (!bytes.is_empty()).then_some(bytes)
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// With or without padding, and with stray bits at the end.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The ways in which a driver may write a state.
    #[derive(Clone, Copy, Debug)]
    enum Form {
        Raw,
        Base64,
        Base64Url,
        Hex,
        Numbers,
        Signed,
        ByIndex,
        Latin1,
        JsonInBase64,
        JsonInJson,
    }

    const FORMS: [Form; 10] = [
        Form::Raw,
        Form::Base64,
        Form::Base64Url,
        Form::Hex,
        Form::Numbers,
        Form::Signed,
        Form::ByIndex,
        Form::Latin1,
        Form::JsonInBase64,
        Form::JsonInJson,
    ];

    fn state(form: Form, before: &[u8], key: &Key, after: &[u8]) -> Bytes {
        let field = [before, key, after].concat();
        let in_json = |value: Value| json!({ "name": "alice", "n": [1, 2, 300], "s": [value] });
        let written = match form {
            Form::Raw => return Bytes([b"\0\0", &field[..]].concat()),
            Form::Base64 => in_json(STANDARD.encode(field).into()),
            Form::Base64Url => in_json(URL_SAFE.encode(field).into()),
            Form::Hex => {
                let digits: String = field.iter().map(|b| format!("{b:02x}")).collect();
                in_json(digits.into())
            }
            Form::Numbers => in_json(field.into()),
            Form::Signed => in_json(field.into_iter().map(u8::cast_signed).collect()),
            Form::ByIndex => {
                let by_index = field.into_iter().enumerate();
                let fields = by_index.map(|(at, byte)| (at.to_string(), byte.into()));
                in_json(Value::Object(fields.collect()))
            }
            Form::Latin1 => {
                in_json(field.into_iter().map(char::from).collect::<String>().into())
            }
            Form::JsonInBase64 => {
                in_json(STANDARD.encode(json!({ "key": field }).to_string()).into())
            }
            Form::JsonInJson => {
                in_json(json!({ "key": STANDARD.encode(field) }).to_string().into())
            }
        };
        Bytes(written.to_string().into_bytes())
    }

    /// RFC 5869, sections 2.2 and 2.3.
    fn by_hand(key: &Key, info: &str) -> [Key; 2] {
        let sign = |key: &[u8], parts: &[&[u8]]| -> Key {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &parts.concat());
            tag.as_ref().try_into().unwrap()
        };
        let prk = sign(&[0; 32], &[key]);
        let first = sign(&prk, &[info.as_bytes(), &[1]]);
        let second = sign(&prk, &[&first, info.as_bytes(), &[2]]);
        [first, second]
    }

    fn chain(first: Key, messages: usize) -> Vec<Key> {
        std::iter::successors(Some(first), |key| Some(derive(key, 2))).take(messages + 1).collect()
    }

    proptest! {
        #[test]
        fn a_chain_key_is_recognised_in_any_form(
            form in proptest::sample::select(&FORMS[..]),
            first in any::<Key>(),
            before in proptest::collection::vec(any::<u8>(), 0..70),
            after in proptest::collection::vec(any::<u8>(), 0..70),
        ) {
            let keys = chain(first, 3);
            let states: Vec<_> =
                keys.iter().map(|key| state(form, &before, key, &after)).collect();
            let found = Chain::of(&states).expect("it is there");
            prop_assert_eq!(&found.0, &keys);
            prop_assert_eq!(found.current(), &keys[3]);
            let found: Vec<_> = found.message_keys().collect();
            for key in &keys[..3] {
                let message_key = derive(key, 1);
                prop_assert!(found.contains(&message_key));
                for key in EXPANSIONS.into_iter().flat_map(|info| by_hand(&message_key, info)) {
                    prop_assert!(found.contains(&key));
                }
            }
            prop_assert_eq!(found.len(), 3 * (1 + 2 * EXPANSIONS.len()));
        }

        #[test]
        fn nothing_makes_it_panic(states in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..200), 0..4,
        )) {
            let states: Vec<_> = states.into_iter().map(Bytes).collect();
            prop_assert!(Chain::of(&states).is_none());
        }
    }

    #[test]
    fn the_newest_key_of_a_sender_that_keeps_all_is_the_chain_key() {
        let keys = chain([7; 32], 6);
        let states: Vec<_> = (3..=6).map(|n| Bytes(keys[..=n].concat())).collect();
        assert_eq!(Chain::of(&states).unwrap().0, keys[3..]);
    }

    #[test]
    fn other_ratchets_and_sealed_states_are_not_recognised() {
        let hash = |key: &Key| -> Key {
            ring::digest::digest(&ring::digest::SHA256, key).as_ref().try_into().unwrap()
        };
        let keys = std::iter::successors(Some([7; 32]), |key| Some(hash(key)));
        let states: Vec<_> = keys.take(4).map(|key| Bytes(key.to_vec())).collect();
        assert!(Chain::of(&states).is_none());
        assert!(Chain::of(&[]).is_none());
        assert!(Chain::of(&states[..1]).is_none());
    }

    #[test]
    fn a_huge_or_deep_state_is_given_up() {
        let deep = Bytes([vec![b'['; 100_000], vec![b']'; 100_000]].concat());
        let huge = Bytes(vec![0x5a; MOST + 1]);
        assert!(Chain::of(&[deep.clone(), deep]).is_none());
        assert!(State::read(&huge).0.is_empty());
    }
}
