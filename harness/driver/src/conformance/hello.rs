//! The fields of `hello`.

use std::collections::BTreeSet;

use super::kit::{Kit, against, problem};
use crate::{
    connection::Connection,
    outcome::Outcome,
    protocol::{
        Operation, Version,
        ops::{self, Hello, HelloAnswer, Program},
    },
};

/// Operations of the control group, which every driver has and none lists.
const CONTROL: [&str; 4] = ["hello", "ping", "reset", "shutdown"];

pub(super) fn check(kit: &mut Kit, hello: &HelloAnswer) {
    let op = Hello::NAME;
    kit.judge("hello names the driver", op, &program("driver", &hello.driver));
    kit.judge("hello names the candidate", op, &program("candidate", &hello.candidate));
    let family = &hello.family;
    let wrong = family.is_empty()
        || !family.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    kit.judge(
        "hello names the protocol family",
        op,
        &problem(wrong, || {
            format!(
                "field `ok.family` is `{family}`, expected lower-case letters, digits and \
                 hyphens, such as `signal` or `unknown`"
            )
        }),
    );
    let silent = hello.calling.trim().is_empty();
    kit.judge(
        "hello says how the candidate is called",
        op,
        &problem(silent, || {
            "field `ok.calling` is empty, expected a sentence: the way of calling a library can \
             decide the verdict"
                .to_owned()
        }),
    );
    kit.judge("hello lists capabilities", op, &capabilities(&hello.capabilities));
    let listed: Vec<_> =
        hello.capabilities.iter().filter(|name| CONTROL.contains(&name.as_str())).collect();
    if let Some(first) = listed.first() {
        kit.note(
            "hello lists the control group",
            op,
            format!("field `ok.capabilities` need not list `{first}`: every driver has it"),
        );
    }
    let zero = hello.limits.iter().find(|(_, limit)| **limit == 0);
    kit.judge(
        "hello states limits",
        op,
        &zero
            .map(|(name, _)| format!("field `ok.limits.{name}` is 0"))
            .into_iter()
            .collect::<Vec<_>>(),
    );
}

/// Whether a driver keeps to what it is offered: it takes one of those versions, or says `error`.
pub(super) async fn negotiation(kit: &mut Kit, carol: &mut Connection) {
    let op = Hello::NAME;
    for (step, offered) in [
        ("takes version 1 where only that is offered", Version::V1.name()),
        ("says `error` to a version that nobody has", "hallmark-driver/0"),
    ] {
        if carol.broken().is_some() {
            return;
        }
        match carol.call(&Hello { protocols: vec![offered.to_owned()] }).await {
            Outcome::Ok(answer, _) if answer.protocol == offered => kit.ok(step, op),
            Outcome::Ok(answer, _) => {
                let words = format!(
                    "field `ok.protocol` is `{}`, and only `{offered}` was offered: a driver that \
                     does not speak it answers `error`",
                    answer.protocol
                );
                kit.broken(step, op, words);
            }
            Outcome::Error(_) if offered == Version::V1.name() => {
                kit.note(step, op, "it does not speak it, and says so with `error`");
            }
            Outcome::Error(_) => kit.ok(step, op),
            other => kit.broken(step, op, format!("{}, or `error`", against(&other))),
        }
    }
    if carol.broken().is_none() {
        // Back to what was agreed on.
        let _ = carol.call(&Hello { protocols: vec![carol.version().name().to_owned()] }).await;
    }
}

/// Two that are to talk to each other speak the same protocol.
pub(super) fn same_family(kit: &mut Kit, one: &HelloAnswer, other: &HelloAnswer) {
    let differs = one.family != other.family;
    kit.judge(
        "both speak the same protocol family",
        Hello::NAME,
        &problem(differs, || {
            format!("field `ok.family` is `{}` for alice, `{}` for bob", one.family, other.family)
        }),
    );
}

fn program(field: &str, program: &Program) -> Vec<String> {
    let mut problems = Vec::new();
    if program.name.trim().is_empty() {
        problems.push(format!("field `ok.{field}.name` is empty"));
    }
    if program.version.trim().is_empty() {
        problems.push(format!("field `ok.{field}.version` is empty"));
    }
    if let Some(digest) = &program.sha256
        && (digest.len() != 64 || !digest.chars().all(|c| c.is_ascii_hexdigit()))
    {
        problems.push(format!(
            "field `ok.{field}.sha256` has {} characters, expected 64 hexadecimal digits",
            digest.chars().count()
        ));
    }
    problems
}

fn capabilities(names: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        if !ops::NAMES.contains(&name.as_str()) {
            problems.push(format!(
                "field `ok.capabilities[{index}]` is `{name}`, which the protocol does not have"
            ));
        }
        if !seen.insert(name) {
            problems.push(format!("field `ok.capabilities[{index}]` repeats `{name}`"));
        }
    }
    if names.is_empty() {
        problems.push("field `ok.capabilities` is empty: nothing can be tested".to_owned());
    }
    problems
}
