//! Inheritance: which documents a standard is made of, and how they are laid over each other.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_model::{
    Policy, Protocol, Sha256, Standard,
    document::{self, DocumentError},
};
use ring::digest;
use toml::Spanned;

use crate::{
    Loaded, closest,
    file::{File, Source},
    protocols, quoted, rules,
};

/// Documents that can be inherited: id and text.
type Library<'a> = &'a [(&'a str, &'a str)];

/// A document that takes part, with what is needed to point into it.
struct Part<'a> {
    name: String,
    text: &'a str,
    file: File,
    /// The protocol descriptions that it names, and their texts.
    protocols: Vec<(&'static str, Protocol)>,
}

/// Reads `text`, the contents of the file `name`, and everything that it inherits from `library`.
pub(crate) fn load(library: Library, name: &str, text: &str) -> Result<Loaded, DocumentError> {
    let mut parts = Vec::new();
    collect(library, name, text, &mut Vec::new(), &mut BTreeSet::new(), &mut parts)?;
    let digest = digest_of(&parts);
    Ok(Loaded { standard: merge(parts)?, digest })
}

/// Appends the ancestors of a document and then the document itself, each once.
fn collect<'a>(
    library: Library<'a>,
    name: &str,
    text: &'a str,
    descendants: &mut Vec<String>,
    done: &mut BTreeSet<String>,
    parts: &mut Vec<Part<'a>>,
) -> Result<(), DocumentError> {
    let file: File = document::parse(name, text)?;
    rules::check(name, text, &file)?;
    let id = file.document.id.clone();
    if library.iter().any(|(known, embedded)| *known == id && *embedded != text) {
        let message = format!("`{id}` is the id of an embedded standard; choose another");
        return Err(DocumentError::at_key(name, text, "id", &message));
    }
    descendants.push(id.clone());
    for parent in &file.inherits {
        let at = |message: &str| DocumentError::at_span(name, text, parent.span(), message);
        let wanted = parent.get_ref().as_str();
        if descendants.iter().any(|descendant| descendant == wanted) {
            let round = [&descendants[..], &[wanted.to_owned()]].concat().join(" → ");
            return Err(at(&format!("a standard cannot inherit from itself: {round}")));
        }
        if done.contains(wanted) {
            continue;
        }
        let ids: Vec<_> = library.iter().map(|(id, _)| *id).collect();
        let Some((parent_id, parent_text)) = library.iter().find(|(id, _)| *id == wanted) else {
            let message = format!("standard `{wanted}` is not known; known are {}", quoted(&ids));
            return Err(at(&message).suggesting(closest(wanted, ids).map(str::to_owned)));
        };
        let parent_name = format!("{parent_id}.toml");
        collect(library, &parent_name, parent_text, descendants, done, parts)?;
    }
    descendants.pop();
    done.insert(id);
    let protocols = described(name, text, &file)?;
    parts.push(Part { name: name.to_owned(), text, file, protocols });
    Ok(())
}

/// Reads the protocol descriptions that a document names.
fn described(
    name: &str,
    text: &str,
    file: &File,
) -> Result<Vec<(&'static str, Protocol)>, DocumentError> {
    let read = |family: &Spanned<String>| {
        let families = protocols::families();
        let wanted = family.get_ref().as_str();
        let Some(known) = families.iter().find(|known| **known == wanted) else {
            let message =
                format!("no protocol `{wanted}` is described; known are {}", quoted(&families));
            return Err(DocumentError::at_span(name, text, family.span(), &message)
                .suggesting(closest(wanted, families.clone()).map(str::to_owned)));
        };
        let description = protocols::text(known).unwrap_or_default();
        Ok((*known, protocols::read(known, description)?))
    };
    file.protocols.iter().map(read).collect()
}

/// Lays documents over each other, ancestors first, so that the nearer one wins. The rows of the
/// nearer one also stand first.
fn merge(parts: Vec<Part>) -> Result<Standard, DocumentError> {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let mut policy = Policy::default();
    let mut merged = None;
    let mut requirements = Vec::new();
    for Part { name, text, file, protocols } in parts {
        sources.extend(file.source);
        let described = protocols.into_iter().map(|(family, p)| (family.to_owned(), p));
        policy.overlay(Policy { protocols: described.collect(), ..Policy::default() });
        policy.overlay(file.policy);
        let mut own = Vec::new();
        for row in file.requirement {
            let cited = row.cites();
            let Some(source) = sources.get(cited) else {
                let message = format!("no table [source.{cited}] says what `{cited}` is");
                let known = closest(cited, sources.keys().map(String::as_str));
                return Err(DocumentError::at_span(&name, text, row.id.span(), &message)
                    .suggesting(known.map(str::to_owned)));
            };
            let source = source.clone();
            own.push(row.resolve(&source));
        }
        let ids: BTreeSet<_> = own.iter().map(|row| row.id.clone()).collect();
        requirements.retain(|row: &hallmark_model::Requirement| !ids.contains(&row.id));
        own.append(&mut requirements);
        requirements = own;
        merged = Some(file.document);
    }
    let document = merged.expect("the document asked for is always among its parts");
    Ok(Standard { document, requirements, policy })
}

/// See [`Loaded::digest`].
fn digest_of(parts: &[Part]) -> Sha256 {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut add = |text: &str| {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    };
    for part in parts {
        add(part.text);
        part.protocols.iter().filter_map(|(family, _)| protocols::text(family)).for_each(&mut add);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    Sha256::from_bytes(bytes)
}
