//! The forms in which software carries a text.

/// One form of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// What it is called.
    pub(super) encoding: &'static str,
    /// What it is called where line breaks stand within it; `None` where nobody breaks it.
    pub(super) folded: Option<&'static str>,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// Every form of a text, each different from the others. Of equal ones the first name wins.
pub(super) fn forms(text: &str) -> Vec<Form> {
    let mut forms = Forms(Vec::new());
    let units: Vec<u16> = text.encode_utf16().collect();
    let utf_16le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();

    forms.add("utf-8", Some("utf-8-folded"), text);
    forms.add("utf-16le", None, &utf_16le);
    let utf_16be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    forms.add("utf-16be", None, utf_16be);
    for case in [Case::Lower, Case::Upper] {
        let hex: String = text.bytes().map(|byte| case.hex(u32::from(byte), 2)).collect();
        forms.add("hex", Some("hex-folded"), hex);
    }
    for alignment in 0..3 {
        let (standard, folded) = ("base64", Some("base64-folded"));
        forms.add(standard, folded, base64(text.as_bytes(), alignment, STANDARD));
        let (url, folded) = ("base64url", Some("base64url-folded"));
        forms.add(url, folded, base64(text.as_bytes(), alignment, URL));
        let (wide, folded) = ("base64-utf-16le", Some("base64-utf-16le-folded"));
        forms.add(wide, folded, base64(&utf_16le, alignment, STANDARD));
    }
    percent(&mut forms, text);
    json(&mut forms, text);
    html(&mut forms, text);
    let printable = |byte: u8| matches!(byte, b'\t' | b' '..=b'<' | b'>'..=b'~');
    let quoted = escaped(text, printable, |byte| format!("={}", Case::Upper.hex(byte, 2)));
    forms.add("quoted-printable", Some("quoted-printable-folded"), quoted);
    forms.0
}

struct Forms(Vec<Form>);

impl Forms {
    fn add(
        &mut self,
        encoding: &'static str,
        folded: Option<&'static str>,
        bytes: impl AsRef<[u8]>,
    ) {
        let bytes = bytes.as_ref();
        if !bytes.is_empty() && self.0.iter().all(|form| form.bytes != bytes) {
            // A text with line breaks of its own is not looked for without them.
            let folded = folded.filter(|_| !bytes.iter().any(|b| matches!(b, b'\r' | b'\n')));
            self.0.push(Form { encoding, folded, bytes: bytes.to_vec() });
        }
    }
}

#[derive(Clone, Copy)]
enum Case {
    Lower,
    Upper,
}

impl Case {
    fn hex(self, value: u32, digits: usize) -> String {
        match self {
            Self::Lower => format!("{value:0digits$x}"),
            Self::Upper => format!("{value:0digits$X}"),
        }
    }
}

/// The text with every byte that does not stand for itself written in another way.
fn escaped(text: &str, plain: impl Fn(u8) -> bool, write: impl Fn(u32) -> String) -> Vec<u8> {
    let one = |byte: u8| match plain(byte) {
        true => vec![byte],
        false => write(u32::from(byte)).into_bytes(),
    };
    text.bytes().flat_map(one).collect()
}

/// RFC 3986, section 2.1, as it is written by different hands: every byte; everything but letters
/// and digits; everything but the unreserved; what ECMAScript's `encodeURIComponent` and `encodeURI`
/// spare; and forms, where a space is a plus sign.
fn percent(forms: &mut Forms, text: &str) {
    let spared: [&[u8]; 5] = [b"", b"-._~", b"-._~!'()*", b"-._~!'()*;/?:@&=+$,#", b"*-._"];
    for case in [Case::Upper, Case::Lower] {
        let write = |byte| format!("%{}", case.hex(byte, 2));
        for spared in spared {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || spared.contains(&byte);
            forms.add("percent", None, escaped(text, plain, write));
            let form = |byte| if byte == 0x20 { "+".to_owned() } else { write(byte) };
            forms.add("percent", None, escaped(text, plain, form));
        }
        forms.add("percent", None, escaped(text, |_| false, write));
    }
}

/// RFC 8259, section 7: every unit escaped; or only what must be, with and without the solidus, the
/// characters that HTML would mistake, and everything beyond ASCII; and the same twice over, for JSON
/// within a JSON string.
fn json(forms: &mut Forms, text: &str) {
    for case in [Case::Lower, Case::Upper] {
        let unit = |unit: u16| format!("\\u{}", case.hex(u32::from(unit), 4));
        forms.add("json-escape", None, text.encode_utf16().map(unit).collect::<String>());
        for solidus in [false, true] {
            for html in [false, true] {
                for ascii in [false, true] {
                    let write = |text: &str| json_string(text, solidus, html, ascii, unit);
                    let once = write(text);
                    forms.add("json-escape", None, &once);
                    forms.add("json-escape", None, write(&once));
                }
            }
        }
    }
}

fn json_string(
    text: &str,
    solidus: bool,
    html: bool,
    ascii: bool,
    unit: impl Fn(u16) -> String,
) -> String {
    let mut written = String::new();
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '/' if solidus => written.push_str("\\/"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c < ' '
                || html && matches!(c, '<' | '>' | '&' | '\'')
                || ascii && !c.is_ascii() =>
            {
                written.extend(c.encode_utf16(&mut [0; 2]).iter().map(|one| unit(*one)));
            }
            c => written.push(c),
        }
    }
    written
}

/// Character references, where the text has characters that need them or could.
fn html(forms: &mut Forms, text: &str) {
    type Write = fn(char) -> Option<String>;
    let named: [Write; 3] = [
        |c| match c {
            '&' => Some("&amp;".to_owned()),
            '<' => Some("&lt;".to_owned()),
            '>' => Some("&gt;".to_owned()),
            _ => None,
        },
        |c| match c {
            '"' => Some("&quot;".to_owned()),
            '\'' => Some("&apos;".to_owned()),
            _ => None,
        },
        |c| match c {
            '"' => Some("&quot;".to_owned()),
            '\'' => Some("&#39;".to_owned()),
            _ => None,
        },
    ];
    let numbers: [Write; 4] = [
        |_| None,
        |c| Some(format!("&#{};", u32::from(c))),
        |c| Some(format!("&#x{:x};", u32::from(c))),
        |c| Some(format!("&#x{:X};", u32::from(c))),
    ];
    for (at, quotes) in named.into_iter().enumerate() {
        for number in numbers {
            let one = |c: char| {
                let write = match c {
                    '&' | '<' | '>' => named[0](c),
                    '"' | '\'' if at > 0 => quotes(c),
                    c if !c.is_ascii() => number(c),
                    _ => None,
                };
                write.unwrap_or_else(|| c.to_string())
            };
            forms.add("html-entities", None, text.chars().map(one).collect::<String>());
        }
    }
    for number in &numbers[1..] {
        let special = |c: char| !c.is_ascii_alphanumeric() && c != ' ';
        let one = |c: char| number(c).filter(|_| special(c)).unwrap_or_else(|| c.to_string());
        forms.add("html-entities", None, text.chars().map(one).collect::<String>());
    }
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of a base64 text that depend on nothing but `bytes`, where these begin
/// `alignment` bytes into a group of three.
fn base64(bytes: &[u8], alignment: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bit = |at: usize| -> usize {
        let byte = at.checked_sub(alignment * 8).and_then(|at| bytes.get(at / 8));
        byte.map_or(0, |byte| usize::from(byte >> (7 - at % 8) & 1))
    };
    // Characters of six bits each, all of them within the text.
    let first = (alignment * 8).div_ceil(6);
    let end = (alignment + bytes.len()) * 8 / 6;
    let index = |at: usize| (at * 6..at * 6 + 6).fold(0, |index, at| index << 1 | bit(at));
    (first..end).filter_map(|at| alphabet.get(index(at)).copied()).collect()
}
