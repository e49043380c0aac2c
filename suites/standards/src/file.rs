//! The form of a standard's file, before inheritance: places are kept so that errors can point.

use std::{collections::BTreeMap, ops::Deref};

use hallmark_model::{
    CheckId, Clause, EvidenceKind, Gate, Level, Policy, Provenance, Requirement, RequirementId,
    standard::Document,
};
use serde::Deserialize;
use toml::Spanned;

/// One document, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// Ids of the embedded standards that it builds on.
    #[serde(default)]
    pub(crate) inherits: Vec<Spanned<String>>,
    pub(crate) document: Document,
    /// Families of the embedded protocol descriptions that it judges by.
    #[serde(default)]
    pub(crate) protocols: Vec<Spanned<String>>,
    /// The documents that rows cite, by the part of a row's id before the slash.
    #[serde(default)]
    pub(crate) source: BTreeMap<String, Source>,
    #[serde(default)]
    pub(crate) requirement: Vec<Row>,
    #[serde(default)]
    pub(crate) policy: Policy,
}

/// A document that rows cite.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    document: Words,
    published: Words,
    url: Option<Words>,
}

/// A requirement, as written: its document stands in the table of sources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: Spanned<RequirementId>,
    pub(crate) title: Words,
    pub(crate) level: Spanned<Level>,
    pub(crate) gate: Gate,
    pub(crate) provenance: Spanned<Provenance>,
    pub(crate) clause: Passage,
    pub(crate) evidence: Spanned<Vec<EvidenceKind>>,
    #[serde(default)]
    pub(crate) checks: Vec<Spanned<CheckId>>,
    pub(crate) why: Words,
    pub(crate) remedy: Words,
}

/// Where in its document a row stands, and what it says there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Passage {
    reference: Words,
    paraphrase: Words,
}

/// Text that says something: blank text is an error at its place.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Words(String);

impl TryFrom<String> for Words {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("must not be blank") } else { Ok(Self(text)) }
    }
}

impl Deref for Words {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Row {
    /// The name of the document that the row cites: the part of its id before the slash.
    pub(crate) fn cites(&self) -> &str {
        let id = self.id.get_ref().as_str();
        id.split_once('/').map_or(id, |(document, _)| document)
    }

    /// The row in the words of the model, resting on `source`.
    pub(crate) fn resolve(self, source: &Source) -> Requirement {
        Requirement {
            id: self.id.into_inner(),
            title: self.title.0,
            level: self.level.into_inner(),
            gate: self.gate,
            provenance: self.provenance.into_inner(),
            clause: Clause {
                document: source.document.0.clone(),
                published: source.published.0.clone(),
                reference: self.clause.reference.0,
                paraphrase: self.clause.paraphrase.0,
                url: source.url.as_ref().map(|url| url.0.clone()),
            },
            evidence: self.evidence.into_inner(),
            checks: self.checks.into_iter().map(Spanned::into_inner).collect(),
            why: self.why.0,
            remedy: self.remedy.0,
        }
    }
}
