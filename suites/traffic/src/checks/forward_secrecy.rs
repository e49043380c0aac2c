//! Sessions agreed on keys ephemerally.

use hallmark_model::{Verdict, text};
use hallmark_tls::CipherSuite;

use super::{
    Check, Conclusion, Source,
    places::{flow, some},
    sessions::{LISTED, sessions},
};
use crate::facts::{Flow, Handshake, TrafficFacts};

pub(super) const CHECK: Check = Check {
    name: "forward-secrecy",
    title: "Recorded sessions have forward secrecy",
    source: Source::Captures,
    expected: "every recorded TLS session agreed on its keys with an ephemeral key exchange",
    judge: |facts, _| judge(facts),
};

fn judge(facts: &TrafficFacts) -> Conclusion {
    let sessions = sessions(facts);
    let with = |wanted: Option<bool>| -> Vec<(&Flow, &Handshake)> {
        sessions.seen.iter().copied().filter(|(_, h)| is_ephemeral(h) == wanted).collect()
    };
    let list = |found: &[(&Flow, &Handshake)]| {
        let one = |(f, h): &(&Flow, &Handshake)| {
            let suite = h.cipher_suite.known().map_or("cipher suite unknown", String::as_str);
            format!("{} with {}", flow(f), text::one_line(suite))
        };
        some(found.iter().map(one), LISTED)
    };
    let all = sessions.seen.len();
    let (fixed, unclear) = (with(Some(false)), with(None));
    if !fixed.is_empty() {
        return Conclusion::new(
            Verdict::Fail,
            format!("{} of {all} TLS session(s): {}", fixed.len(), list(&fixed)),
            "the keys of these follow from a secret that lives longer than the session: whoever \
             steals it later opens the recording",
        );
    }
    if let Some(prevented) = sessions.prevented(facts) {
        return prevented;
    }
    if !unclear.is_empty() {
        return Conclusion::new(
            Verdict::Inconclusive,
            format!("{} of {all} TLS session(s): {}", unclear.len(), list(&unclear)),
            "how these agreed on their keys does not show in what was recorded",
        );
    }
    let resumed = |(_, h): &&(&Flow, &Handshake)| h.resumed.known() == Some(&true);
    let resumed = sessions.seen.iter().filter(resumed).count();
    let note = match resumed {
        0 => String::new(),
        n => format!(
            "; {n} of them resumed an earlier one, whose secrets the server or the client keeps for a while"
        ),
    };
    Conclusion::new(
        Verdict::Pass,
        format!("all {all} TLS session(s) agreed on keys ephemerally{note}"),
        "a key that is stolen later does not open what was recorded",
    )
}

/// `None` where it does not show.
fn is_ephemeral(handshake: &Handshake) -> Option<bool> {
    // SSLv2 knows nothing but RSA key transport.
    if handshake.version.known().is_some_and(|version| version == "SSLv2") {
        return Some(false);
    }
    let suite = CipherSuite::from_name(handshake.cipher_suite.known()?)?;
    if !suite.is_tls13() {
        return suite.is_ephemeral();
    }
    match (handshake.group.known(), handshake.resumed.known()) {
        (Some(Some(_)), _) => Some(true),
        // A pre-shared key alone; without one, TLS 1.3 has no other way than a key exchange.
        (Some(None), Some(true)) => Some(false),
        (_, Some(false)) => Some(true),
        _ => None,
    }
}
