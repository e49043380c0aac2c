//! JSON Schemas of what lies in a bundle, generated from the types that write it.
//!
//! Other crates own further formats (the facts of a suite, the driver protocol, the statement);
//! whoever knows them all joins their schemas to these with [`with`].

use hallmark_model::{Configuration, Report, event::Stamped};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use crate::Comparison;

/// A schema under the name by which `hallmark schema NAME` prints it.
pub type Named = (&'static str, Value);

/// The schemas of this crate: `report`, `events` (one line of `events.jsonl`), `configuration`
/// (`hallmark.toml`, read as data) and `compare` (what `hallmark compare` concludes).
#[must_use]
pub fn named() -> Vec<Named> {
    vec![
        ("report", of::<Report>("report")),
        ("events", of::<Stamped>("events")),
        ("configuration", of::<Configuration>("configuration")),
        ("compare", of::<Comparison>("compare")),
    ]
}

/// The schemas of this crate and those that others give, ordered by name.
#[must_use]
pub fn with(others: impl IntoIterator<Item = Named>) -> Vec<Named> {
    let mut all: Vec<_> = named().into_iter().chain(others).collect();
    all.sort_by_key(|(name, _)| *name);
    all
}

/// The schema (draft 2020-12) of `T`, identified as `urn:hallmark:schema:<name>:v1`.
#[must_use]
pub fn of<T: JsonSchema>(name: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), format!("urn:hallmark:schema:{name}:v1").into());
    schema.to_value()
}
