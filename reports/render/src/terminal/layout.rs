//! Lines that fit the screen.

use hallmark_model::text;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Style;

/// Narrowest column of text: on a narrower screen lines run over rather than break every word.
const LEAST: usize = 24;
/// Longest passage printed in place, in characters.
const PASSAGE: usize = 1500;

/// Text under construction.
pub(crate) struct Page {
    pub(crate) style: Style,
    text: String,
}

impl Page {
    pub(crate) fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line of our own, as it is.
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// `head`, which occupies `indent` columns, followed by one line of foreign text, at most 300
    /// characters, wrapped beside it.
    ///
    /// `head` may carry colour; the text is cleaned of everything that could move the cursor.
    pub(crate) fn hang(&mut self, head: &str, indent: usize, foreign: &str) {
        self.beside(head, indent, &text::one_line(foreign));
    }

    fn beside(&mut self, head: &str, indent: usize, clean: &str) {
        let room = self.style.width.saturating_sub(indent).max(LEAST);
        let mut lines = wrap(clean, room).into_iter();
        self.line(&format!("{head}{}", lines.next().unwrap_or_default()));
        for line in lines {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// Short names side by side, two blanks apart, as many on a line as fit behind `indent`.
    pub(crate) fn list<'a>(&mut self, indent: usize, names: impl Iterator<Item = &'a str>) {
        let mut line = String::new();
        for name in names {
            let name = text::one_line(name);
            if !line.is_empty() && indent + line.width() + 2 + name.width() > self.style.width {
                self.line(&format!("{:indent$}{line}", ""));
                line.clear();
            }
            if !line.is_empty() {
                line.push_str("  ");
            }
            line.push_str(&name);
        }
        self.line(&format!("{:indent$}{line}", ""));
    }

    /// `  label     text`, a passage wrapped beside its label.
    pub(super) fn field(&mut self, label: &str, foreign: &str) {
        self.beside(&format!("  {label:<10}"), 12, &text::within(foreign, PASSAGE));
    }

    /// `  label     text` on one line however long: something to copy.
    pub(super) fn copyable(&mut self, label: &str, foreign: &str) {
        self.line(&format!("  {label:<10}{}", text::within(foreign, PASSAGE)));
    }

    /// `label        text` at the margin, on one line however long.
    pub(super) fn copyable_at_margin(&mut self, label: &str, foreign: &str) {
        self.line(&format!("{:<13}{}", text::one_line(label), text::within(foreign, PASSAGE)));
    }

    /// Pieces of foreign text side by side, three blanks apart, as many on a line as fit.
    pub(super) fn pieces(&mut self, pieces: &[String]) {
        let mut line = String::new();
        for piece in pieces {
            let piece = text::one_line(piece);
            if line.is_empty() {
                line = piece;
            } else if line.width() + 3 + piece.width() <= self.style.width {
                line = format!("{line}   {piece}");
            } else {
                self.hang("", 2, &line);
                line = piece;
            }
        }
        self.hang("", 2, &line);
    }
}

/// Breaks at blanks so that no line is wider than `room`; longer words are broken hard. Blanks
/// within a line stay as many as they are: they set an id apart from its title.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut blanks = 0;
    for word in text.split(' ') {
        if word.is_empty() {
            blanks += 1;
            continue;
        }
        if !line.is_empty() && line.width() + blanks + word.width() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.extend(std::iter::repeat_n(' ', blanks));
        }
        blanks = 1;
        for c in word.chars() {
            if line.width() + c.width().unwrap_or(0) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_word_is_lost(text in "\\PC{0,400}", room in 24usize..120) {
            let clean = text::within(&text, PASSAGE);
            let lines = wrap(&clean, room);
            for line in &lines {
                prop_assert!(line.width() <= room, "{line:?}");
            }
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&clean));
        }

        #[test]
        fn foreign_text_cannot_move_the_cursor(text in any::<String>()) {
            let mut page = Page::new(Style::PLAIN);
            page.field("observed", &text);
            page.copyable("reproduce", &text);
            page.pieces(&[text.clone(), text]);
            prop_assert!(!page.finish().chars().any(|c| c.is_control() && c != '\n'));
        }
    }

    #[test]
    fn text_hangs_beside_its_label() {
        let mut page = Page::new(Style { color: false, width: 40 });
        page.field("observed", "the message opened\nafter the state was restored");
        insta::assert_snapshot!(page.finish());
    }
}
