//! The published schemas are those of the types, and they hold for what is written.

mod sample;

use std::fs;

use hallmark_bundle::schema;
use hallmark_model::Configuration;
use sample::{complete, event, incomplete};
use serde_json::{Value, json};

fn validator(name: &str) -> jsonschema::Validator {
    let all = schema::named();
    let (_, schema) = all.iter().find(|(known, _)| *known == name).unwrap();
    jsonschema::draft202012::new(schema).unwrap()
}

#[test]
fn the_published_schemas_are_the_generated_ones() {
    let bless = std::env::var_os("HALLMARK_BLESS").is_some();
    for (name, schema) in schema::named() {
        let path = format!("{}/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let generated = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if bless {
            fs::write(&path, &generated).unwrap();
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            published, generated,
            "{name}: run with HALLMARK_BLESS=1 and read the difference"
        );
        jsonschema::meta::validate(&schema).unwrap();
    }
}

#[test]
fn what_is_written_fits_its_schema() {
    let report = validator("report");
    assert!(report.is_valid(&serde_json::to_value(complete()).unwrap()));
    assert!(report.is_valid(&serde_json::to_value(incomplete()).unwrap()));
    assert!(validator("events").is_valid(&serde_json::to_value(event("x")).unwrap()));
    let configuration =
        Configuration::parse("x", "schema = 1\n[candidate]\nname = \"a\"\nversion = \"1\"")
            .unwrap();
    let configuration = serde_json::to_value(configuration).unwrap();
    assert!(validator("configuration").is_valid(&configuration));
}

#[test]
fn what_does_not_fit_is_refused_by_the_schema() {
    let report = validator("report");
    let good = serde_json::to_value(complete()).unwrap();
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        !report.is_valid(&value)
    };
    assert!(broken(&|r| r["news"] = json!(1)));
    assert!(broken(&|r| r["headline"]["clauses"] = json!("perfect")));
    assert!(broken(&|r| r["standard"]["digest"] = json!("abc")));
    assert!(broken(&|r| r["run"]["complete"] = json!("yes")));
    assert!(broken(&|r| drop(r.as_object_mut().unwrap().remove("counts"))));
}

#[test]
fn schemas_of_others_join_in_order() {
    let all = schema::with([("driver", json!({})), ("facts-messaging", schema::of::<u8>("x"))]);
    let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["compare", "configuration", "driver", "events", "facts-messaging", "report"]
    );
    assert_eq!(all[4].1["$id"], "urn:hallmark:schema:x:v1");
}
