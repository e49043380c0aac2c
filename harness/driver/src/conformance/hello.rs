//! The fields of `hello`.

use std::collections::BTreeSet;

use super::kit::{Kit, problem};
use crate::protocol::{
    Operation,
    ops::{self, Hello, HelloAnswer, Program},
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
