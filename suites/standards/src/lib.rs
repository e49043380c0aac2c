//! Standards as data: versioned TOML documents, embedded in the program, read strictly and
//! checked when they are loaded.
//!
//! One file per document lies beside this crate's manifest. A document may inherit from others;
//! what it says itself comes first, what it inherits follows, and a row with the same id replaces
//! the inherited one; of two parents the later wins. A user's own file is read the same way and may inherit from embedded ones.
//!
//! To add a standard, write the file and name it in [`EMBEDDED`].

mod file;
mod inherit;
mod protocols;
mod rules;

use hallmark_model::{Sha256, Standard, document::DocumentError};

/// Every embedded document: its id and its text, in the order of `hallmark list`.
const EMBEDDED: &[(&str, &str)] = &[
    ("nhs-im", include_str!("../nhs-im.toml")),
    ("house-rules", include_str!("../house-rules.toml")),
];

/// A standard that is ready to be judged against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The document with everything that it inherits merged in.
    pub standard: Standard,
    /// SHA-256 over the document and everything that it inherits: for each document, ancestors
    /// first and the document itself last, the number of its bytes (eight bytes, big-endian) and
    /// then its bytes; after each document, the protocol descriptions that it names, likewise.
    pub digest: Sha256,
}

/// Why a standard cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandardError {
    /// No embedded standard has this id.
    #[error("standard `{id}` is not known; known are {}{}", quoted(.known), did_you_mean(.suggestion.as_deref()))]
    Unknown {
        /// What was asked for.
        id: String,
        /// What there is.
        known: Vec<&'static str>,
        /// The closest of them, if one is close.
        suggestion: Option<&'static str>,
    },
    /// A document is not TOML, has the wrong form or contradicts itself; points at the place.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// The ids of the embedded standards.
#[must_use]
pub fn ids() -> Vec<&'static str> {
    EMBEDDED.iter().map(|(id, _)| *id).collect()
}

/// Loads the embedded standard `id`.
///
/// # Errors
///
/// When there is no such standard; the error names the ones there are.
pub fn load(id: &str) -> Result<Loaded, StandardError> {
    let Some((id, text)) = EMBEDDED.iter().find(|(known, _)| *known == id) else {
        return Err(StandardError::Unknown {
            id: id.to_owned(),
            known: ids(),
            suggestion: closest(id, ids()),
        });
    };
    Ok(inherit::load(EMBEDDED, &format!("{id}.toml"), text)?)
}

/// Loads a user's own standard from `text`, the contents of the file called `name`.
///
/// # Errors
///
/// When the text is not a valid standard, inherits from one that is not embedded, or takes the id
/// of an embedded one.
pub fn load_file(name: &str, text: &str) -> Result<Loaded, StandardError> {
    Ok(inherit::load(EMBEDDED, name, text)?)
}

/// The word among `known` that `given` was probably meant to be.
fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(given, word), word))
        .filter(|(distance, word)| *distance <= word.len() / 2)
        .min()
        .map(|(_, word)| word)
}

/// `` `a`, `b` ``
fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn did_you_mean(word: Option<&str>) -> String {
    word.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
