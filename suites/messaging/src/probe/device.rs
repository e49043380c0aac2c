//! One device under the harness's hand, in the words of an experiment.

use hallmark_driver::{
    Connection, Outcome,
    protocol::{
        Bytes, Warning,
        ops::{
            Envelope, EnvelopeKind, IdentityCreate, MessageDecrypt, MessageEncrypt, MessagesAnswer,
            Operation, Prekeys, PrekeysImport, PrekeysPublish, SessionStart, StateRestore,
            StateSnapshot,
        },
    },
};
use hallmark_model::{EvidenceRef, text};

use super::trace::{Stop, Trace};
use crate::facts::{Seen, Sender, Text};

/// Warnings of one device that are kept until they are asked for.
const MOST_WARNINGS: usize = 64;

/// A device, by the name under which its peers know it.
pub(super) struct Device {
    pub(super) name: String,
    connection: Connection,
    warnings: Vec<Warning>,
}

/// A message on its way: the harness is the network, and holds it.
#[derive(Clone)]
pub(super) struct Sent {
    /// Who sent it.
    pub(super) from: String,
    /// What it says.
    pub(super) plaintext: Vec<u8>,
    /// Key shares that go before it.
    pub(super) setup: Vec<Envelope>,
    /// The envelope that carries it.
    pub(super) envelope: Envelope,
    /// Envelopes that carry it to further devices of the receiver.
    pub(super) copies: Vec<Envelope>,
    /// That envelope as evidence.
    pub(super) evidence: EvidenceRef,
}

impl Device {
    pub(super) fn new(name: &str, connection: Connection) -> Self {
        Self { name: name.to_owned(), connection, warnings: Vec::new() }
    }

    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }

    /// Whether it is a process that we started.
    pub(super) fn is_process(&self) -> bool {
        self.connection.is_process()
    }

    /// Its processes, as the system lists them.
    pub(super) fn processes(&self) -> Option<Vec<u32>> {
        self.connection.processes()
    }

    /// Any operation.
    pub(super) async fn call<O: Operation>(&mut self, args: &O) -> Outcome<O::Answer> {
        let outcome = self.connection.call(args).await;
        let room = MOST_WARNINGS.saturating_sub(self.warnings.len());
        self.warnings.extend(
            self.connection.warnings().iter().take(room).map(|warning| Warning {
                class: warning.class,
                text: text::one_line(&warning.text),
            }),
        );
        outcome
    }

    /// What the candidate has shown this device's user since the last time this was asked.
    pub(super) fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    /// An operation that must succeed for the experiment to go on.
    pub(super) async fn must<O: Operation>(
        &mut self,
        what: &str,
        args: &O,
    ) -> Result<O::Answer, Stop> {
        let outcome = self.call(args).await;
        let seen = Seen::of(&outcome);
        outcome.ok().ok_or_else(|| Stop::at(format!("{} {what}", self.name), seen))
    }

    pub(super) async fn create(&mut self) -> Result<(), Stop> {
        let name = self.name.clone();
        self.must("creates an identity", &IdentityCreate { name }).await.map(drop)
    }

    /// Publishes prekeys, of which `one_time` one-time.
    pub(super) async fn publish(&mut self, one_time: u32) -> Result<Prekeys, Stop> {
        let answer = self.must("publishes prekeys", &PrekeysPublish { one_time }).await?;
        Ok(answer.prekeys)
    }

    /// Takes the prekeys of `peer` and starts a session. Stops at the first step that is not
    /// done, and says what was seen there.
    pub(super) async fn meet(
        &mut self,
        peer: &str,
        prekeys: Prekeys,
        trace: &mut Trace<'_>,
    ) -> Result<Result<Vec<Envelope>, Seen>, Stop> {
        let imported = self.call(&PrekeysImport { peer: peer.to_owned(), prekeys }).await;
        if !matches!(imported, Outcome::Ok(..)) {
            return Ok(Err(Seen::of(&imported)));
        }
        let started = self.call(&SessionStart { peer: peer.to_owned() }).await;
        let seen = Seen::of(&started);
        let Some(answer) = started.ok() else { return Ok(Err(seen)) };
        for envelope in &answer.envelopes {
            trace.keep(format!("{} to {peer}: session start", self.name), &envelope.body)?;
        }
        Ok(Ok(answer.envelopes))
    }

    /// Encrypts a message for `peer` and keeps its envelopes.
    pub(super) async fn try_send(
        &mut self,
        peer: &str,
        label: &str,
        plaintext: &[u8],
        trace: &mut Trace<'_>,
    ) -> Result<Result<Sent, Seen>, Stop> {
        let args = MessageEncrypt { peer: peer.to_owned(), plaintext: plaintext.into() };
        let outcome = self.call(&args).await;
        let seen = Seen::of(&outcome);
        let Some(answer) = outcome.ok() else { return Ok(Err(seen)) };
        let mut setup = Vec::new();
        let mut message = None;
        let mut copies = Vec::new();
        for envelope in answer.envelopes {
            let label = format!("{} to {peer}: {label}", self.name);
            let evidence = trace.keep(label, &envelope.body)?;
            match envelope.kind {
                EnvelopeKind::Setup => setup.push(envelope),
                EnvelopeKind::Message => {
                    copies.extend(message.replace((envelope, evidence)).map(|(copy, _)| copy));
                }
            }
        }
        let Some((envelope, evidence)) = message else {
            let message = "`message.encrypt` answered without a message envelope".to_owned();
            return Ok(Err(Seen::DriverError { message }));
        };
        let from = self.name.clone();
        Ok(Ok(Sent { from, plaintext: plaintext.to_vec(), setup, envelope, copies, evidence }))
    }

    /// Encrypts a message that must be encrypted for the experiment to go on.
    pub(super) async fn send(
        &mut self,
        peer: &str,
        label: &str,
        plaintext: &[u8],
        trace: &mut Trace<'_>,
    ) -> Result<Sent, Stop> {
        let what = format!("{} encrypts {label} for {peer}", self.name);
        self.try_send(peer, label, plaintext, trace).await?.map_err(|seen| Stop::at(what, seen))
    }

    /// Is handed a message as the network would: key shares first.
    pub(super) async fn receive(&mut self, sent: &Sent) -> Seen {
        for envelope in &sent.setup {
            let outcome = self.decrypt(&sent.from, envelope.clone()).await;
            if !matches!(outcome, Outcome::Ok(..)) {
                return Seen::of(&outcome);
            }
        }
        self.receive_envelope(sent, sent.envelope.clone()).await
    }

    /// Is handed the key shares of a message, and not the message. What is made of them shows later.
    pub(super) async fn take_setup(&mut self, sent: &Sent) {
        for envelope in &sent.setup {
            drop(self.decrypt(&sent.from, envelope.clone()).await);
        }
    }

    /// Is handed a message of which it is not known which envelope is for this device: each in
    /// turn, until one opens.
    pub(super) async fn receive_any(&mut self, sent: &Sent) -> Seen {
        let mut seen = self.receive(sent).await;
        for copy in &sent.copies {
            if seen.is_delivered() {
                break;
            }
            seen = self.receive_envelope(sent, copy.clone()).await;
        }
        seen
    }

    /// Is handed `envelope` in the place of the one that carries `sent`.
    pub(super) async fn receive_envelope(&mut self, sent: &Sent, envelope: Envelope) -> Seen {
        let outcome = self.decrypt(&sent.from, envelope).await;
        match outcome {
            Outcome::Ok(answer, _) => meaning(&answer, sent),
            other => Seen::of(&other),
        }
    }

    /// Is handed `body` in the place of the body that carries `sent`.
    pub(super) async fn receive_body(&mut self, sent: &Sent, body: Vec<u8>) -> Seen {
        self.receive_envelope(sent, Envelope { body: Bytes(body), ..sent.envelope.clone() }).await
    }

    /// Is handed a message that must arrive for the experiment to go on.
    pub(super) async fn must_receive(&mut self, label: &str, sent: &Sent) -> Result<(), Stop> {
        let seen = self.receive(sent).await;
        if seen.is_as_meant() && seen.is_delivered() {
            return Ok(());
        }
        Err(Stop::at(format!("{} receives {label} from {}", self.name, sent.from), seen))
    }

    /// Is handed key shares that must be taken for the experiment to go on.
    pub(super) async fn must_take(&mut self, from: &str, setup: &[Envelope]) -> Result<(), Stop> {
        for envelope in setup {
            let outcome = self.decrypt(from, envelope.clone()).await;
            if !matches!(outcome, Outcome::Ok(..)) {
                let what = format!("{} takes the key share of {from}", self.name);
                return Err(Stop::at(what, Seen::of(&outcome)));
            }
        }
        Ok(())
    }

    async fn decrypt(&mut self, from: &str, envelope: Envelope) -> Outcome<MessagesAnswer> {
        self.call(&MessageDecrypt { from: from.to_owned(), envelope }).await
    }

    /// The device's whole state.
    pub(super) async fn snapshot(&mut self) -> Result<Bytes, Stop> {
        Ok(self.must("exports its state", &StateSnapshot {}).await?.state)
    }

    /// Becomes the device whose state this is.
    pub(super) async fn restore(&mut self, state: &Bytes) -> Result<(), Stop> {
        self.must("takes over a state", &StateRestore { state: state.clone() }).await.map(drop)
    }
}

/// What was shown, compared with what was sent: meaning, not bytes.
fn meaning(answer: &MessagesAnswer, sent: &Sent) -> Seen {
    match &answer.messages[..] {
        [] => Seen::NothingShown,
        [message] => Seen::Delivered {
            text: if message.plaintext.0 == sent.plaintext {
                Text::AsSent
            } else {
                Text::Different
            },
            sender: if message.sender == sent.from { Sender::Right } else { Sender::Wrong },
            position: message.position,
        },
        _ => Seen::Delivered { text: Text::Different, sender: Sender::Wrong, position: None },
    }
}
