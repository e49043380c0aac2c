//! Descriptions of protocols: what each promises, from its own documents.
//!
//! One file per family lies in `protocols/`. A standard names those that it judges by.

use hallmark_model::{
    Protocol,
    document::{self, DocumentError},
};

/// Every embedded description: the family, as a driver's `hello` names it, and its text.
pub(crate) const EMBEDDED: &[(&str, &str)] = &[
    ("signal", include_str!("../protocols/signal.toml")),
    ("olm", include_str!("../protocols/olm.toml")),
    ("megolm", include_str!("../protocols/megolm.toml")),
    ("omemo-legacy", include_str!("../protocols/omemo-legacy.toml")),
    ("omemo-2", include_str!("../protocols/omemo-2.toml")),
    ("mls", include_str!("../protocols/mls.toml")),
    ("unknown", include_str!("../protocols/unknown.toml")),
];

/// The description of this family, as text.
pub(crate) fn text(family: &str) -> Option<&'static str> {
    EMBEDDED.iter().find(|(known, _)| *known == family).map(|(_, text)| *text)
}

/// Reads a description.
pub(crate) fn read(family: &str, text: &str) -> Result<Protocol, DocumentError> {
    let name = format!("protocols/{family}.toml");
    let protocol: Protocol = document::parse(&name, text)?;
    let blank = |words: &str| words.trim().is_empty();
    if protocol.says.values().any(|says| blank(&says.reason) || blank(&says.source)) {
        let message = "what a protocol says needs a reason and a source";
        return Err(DocumentError::at_key(&name, text, "says", message));
    }
    Ok(protocol)
}

/// The families that are described.
pub(crate) fn families() -> Vec<&'static str> {
    EMBEDDED.iter().map(|(family, _)| *family).collect()
}
