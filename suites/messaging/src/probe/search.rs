//! Looks for a text in bytes, in the encodings in which messengers carry text by mistake.

use base64::{
    Engine, engine::general_purpose::STANDARD_NO_PAD, engine::general_purpose::URL_SAFE_NO_PAD,
};

/// The encodings in which `needle` stands in `haystack`.
pub(super) fn encodings_found(haystack: &[u8], needle: &[u8]) -> Vec<&'static str> {
    forms(needle)
        .into_iter()
        .filter(|(_, form)| haystack.windows(form.len()).any(|window| window == &form[..]))
        .map(|(name, _)| name)
        .collect()
}

/// The text in every encoding that is looked for, by name.
pub(super) fn forms(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.iter().flat_map(|byte| bytes(u16::from(*byte))).collect()
    };
    let hex = |format: fn(u8) -> String| -> Vec<u8> {
        text.iter().flat_map(|byte| format(*byte).into_bytes()).collect()
    };
    let mut forms = vec![
        ("UTF-8", text.to_vec()),
        ("UTF-8 reversed", text.iter().rev().copied().collect()),
        ("UTF-16LE", utf16(u16::to_le_bytes)),
        ("UTF-16BE", utf16(u16::to_be_bytes)),
        ("hex", hex(|byte| format!("{byte:02x}"))),
        ("HEX", hex(|byte| format!("{byte:02X}"))),
    ];
    for shift in 0..3 {
        forms.push(("base64", inner_base64(text, shift, |bytes| STANDARD_NO_PAD.encode(bytes))));
        forms.push(("base64url", inner_base64(text, shift, |bytes| URL_SAFE_NO_PAD.encode(bytes))));
    }
    forms
}

/// The characters of a base64 text that depend on nothing but `text`, when `text` starts `shift`
/// bytes into a group of three.
fn inner_base64(text: &[u8], shift: usize, encode: impl Fn(&[u8]) -> String) -> Vec<u8> {
    let skip = (3 - shift) % 3;
    let whole = (text.len().saturating_sub(skip)) / 3 * 3;
    encode(text.get(skip..skip + whole).unwrap_or_default()).into_bytes()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_form_is_found_wherever_it_stands(
            before in proptest::collection::vec(any::<u8>(), 0..40),
            after in proptest::collection::vec(any::<u8>(), 0..40),
            text in "[a-z0-9-]{12,40}",
        ) {
            for (name, form) in forms(text.as_bytes()) {
                let hay = [&before[..], &form, &after].concat();
                prop_assert!(encodings_found(&hay, text.as_bytes()).contains(&name), "{}", name);
            }
        }

        #[test]
        fn base64_is_found_at_any_alignment(
            before in "[ -~]{0,9}", after in "[ -~]{0,9}", text in "[a-z0-9-]{12,40}",
        ) {
            let hay = STANDARD.encode(format!("{before}{text}{after}"));
            prop_assert!(encodings_found(hay.as_bytes(), text.as_bytes()).contains(&"base64"));
        }
    }

    #[test]
    fn other_bytes_are_not_found() {
        assert_eq!(encodings_found(&[0x5a; 4096], b"canary-nowhere-to-be-seen"), [""; 0]);
        assert_eq!(encodings_found(b"", b"canary-nowhere-to-be-seen"), [""; 0]);
    }
}
