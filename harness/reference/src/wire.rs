//! The body of an envelope: a compact binary encoding with a strict parser.
//!
//! ```text
//! version  u8 = 1
//! form     u8            3 prekey · 5 ratchet (any two differ in two bits)
//! prekey:  identity [65] · base key [32] · signed prekey u64 · one-time prekey u8 = 0 | u8 = 1, u64
//! ratchet: session u64
//! both:    ratchet key [32] · previous u32 · number u32
//!          padding u8 length, bytes
//!          ciphertext u32 length, bytes
//!          tag, to the end
//! ```
//!
//! A third form, 6, carries plaintext; it is understood with the fault `accept-plaintext` only.
//! Integers are big-endian. Everything before the tag is authenticated as it stands.

use serde::{Deserialize, Serialize};

use crate::{identity::PublicIdentity, kdf::Key, refused::Refused};

pub(crate) const VERSION: u8 = 1;

/// First byte of an encoded identity.
const IDENTITY_KIND: u8 = 0x05;

/// Longest tag of any cipher, in bytes.
const MAX_TAG: usize = 32;

/// Longest padding, in bytes.
pub(crate) const MAX_PADDING: usize = 128;

/// Longest plaintext of one message, in bytes.
pub(crate) const MAX_PLAINTEXT: usize = 1024 * 1024;

/// Longest body that can carry such a plaintext, with room to spare.
pub(crate) const MAX_BODY: usize = MAX_PLAINTEXT + 1024;

/// What an envelope's body is. Each form has an outer tag of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Form {
    /// Starts a session.
    Prekey = 3,
    /// Belongs to a session that both sides have.
    Ratchet = 5,
    /// Not encrypted; made and understood with faults only.
    Plain = 6,
}

impl Form {
    /// The outer tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Prekey => "prekey",
            Self::Ratchet => "ratchet",
            Self::Plain => "plain",
        }
    }
}

/// What the receiver needs to compute X3DH (X3DH section 3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    /// The sender's identity.
    pub(crate) identity: PublicIdentity,
    /// The sender's ephemeral key `EK`.
    pub(crate) base: Key,
    /// Which signed prekey was used.
    pub(crate) signed_prekey: u64,
    /// Which one-time prekey was used, if any.
    pub(crate) one_time_prekey: Option<u64>,
}

/// Which session a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// One that it starts, or that an earlier message of the same form started.
    Start(Start),
    /// The one of this number.
    Session(u64),
}

/// The header of the Double Ratchet (section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The sender's ratchet public key.
    pub(crate) ratchet: Key,
    /// `PN`: length of the sender's previous sending chain.
    pub(crate) previous: u32,
    /// `N`: number of the message in its chain.
    pub(crate) number: u32,
}

/// A body, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// An encrypted message.
    Sealed(Sealed<'a>),
    /// A message that is not encrypted.
    Plain(&'a [u8]),
}

/// An encrypted message, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed<'a> {
    /// Its session.
    pub(crate) address: Address,
    /// Its place in the ratchet.
    pub(crate) header: Header,
    /// The bytes before the ciphertext.
    pub(crate) head: &'a [u8],
    /// The encrypted content.
    pub(crate) ciphertext: &'a [u8],
    /// What is left: a whole tag, unless somebody cut it.
    pub(crate) tag: &'a [u8],
}

impl Body<'_> {
    /// Its form.
    pub(crate) fn form(&self) -> Form {
        match self {
            Self::Sealed(Sealed { address: Address::Start(_), .. }) => Form::Prekey,
            Self::Sealed(Sealed { address: Address::Session(_), .. }) => Form::Ratchet,
            Self::Plain(_) => Form::Plain,
        }
    }
}

/// Everything that stands before the ciphertext.
pub(crate) fn head(
    address: &Address,
    header: &Header,
    padding: &[u8],
    ciphertext_len: usize,
) -> Vec<u8> {
    let mut out = vec![VERSION];
    match address {
        Address::Start(start) => {
            out.push(Form::Prekey as u8);
            out.extend(start.identity.encode());
            out.extend(start.base.0);
            out.extend(start.signed_prekey.to_be_bytes());
            out.push(u8::from(start.one_time_prekey.is_some()));
            out.extend(start.one_time_prekey.iter().flat_map(|id| id.to_be_bytes()));
        }
        Address::Session(id) => {
            out.push(Form::Ratchet as u8);
            out.extend(id.to_be_bytes());
        }
    }
    out.extend(header.ratchet.0);
    out.extend(header.previous.to_be_bytes());
    out.extend(header.number.to_be_bytes());
    let padding = &padding[..padding.len().min(MAX_PADDING)];
    out.push(padding.len() as u8);
    out.extend(padding);
    out.extend((ciphertext_len as u32).to_be_bytes());
    out
}

/// A message that is not encrypted, as a body.
pub(crate) fn plain(text: &[u8]) -> Vec<u8> {
    [&[VERSION, Form::Plain as u8], text].concat()
}

/// Takes a body apart.
pub(crate) fn parse(body: &[u8]) -> Result<Body<'_>, Refused> {
    let mut rest = Reader(body);
    if rest.byte()? != VERSION {
        return Err(Refused::Malformed("the envelope is of another version"));
    }
    let address = match rest.byte()? {
        form if form == Form::Prekey as u8 => Address::Start(rest.start()?),
        form if form == Form::Ratchet as u8 => Address::Session(rest.u64()?),
        form if form == Form::Plain as u8 => return Ok(Body::Plain(rest.0)),
        _ => return Err(Refused::Malformed("the envelope has no known form")),
    };
    let header = Header { ratchet: rest.key()?, previous: rest.u32()?, number: rest.u32()? };
    let padding = usize::from(rest.byte()?);
    if padding > MAX_PADDING {
        return Err(Refused::Malformed("the padding of the envelope is too long"));
    }
    rest.take(padding)?;
    let length = rest.u32()? as usize;
    let head = &body[..body.len() - rest.0.len()];
    let ciphertext = rest.take(length)?;
    if rest.0.len() > MAX_TAG {
        return Err(Refused::Malformed("the envelope goes on after its tag"));
    }
    Ok(Body::Sealed(Sealed { address, header, head, ciphertext, tag: rest.0 }))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Refused> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(Refused::Malformed("the envelope ends before its fields do"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, Refused> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, Refused> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Refused> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    fn key(&mut self) -> Result<Key, Refused> {
        Ok(Key(self.array()?))
    }

    fn start(&mut self) -> Result<Start, Refused> {
        if self.byte()? != IDENTITY_KIND {
            return Err(Refused::Malformed("the sender's identity is of an unknown kind"));
        }
        let identity = PublicIdentity { agreement: self.key()?, signing: self.key()? };
        let (base, signed_prekey) = (self.key()?, self.u64()?);
        let one_time_prekey = match self.byte()? {
            0 => None,
            1 => Some(self.u64()?),
            _ => {
                return Err(Refused::Malformed(
                    "the mark of the one-time prekey is neither 0 nor 1",
                ));
            }
        };
        Ok(Start { identity, base, signed_prekey, one_time_prekey })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn key() -> impl Strategy<Value = Key> {
        any::<[u8; 32]>().prop_map(Key)
    }

    fn address() -> impl Strategy<Value = Address> {
        let start = (key(), key(), key(), any::<u64>(), option::of(any::<u64>())).prop_map(
            |(agreement, signing, base, signed_prekey, one_time_prekey)| {
                let identity = PublicIdentity { agreement, signing };
                Address::Start(Start { identity, base, signed_prekey, one_time_prekey })
            },
        );
        prop_oneof![start, any::<u64>().prop_map(Address::Session)]
    }

    fn header() -> impl Strategy<Value = Header> {
        (key(), any::<u32>(), any::<u32>()).prop_map(|(ratchet, previous, number)| Header {
            ratchet,
            previous,
            number,
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            address in address(), header in header(), padding in vec(any::<u8>(), 0..=MAX_PADDING),
            ciphertext in vec(any::<u8>(), 0..100), tag in vec(any::<u8>(), 0..=MAX_TAG),
        ) {
            let head = head(&address, &header, &padding, ciphertext.len());
            let body = [&head[..], &ciphertext, &tag].concat();
            prop_assert_eq!(parse(&body), Ok(Body::Sealed(Sealed {
                address, header, head: &head, ciphertext: &ciphertext, tag: &tag
            })));
        }

        #[test]
        fn one_body_has_one_reading(body in vec(any::<u8>(), 0..300), form in prop_oneof![Just(3_u8), Just(5)]) {
            let body = [&[VERSION, form], &body[..]].concat();
            if let Ok(Body::Sealed(read)) = parse(&body) {
                let padding_at = read.head.len() - 4;
                let fixed = head(&read.address, &read.header, &[], 0).len() - 4;
                let again = head(
                    &read.address, &read.header, &read.head[fixed..padding_at], read.ciphertext.len(),
                );
                prop_assert_eq!([&again[..], read.ciphertext, read.tag].concat(), body);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(body in vec(any::<u8>(), 0..400)) {
            let _ = parse(&body);
        }

        #[test]
        fn cut_before_the_tag_it_is_refused(address in address(), header in header(), keep in any::<prop::sample::Index>()) {
            let body = [&head(&address, &header, &[], 16)[..], &[0; 16]].concat();
            prop_assert!(parse(&body[..keep.index(body.len())]).is_err());
        }
    }

    #[test]
    fn one_flipped_bit_never_makes_another_form() {
        let forms = [Form::Prekey, Form::Ratchet, Form::Plain];
        for a in forms {
            for b in forms.into_iter().filter(|b| *b != a) {
                assert!((a as u8 ^ b as u8).count_ones() > 1, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn nothing_may_follow_the_tag() {
        let header = Header { ratchet: Key([0; 32]), previous: 0, number: 0 };
        let body = [&head(&Address::Session(7), &header, &[], 0)[..], &[0; MAX_TAG + 1]].concat();
        assert_eq!(parse(&body), Err(Refused::Malformed("the envelope goes on after its tag")));
    }
}
