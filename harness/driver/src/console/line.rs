//! Lines that a person types.

use std::{collections::BTreeMap, fs, io::Read, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use hallmark_model::text;
use serde_json::{Map, Value};

use crate::protocol::{MAX_LINE, ops};

/// A line, not yet read as an operation.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) device: String,
    pub(super) op: String,
    /// The arguments as typed.
    pub(super) rest: String,
}

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Text,
    List,
    Other,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Text => "text",
            Self::List => "list",
            Self::Other => "value",
        }
    }
}

/// What a field of a schema takes.
pub(super) fn kind(root: &Value, field: &Value) -> Kind {
    let referred = field["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?));
    // An optional field is one of a type and null.
    let optional = field["anyOf"].as_array().and_then(|any| any.first());
    if let Some(inner) = referred.or(optional) {
        return kind(root, inner);
    }
    let is = |name: &str| match &field["type"] {
        Value::String(only) => only == name,
        Value::Array(any) => any.iter().any(|one| one == name),
        _ => false,
    };
    if field["contentEncoding"] == "base64" {
        Kind::Bytes
    } else if is("string") {
        Kind::Text
    } else if is("array") {
        Kind::List
    } else {
        Kind::Other
    }
}

impl Line {
    /// Reads a line; none where it is empty or a comment.
    pub(super) fn read(typed: &str, first: &str) -> Result<Option<Self>, String> {
        let typed = typed.trim();
        if typed.is_empty() || typed.starts_with('#') {
            return Ok(None);
        }
        let (head, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        let (device, op, rest) = match head.strip_suffix(':') {
            Some("") => return Err("the name of a device is missing before `:`".to_owned()),
            Some(device) => {
                let rest = rest.trim();
                let (op, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                if op.is_empty() {
                    return Err(format!(
                        "what shall `{}` do? `ops` lists it",
                        text::one_line(device)
                    ));
                }
                (device, op, rest)
            }
            None => (first, head, rest),
        };
        Ok(Some(Self {
            device: device.to_owned(),
            op: op.to_owned(),
            rest: rest.trim().to_owned(),
        }))
    }

    /// The arguments as the protocol has them.
    pub(super) fn arguments(
        &self,
        folder: &Path,
        answers: &BTreeMap<String, Value>,
    ) -> Result<Value, String> {
        if self.rest.starts_with('{') {
            return serde_json::from_str(&self.rest)
                .map_err(|error| format!("the arguments are not JSON: {error}"));
        }
        let schema = ops::schemas()
            .into_iter()
            .find(|(name, _, _)| *name == self.op)
            .map(|(_, args, _)| args.to_value())
            .unwrap_or_default();
        let mut args = Map::new();
        for word in words(&self.rest)? {
            let Some((key, value)) = word.split_once('=') else {
                let shown = text::one_line(&word);
                return Err(format!("`{shown}` is not KEY=VALUE"));
            };
            let kind = kind(&schema, &schema["properties"][key]);
            let value = argument(value, kind, folder, answers)
                .map_err(|reason| format!("argument `{}`: {reason}", text::one_line(key)))?;
            args.insert(key.to_owned(), value);
        }
        Ok(Value::Object(args))
    }
}

fn argument(
    typed: &str,
    kind: Kind,
    folder: &Path,
    answers: &BTreeMap<String, Value>,
) -> Result<Value, String> {
    if let Some(path) = typed.strip_prefix('$') {
        let (device, path) = path.split_once('/').unwrap_or((path, ""));
        let answer = answers
            .get(device)
            .ok_or_else(|| format!("`{}` has answered nothing yet", text::one_line(device)))?;
        let pointer = if path.is_empty() { String::new() } else { format!("/{path}") };
        return answer
            .pointer(&pointer)
            .cloned()
            .ok_or_else(|| "the last answer has no such field".to_owned());
    }
    if typed.starts_with(['{', '[']) {
        return serde_json::from_str(typed).map_err(|error| format!("not JSON: {error}"));
    }
    match kind {
        Kind::Bytes => bytes(typed, folder).map(|bytes| Value::from(STANDARD.encode(bytes))),
        Kind::Text => match typed.strip_prefix('@') {
            Some(path) => {
                let read = file(&folder.join(path))?;
                String::from_utf8(read).map(Value::from).map_err(|_| "not UTF-8".to_owned())
            }
            None => Ok(Value::from(typed)),
        },
        Kind::List => Ok(typed.split(',').filter(|item| !item.is_empty()).collect()),
        Kind::Other => Ok(serde_json::from_str(typed).unwrap_or_else(|_| Value::from(typed))),
    }
}

fn bytes(typed: &str, folder: &Path) -> Result<Vec<u8>, String> {
    if let Some(text) = typed.strip_prefix("text:") {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(base64) = typed.strip_prefix("b64:") {
        return STANDARD.decode(base64).map_err(|error| format!("not standard base64: {error}"));
    }
    match typed.strip_prefix('@') {
        Some(path) => file(&folder.join(path)),
        None => Err("it takes bytes: write text:…, b64:… or @FILE".to_owned()),
    }
}

fn file(path: &Path) -> Result<Vec<u8>, String> {
    let shown = text::one_line(&path.display().to_string());
    let mut read = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_LINE as u64).read_to_end(&mut read))
        .map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    Ok(read)
}

/// Words, of which quotes keep spaces together, and a JSON value is one.
fn words(typed: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut depth, mut begun) = (false, 0_usize, false);
    let mut characters = typed.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => {
                quoted = !quoted;
                begun = true;
                if depth > 0 {
                    word.push(c);
                }
            }
            '\\' if quoted => {
                if depth > 0 {
                    word.push(c);
                }
                word.extend(characters.next());
            }
            '{' | '[' if !quoted => {
                depth += 1;
                word.push(c);
            }
            '}' | ']' if !quoted => {
                depth = depth.saturating_sub(1);
                word.push(c);
            }
            c if c.is_whitespace() && !quoted && depth == 0 => {
                if begun || !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => word.push(c),
        }
    }
    if quoted {
        return Err("a quotation mark is not closed".to_owned());
    }
    if begun || !word.is_empty() {
        found.push(word);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_keep_quotes_and_json_together() {
        let typed = r#"a=1 name="Alice A." e={"x": [1, "} \" {"]}  b="" c"#;
        let expected = ["a=1", "name=Alice A.", r#"e={"x": [1, "} \" {"]}"#, "b=", "c"];
        assert_eq!(words(typed).unwrap(), expected);
        assert!(words("a=\"b").is_err());
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_makes_reading_panic(typed in any::<String>()) {
            if let Ok(Some(line)) = Line::read(&typed, "device") {
                let _ = line.arguments(Path::new("/nowhere"), &BTreeMap::new());
            }
            for op in ["message.encrypt", "group.add", "reset"] {
                let line = Line { device: "d".to_owned(), op: op.to_owned(), rest: typed.clone() };
                let _ = line.arguments(Path::new("/nowhere"), &BTreeMap::new());
            }
        }
    }
}
