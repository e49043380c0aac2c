//! What the statement says of the run: `urn:hallmark:run:v1`.

use hallmark_model::{
    Headline, Overlay, Report, RequirementId, Selection, Sha256, Suite,
    candidate::Authorisation,
    report::{Assurance, Candidate, Counts, Tool},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{layout, statement::Subject};

/// Everything that a reader may want to rely on without opening the report.
///
/// It is derived from the report and from the digests of the facts, and from nothing else, so that
/// a verifier can recompute it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// The program that made the report.
    pub tool: Tool,
    /// What was judged against.
    pub standard: Standard,
    /// The suites that left facts.
    pub suites: Vec<SuiteFacts>,
    /// What was tested, and whom each suite talked to.
    pub candidate: Candidate,
    /// What was in force: operating system, isolation of drivers.
    pub environment: Vec<String>,
    /// How the run went.
    pub run: Run,
    /// Rows by verdict, each half apart.
    pub summary: Counts,
    /// The answer, in two halves.
    pub headline: Headline,
    /// What people say about rows.
    pub overlays: Vec<Overlaid>,
    /// Who stands behind the run.
    pub assurance: Assurance,
    /// The buyer's nonce, where one was given.
    pub challenge: Option<String>,
    /// Who allowed intrusive checks, where anybody did.
    pub authorisation: Option<Authorisation>,
    /// Whether intrusive checks were allowed.
    #[serde(default)]
    pub intrusive: bool,
    /// What was taken out of the bundle, by rule.
    pub redactions: Vec<Redaction>,
    /// Other documents that the verdicts rest on.
    pub inputs: Vec<Input>,
}

/// The standard, by name and by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// `nhs-im`.
    pub id: String,
    /// Version of the edition.
    pub version: String,
    /// Digest over the document and everything that it inherits.
    pub digest: Sha256,
}

/// The facts of a suite, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuiteFacts {
    /// Which suite.
    pub suite: Suite,
    /// Digest of `facts/<suite>.json`.
    pub facts: Sha256,
}

/// How the run went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// The seed, hexadecimal.
    pub seed: String,
    /// What was selected.
    pub selection: Selection,
    /// Always true: nothing unfinished is signed.
    pub complete: bool,
}

/// What people say about one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overlaid {
    /// Which row.
    pub requirement: RequirementId,
    /// What they say.
    pub overlay: Overlay,
}

/// Something that a rule took out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Id of the rule.
    pub rule: String,
    /// How often it applied.
    pub count: u64,
}

/// Another document, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What it is.
    pub name: String,
    /// Its digest.
    pub sha256: Sha256,
}

impl Predicate {
    /// What a report says, with the digests of the facts among `subjects`.
    #[must_use]
    pub fn of(report: &Report, subjects: &[Subject]) -> Self {
        let Report { tool, standard, candidate, run, headline, counts, requirements, .. } =
            report.clone();
        let facts = |suite: Suite| {
            let name = format!("{}/{suite}.json", layout::FACTS);
            let subject = subjects.iter().find(|subject| subject.name == name)?;
            Some(SuiteFacts { suite, facts: subject.digest.sha256 })
        };
        let overlays = requirements.into_iter().flat_map(|row| {
            let requirement = row.id;
            row.overlays
                .into_iter()
                .map(move |overlay| Overlaid { requirement: requirement.clone(), overlay })
        });
        Self {
            tool,
            standard: Standard {
                id: standard.id,
                version: standard.version,
                digest: standard.digest,
            },
            suites: Suite::ALL.into_iter().filter_map(facts).collect(),
            candidate,
            environment: run.environment,
            run: Run {
                id: run.id,
                started: run.started,
                finished: run.finished,
                seed: run.seed,
                selection: run.selection,
                complete: run.complete,
            },
            summary: counts,
            headline,
            overlays: overlays.collect(),
            assurance: run.assurance,
            challenge: run.challenge,
            authorisation: run.authorisation,
            intrusive: run.intrusive,
            redactions: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// The names of the fields in which two predicates differ: `run.seed`, `headline`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut fields = Vec::new();
        if let (Ok(ours), Ok(theirs)) = (serde_json::to_value(self), serde_json::to_value(other)) {
            differing("", &ours, &theirs, &mut fields);
        }
        if fields.is_empty() && self != other {
            fields.push("predicate".to_owned());
        }
        fields
    }
}

/// Goes into objects, not into lists: a field name is precise enough.
fn differing(
    path: &str,
    ours: &serde_json::Value,
    theirs: &serde_json::Value,
    fields: &mut Vec<String>,
) {
    if ours == theirs {
        return;
    }
    match (ours.as_object(), theirs.as_object()) {
        (Some(ours), Some(theirs)) => {
            let mut keys: Vec<_> = ours.keys().chain(theirs.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let null = serde_json::Value::Null;
                differing(
                    &path,
                    ours.get(key).unwrap_or(&null),
                    theirs.get(key).unwrap_or(&null),
                    fields,
                );
            }
        }
        _ => fields.push(path.to_owned()),
    }
}
