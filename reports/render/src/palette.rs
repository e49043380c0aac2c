//! The colours, and which of them meet: contrast is computed, not eyeballed.
//!
//! Text colours follow NHS.UK frontend; figures use the Government Analysis Function's set. No
//! NHS logo and no Frutiger: a vendor's self-test must not look like an NHS publication.

use std::fmt;

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(u32);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

pub(crate) const TEXT: Colour = Colour(0x0021_2b32);
pub(crate) const SECONDARY: Colour = Colour(0x004c_6272);
pub(crate) const PAPER: Colour = Colour(0x00ff_ffff);
pub(crate) const PALE: Colour = Colour(0x00f0_f4f5);
pub(crate) const BORDER: Colour = Colour(0x0076_8692);
pub(crate) const LINK: Colour = Colour(0x0000_5eb8);
pub(crate) const BRAND: Colour = Colour(0x0000_3087);
pub(crate) const FOCUS: Colour = Colour(0x00ff_eb3b);
pub(crate) const FAIL: Colour = Colour(0x00d5_281b);
pub(crate) const FAIL_PALE: Colour = Colour(0x00fb_ebea);
pub(crate) const PASS: Colour = Colour(0x0000_6b32);
pub(crate) const PASS_PALE: Colour = Colour(0x00e6_f2eb);
pub(crate) const WARN: Colour = Colour(0x0072_4f00);
pub(crate) const WARN_PALE: Colour = Colour(0x00ff_f4cc);
pub(crate) const CLOSED: Colour = Colour(0x0012_436d);
pub(crate) const OPEN: Colour = Colour(0x00f4_6a25);
pub(crate) const LEAK: Colour = Colour(0x0080_1650);

/// The colours by the name of their custom property in the style sheet.
pub(crate) const NAMED: [(&str, Colour); 15] = [
    ("text", TEXT),
    ("secondary", SECONDARY),
    ("paper", PAPER),
    ("pale", PALE),
    ("border", BORDER),
    ("link", LINK),
    ("brand", BRAND),
    ("focus", FOCUS),
    ("fail", FAIL),
    ("fail-pale", FAIL_PALE),
    ("pass", PASS),
    ("pass-pale", PASS_PALE),
    ("warn", WARN),
    ("warn-pale", WARN_PALE),
    ("declared", CLOSED),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Text and the ground it stands on: WCAG 2.2, success criterion 1.4.3, 4.5:1.
    const WRITTEN: [(Colour, Colour); 19] = [
        (TEXT, PAPER),
        (TEXT, PALE),
        (TEXT, FOCUS),
        (TEXT, FAIL_PALE),
        (TEXT, PASS_PALE),
        (TEXT, WARN_PALE),
        (SECONDARY, PAPER),
        (SECONDARY, PALE),
        (LINK, PAPER),
        (LINK, PALE),
        (LINK, FAIL_PALE),
        (LINK, WARN_PALE),
        (PAPER, BRAND),
        (PAPER, FAIL),
        (PASS, PASS_PALE),
        (PASS, PAPER),
        (WARN, WARN_PALE),
        (CLOSED, PAPER),
        (LEAK, PAPER),
    ];

    /// Graphics and the ground they stand on: success criterion 1.4.11, 3:1.
    const DRAWN: [(Colour, Colour); 11] = [
        (CLOSED, PAPER),
        (OPEN, PAPER),
        (LEAK, PAPER),
        (TEXT, PAPER),
        (TEXT, OPEN),
        (BORDER, PAPER),
        (BORDER, PALE),
        (PASS, PAPER),
        (FAIL, PAPER),
        (PAPER, CLOSED),
        (WARN, PAPER),
    ];

    /// Relative luminance, WCAG 2.2.
    fn luminance(Colour(rgb): Colour) -> f64 {
        let channel = |shift: u32| {
            let value = f64::from(rgb >> shift & 0xff) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }

    fn contrast(a: Colour, b: Colour) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn the_formula_is_the_published_one() {
        assert!((contrast(Colour(0), PAPER) - 21.0).abs() < 1e-9);
        assert!((contrast(Colour(0x0077_7777), PAPER) - 4.48).abs() < 0.005);
    }

    #[test]
    fn text_is_legible() {
        for (text, ground) in WRITTEN {
            assert!(
                contrast(text, ground) >= 4.5,
                "{text} on {ground}: {}",
                contrast(text, ground)
            );
        }
    }

    #[test]
    fn graphics_are_discernible() {
        for (mark, ground) in DRAWN {
            assert!(
                contrast(mark, ground) >= 3.0,
                "{mark} on {ground}: {}",
                contrast(mark, ground)
            );
        }
    }

    #[test]
    fn the_style_sheet_names_every_colour() {
        let sheet = include_str!("../templates/style.css");
        assert!(!sheet.contains('#'), "a colour outside the palette, or an id selector");
        for (name, _) in NAMED {
            assert!(sheet.contains(&format!("var(--{name})")), "--{name} is not used");
        }
    }
}
