//! What is encrypted: a kind, a length, and the text.
//!
//! As in other messengers, contents have a form of their own. A wrong key whose result happens to
//! end like valid padding gives no message, even with the fault that skips the tag: so that fault
//! shows in what it breaks, and nowhere by chance.

use crate::refused::Refused;

/// A text.
const TEXT: u8 = 1;

/// The content that carries a text.
pub(crate) fn write(text: &[u8]) -> Vec<u8> {
    [&[TEXT], &(text.len() as u32).to_be_bytes()[..], text].concat()
}

/// The text that a content carries.
pub(crate) fn read(content: &[u8]) -> Result<&[u8], Refused> {
    match content {
        [TEXT, a, b, c, d, text @ ..]
            if u32::from_be_bytes([*a, *b, *c, *d]) as usize == text.len() =>
        {
            Ok(text)
        }
        _ => Err(Refused::Malformed("the content of the message has no known form")),
    }
}

/// The content that carries a text, with zeros after it up to a multiple of `block` bytes.
pub(crate) fn write_padded(text: &[u8], block: usize) -> Vec<u8> {
    let mut content = write(text);
    content.resize(content.len().next_multiple_of(block), 0);
    content
}

/// The text that a padded content carries.
pub(crate) fn read_padded(content: &[u8], block: usize) -> Result<&[u8], Refused> {
    let wrong = Refused::Malformed("the content of the message has no known form");
    let [_, a, b, c, d, ..] = content else { return Err(wrong) };
    let length = 5_usize.saturating_add(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
    if length.checked_next_multiple_of(block) != Some(content.len()) {
        return Err(wrong);
    }
    read(content.get(..length).ok_or(wrong)?)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(text in vec(any::<u8>(), 0..100)) {
            let content = write(&text);
            prop_assert_eq!(read(&content), Ok(&text[..]));
            let padded = write_padded(&text, 64);
            prop_assert_eq!(padded.len() % 64, 0);
            prop_assert_eq!(read_padded(&padded, 64), Ok(&text[..]));
        }

        #[test]
        fn one_content_has_one_reading(content in vec(any::<u8>(), 0..20)) {
            let _ = read_padded(&content, 8);
            if let Ok(text) = read(&content) {
                prop_assert_eq!(write(text), content);
            }
        }
    }

    #[test]
    fn nothing_may_be_missing_or_follow() {
        let content = write(b"text");
        for wrong in
            [&content[..content.len() - 1], &[&content[..], b"!"].concat(), b"", &[2, 0, 0, 0, 0]]
        {
            assert!(read(wrong).is_err());
        }
    }
}
