//! Text from outside, made fit to be shown on one line.

/// Longest text shown in place; the whole is in the evidence.
const SHOWN: usize = 300;

/// Makes foreign text safe to print: control characters and bidirectional overrides are dropped,
/// line breaks become spaces, and what is too long is cut visibly.
///
/// Renderers still escape for their own sink; this only keeps a hostile peer from moving the
/// cursor, reversing a line or filling the screen.
#[must_use]
pub fn one_line(text: &str) -> String {
    within(text, SHOWN)
}

/// Like [`one_line`], cut after `limit` characters: for passages that a renderer wraps.
#[must_use]
pub fn within(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            shown.push_str(" … cut");
            break;
        }
        match c {
            '\n' | '\r' | '\t' => shown.push(' '),
            c if c.is_control() || is_bidi_control(c) => {}
            c => shown.push(c),
        }
    }
    shown
}

/// Unicode's explicit bidirectional formatting characters, and marks that hide text.
fn is_bidi_control(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_hostile_survives(text in any::<String>()) {
            let shown = one_line(&text);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_bidi_control(c)));
            prop_assert!(shown.chars().count() <= SHOWN + 6);
        }
    }

    #[test]
    fn plain_text_is_left_alone() {
        assert_eq!(one_line("old counter: 4 < 7"), "old counter: 4 < 7");
        assert_eq!(one_line("a\u{1b}[2Jb\nc\u{202e}d"), "a[2Jb cd");
    }
}
