//! Just enough XML to follow an XMPP stream up to STARTTLS, from a peer that is not trusted.

/// Most bytes of one tag, comment or declaration.
const LONGEST: usize = 4096;

/// A piece of an XML stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// `<name …>`
    Open(String),
    /// `</name>`
    Close(String),
    /// `<name …/>`
    Empty(String),
    /// Between tags, as it stands: entities stay what they are.
    Text(String),
    /// A declaration or a comment.
    Other,
}

/// The next piece at the start of `stream`, and how many bytes it takes. `None`: not yet complete.
/// Names come without their prefix.
///
/// # Errors
///
/// What is wrong, in words.
pub(crate) fn next(stream: &[u8]) -> Result<Option<(Piece, usize)>, &'static str> {
    match stream.first() {
        None => return Ok(None),
        Some(b'<') => {}
        Some(_) => {
            let length = stream.iter().position(|byte| *byte == b'<').unwrap_or(stream.len());
            let text = stream.get(..length).unwrap_or_default();
            return Ok(Some((Piece::Text(String::from_utf8_lossy(text).into_owned()), length)));
        }
    }
    let window = stream.get(..LONGEST).unwrap_or(stream);
    let found = if is_possible_prefix(window, b"<?") {
        through(window, b"?>").map(|length| (Piece::Other, length))
    } else if is_possible_prefix(window, b"<!--") {
        through(window, b"-->").map(|length| (Piece::Other, length))
    } else if window.starts_with(b"<!") {
        return Err("a DTD or CDATA, which RFC 6120, section 11.1, forbids here");
    } else {
        tag(window)
    };
    match found {
        Some((piece, length)) => Ok(Some((piece, length))),
        None if stream.len() >= LONGEST => Err("a tag of more than 4096 bytes"),
        None => Ok(None),
    }
}

/// Whether the stream begins like this, as far as it has come; more than the first byte is needed
/// unless there is no more.
fn is_possible_prefix(stream: &[u8], prefix: &[u8]) -> bool {
    let length = stream.len().min(prefix.len());
    length > 1 && stream.get(..length) == prefix.get(..length)
}

/// How many bytes there are up to and with `end`.
fn through(stream: &[u8], end: &[u8]) -> Option<usize> {
    stream.windows(end.len()).position(|window| window == end).map(|start| start + end.len())
}

fn tag(stream: &[u8]) -> Option<(Piece, usize)> {
    let mut quote = None;
    let end = stream.iter().position(|byte| {
        match (quote, byte) {
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'\'' | b'"') => quote = Some(*byte),
            (None, b'>') => return true,
            _ => {}
        }
        false
    })?;
    let inside = stream.get(1..end)?;
    let length = end + 1;
    if let Some(name) = inside.strip_prefix(b"/") {
        return Some((Piece::Close(local_name(name)), length));
    }
    Some(match inside.strip_suffix(b"/") {
        Some(inside) => (Piece::Empty(local_name(inside)), length),
        None => (Piece::Open(local_name(inside)), length),
    })
}

fn local_name(inside: &[u8]) -> String {
    let name = inside.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    String::from_utf8_lossy(local).into_owned()
}

/// Writes a text into an attribute. What XML cannot hold is replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\'' => escaped.push_str("&apos;"),
            '"' => escaped.push_str("&quot;"),
            character if character.is_control() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(mut stream: &[u8]) -> Result<Vec<Piece>, &'static str> {
        let mut pieces = Vec::new();
        while let Some((piece, length)) = next(stream)? {
            pieces.push(piece);
            stream = &stream[length..];
        }
        Ok(pieces)
    }

    #[test]
    fn follows_the_features_of_a_stream() {
        let stream = b"<?xml version='1.0'?><stream:stream id='a>b' from=\"it's\">\n\
            <stream:features><!-- <starttls/> --><starttls xmlns='x'><required/></starttls>\
            </stream:features>";
        let [open, close, empty] = [Piece::Open, Piece::Close, Piece::Empty]
            .map(|kind| move |name: &str| kind(name.to_owned()));
        assert_eq!(
            pieces(stream).unwrap(),
            [
                Piece::Other,
                open("stream"),
                Piece::Text("\n".to_owned()),
                open("features"),
                Piece::Other,
                open("starttls"),
                empty("required"),
                close("starttls"),
                close("features"),
            ]
        );
    }

    #[test]
    fn what_is_not_complete_is_not_guessed() {
        for part in ["<", "<!", "<!-", "<!--", "<?", "<?xml?", "<a b='>'", "</a", "<!-- <a> --"] {
            assert_eq!(next(part.as_bytes()), Ok(None), "{part}");
        }
        assert!(next(b"<!DOCTYPE lolz>").is_err());
        assert!(next(&[b'<'; 5000]).is_err());
    }

    #[test]
    fn names_are_escaped() {
        assert_eq!(escape("a'b<c>&\"\n"), "a&apos;b&lt;c&gt;&amp;&quot;\u{fffd}");
    }

    proptest! {
        #[test]
        fn any_bytes_end(stream in proptest::collection::vec(any::<u8>(), 0..6000)) {
            let mut rest = &stream[..];
            while let Ok(Some((_, length))) = next(rest) {
                prop_assert!(length > 0 && length <= rest.len());
                rest = &rest[length..];
            }
        }

        #[test]
        fn escaped_text_ends_no_attribute(text in any::<String>()) {
            prop_assert!(!escape(&text).contains(['<', '>', '\'', '"']));
        }
    }
}
