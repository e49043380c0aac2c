//! A device's account and its Olm sessions: what both drivers have in common.

use std::collections::BTreeMap;

use hallmark_driver::{
    protocol::{
        Bytes, Class,
        ops::{OneTimePrekey, Prekeys},
    },
    sdk::{Declined, Reply},
};
use serde::{Deserialize, Serialize};
use vodozemac::{
    Curve25519PublicKey,
    olm::{Account, IdentityKeys, OlmMessage, PreKeyMessage, Session, SessionConfig},
};

use crate::{
    MOST_ONE_TIME_PREKEYS,
    refusal::{Refuses, more_telling},
    state::Kept,
};

/// An account, its peers and its sessions with them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Pairwise {
    account: Kept<Account>,
    peers: BTreeMap<String, Peer>,
}

/// A peer, by the name that the server gives it.
#[derive(Default, Serialize, Deserialize)]
struct Peer {
    /// Trusted on first use.
    identity_key: Option<Curve25519PublicKey>,
    offer: Option<Offer>,
    /// The one that was made or received on last comes last; it is the one that sends.
    sessions: Vec<Kept<Session>>,
}

/// A peer's prekeys, until a session has been started from them.
#[derive(Clone, Serialize, Deserialize)]
struct Offer {
    identity_key: Curve25519PublicKey,
    one_time_key: Option<Curve25519PublicKey>,
}

impl Pairwise {
    pub(crate) fn new() -> Self {
        Self { account: Kept(Account::new()), peers: BTreeMap::new() }
    }

    pub(crate) fn identity(&self) -> IdentityKeys {
        self.account.identity_keys()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Bytes {
        Bytes(self.account.sign(message).to_bytes().to_vec())
    }

    /// Makes one-time keys and returns them with the identity keys. Olm has no signed prekey, and
    /// the signatures over one-time keys are the application's.
    pub(crate) fn publish(&mut self, count: u32) -> Reply<Prekeys> {
        if count > MOST_ONE_TIME_PREKEYS {
            return Err(Declined::error(format!(
                "{count} one-time prekeys were asked for, the limit is {MOST_ONE_TIME_PREKEYS}"
            )));
        }
        (0..count).for_each(|_| drop(self.account.generate_one_time_keys(1)));
        let mut one_time_prekeys: Vec<_> = self
            .account
            .one_time_keys()
            .into_iter()
            .map(|(id, key)| OneTimePrekey {
                id: number(&id.to_base64()),
                public: key.to_vec().into(),
                signature: None,
            })
            .collect();
        one_time_prekeys.sort_by_key(|prekey| prekey.id);
        self.account.mark_keys_as_published();
        let identity = self.identity();
        Ok(Prekeys {
            identity_key: identity.curve25519.to_vec().into(),
            signing_key: Some(identity.ed25519.as_bytes().to_vec().into()),
            signed_prekey: None,
            one_time_prekeys,
            kem_prekey: None,
            extra: serde_json::Value::Null,
        })
    }

    pub(crate) fn import(&mut self, peer: String, prekeys: &Prekeys) -> Reply<()> {
        let one_time_key = prekeys.one_time_prekeys.first();
        let offer = Offer {
            identity_key: public_key(&prekeys.identity_key)?,
            one_time_key: one_time_key.map(|prekey| public_key(&prekey.public)).transpose()?,
        };
        self.peers.entry(peer).or_default().offer = Some(offer);
        Ok(())
    }

    pub(crate) fn has_offer(&self, peer: &str) -> bool {
        self.peers.get(peer).is_some_and(|peer| peer.offer.is_some())
    }

    pub(crate) fn has_session(&self, peer: &str) -> bool {
        self.peers.get(peer).is_some_and(|peer| !peer.sessions.is_empty())
    }

    /// The configuration of the session that sends to this peer.
    pub(crate) fn session_config(&self, peer: &str) -> Reply<SessionConfig> {
        let session = self.peers.get(peer).and_then(|peer| peer.sessions.last());
        session.map(|session| session.session_config()).ok_or_else(|| no_session(peer))
    }

    /// Starts a session from the imported prekeys, which are spent by it.
    pub(crate) fn start(&mut self, name: &str) -> Reply<()> {
        let Some((peer, offer)) =
            self.peers.get_mut(name).and_then(|peer| peer.offer.clone().map(|offer| (peer, offer)))
        else {
            return Err(Declined::error(format!("no unused prekeys of `{name}` were imported")));
        };
        if peer.identity_key.is_some_and(|known| known != offer.identity_key) {
            return Err(identity_changed(name));
        }
        let one_time_key = offer.one_time_key.ok_or_else(|| {
            Declined::refused(Class::UnknownKey, "Olm needs a one-time key, and there is none")
        })?;
        let session = self
            .account
            .create_outbound_session(SessionConfig::default(), offer.identity_key, one_time_key)
            .map_err(|error| error.refusal())?;
        peer.identity_key = Some(offer.identity_key);
        peer.offer = None;
        peer.sessions.push(Kept(session));
        Ok(())
    }

    pub(crate) fn encrypt(&mut self, peer: &str, plaintext: &[u8]) -> Reply<OlmMessage> {
        let session = self.peers.get_mut(peer).and_then(|peer| peer.sessions.last_mut());
        let session = session.ok_or_else(|| no_session(peer))?;
        session.encrypt(plaintext).map_err(|error| error.refusal())
    }

    pub(crate) fn decrypt(&mut self, from: &str, message: &OlmMessage) -> Reply<Vec<u8>> {
        match message {
            OlmMessage::PreKey(prekey) => self.decrypt_prekey(from, prekey, message),
            OlmMessage::Normal(_) => {
                let peer = self.peers.get_mut(from).filter(|peer| !peer.sessions.is_empty());
                peer.ok_or_else(|| {
                    Declined::refused(Class::UnknownKey, format!("no session with `{from}`"))
                })?
                .decrypt(message, |_| true)
            }
        }
    }

    /// A prekey message goes to the session that it made, and makes that session if it is new.
    fn decrypt_prekey(
        &mut self,
        from: &str,
        prekey: &PreKeyMessage,
        message: &OlmMessage,
    ) -> Reply<Vec<u8>> {
        let mut unknown = Peer::default();
        let peer = self.peers.get_mut(from).unwrap_or(&mut unknown);
        let offered = peer.offer.as_ref().map(|offer| offer.identity_key);
        let known = peer.identity_key.or(offered);
        if known.is_some_and(|known| known != prekey.identity_key()) {
            return Err(identity_changed(from));
        }
        let its_own = |session: &Session| session.session_keys() == prekey.session_keys();
        if peer.sessions.iter().any(|session| its_own(session)) {
            return peer.decrypt(message, its_own);
        }
        let identity_key = prekey.identity_key();
        let inbound = self
            .account
            .create_inbound_session(SessionConfig::default(), identity_key, prekey)
            .map_err(|error| error.refusal())?;
        let peer = self.peers.entry(from.to_owned()).or_default();
        peer.identity_key = Some(identity_key);
        peer.sessions.push(Kept(inbound.session));
        Ok(inbound.plaintext)
    }
}

impl Peer {
    /// Tries the sessions that `may` open the message, the one used last first.
    fn decrypt(&mut self, message: &OlmMessage, may: impl Fn(&Session) -> bool) -> Reply<Vec<u8>> {
        let mut refused = None;
        for index in (0..self.sessions.len()).rev() {
            let Some(session) = self.sessions.get_mut(index).filter(|session| may(session)) else {
                continue;
            };
            match session.decrypt(message) {
                Ok(plaintext) => {
                    let used = self.sessions.remove(index);
                    self.sessions.push(used);
                    return Ok(plaintext);
                }
                Err(error) => refused = Some(more_telling(refused, error)),
            }
        }
        Err(match refused {
            Some(error) => error.refusal(),
            None => Declined::refused(Class::UnknownKey, "no session for this message"),
        })
    }
}

fn public_key(bytes: &Bytes) -> Reply<Curve25519PublicKey> {
    Curve25519PublicKey::from_slice(bytes).map_err(|error| error.refusal())
}

/// The library's key ids are base64 of a big-endian counter.
fn number(id: &str) -> u64 {
    let bytes = vodozemac::base64_decode(id).unwrap_or_default();
    bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn identity_changed(peer: &str) -> Declined {
    Declined::refused(Class::IdentityChanged, format!("another identity key of `{peer}` is known"))
}

fn no_session(peer: &str) -> Declined {
    Declined::refused(Class::UnknownKey, format!("there is no session with `{peer}`"))
}
