//! Two devices in one process, and a network between them that the test carries.

use hallmark_driver::{
    protocol::{
        Class,
        ops::{
            Envelope, IdentityCreate, Message, MessageDecrypt, MessageEncrypt, Prekeys,
            PrekeysImport, PrekeysPublish, SessionStart, StateRestore, StateSnapshot,
        },
    },
    sdk::{Declined, Device, Reply},
};

pub(crate) const TEXT: &[u8] = b"canary: no milk today";

/// A device with a name.
pub(crate) struct Party<D> {
    pub(crate) device: D,
    pub(crate) name: &'static str,
}

impl<D: Device + Default> Party<D> {
    pub(crate) fn new(name: &'static str) -> Self {
        let mut device = D::default();
        device.identity_create(IdentityCreate { name: name.to_owned() }).expect("identity");
        Self { device, name }
    }

    pub(crate) fn publish(&mut self, one_time: u32) -> Prekeys {
        self.device.prekeys_publish(PrekeysPublish { one_time }).expect("prekeys").prekeys
    }

    pub(crate) fn import(&mut self, peer: &str, prekeys: Prekeys) -> Reply<()> {
        self.device.prekeys_import(PrekeysImport { peer: peer.to_owned(), prekeys }).map(|_| ())
    }

    /// Imports these prekeys and starts a session from them.
    pub(crate) fn start(&mut self, peer: &str, prekeys: Prekeys) -> Reply<Vec<Envelope>> {
        self.import(peer, prekeys)?;
        let started = self.device.session_start(SessionStart { peer: peer.to_owned() })?;
        Ok(started.envelopes)
    }

    pub(crate) fn encrypt(&mut self, peer: &str) -> Vec<Envelope> {
        let args = MessageEncrypt { peer: peer.to_owned(), plaintext: TEXT.into() };
        self.device.message_encrypt(args).expect("envelopes").envelopes
    }

    pub(crate) fn decrypt(&mut self, from: &str, envelope: &Envelope) -> Reply<Vec<Message>> {
        let args = MessageDecrypt { from: from.to_owned(), envelope: envelope.clone() };
        self.device.message_decrypt(args).map(|answer| answer.messages)
    }

    /// Delivers envelopes and expects the text from this sender; returns its position.
    pub(crate) fn receives(&mut self, from: &str, envelopes: &[Envelope]) -> Option<u64> {
        let mut messages = Vec::new();
        for envelope in envelopes {
            messages.extend(self.decrypt(from, envelope).expect("delivered"));
        }
        let [message] = &messages[..] else { panic!("one message, not {}", messages.len()) };
        assert_eq!((&*message.plaintext, message.sender.as_str()), (TEXT, from));
        message.position
    }

    pub(crate) fn snapshot(&mut self) -> Vec<u8> {
        self.device.state_snapshot(StateSnapshot {}).expect("state").state.0
    }

    /// The device whose state this is, in a fresh one.
    pub(crate) fn restored(&self, state: &[u8]) -> Self {
        let mut device = D::default();
        device.state_restore(StateRestore { state: state.into() }).expect("restored");
        Self { device, name: self.name }
    }
}

/// Sends a message and delivers it; returns its envelopes.
pub(crate) fn deliver<D: Device + Default>(
    sender: &mut Party<D>,
    receiver: &mut Party<D>,
) -> Vec<Envelope> {
    let envelopes = sender.encrypt(receiver.name);
    receiver.receives(sender.name, &envelopes);
    envelopes
}

/// The class of a refusal; anything else fails the test.
pub(crate) fn refused<T: std::fmt::Debug>(reply: Reply<T>) -> Class {
    match reply {
        Err(Declined::Refused(refusal)) => refusal.class,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
