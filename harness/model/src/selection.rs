//! Which checks a run is about.

use globset::{Glob, GlobSet, GlobSetBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CheckId, Standard};

/// How thoroughly the probes work.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// Seconds: samples where a sweep is possible.
    Quick,
    /// The default: every position, every window up to the policy's limit and beyond.
    #[default]
    Full,
    /// Everything, however long it takes.
    Exhaustive,
}

/// What the user chose, as written: it goes into the signed statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// Globs over requirement and check ids; empty means everything.
    pub only: Vec<String>,
    /// Globs over requirement and check ids to leave out.
    pub skip: Vec<String>,
    /// How thoroughly.
    pub depth: Depth,
}

/// A glob that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("selector `{glob}` is not a glob: {reason}")]
pub struct BadSelector {
    glob: String,
    reason: String,
}

impl Selection {
    /// Whether everything is selected.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.only.is_empty() && self.skip.is_empty()
    }

    /// The checks among `available` that are selected, by their own id or by that of a
    /// requirement of `standard` which they decide.
    ///
    /// # Errors
    ///
    /// When a selector is not a glob.
    pub fn choose(
        &self,
        available: &[CheckId],
        standard: &Standard,
    ) -> Result<Vec<CheckId>, BadSelector> {
        let (only, skip) = (globs(&self.only)?, globs(&self.skip)?);
        let named = |set: &GlobSet, check: &CheckId| {
            set.is_match(check.as_str())
                || standard.decided_by(check).any(|row| set.is_match(row.id.as_str()))
        };
        Ok(available
            .iter()
            .filter(|check| self.only.is_empty() || named(&only, check))
            .filter(|check| !named(&skip, check))
            .cloned()
            .collect())
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet, BadSelector> {
    let bad = |glob: &str, error: globset::Error| BadSelector {
        glob: glob.to_owned(),
        reason: error.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).map_err(|error| bad(pattern, error))?);
    }
    set.build().map_err(|error| bad(&patterns.join(","), error))
}
