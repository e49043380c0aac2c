//! The figure of this suite: cipher suites by version.

use hallmark_model::{
    Figure,
    figure::{CipherSuiteMatrix, MatrixRow, Offer},
    text,
};
use hallmark_tls::ProtocolVersion;

use crate::{
    checks,
    facts::{Area, ServerFacts, Told},
};

/// What a report can draw from the facts: nothing where no version was accepted.
#[must_use]
pub fn figures(facts: &ServerFacts) -> Vec<Figure> {
    if facts.accepted().next().is_none() {
        return Vec::new();
    }
    // A version that is refused has no column: the sentences name it.
    let versions: Vec<_> = facts
        .versions
        .iter()
        .filter(|(_, told)| **told != Told::Known(false))
        .map(|(version, _)| *version)
        .collect();
    let suites: Vec<_> = names(facts).into_iter().map(|name| row(facts, &versions, name)).collect();
    let sentences = sentences(facts, &suites);
    vec![Figure::CipherSuites(CipherSuiteMatrix {
        subject: text::one_line(&facts.endpoint),
        versions: versions.iter().map(ToString::to_string).collect(),
        suites,
        sentences,
    })]
}

/// Every accepted suite once: newest version first, and within it the server's order.
fn names(facts: &ServerFacts) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for suite in facts.cipher_suites.values().rev().flatten() {
        if !names.contains(&suite.as_str()) {
            names.push(suite);
        }
    }
    names
}

fn row(facts: &ServerFacts, versions: &[ProtocolVersion], suite: &str) -> MatrixRow {
    let accepted = |version: &ProtocolVersion| {
        facts.cipher_suites.get(version).is_some_and(|suites| suites.iter().any(|s| s == suite))
    };
    let cell = |version: &ProtocolVersion| match &facts.versions[version] {
        _ if accepted(version) => Offer::Accepted,
        Told::Unknown(_) => Offer::Unknown,
        Told::Known(_) => Offer::Refused,
    };
    MatrixRow {
        suite: suite.to_owned(),
        ephemeral: checks::is_ephemeral(suite),
        cells: versions.iter().map(cell).collect(),
    }
}

fn sentences(facts: &ServerFacts, suites: &[MatrixRow]) -> Vec<String> {
    let list = |wanted: fn(&Told) -> bool| {
        let named = facts.versions.iter().filter(|(_, told)| wanted(told));
        named.map(|(version, _)| version.to_string()).collect::<Vec<_>>().join(", ")
    };
    let mut sentences = vec![format!("Accepted: {}.", list(Told::is_true))];
    let refused = list(|told| *told == Told::Known(false));
    if !refused.is_empty() {
        sentences.push(format!("Refused: {refused}."));
    }
    let unknown = list(|told| told.reason().is_some());
    if !unknown.is_empty() {
        sentences.push(format!("Could not be told: {unknown}."));
    }
    let exposed = suites.iter().filter(|row| row.ephemeral == Some(false)).count();
    sentences.push(match exposed {
        0 => "No accepted cipher suite is known to lack forward secrecy.".to_owned(),
        1 => "One cipher suite has no forward secrecy: a server key that leaks later opens \
              recordings made with it."
            .to_owned(),
        some => format!(
            "{some} cipher suites have no forward secrecy: a server key that leaks later opens \
             recordings made with them."
        ),
    });
    if facts.unknown_in(Area::CipherSuites).next().is_some() {
        sentences.push("Some offers got no clear answer, so there may be more.".to_owned());
    }
    sentences
}
