//! The protocol as one JSON Schema document.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::protocol::{Answer, Request, Version, ops};

/// The JSON Schema (draft 2020-12) of the protocol: `$defs.request` and `$defs.answer` are the
/// two kinds of line, `$defs["OP args"]` and `$defs["OP answer"]` what they carry for each
/// operation. A line is valid if it is either.
#[must_use]
pub fn schema() -> Value {
    let mut defs = Map::new();
    let mut requests = Vec::new();
    let mut answers = Vec::new();
    for (op, args, answer) in ops::schemas() {
        let (args_name, answer_name) = (format!("{op} args"), format!("{op} answer"));
        requests.push(json!({
            "properties": { "op": { "const": op }, "args": { "$ref": pointer(&args_name) } }
        }));
        answers.push(json!({ "$ref": pointer(&answer_name) }));
        insert(&mut defs, args_name, args.to_value());
        insert(&mut defs, answer_name, answer.to_value());
    }
    let generator = || SchemaGenerator::default().into_root_schema_for::<Request>().to_value();
    insert(&mut defs, "request".to_owned(), generator());
    if let Some(request) = defs.get_mut("request").and_then(Value::as_object_mut) {
        request.insert("oneOf".to_owned(), Value::Array(requests));
    }
    let answer = SchemaGenerator::default().into_root_schema_for::<Answer>().to_value();
    insert(&mut defs, "answer".to_owned(), answer);
    if let Some(answer) = defs.get_mut("answer").and_then(Value::as_object_mut) {
        let kinds = ["ok", "refused", "unsupported", "error"];
        let one = kinds.iter().map(|kind| json!({ "required": [kind] })).collect();
        answer.insert("oneOf".to_owned(), Value::Array(one));
        if let Some(properties) = answer.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert(
                "ok".to_owned(),
                json!({ "description": "The answer of the request's operation.", "anyOf": answers }),
            );
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": Version::offer().join(" and "),
        "description": "One line of the driver protocol: a request to a driver, or its answer.",
        "oneOf": [{ "$ref": "#/$defs/request" }, { "$ref": "#/$defs/answer" }],
        "$defs": defs,
    })
}

fn pointer(name: &str) -> String {
    format!("#/$defs/{}", name.replace(' ', "%20"))
}

/// Adds a root schema under a name; its own definitions move up, as references expect.
fn insert(defs: &mut Map<String, Value>, name: String, mut root: Value) {
    if let Some(object) = root.as_object_mut() {
        object.shift_remove("$schema");
        if let Some(Value::Object(own)) = object.shift_remove("$defs") {
            for (name, schema) in own {
                defs.insert(name, schema);
            }
        }
    }
    defs.insert(name, root);
}
