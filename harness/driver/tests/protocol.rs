//! Lines of the protocol: what is read, what is refused, and in which words.

use hallmark_driver::{
    protocol::{
        Answer, Bytes, Class, Fault, Operation, Refusal, Request, Said, Unsupported, Version,
        Warning, WarningClass, WarningLine, ops,
    },
    schema,
};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

fn wrong<O: Operation>(line: &str) -> String
where
    O::Answer: std::fmt::Debug,
{
    match Answer::read::<O>(Version::V1, 7, line.as_bytes()) {
        Ok((said, _)) => panic!("{line} was read as {said:?}"),
        Err(wrong) => wrong.to_string(),
    }
}

#[test]
fn a_wrong_answer_is_told_by_its_field() {
    let frames = [
        "",
        "null",
        "[]",
        r#"[7, {}, null, null, null, [], null]"#,
        "hello",
        "{}",
        r#"{"id": 7}"#,
        r#"{"id": 7, "ok": null}"#,
        r#"{"id": "7", "ok": {}}"#,
        r#"{"id": 7.0, "ok": {}}"#,
        r#"{"id": -7, "ok": {}}"#,
        r#"{"id": 8, "ok": {}}"#,
        r#"{"id": 8, "ok": {"of": "another operation"}}"#,
        r#"{"id": 7, "ok": {}, "refused": {"class": "policy"}}"#,
        r#"{"id": 7, "ok": {}, "error": {"message": ""}, "unsupported": {"reason": ""}}"#,
        r#"{"id": 7, "ok": {}} {"id": 8, "ok": {}}"#,
        r#"{"id": 7, "id": 7, "ok": {}}"#,
        r#"{"id": 7, "okay": {}}"#,
        r#"{"id": 7, "ok": {}, "warnings": "none"}"#,
        r#"{"id": 7, "ok": {}, "warnings": [1]}"#,
        r#"{"id": 7, "refused": {"class": "bad-mood"}}"#,
        r#"{"id": 7, "refused": {"detail": "no class"}}"#,
        r#"{"id": 7, "unsupported": "yes"}"#,
        r#"{"id": 7, "unsupported": {}}"#,
        r#"{"id": 7, "error": {"message": null}}"#,
        r#"{"id": 7, "ok": {"done": true}}"#,
        r#"{"id": 7, "ok": true}"#,
    ];
    let mut table: Vec<_> =
        frames.iter().map(|line| format!("{line}\n    {}", wrong::<ops::Ping>(line))).collect();
    let prekeys = r#""identity_key": "AAAA", "one_time_prekeys""#;
    for line in [
        format!(r#"{{"id": 7, "ok": {{"prekeys": {{{prekeys}: [{{"id": 1}}]}}}}}}"#),
        format!(r#"{{"id": 7, "ok": {{"prekeys": {{{prekeys}: [{{"id": 1, "public": 9}}]}}}}}}"#),
        format!(r#"{{"id": 7, "ok": {{"prekeys": {{{prekeys}: [{{"id": 1, "public": "!"}}]}}}}}}"#),
        format!(r#"{{"id": 7, "ok": {{"prekeys": {{{prekeys}: [], "colour": 1}}}}}}"#),
        r#"{"id": 7, "ok": {"prekeys": {"identity_key": "AAA"}}}"#.to_owned(),
        r#"{"id": 7, "ok": {}}"#.to_owned(),
    ] {
        table.push(format!("{line}\n    {}", wrong::<ops::PrekeysPublish>(&line)));
    }
    for line in [
        r#"{"id": 7, "ok": {"messages": [{"plaintext": "AA==", "sender": 1}]}}"#,
        r#"{"id": 7, "ok": {"messages": [{"plaintext": "AA==", "sender": "a", "position": -1}]}}"#,
        r#"{"id": 7, "ok": {"messages": {}}}"#,
    ] {
        table.push(format!("{line}\n    {}", wrong::<ops::MessageDecrypt>(line)));
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!(r#"{{"id": 7, "ok": {{"prekeys": {{"extra": {}"#, "[".repeat(1_000_000));
    assert!(Answer::read::<ops::PrekeysPublish>(Version::V1, 7, deep.as_bytes()).is_err());
    assert!(Answer::read::<ops::Ping>(Version::V1, 7, deep.as_bytes()).is_err());
}

#[test]
fn the_schema_is_published() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&schema()).unwrap());
}

#[test]
fn the_schema_accepts_what_we_write_and_refuses_what_we_refuse() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let good = [
        json!({ "id": 1, "op": "hello", "args": { "protocols": ["hallmark-driver/1"] } }),
        serde_json::to_value(Request::new(2, &ops::Reset { seed: Some(3) }).unwrap()).unwrap(),
        json!({ "id": 1, "ok": {} }),
        json!({ "id": 1, "ok": { "pid": 7 }, "warnings": ["w"], "log": "l" }),
        json!({ "id": 1, "ok": {}, "warnings": [{ "class": "new-device", "text": "w" }] }),
        json!({ "id": 1, "op": "group.add", "args": { "group": "ward", "members": ["bob"] } }),
        json!({ "id": 1, "ok": { "envelopes": [{ "kind": "welcome", "to": ["b"], "body": "AA==" }] } }),
        json!({ "id": 1, "refused": { "class": "bad-key" } }),
        json!({ "id": 1, "ok": { "messages": [{ "plaintext": "AA==", "sender": "alice" }] } }),
    ];
    for line in good {
        assert!(schema.is_valid(&line), "{line}");
    }
    let bad = [
        json!({ "id": 1, "op": "hello", "args": { "name": "alice" } }),
        json!({ "id": 1, "op": "no.such", "args": {} }),
        json!({ "id": 1, "op": "group.add", "args": { "group": "ward", "members": "bob" } }),
        json!({ "id": 1, "ok": {}, "warnings": [{ "class": "bad-mood", "text": "w" }] }),
        json!({ "id": "1", "ok": {} }),
        json!({ "id": 1 }),
        json!({ "id": 1, "ok": {}, "refused": { "class": "bad-key" } }),
        json!({ "id": 1, "refused": { "class": "bad-mood" } }),
        json!({ "id": 1, "ok": { "pid": 7, "colour": "blue" } }),
    ];
    for line in bad {
        assert!(!schema.is_valid(&line), "{line}");
    }
}

#[test]
fn the_schema_of_manifests_wants_a_command_or_an_address() {
    let schema = schemars::schema_for!(hallmark_driver::Manifest).to_value();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let manifest = |more: serde_json::Value| {
        let mut object = json!({
            "name": "x", "protocol": "hallmark-driver/2", "licence": "MIT",
            "candidate": { "name": "X", "version": "1" },
        });
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    };
    let command = json!(["x"]);
    for good in [
        json!({ "command": command }),
        json!({ "attach": "127.0.0.1:4000" }),
        json!({ "command": command, "network": "loopback", "secrets": ["token"] }),
    ] {
        assert!(schema.is_valid(&manifest(good.clone())), "{good}");
    }
    for bad in [
        json!({}),
        json!({ "command": command, "attach": "127.0.0.1:4000" }),
        json!({ "command": command, "network": "wifi" }),
    ] {
        assert!(!schema.is_valid(&manifest(bad.clone())), "{bad}");
    }
}

/// Written and read again, it is the same.
fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    value: &T,
) -> Result<(), TestCaseError> {
    let line = serde_json::to_vec(value).unwrap();
    prop_assert!(!line.contains(&b'\n'));
    prop_assert_eq!(&serde_json::from_slice::<T>(&line).unwrap(), value);
    Ok(())
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..80).prop_map(Bytes)
}

fn signed() -> impl Strategy<Value = ops::SignedPrekey> {
    (any::<u64>(), bytes(), bytes()).prop_map(|(id, public, signature)| ops::SignedPrekey {
        id,
        public,
        signature,
    })
}

fn prekeys() -> impl Strategy<Value = ops::Prekeys> {
    let one_time = (any::<u64>(), bytes(), prop::option::of(bytes()))
        .prop_map(|(id, public, signature)| ops::OneTimePrekey { id, public, signature });
    (
        bytes(),
        prop::option::of(bytes()),
        prop::option::of(signed()),
        prop::collection::vec(one_time, 0..4),
        prop::option::of(signed()),
        prop::option::of(any::<String>()),
    )
        .prop_map(
            |(identity_key, signing_key, signed_prekey, one_time_prekeys, kem_prekey, extra)| {
                ops::Prekeys {
                    identity_key,
                    signing_key,
                    signed_prekey,
                    one_time_prekeys,
                    kem_prekey,
                    extra: extra.map_or(serde_json::Value::Null, |text| json!({ "note": text })),
                }
            },
        )
}

fn envelope() -> impl Strategy<Value = ops::Envelope> {
    let kind = prop_oneof![Just(ops::EnvelopeKind::Setup), Just(ops::EnvelopeKind::Message)];
    (kind, any::<String>(), bytes()).prop_map(|(kind, tag, body)| ops::Envelope { kind, tag, body })
}

proptest! {
    #[test]
    fn no_line_makes_reading_panic(id in 0_u64..3, line in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Answer::read::<ops::Ping>(Version::V1, id, &line).is_err());
        prop_assert!(Answer::read::<ops::PrekeysPublish>(Version::V1, id, &line).is_err());
    }

    #[test]
    fn nor_does_a_line_that_is_nearly_right(at in 0_usize..300, junk in any::<u8>(), cut in 0_usize..300) {
        let good = br#"{"id":7,"ok":{"prekeys":{"identity_key":"AAAA","signed_prekey":{"id":1,"public":"AAAA","signature":"AAAA"},"one_time_prekeys":[{"id":2,"public":"AAAA"}]}},"warnings":["w"]}"#;
        prop_assert!(Answer::read::<ops::PrekeysPublish>(Version::V1, 7, good).is_ok());
        let mut line = good.to_vec();
        let at = at % line.len();
        line[at] = junk;
        let _ = Answer::read::<ops::PrekeysPublish>(Version::V1, 7, &line).map_err(|wrong| wrong.to_string());
        let cut = &good[..cut % good.len()];
        prop_assert!(Answer::read::<ops::PrekeysPublish>(Version::V1, 7, cut).is_err());
    }

    #[test]
    fn operations_survive_the_line(
        prekeys in prekeys(), envelope in envelope(), name in any::<String>(),
        plaintext in bytes(), position in prop::option::of(any::<u64>()), seed in prop::option::of(any::<u64>()),
    ) {
        survives(&ops::PrekeysAnswer { prekeys: prekeys.clone() })?;
        survives(&ops::PrekeysImport { peer: name.clone(), prekeys })?;
        survives(&ops::MessageDecrypt { from: name.clone(), envelope: envelope.clone() })?;
        survives(&ops::EnvelopesAnswer { envelopes: vec![envelope.clone(), envelope] })?;
        survives(&ops::MessageEncrypt { peer: name.clone(), plaintext: plaintext.clone() })?;
        survives(&ops::Reset { seed })?;
        survives(&ops::StateRestore { state: plaintext.clone() })?;
        let message = ops::Message { plaintext, sender: name, position, conversation: None };
        survives(&ops::MessagesAnswer { messages: vec![message] })?;
    }

    #[test]
    fn answers_survive_the_line(id in any::<u64>(), text in any::<String>(), plaintext in bytes(), warnings in prop::collection::vec(any::<String>(), 0..3)) {
        let ok = ops::StateAnswer { state: plaintext };
        let answer = Answer {
            id,
            ok: Some(serde_json::to_value(&ok).unwrap()),
            warnings: warnings.iter().cloned().map(WarningLine::Text).collect(),
            log: Some(text.clone()),
            ..Answer::default()
        };
        let line = serde_json::to_vec(&answer).unwrap();
        let warnings = |class| warnings.iter().cloned().map(|text| Warning { class, text }).collect::<Vec<_>>();
        let read = Answer::read::<ops::StateSnapshot>(Version::V1, id, &line).unwrap();
        prop_assert_eq!(read, (Said::Ok(ok.clone()), warnings(WarningClass::Other)));

        let shown = warnings(WarningClass::NewDevice);
        let answer = Answer {
            warnings: shown.iter().cloned().map(WarningLine::Classed).collect(),
            ..answer
        };
        let line = serde_json::to_vec(&answer).unwrap();
        let read = Answer::read::<ops::StateSnapshot>(Version::V2, id, &line).unwrap();
        prop_assert_eq!(read, (Said::Ok(ok), shown.clone()));
        prop_assert_eq!(
            Answer::read::<ops::StateSnapshot>(Version::V1, id, &line).is_err(),
            !shown.is_empty()
        );

        let refusal = Refusal { class: Class::OldMessage, detail: Some(text.clone()) };
        let answer = Answer { id, refused: Some(refusal.clone()), ..Answer::default() };
        let line = serde_json::to_vec(&answer).unwrap();
        prop_assert_eq!(Answer::read::<ops::Ping>(Version::V1, id, &line).unwrap().0, Said::Refused(refusal));

        let unsupported = Unsupported { reason: text.clone() };
        let answer = Answer { id, unsupported: Some(unsupported.clone()), ..Answer::default() };
        let line = serde_json::to_vec(&answer).unwrap();
        prop_assert_eq!(Answer::read::<ops::Ping>(Version::V1, id, &line).unwrap().0, Said::Unsupported(unsupported));

        let fault = Fault { message: text };
        let answer = Answer { id, error: Some(fault.clone()), ..Answer::default() };
        let line = serde_json::to_vec(&answer).unwrap();
        prop_assert_eq!(Answer::read::<ops::Ping>(Version::V1, id, &line).unwrap().0, Said::Error(fault));
    }
}
