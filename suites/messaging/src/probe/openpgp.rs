//! Packets of OpenPGP (RFC 9580, section 4), as far as a signed text needs them.

/// Tags (section 5).
const SIGNATURE: u8 = 2;
const ONE_PASS_SIGNATURE: u8 = 4;
const COMPRESSED: u8 = 8;
const LITERAL: u8 = 11;

/// A signed text: its three packets, each as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) one_pass: Vec<u8>,
    pub(super) literal: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Signed {
    /// The packets of a text signed once; nothing where these are not exactly such packets.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (one_pass, rest) = packet(bytes, ONE_PASS_SIGNATURE)?;
        let (literal, rest) = packet(rest, LITERAL)?;
        let (signature, rest) = packet(rest, SIGNATURE)?;
        rest.is_empty().then(|| Self {
            one_pass: one_pass.to_vec(),
            literal: literal.to_vec(),
            signature: signature.to_vec(),
        })
    }
}

/// A packet with this text as literal data: binary, without name, of no date (section 5.9).
pub(super) fn literal(text: &[u8]) -> Vec<u8> {
    made(LITERAL, &[b"b\0\0\0\0\0", text].concat())
}

/// A packet that holds these packets compressed as ZIP, in stored blocks (section 5.6; RFC 1951, section
/// 3.2.4).
pub(super) fn compressed(packets: &[u8]) -> Vec<u8> {
    const ZIP: u8 = 1;
    let mut body = vec![ZIP];
    let mut blocks = packets.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        body.push(u8::from(blocks.peek().is_none()));
        body.extend(length.to_le_bytes());
        body.extend((!length).to_le_bytes());
        body.extend(block);
    }
    made(COMPRESSED, &body)
}

/// A packet with a length of five octets (section 4.2.1.3).
fn made(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0xc0 | tag, 0xff][..], &length, body].concat()
}

/// The first packet, if it has this tag, and what follows it.
fn packet(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let first = *bytes.first()?;
    // The old form, which keeps the tag elsewhere, is written by no program that is tested here.
    if first & 0xc0 != 0xc0 || first & 0x3f != tag {
        return None;
    }
    let mut at = 1;
    loop {
        let (length, header, partial) = length(bytes.get(at..)?)?;
        at = at.checked_add(header)?.checked_add(length)?;
        if !partial {
            return bytes.split_at_checked(at);
        }
    }
}

/// Length, octets that state it, and whether a further part follows (section 4.2.1).
fn length(bytes: &[u8]) -> Option<(usize, usize, bool)> {
    let first = *bytes.first()?;
    match first {
        0..192 => Some((usize::from(first), 1, false)),
        192..224 => {
            let second = usize::from(*bytes.get(1)?);
            Some((((usize::from(first) - 192) << 8) + second + 192, 2, false))
        }
        224..255 => Some((1 << (first & 0x1f), 1, true)),
        255 => {
            let octets: [u8; 4] = bytes.get(1..5)?.try_into().ok()?;
            Some((usize::try_from(u32::from_be_bytes(octets)).ok()?, 5, false))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_signed_text_is_taken_apart_and_nothing_else_is() {
        let (one_pass, signature) = (made(ONE_PASS_SIGNATURE, &[3; 13]), made(SIGNATURE, &[4; 70]));
        let text = literal(b"a text");
        let signed = [&one_pass[..], &text, &signature].concat();
        let parsed = Signed { one_pass, literal: text, signature };
        assert_eq!(Signed::parse(&signed), Some(parsed));
        assert_eq!(Signed::parse(&signed[..signed.len() - 1]), None);
        assert_eq!(Signed::parse(&[&signed[..], &literal(b"more")].concat()), None);
        assert_eq!(Signed::parse(&compressed(&signed)), None);
    }

    #[test]
    fn partial_lengths_are_followed() {
        // A part of 512 octets, then a last one of 3.
        let bytes = [&[0xc0 | LITERAL, 0xe9][..], &[7; 512], &[3, 1, 2, 3], b"rest"].concat();
        let (whole, rest) = packet(&bytes, LITERAL).unwrap();
        assert_eq!((whole.len(), rest), (2 + 512 + 4, &b"rest"[..]));
    }

    #[test]
    fn a_long_text_is_stored_in_several_blocks() {
        let packed = compressed(&vec![b'x'; 70_000]);
        // Header and algorithm, then two blocks with five octets before each.
        assert_eq!(packed.len(), 6 + 1 + 70_000 + 2 * 5);
        assert_eq!(packed[7], 0);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            drop(Signed::parse(&bytes));
        }
    }
}
