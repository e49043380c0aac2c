//! Pure functions from facts and policy to findings.

mod aes_256_equivalent;
mod aes_256_literal;
mod app_added_member;
mod app_attacks;
mod app_conversation;
mod app_device_keys;
mod app_ghost_device;
mod app_inventory;
mod app_marker;
mod app_plaintext;
mod app_prekeys;
mod app_replay;
mod app_sender;
mod bit_flips;
mod encryption_marker;
mod envelope_confidential;
mod fingerprint;
mod ghost_device;
mod group_added_by_server;
mod group_bit_flips;
mod group_channel;
mod group_clone;
mod group_control;
mod group_conversation;
mod group_epochs;
mod group_fork;
mod group_forwarded_key;
mod group_healing;
mod group_impersonation;
mod group_new_member;
mod group_removed_member;
mod group_replay;
mod group_rollback;
mod group_rotation;
mod group_round_trip;
mod group_state;
mod group_window;
mod identity_binding;
mod identity_change;
mod key_reuse;
mod older_protocol;
mod one_time_prekey;
mod one_time_signature;
mod plaintext_fallback;
mod plaintext_injected;
mod prekey_signature;
mod ratchet_heals;
mod reactions;
mod reflection;
mod reordering;
mod replay;
mod rollback;
mod round_trip;
mod signature_encoding;
mod signed_text;
mod truncation;
mod undelivered_window;
mod version_field;
mod zero_key;

// messages and their order
mod decrypt_timing;
mod error_oracle;
mod glare;
mod hostile_size;
mod key_commitment;
mod nonce_reuse;
mod refused_input;
mod replay_across_sessions;
mod sender_rewrite;
mod skip_ahead;
mod tag_length;
mod transcript_order;
// forward secrecy and healing
mod conversation_heals;
mod initial_replay;
mod memory_residue;
mod prekey_depletion;
mod random_after_restore;
mod residue;
mod rollback_across_ratchet;
mod rollback_after_restart;
mod rollback_out_of_order;
mod sender_rollback;
mod state_residue;
mod undelivered_messages;

use std::collections::BTreeSet;

use hallmark_driver::protocol::WarningClass;
use hallmark_model::{
    CheckId, Figure, Finding, Policy, Suite as SuiteName, Verdict, report::Subject, text,
};
use hallmark_runner::{CheckInfo, FactsError, Suite};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    facts::{Experiment, MessagingFacts, Seen, Step},
    figure,
    probe::Attempts,
};

/// A check: what it is called, which experiment it reads, what it wants, how it judges.
struct Check {
    name: &'static str,
    title: &'static str,
    experiment: &'static str,
    expected: &'static str,
    judge: fn(&Experiment, &Ground<'_>) -> Conclusion,
}

/// Every check, in the order in which reports show them.
const CHECKS: &[Check] = &[
    round_trip::CHECK,
    envelope_confidential::CHECK,
    plaintext_fallback::CHECK,
    aes_256_equivalent::CHECK,
    aes_256_literal::CHECK,
    fingerprint::CHECK,
    bit_flips::CHECK,
    truncation::CHECK,
    replay::CHECK,
    reflection::CHECK,
    reordering::CHECK,
    rollback::CHECK,
    undelivered_window::CHECK,
    one_time_prekey::CHECK,
    prekey_signature::CHECK,
    zero_key::CHECK,
    ratchet_heals::CHECK,
    // keys and identities
    encryption_marker::CHECK,
    plaintext_injected::CHECK,
    older_protocol::CHECK,
    version_field::CHECK,
    one_time_signature::CHECK,
    key_reuse::CHECK,
    signature_encoding::CHECK,
    identity_change::CHECK,
    ghost_device::CHECK,
    identity_binding::CHECK,
    // messages and their order
    sender_rewrite::CHECK,
    replay_across_sessions::CHECK,
    nonce_reuse::CHECK,
    tag_length::CHECK,
    key_commitment::CHECK,
    hostile_size::CHECK,
    skip_ahead::CHECK,
    glare::CHECK,
    refused_input::CHECK,
    error_oracle::CHECK,
    decrypt_timing::CHECK,
    transcript_order::CHECK,
    signed_text::CHECK,
    // forward secrecy and healing
    rollback_out_of_order::CHECK,
    rollback_across_ratchet::CHECK,
    rollback_after_restart::CHECK,
    undelivered_messages::CHECK,
    memory_residue::CHECK,
    state_residue::CHECK,
    initial_replay::CHECK,
    sender_rollback::CHECK,
    random_after_restore::CHECK,
    conversation_heals::CHECK,
    prekey_depletion::CHECK,
    // groups
    group_round_trip::CHECK,
    group_added_by_server::CHECK,
    group_removed_member::CHECK,
    group_new_member::CHECK,
    group_rotation::CHECK,
    group_control::CHECK,
    group_impersonation::CHECK,
    group_state::CHECK,
    group_fork::CHECK,
    group_healing::CHECK,
    group_clone::CHECK,
    group_rollback::CHECK,
    group_window::CHECK,
    group_epochs::CHECK,
    group_replay::CHECK,
    group_bit_flips::CHECK,
    group_conversation::CHECK,
    group_channel::CHECK,
    group_forwarded_key::CHECK,
    // live apps
    app_conversation::CHECK,
    app_ghost_device::CHECK,
    app_added_member::CHECK,
    app_marker::CHECK,
    app_device_keys::CHECK,
    app_sender::CHECK,
    app_replay::CHECK,
    app_plaintext::CHECK,
    app_prekeys::CHECK,
    app_inventory::CHECK,
];

/// Checks of a live app on its server.
const LIVE: [&str; 10] = [
    app_conversation::CHECK.name,
    app_ghost_device::CHECK.name,
    app_added_member::CHECK.name,
    app_marker::CHECK.name,
    app_device_keys::CHECK.name,
    app_sender::CHECK.name,
    app_replay::CHECK.name,
    app_plaintext::CHECK.name,
    app_prekeys::CHECK.name,
    app_inventory::CHECK.name,
];

/// Why a sweep that ran out of time concludes nothing.
const TOO_SLOW: &str = "the candidate or its driver answered so slowly that the time for this \
                        experiment was over before the sweep was; raise --depth to give it more";

/// What a report-only experiment says where it was not run.
const NOT_AT_THIS_DEPTH: &str = "run only at depth exhaustive";

/// What facts are judged on.
struct Ground<'a> {
    policy: &'a Policy,
    on: Date,
}

/// What a check makes of an experiment whose controls held.
struct Conclusion {
    verdict: Verdict,
    observed: String,
    why: String,
}

impl Conclusion {
    fn new(verdict: Verdict, observed: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict, observed: observed.into(), why: why.into() }
    }

    fn unreadable(reason: impl std::fmt::Display) -> Self {
        let why = "without the measurement nothing can be concluded";
        Self::new(Verdict::Inconclusive, format!("the measurement cannot be read: {reason}"), why)
    }
}

/// The messaging suite's pure half.
pub struct Messaging;

impl Suite for Messaging {
    fn name(&self) -> SuiteName {
        SuiteName::Messaging
    }

    fn checks(&self) -> Vec<CheckInfo> {
        CHECKS.iter().map(|check| CheckInfo { id: check.id(), title: check.title }).collect()
    }

    fn judge(
        &self,
        facts: &Value,
        checks: &[CheckId],
        policy: &Policy,
        on: Date,
    ) -> Result<Vec<Finding>, FactsError> {
        let facts = read(facts)?;
        let ground = Ground { policy, on };
        let judged = CHECKS.iter().filter(|check| checks.contains(&check.id()));
        Ok(judged.map(|check| check.find(&facts, &ground)).collect())
    }

    fn subject(&self, facts: &Value) -> Result<Subject, FactsError> {
        let driver = read(facts)?.driver;
        let hello = &driver.hello;
        let line = text::one_line;
        let mut notes = vec![
            format!("driven through {} {}", line(&hello.driver.name), line(&hello.driver.version)),
            format!("way of calling: {}", line(&hello.calling)),
        ];
        let set =
            |(name, value): (&String, _)| line(&format!("set by its users: {name} = {value}"));
        notes.extend(driver.settings.iter().map(set));
        let attacked = |by: &String| format!("attacked on the way to its server by {}", line(by));
        notes.extend(driver.interceptor.as_ref().map(attacked));
        notes.extend(driver.isolation.iter().map(|note| line(note)));
        Ok(Subject {
            suite: SuiteName::Messaging,
            name: line(&format!(
                "{} {} ({})",
                hello.candidate.name, hello.candidate.version, hello.family
            )),
            notes,
        })
    }

    fn figures(&self, facts: &Value) -> Result<Vec<Figure>, FactsError> {
        Ok(figure::figures(&read(facts)?))
    }
}

/// Whether this check looks at a live app on its server.
pub(crate) fn needs_a_server(check: &CheckId) -> bool {
    check.suite() == SuiteName::Messaging && LIVE.contains(&check.name())
}

/// The experiments that these checks need, each once.
#[must_use]
pub fn experiments_for(checks: &[CheckId]) -> BTreeSet<&'static str> {
    CHECKS
        .iter()
        .filter(|check| checks.contains(&check.id()))
        .map(|check| check.experiment)
        .collect()
}

fn read(facts: &Value) -> Result<MessagingFacts, FactsError> {
    serde_json::from_value(facts.clone())
        .map_err(|error| FactsError { suite: SuiteName::Messaging, reason: error.to_string() })
}

impl Check {
    fn id(&self) -> CheckId {
        CheckId::of(SuiteName::Messaging, self.name)
    }

    /// What may be concluded at all comes before what is concluded.
    fn find(&self, facts: &MessagingFacts, ground: &Ground<'_>) -> Finding {
        let wanted = CheckId::of(SuiteName::Messaging, self.experiment);
        let experiment = facts.experiments.iter().find(|experiment| experiment.id == wanted);
        let conclusion = match experiment {
            None => Conclusion::new(
                Verdict::Error,
                format!("the facts hold no experiment `{wanted}`"),
                "the check was selected, but its experiment left no record",
            ),
            Some(experiment) => {
                prevented(experiment).unwrap_or_else(|| (self.judge)(experiment, ground))
            }
        };
        let by_design = match conclusion.verdict {
            Verdict::Fail | Verdict::Warn => {
                ground.policy.by_design(&facts.driver.hello.family, &self.id())
            }
            _ => None,
        };
        Finding {
            check: self.id(),
            verdict: conclusion.verdict,
            expected: self.expected.to_owned(),
            observed: conclusion.observed,
            why: conclusion.why,
            by_design,
            evidence: shown_by(experiment),
        }
    }
}

/// The bytes that the steps under test were done with, or all where no step names any.
fn shown_by(experiment: Option<&Experiment>) -> Vec<hallmark_model::EvidenceRef> {
    let Some(experiment) = experiment else { return Vec::new() };
    let mut shown: Vec<_> =
        experiment.outcome.iter().filter_map(|step| step.evidence.clone()).collect();
    shown.dedup();
    if shown.is_empty() {
        experiment.evidence.iter().rev().take(4).cloned().collect()
    } else {
        shown
    }
}

/// Why nothing may be concluded: the experiment stopped, the driver failed, or a control did
/// not hold.
fn prevented(experiment: &Experiment) -> Option<Conclusion> {
    if let Some(step) = &experiment.stopped {
        return Some(stopped(step));
    }
    if let Some(step) = experiment.control.iter().find(|step| !step.seen.is_as_meant()) {
        let (verdict, why) = match step.seen {
            Seen::DriverError { .. } | Seen::Broken { .. } => {
                (Verdict::Error, "the driver failed, which says nothing about the candidate")
            }
            _ => (
                Verdict::Inconclusive,
                "a control failed: what the test saw may have nothing to do with what it tests",
            ),
        };
        return Some(Conclusion::new(
            verdict,
            format!("control – {}: {}", step.what, step.seen),
            why,
        ));
    }
    let failed = |step: &&Step| {
        matches!(
            step.seen,
            Seen::DriverError { .. } | Seen::Broken { .. } | Seen::Unsupported { .. }
        )
    };
    let step = experiment.outcome.iter().find(failed)?;
    Some(stopped(step))
}

fn stopped(step: &Step) -> Conclusion {
    let (verdict, why) = match step.seen {
        Seen::Unsupported { .. } => (
            Verdict::NotTested,
            "the driver or the protocol offers no such thing; that is not a pass",
        ),
        Seen::DriverError { .. } => {
            (Verdict::Error, "the driver failed, which says nothing about the candidate")
        }
        Seen::Broken { .. } => (
            Verdict::Error,
            "no answer is not a refusal: the candidate or its driver crashed, hung or broke the \
             protocol",
        ),
        Seen::Delivered { .. } | Seen::Done | Seen::NothingShown | Seen::Refused { .. } => (
            Verdict::Inconclusive,
            "an honest step on the way to the test did not succeed, so the test was never reached",
        ),
    };
    Conclusion::new(verdict, format!("{}: {}", step.what, step.seen), why)
}

/// Judges by a measurement; one that cannot be read concludes nothing.
fn measured<T: DeserializeOwned>(
    experiment: &Experiment,
    judge: impl FnOnce(T) -> Conclusion,
) -> Conclusion {
    experiment.measured().map_or_else(Conclusion::unreadable, judge)
}

/// The usual test: every step under test must be refused by the candidate itself.
fn all_refused(experiment: &Experiment, good: &str, bad: &str) -> Conclusion {
    let accepted = experiment.outcome.iter().find(|step| !step.seen.is_refused());
    match (accepted, &experiment.outcome[..]) {
        (_, []) => Conclusion::unreadable("no step under test was recorded"),
        (Some(step), _)
            if matches!(step.seen, Seen::Done | Seen::NothingShown) && step.evidence.is_none() =>
        {
            Conclusion::new(Verdict::Fail, format!("{}: accepted without a word", step.what), bad)
        }
        (Some(step), _) => {
            Conclusion::new(Verdict::Fail, format!("{}: {}", step.what, accepted_as(step)), bad)
        }
        (None, steps) => Conclusion::new(Verdict::Pass, in_words(steps), good),
    }
}

/// The test where it is enough that no message is shown: silence is an answer too.
fn none_shown(experiment: &Experiment, good: &str, bad: &str) -> Conclusion {
    match experiment.outcome.iter().find(|step| step.seen.is_delivered()) {
        _ if experiment.outcome.is_empty() => Conclusion::unreadable("no step was recorded"),
        Some(step) => Conclusion::new(Verdict::Fail, format!("{}: {}", step.what, step.seen), bad),
        None => Conclusion::new(Verdict::Pass, in_words(&experiment.outcome), good),
    }
}

/// The test of messages under a name that is not their sender's: each is refused, or shown as its real
/// sender's, or with a warning that the names differ. `wrong` says what shows the wrong name.
fn nobody_misled(
    experiment: &Experiment,
    wrong: fn(&Seen) -> bool,
    good: &str,
    bad: &str,
) -> Conclusion {
    let steps = &experiment.outcome;
    let warned_of = |step: &Step, class: WarningClass| {
        step.warnings.iter().any(|warning| warning.class == class)
    };
    let misled = |step: &&Step| wrong(&step.seen) && !warned_of(step, WarningClass::SenderMismatch);
    match steps.iter().find(misled) {
        _ if steps.is_empty() => Conclusion::unreadable("no step was recorded"),
        // A driver of the first protocol version cannot say what a warning is about.
        Some(step) if warned_of(step, WarningClass::Other) => Conclusion::new(
            Verdict::Warn,
            format!("{}: {}, with a warning", step.what, step.seen),
            "the candidate warned of something, and its driver cannot say of what",
        ),
        Some(step) => Conclusion::new(Verdict::Fail, format!("{}: {}", step.what, step.seen), bad),
        None => Conclusion::new(Verdict::Pass, in_words(steps), good),
    }
}

/// The first try that changed a group although it must not, in words.
fn accepted_attempt(tried: &Attempts) -> Option<String> {
    let accepted = tried.attempts.iter().find(|attempt| attempt.view_changed)?;
    Some(format!(
        "{}: {}, and the member's view of the group changed",
        accepted.what, accepted.seen
    ))
}

/// The steps, one after the other.
fn in_words(steps: &[Step]) -> String {
    let shown: Vec<_> = steps.iter().map(|step| format!("{}: {}", step.what, step.seen)).collect();
    shown.join("; ")
}

fn accepted_as(step: &Step) -> String {
    match step.seen {
        Seen::Done | Seen::NothingShown => "accepted".to_owned(),
        ref seen => seen.to_string(),
    }
}
