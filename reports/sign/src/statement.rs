//! `statement.json`: the one file that is signed.

use hallmark_model::{Report, Sha256};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use crate::{Predicate, inventory::Inventory, layout};

/// The type of every in-toto statement of version 1.
pub const TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of our predicate. A URN, because it names and locates nothing.
pub const PREDICATE_TYPE: &str = "urn:hallmark:run:v1";

/// An in-toto Statement v1 about a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// Every file of the bundle but this one, the signatures and `VERIFY.txt`, sorted by name.
    pub subject: Vec<Subject>,
    /// [`PREDICATE_TYPE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said of them.
    pub predicate: Predicate,
}

/// A file that the statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its path in the bundle, with `/` between the parts.
    pub name: String,
    /// Its digest.
    pub digest: DigestSet,
}

/// The digests of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigestSet {
    /// SHA-256.
    pub sha256: Sha256,
}

/// Why bytes are not a statement of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not JSON, or not of the form.
    #[error("does not have the form of a statement: {0}")]
    Form(String),
    /// Another kind of statement.
    #[error("is a statement of type {found}, where {expected} is expected")]
    Type {
        /// The type found, made fit to print.
        found: String,
        /// The type read.
        expected: &'static str,
    },
    /// A subject whose name could mislead.
    #[error("covers a file that cannot be named so: {shown}: {reason}")]
    Name {
        /// The name, made fit to print.
        shown: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A subject that a statement cannot cover.
    #[error("claims to cover {0}, which it cannot")]
    Outside(String),
    /// Subjects twice or out of order.
    #[error("names {0} twice or out of order")]
    Order(String),
    /// More subjects than a bundle may have files.
    #[error("covers more than {} files", layout::MAX_FILES)]
    TooMany,
}

impl Statement {
    /// What there is to say of a report and of the files around it.
    #[must_use]
    pub fn of(report: &Report, inventory: &Inventory) -> Self {
        let subject = |(name, sha256): (&str, Sha256)| Subject {
            name: name.to_owned(),
            digest: DigestSet { sha256 },
        };
        let subjects: Vec<_> =
            inventory.covered().map(|(name, entry)| subject((name, entry.sha256))).collect();
        Self {
            statement_type: TYPE.to_owned(),
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate::of(report, &subjects),
            subject: subjects,
        }
    }

    /// The bytes to be signed, in the order of RFC 8785 so that the same run gives the same bytes.
    ///
    /// Verification never canonicalises: it reads the bytes as they stand.
    ///
    /// # Errors
    ///
    /// What the encoder says.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        serde_jcs::to_vec(self).map_err(|error| error.to_string())
    }

    /// Reads a statement strictly.
    ///
    /// # Errors
    ///
    /// When it is not of the form, or its subjects are not distinct, sorted and well named.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let statement: Self = serde_json::from_slice(bytes).map_err(|error| {
            StatementError::Form(hallmark_model::text::one_line(&error.to_string()))
        })?;
        expect_type(&statement.statement_type, TYPE)?;
        expect_type(&statement.predicate_type, PREDICATE_TYPE)?;
        if statement.subject.len() > layout::MAX_FILES {
            return Err(StatementError::TooMany);
        }
        for subject in &statement.subject {
            let shown = || hallmark_model::text::one_line(&subject.name);
            layout::check_name(&subject.name)
                .map_err(|reason| StatementError::Name { shown: shown(), reason })?;
            if layout::is_outside_statement(&subject.name) {
                return Err(StatementError::Outside(shown()));
            }
        }
        match statement.subject.windows(2).find(|pair| pair[0].name >= pair[1].name) {
            Some(pair) => Err(StatementError::Order(pair[1].name.clone())),
            None => Ok(statement),
        }
    }
}

fn expect_type(found: &str, expected: &'static str) -> Result<(), StatementError> {
    if found != expected {
        return Err(StatementError::Type {
            found: hallmark_model::text::one_line(found),
            expected,
        });
    }
    Ok(())
}

/// The JSON Schema (draft 2020-12) of `statement.json`.
#[must_use]
pub fn schema() -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Statement>();
    schema.insert("$id".to_owned(), "urn:hallmark:schema:statement:v1".into());
    schema.to_value()
}
