//! One direction of a conversation: a one-way Noise session that its first message sets up.

use snow::{Builder, HandshakeState, Keypair, TransportState, params::NoiseParams};

use crate::{
    protocol::{Declined, Reply},
    refusal,
};

/// `-> e, es, s, ss`: the sender knows the receiver's static key and shows its own. 256-bit AES.
pub(crate) const PATTERN: &str = "Noise_X_25519_AESGCM_SHA256";

/// Longest Noise message (revision 34, section 3).
const LONGEST: usize = 65_535;

/// A tag of AES-GCM.
const TAG: usize = 16;

/// What stands before the text in a first message: an ephemeral key, and a static key and its tag.
const OPENING: usize = EPHEMERAL + 32 + TAG;

/// The ephemeral key.
const EPHEMERAL: usize = 32;

/// The longest text that every message can carry.
pub(crate) const LONGEST_TEXT: usize = LONGEST - OPENING - TAG;

/// Bytes of a static key.
pub(crate) type Key = [u8; 32];

/// A key from a stranger: snow would pad a short one with zeros.
pub(crate) fn key(bytes: &[u8]) -> Reply<Key> {
    bytes.try_into().map_err(|_| {
        Declined::refused("bad-key", format!("a static key of {} bytes, not 32", bytes.len()))
    })
}

/// Makes a static key pair.
pub(crate) fn keypair() -> Reply<Keypair> {
    builder(&parameters()?).generate_keypair().map_err(Declined::error)
}

fn parameters() -> Reply<NoiseParams> {
    PATTERN.parse().map_err(|error: snow::Error| Declined::error(error))
}

fn builder<'a>(parameters: &NoiseParams) -> Builder<'a> {
    Builder::new(parameters.clone())
}

/// The sending end.
pub(crate) enum Sending {
    /// Nothing has been sent.
    First(Box<HandshakeState>),
    /// The first message has been sent.
    Later(Box<TransportState>),
}

impl Sending {
    pub(crate) fn new(own: &Keypair, peer: &Key) -> Reply<Self> {
        let parameters = parameters()?;
        let builder = builder(&parameters).local_private_key(&own.private).remote_public_key(peer);
        let handshake = builder.build_initiator().map_err(Declined::error)?;
        Ok(Self::First(Box::new(handshake)))
    }

    /// Whether the next message is the first.
    pub(crate) fn is_first(&self) -> bool {
        matches!(self, Self::First(_))
    }

    pub(crate) fn write(&mut self, text: &[u8]) -> Reply<Vec<u8>> {
        let mut message = vec![0; text.len().saturating_add(OPENING + TAG).min(LONGEST)];
        let length = match self {
            Self::First(handshake) => handshake.write_message(text, &mut message),
            Self::Later(transport) => transport.write_message(text, &mut message),
        };
        message.truncate(length.map_err(refusal::of_writing)?);
        Ok(message)
    }

    /// The end as it is once the first message has left.
    pub(crate) fn later(self) -> Reply<Self> {
        match self {
            Self::First(handshake) => {
                let transport = handshake.into_transport_mode().map_err(Declined::error)?;
                Ok(Self::Later(Box::new(transport)))
            }
            later @ Self::Later(_) => Ok(later),
        }
    }
}

/// A first message that opened.
pub(crate) struct Opened {
    pub(crate) text: Vec<u8>,
    /// The sender's static key, which the message proves.
    pub(crate) sender: Key,
    /// Made for this session alone.
    pub(crate) ephemeral: Key,
    pub(crate) receiving: Receiving,
}

/// Reads a first message. One that does not open leaves nothing behind.
pub(crate) fn open(own: &Keypair, message: &[u8]) -> Reply<Opened> {
    let parameters = parameters()?;
    let builder = builder(&parameters).local_private_key(&own.private);
    let mut handshake = builder.build_responder().map_err(Declined::error)?;
    let mut text = vec![0; message.len()];
    let length = handshake.read_message(message, &mut text).map_err(refusal::of_reading)?;
    text.truncate(length);
    let ephemeral = message.get(..EPHEMERAL).unwrap_or_default();
    let sender = handshake.get_remote_static().unwrap_or_default();
    let (ephemeral, sender) = (key(ephemeral)?, key(sender)?);
    let transport = handshake.into_transport_mode().map_err(Declined::error)?;
    Ok(Opened { text, sender, ephemeral, receiving: Receiving(Box::new(transport)) })
}

/// The receiving end, after the first message.
pub(crate) struct Receiving(Box<TransportState>);

impl Receiving {
    /// Reads the next message; with its text comes its place, where the first message has 0.
    /// Which state a message leaves behind that does not open is what the pair differs in.
    pub(crate) fn read(&mut self, message: &[u8]) -> Reply<(Vec<u8>, u64)> {
        let place = self.0.receiving_nonce().saturating_add(1);
        let mut text = vec![0; message.len()];
        let length = self.0.read_message(message, &mut text).map_err(refusal::of_reading)?;
        text.truncate(length);
        Ok((text, place))
    }
}
