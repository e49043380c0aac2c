//! The experiments. They talk to devices, keep what they see, and judge nothing.

mod app;
mod attack;
mod device;
mod group;
mod hostile;
mod lab;
mod openpgp;
mod push;
mod reaction;
mod salamander;
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
    world::{Interception, World},
};
pub use algorithms::Measured as AlgorithmsMeasured;
pub use app_conversation::Measured as AppMeasured;
pub use app_inventory::Measured as InventoryMeasured;
pub use app_plaintext::{Clear, Measured as PlaintextMeasured};
pub use app_prekeys::Measured as PrekeysMeasured;
pub use app_replay::Measured as ReplayMeasured;
pub use app_sender::{Measured as SenderMeasured, Named};
pub use attack::{Measured as AttackMeasured, Play};
pub use bit_flips::{Measured as BitFlipsMeasured, Sweep};
pub use decrypt_timing::Measured as TimingMeasured;
pub use encryption_marker::Measured as MarkerMeasured;
pub use envelope_confidential::Measured as EnvelopeMeasured;
pub use error_oracle::Measured as OracleMeasured;
pub use fingerprint::Measured as FingerprintMeasured;
pub use glare::Measured as GlareMeasured;
pub use group::{Attempt, Attempts};
pub use group_added_by_server::Measured as GroupAddedByServerMeasured;
pub use group_bit_flips::Measured as GroupBitFlipsMeasured;
pub use group_channel::Measured as GroupChannelMeasured;
pub use group_clone::Measured as GroupCloneMeasured;
pub use group_control::{Measured as GroupControlMeasured, Swept};
pub use group_conversation::Measured as GroupConversationMeasured;
pub use group_epochs::Measured as GroupEpochsMeasured;
pub use group_fork::Measured as GroupForkMeasured;
pub use group_forwarded_key::Measured as GroupForwardedKeyMeasured;
pub use group_healing::{Healed, Measured as GroupHealingMeasured};
pub use group_rotation::Measured as GroupRotationMeasured;
pub use group_round_trip::{Agreement, Measured as GroupRoundTripMeasured};
pub use group_window::Measured as GroupWindowMeasured;
pub use hostile::Trust;
pub use hostile_size::Measured as HostileMeasured;
pub use key_commitment::Measured as CommitmentMeasured;
pub use key_reuse::Measured as KeyReuseMeasured;
pub use nonce_reuse::Measured as NonceMeasured;
pub use older_protocol::{Measured as OlderMeasured, Other};
pub use plaintext_fallback::Measured as FallbackMeasured;
pub use plaintext_injected::Measured as InjectedMeasured;
pub use ratchet_heals::Measured as HealsMeasured;
pub use reaction::{Attempt as Tried, Measured as Reactions, Reaction};
pub use refused_input::Measured as RefusedInputMeasured;
pub use reordering::Measured as ReorderingMeasured;
pub use residue::{
    Copies as ResidueCopies, Encoding as ResidueEncoding, Looked as ResidueLooked,
    Measured as ResidueMeasured, Places as ResiduePlaces, Searched as ResidueSearched,
};
pub use signed_text::Measured as SignedMeasured;
pub use skip_ahead::{Jump as SkippedJump, Measured as SkipMeasured};
pub use transcript_order::Measured as TranscriptMeasured;
pub use truncation::Measured as TruncationMeasured;
pub use undelivered_window::Measured as WindowMeasured;
pub use version_field::Measured as VersionMeasured;

pub use conversation_heals::{Measured as ConversationMeasured, Noticed};
pub use initial_replay::{Measured as InitialReplayMeasured, NotTried};
pub use prekey_depletion::Measured as DepletionMeasured;
pub use random_after_restore::Measured as RandomMeasured;
pub use sender_rollback::Measured as SenderRollbackMeasured;
pub use undelivered_messages::Measured as UndeliveredMeasured;

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

    // keys and identities
    "encryption-marker" => encryption_marker, "a server that says that a peer has no encryption";
    "plaintext-injected" => plaintext_injected, "plaintext in an encrypted conversation";
    "older-protocol" => older_protocol, "prekeys without what makes a session strong";
    "version-field" => version_field, "flipped bits of versions and types";
    "one-time-signature" => one_time_signature, "one-time prekeys with bad signatures";
    "identity-change" => identity_change, "a known peer under another identity key";
    "ghost-device" => ghost_device, "a device that the server adds to a peer";
    "identity-binding" => identity_binding, "two known people swapped";
    "key-reuse" => key_reuse, "published keys, inspected for reuse";
    "signature-encoding" => signature_encoding, "a signature in its other encoding";

    // messages and their order
    "sender-rewrite" => sender_rewrite, "an envelope under another sender's name";
    "replay-across-sessions" => replay_across_sessions, "an old session's envelopes in a new one";
    "nonce-reuse" => nonce_reuse, "one text many times";
    "key-commitment" => key_commitment, "files, wrong keys, and a file for two keys";
    "hostile-size" => hostile_size, "oversized, nested and over-claiming input";
    "skip-ahead" => skip_ahead, "jumps over many messages";
    "glare" => glare, "two sessions started at once";
    "refused-input" => refused_input, "input that must be refused, before each honest message";
    "error-oracle" => error_oracle, "refusals that can be told apart";
    "decrypt-timing" => decrypt_timing, "the time that refusals take";
    "transcript-order" => transcript_order, "places of messages, and gaps";
    "signed-text" => signed_text, "a signed message with another text beside it";

    // forward secrecy and healing
    "rollback-out-of-order" => rollback_out_of_order, "forward secrecy of a message that came late";
    "rollback-across-ratchet" => rollback_across_ratchet, "forward secrecy across a change of keys";
    "rollback-after-restart" => rollback_after_restart, "forward secrecy across a restart";
    "undelivered-messages" => undelivered_messages, "how many undelivered messages of a chain stay readable";
    "residue" => residue, "search of memory and state files for keys of read messages";
    "initial-replay" => initial_replay, "the first message of a conversation again";
    "sender-rollback" => sender_rollback, "two messages sealed from one restored state";
    "random-after-restore" => random_after_restore, "new keys of copies of one state";
    "conversation-heals" => conversation_heals, "a new session of a copied device";
    "prekey-depletion" => prekey_depletion, "starts without one-time prekeys";

    // groups
    "group-round-trip" => group_round_trip, "groups in which everybody hears everybody";
    "group-added-by-server" => group_added_by_server, "a stranger tries to become a member";
    "group-removed-member" => group_removed_member, "what a removed member can still read";
    "group-new-member" => group_new_member, "what a newcomer can read of the past";
    "group-rotation" => group_rotation, "how long a sender keeps its key";
    "group-control" => group_control, "altered changes and key shares";
    "group-impersonation" => group_impersonation, "a member's message as another member's";
    "group-state" => group_state, "changes and welcomes out of time and place";
    "group-fork" => group_fork, "two changes at once";
    "group-healing" => group_healing, "a clone left behind by its victim's rotation";
    "group-clone" => group_clone, "how long a clone reads on in a group";
    "group-rollback" => group_rollback, "forward secrecy in groups by state rollback";
    "group-window" => group_window, "how long an undelivered group message stays readable";
    "group-epochs" => group_epochs, "how many changes an undelivered group message survives";
    "group-replay" => group_replay, "the same group message again";
    "group-bit-flips" => group_bit_flips, "single flipped bits of a group message";
    "group-conversation" => group_conversation, "a message moved to another group";
    "group-channel" => group_channel, "group and pairwise envelopes mixed up";
    "group-forwarded-key" => group_forwarded_key, "a key that nobody asked for";

    // live apps
    "app-conversation" => app_conversation, "users of the live app talk, and the line is recorded";

    // live apps before a malicious server
    "app-ghost-device" => app_ghost_device, "a server that adds a device to a person";
    "app-added-member" => app_added_member, "a server that adds a member to a group";
    "app-marker" => app_marker, "a server that hides that a conversation is encrypted";
    "app-device-keys" => app_device_keys, "a server that replaces a person's keys";
    "app-sender" => app_sender, "a server that names another sender";
    "app-replay" => app_replay, "a server that hands over messages again";
    "app-plaintext" => app_plaintext, "a server that hands over plaintext";
    "app-prekeys" => app_prekeys, "a stranger who uses up prekeys";
    "app-inventory" => app_inventory, "for whom a message is encrypted after a device was removed";
}

/// A messenger behind a driver.
pub struct Driven {
    connect: Box<dyn Connect>,
    live: Option<Live>,
    command: String,
}

/// A live app's world, and whether a malicious server may stand in it.
struct Live {
    world: World,
    interception: Interception,
}

impl Driven {
    /// The messenger to which `connect` leads; `command` is what a person types after `hallmark`
    /// to drive it again.
    #[must_use]
    pub fn new(connect: Box<dyn Connect>, command: String) -> Self {
        Self { connect, live: None, command }
    }

    /// The same messenger as a live app in this world.
    #[must_use]
    pub fn within(mut self, world: World, interception: Interception) -> Self {
        self.live = Some(Live { world, interception });
        self
    }

    async fn facts(&self, job: &Job<'_>) -> Result<MessagingFacts, ProbeError> {
        let wanted = checks::experiments_for(job.checks);
        let mut lab = Lab::open(&*self.connect, self.live.as_ref(), job.seed, job.depth).await?;
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
            settings: lab.world().map(|world| world.settings.clone()).unwrap_or_default(),
            interceptor: lab.interceptor().map(str::to_owned),
        };
        lab.close().await;
        Ok(MessagingFacts { driver, experiments })
    }
}

impl Prober for Driven {
    fn command(&self) -> String {
        self.command.clone()
    }

    /// Without a server there is nothing that a live app could talk to.
    fn covers(&self, check: &CheckId) -> bool {
        self.live.is_some() || !checks::needs_a_server(check)
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
        Err(Stop::Stage(why)) => return Err(ProbeError::Unreachable(why)),
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
