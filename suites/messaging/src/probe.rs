//! The experiments. They talk to devices, keep what they see, and judge nothing.

mod device;
mod lab;
mod search;
mod trace;

use std::{future::Future, pin::Pin};

use hallmark_driver::Connect;
use hallmark_model::{CheckId, Event, Suite};
use hallmark_runner::{Job, ProbeError, Prober, Stopwatch};
use serde_json::Value;

use crate::{
    checks,
    facts::{Driver, Experiment, MessagingFacts},
};
pub use algorithms::Measured as AlgorithmsMeasured;
pub use bit_flips::{Measured as BitFlipsMeasured, Sweep};
pub use envelope_confidential::Measured as EnvelopeMeasured;
pub use fingerprint::Measured as FingerprintMeasured;
pub use plaintext_fallback::Measured as FallbackMeasured;
pub use ratchet_heals::Measured as HealsMeasured;
pub use reordering::Measured as ReorderingMeasured;
pub use truncation::Measured as TruncationMeasured;
pub use undelivered_window::Measured as WindowMeasured;

use device::{Device, Sent};
use lab::Lab;
use trace::{Stop, Trace, Variant};

/// The experiments, in the order in which they run. The name is the last part of the id.
macro_rules! experiments {
    ($($name:literal => $module:ident, $title:literal;)*) => {
        $(mod $module;)*

        /// The names and titles of the experiments, in the order in which they run.
        pub const EXPERIMENTS: &[(&str, &str)] = &[$(($name, $title)),*];

        async fn carry_out(name: &str, lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
            match name {
                $($name => $module::experiment(lab, trace).await,)*
                _ => unreachable!("checks name experiments of this table; a test holds them together"),
            }
        }
    };
}

experiments! {
    "round-trip" => round_trip, "messages in both directions";
    "envelope-confidential" => envelope_confidential, "search of envelopes for their messages";
    "plaintext-fallback" => plaintext_fallback, "sending where no session can be had";
    "algorithms" => algorithms, "algorithms in force";
    "fingerprint" => fingerprint, "fingerprints, honest and with a substituted key";
    "bit-flips" => bit_flips, "single flipped bits";
    "truncation" => truncation, "shortened envelopes";
    "replay" => replay, "the same envelope again";
    "reflection" => reflection, "a message handed back to its sender";
    "reordering" => reordering, "five messages out of order";
    "rollback" => rollback, "forward secrecy by state rollback";
    "undelivered-window" => undelivered_window, "how long an undelivered message stays readable";
    "one-time-prekey" => one_time_prekey, "a one-time prekey used twice";
    "prekey-signature" => prekey_signature, "prekeys with bad signatures";
    "zero-key" => zero_key, "prekeys of small order";
    "ratchet-heals" => ratchet_heals, "a clone left behind by the ratchet";
}

/// A messenger behind a driver.
pub struct Driven {
    connect: Box<dyn Connect>,
    command: String,
}

impl Driven {
    /// The messenger to which `connect` leads; `command` is what a person types after `hallmark`
    /// to drive it again.
    #[must_use]
    pub fn new(connect: Box<dyn Connect>, command: String) -> Self {
        Self { connect, command }
    }

    async fn facts(&self, job: &Job<'_>) -> Result<MessagingFacts, ProbeError> {
        let wanted = checks::experiments_for(job.checks);
        let mut lab = Lab::open(&*self.connect, job.seed, job.depth).await?;
        (job.tell)(Event::SuiteStarted {
            suite: Suite::Messaging,
            subject: lab.candidate(),
            probes: wanted.len(),
        });
        let mut experiments = Vec::new();
        for (name, title) in EXPERIMENTS.iter().filter(|(name, _)| wanted.contains(name)) {
            let id = CheckId::of(Suite::Messaging, name);
            (job.tell)(Event::ProbeStarted { probe: id.clone(), title: (*title).to_owned() });
            let watch = Stopwatch::start();
            let experiment = one(&id, name, &mut lab, job).await?;
            (job.tell)(Event::ProbeFinished {
                probe: id,
                millis: watch.millis(),
                outcome: in_a_few_words(&experiment),
            });
            experiments.push(experiment);
        }
        let driver = Driver {
            name: self.connect.name(),
            hello: lab.hello().clone(),
            isolation: lab.isolation().to_vec(),
        };
        lab.close().await;
        Ok(MessagingFacts { driver, experiments })
    }
}

impl Prober for Driven {
    fn command(&self) -> String {
        self.command.clone()
    }

    fn probe<'a>(
        &'a self,
        job: &'a Job<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Value, ProbeError>> + 'a>> {
        Box::pin(async move {
            let facts = self.facts(job).await?;
            Ok(serde_json::to_value(facts).expect("facts are plain data"))
        })
    }
}

/// Runs one experiment on devices of its own, whatever the earlier ones left behind.
async fn one(
    id: &CheckId,
    name: &str,
    lab: &mut Lab<'_>,
    job: &Job<'_>,
) -> Result<Experiment, ProbeError> {
    lab.begin(name);
    let mut trace = Trace::new(job);
    let stopped = match carry_out(name, lab, &mut trace).await {
        Ok(()) => None,
        Err(Stop::Step(step)) => Some(*step),
        Err(Stop::Lost(error)) => return Err(error.into()),
        Err(Stop::Unreachable(unreachable)) => {
            return Err(ProbeError::Unreachable(unreachable.to_string()));
        }
    };
    Ok(trace.finish(id.clone(), lab.candidate(), stopped))
}

fn in_a_few_words(experiment: &Experiment) -> String {
    match (&experiment.stopped, experiment.outcome.len()) {
        (Some(step), _) => format!("{}: {}", step.what, step.seen),
        (None, 1) => format!("{}: {}", experiment.outcome[0].what, experiment.outcome[0].seen),
        (None, steps) => format!("{steps} steps"),
    }
}
