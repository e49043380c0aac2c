//! Devices, and short words for driving them.

use hallmark_driver::{
    protocol::{
        Class, Refusal,
        ops::{
            Envelope, IdentityCreate, IdentityFingerprint, Message, MessageDecrypt, MessageEncrypt,
            Prekeys, PrekeysImport, PrekeysPublish, SessionInfo, SessionInfoAnswer, SessionStart,
            StateRestore, StateSnapshot,
        },
    },
    sdk::{Declined, Device, Reply},
};
use hallmark_reference::{Faults, device};

/// One device.
pub(crate) struct Phone(pub(crate) Box<dyn Device + Send>);

impl Phone {
    /// A device with an identity of this name, repeatable.
    pub(crate) fn of(name: &str, faults: Faults) -> Self {
        Self::seeded(name, 1, faults)
    }

    /// A device that shares nothing with another of this name and another seed.
    pub(crate) fn seeded(name: &str, seed: u64, faults: Faults) -> Self {
        let mut phone = Self(device(&faults));
        phone.0.reset(Some(seed)).unwrap();
        phone.0.identity_create(IdentityCreate { name: name.to_owned() }).unwrap();
        phone
    }

    /// Another instance that becomes the device of this state.
    pub(crate) fn restored(state: &[u8], faults: Faults) -> Self {
        Self::restored_with(state, 1, faults)
    }

    /// The same, on a phone that was given another seed.
    pub(crate) fn restored_with(state: &[u8], seed: u64, faults: Faults) -> Self {
        let mut phone = Self(device(&faults));
        phone.0.reset(Some(seed)).unwrap();
        phone.restore(state);
        phone
    }

    pub(crate) fn restore(&mut self, state: &[u8]) {
        self.0.state_restore(StateRestore { state: state.into() }).unwrap();
    }

    pub(crate) fn snapshot(&mut self) -> Vec<u8> {
        self.0.state_snapshot(StateSnapshot {}).unwrap().state.0
    }

    pub(crate) fn publish(&mut self, one_time: u32) -> Prekeys {
        self.0.prekeys_publish(PrekeysPublish { one_time }).unwrap().prekeys
    }

    pub(crate) fn import(&mut self, peer: &str, prekeys: &Prekeys) -> Reply<()> {
        let args = PrekeysImport { peer: peer.to_owned(), prekeys: prekeys.clone() };
        self.0.prekeys_import(args).map(|_| ())
    }

    /// Imports the prekeys and starts a session from them.
    pub(crate) fn start(&mut self, peer: &str, prekeys: &Prekeys) -> Reply<()> {
        self.import(peer, prekeys)?;
        self.0.session_start(SessionStart { peer: peer.to_owned() }).map(|_| ())
    }

    pub(crate) fn encrypt(&mut self, peer: &str, text: &[u8]) -> Reply<Envelope> {
        let args = MessageEncrypt { peer: peer.to_owned(), plaintext: text.into() };
        Ok(self.0.message_encrypt(args)?.envelopes.remove(0))
    }

    pub(crate) fn decrypt(&mut self, from: &str, envelope: &Envelope) -> Reply<Message> {
        let args = MessageDecrypt { from: from.to_owned(), envelope: envelope.clone() };
        Ok(self.0.message_decrypt(args)?.messages.remove(0))
    }

    pub(crate) fn fingerprint(&mut self, peer: &str) -> Reply<String> {
        let args = IdentityFingerprint { peer: peer.to_owned() };
        Ok(self.0.identity_fingerprint(args)?.fingerprint)
    }

    pub(crate) fn info(&mut self, peer: &str) -> Reply<SessionInfoAnswer> {
        self.0.session_info(SessionInfo { peer: peer.to_owned() })
    }
}

/// Alice and Bob, strangers.
pub(crate) fn strangers(faults: Faults) -> (Phone, Phone) {
    (Phone::of("alice", faults), Phone::of("bob", faults))
}

/// Alice and Bob, after one message each way.
pub(crate) fn friends(faults: Faults) -> (Phone, Phone) {
    let (mut alice, mut bob) = strangers(faults);
    alice.start("bob", &bob.publish(1)).unwrap();
    carry(&mut alice, &mut bob, ("alice", "bob"), b"good morning");
    carry(&mut bob, &mut alice, ("bob", "alice"), b"good morning to you");
    (alice, bob)
}

/// One honest message.
pub(crate) fn carry(from: &mut Phone, to: &mut Phone, names: (&str, &str), text: &[u8]) -> Message {
    let envelope = from.encrypt(names.1, text).unwrap();
    let message = to.decrypt(names.0, &envelope).unwrap();
    assert_eq!((&message.plaintext[..], &message.sender[..]), (text, names.0));
    message
}

/// Bob speaks, then Alice: one new receiving chain at each.
pub(crate) fn round(alice: &mut Phone, bob: &mut Phone) {
    carry(bob, alice, ("bob", "alice"), b"any news?");
    carry(alice, bob, ("alice", "bob"), b"none yet");
}

/// The class of a refusal; anything else is a mistake of the test.
pub(crate) fn refusal<T: std::fmt::Debug>(reply: Reply<T>) -> Class {
    match reply {
        Err(Declined::Refused(Refusal { class, .. })) => class,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The prekeys with one of their one-time prekeys, as a server hands them out.
pub(crate) fn with_one(prekeys: &Prekeys, index: usize) -> Prekeys {
    Prekeys { one_time_prekeys: vec![prekeys.one_time_prekeys[index].clone()], ..prekeys.clone() }
}

/// The prekeys with a signature that does not hold.
pub(crate) fn broken_signature(prekeys: &Prekeys) -> Prekeys {
    let mut broken = prekeys.clone();
    broken.signed_prekey.as_mut().unwrap().signature.0[5] ^= 1;
    broken
}
