//! TOML documents, read strictly, with errors that point at the place.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::de::DeserializeOwned;

/// A document that cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    name: String,
    text: String,
    span: Option<Range<usize>>,
    message: String,
    suggestion: Option<String>,
}

/// Reads `text`, the contents of the document called `name`.
///
/// # Errors
///
/// When it is not TOML or does not have the form of `T`.
pub fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, DocumentError> {
    toml::from_str(text).map_err(|error| DocumentError::from_toml(name, text, &error))
}

impl DocumentError {
    /// An error at the first line that sets `key`, or at the whole document where none does.
    #[must_use]
    pub fn at_key(name: &str, text: &str, key: &str, message: &str) -> Self {
        let mut offset = 0;
        let mut span = None;
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim_start();
            let indent = line.len() - trimmed.len();
            if trimmed.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')) {
                span = Some(offset + indent..offset + line.trim_end().len());
                break;
            }
            offset += line.len();
        }
        Self::new(name, text, span, message)
    }

    /// An error at the first place where `quoted` stands as a TOML string.
    #[must_use]
    pub fn at_string(name: &str, text: &str, quoted: &str, message: &str) -> Self {
        let span = text.find(&format!("\"{quoted}\"")).map(|at| at..at + quoted.len() + 2);
        Self::new(name, text, span, message)
    }

    /// An error at a place that the reader recorded, in bytes from the start of `text`.
    #[must_use]
    pub fn at_span(name: &str, text: &str, span: Range<usize>, message: &str) -> Self {
        Self::new(name, text, Some(span), message)
    }

    /// The same error with the closest known word.
    #[must_use]
    pub fn suggesting(self, word: Option<String>) -> Self {
        Self { suggestion: word, ..self }
    }

    fn new(name: &str, text: &str, span: Option<Range<usize>>, message: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            span,
            message: message.to_owned(),
            suggestion: None,
        }
    }

    fn from_toml(name: &str, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message();
        Self { suggestion: suggest(message), ..Self::new(name, text, error.span(), message) }
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The closest known key, from serde's own words: "unknown field `x`, expected one of `y`, `z`".
fn suggest(message: &str) -> Option<String> {
    let rest =
        message.strip_prefix("unknown field `").or(message.strip_prefix("unknown variant `"))?;
    let (given, known) = rest.split_once('`')?;
    known
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|key| (strsim::damerau_levenshtein(given, key), key))
        .filter(|(distance, key)| *distance <= key.len().max(given.len()) / 2)
        .min()
        .map(|(_, key)| key.to_owned())
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = Level::ERROR.primary_title(&self.message);
        let group = match &self.span {
            Some(span) => {
                let end = span.end.min(self.text.len());
                let mark = AnnotationKind::Primary.span(span.start.min(end)..end);
                Group::with_title(title)
                    .element(Snippet::source(&self.text).path(&self.name).annotation(mark))
            }
            None => Group::with_title(title).element(annotate_snippets::Origin::path(&self.name)),
        };
        let help = self.suggestion.as_ref().map(|key| format!("did you mean `{key}`?"));
        let mut report = vec![group];
        if let Some(help) = &help {
            report.push(Group::with_title(Level::HELP.primary_title(help)));
        }
        f.write_str(&Renderer::plain().render(&report))
    }
}

impl std::error::Error for DocumentError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::Configuration;

    const GOOD: &str = r#"schema = 1
standard = "nhs-im"

[candidate]
name = "Example"
version = "4.2.0"

[[messaging]]
driver = "builtin:reference"

[[waiver]]
requirement = "HX/PCS-1"
reason = "replaced in the next release"
owner = "security lead"
approved-by = "A. Person"
expires = 2027-01-31
"#;

    fn error(text: &str) -> String {
        Configuration::parse("hallmark.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_good_description_is_read() {
        let configuration = Configuration::parse("hallmark.toml", GOOD).unwrap();
        assert_eq!(configuration.waiver[0].expires, jiff::civil::date(2027, 1, 31));
    }

    #[test]
    fn errors_point_at_the_place() {
        let cases = [
            ("unknown key", GOOD.replace("driver =", "drvier =")),
            ("unknown table", GOOD.replace("[[messaging]]", "[[mesaging]]")),
            ("other schema", GOOD.replace("schema = 1", "schema = 9")),
            ("a string instead of a date", GOOD.replace("2027-01-31", "\"2027-01-31\"")),
            ("a date with a time", GOOD.replace("2027-01-31", "2027-01-31T00:00:00Z")),
            ("not a requirement", GOOD.replace("HX/PCS-1", "everything")),
            ("not TOML", GOOD.replace("[candidate]", "[candidate")),
            ("missing key", GOOD.replace("version = \"4.2.0\"\n", "")),
        ];
        let shown: Vec<_> =
            cases.iter().map(|(what, text)| format!("# {what}\n{}", error(text))).collect();
        insta::assert_snapshot!(shown.join("\n\n"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", at in 0..GOOD.len(), junk in "[\\[\\]=\"#a-z\\n]{0,4}") {
            let _ = Configuration::parse("x", &text).map_err(|error| error.to_string());
            let mut broken = GOOD.to_owned();
            broken.insert_str(at, &junk);
            let _ = Configuration::parse("x", &broken).map_err(|error| error.to_string());
        }
    }
}
