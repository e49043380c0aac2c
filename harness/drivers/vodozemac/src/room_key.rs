//! The Olm message that shares a Megolm session: `m.room_key` of the Matrix specification,
//! client-server API, "End-to-end encryption", without what concerns rooms and devices.

use hallmark_driver::{
    protocol::Class,
    sdk::{Declined, Reply},
};
use serde::{Deserialize, Serialize};
use vodozemac::megolm::{GroupSession, InboundGroupSession, SessionConfig, SessionKey};

use crate::refusal::Refuses;

const EVENT: &str = "m.room_key";
const ALGORITHM: &str = "m.megolm.v1.aes-sha2";

/// The event.
#[derive(Serialize, Deserialize)]
struct RoomKey {
    r#type: String,
    content: Content,
}

/// What it carries.
#[derive(Serialize, Deserialize)]
struct Content {
    algorithm: String,
    session_id: String,
    session_key: String,
}

/// The plaintext that shares this session from its present index on.
pub(crate) fn write(session: &GroupSession) -> Reply<Vec<u8>> {
    let event = RoomKey {
        r#type: EVENT.to_owned(),
        content: Content {
            algorithm: ALGORITHM.to_owned(),
            session_id: session.session_id(),
            session_key: session.session_key().to_base64(),
        },
    };
    serde_json::to_vec(&event).map_err(|error| Declined::error(error.to_string()))
}

/// The session that a plaintext shares.
pub(crate) fn read(plaintext: &[u8]) -> Reply<InboundGroupSession> {
    let event: RoomKey = serde_json::from_slice(plaintext)
        .map_err(|error| Declined::refused(Class::Malformed, format!("not a room key: {error}")))?;
    if event.r#type != EVENT || event.content.algorithm != ALGORITHM {
        return Err(Declined::refused(Class::Malformed, "not a Megolm room key"));
    }
    let key =
        SessionKey::from_base64(&event.content.session_key).map_err(|error| error.refusal())?;
    let session = InboundGroupSession::new(&key, SessionConfig::default());
    if session.session_id() == event.content.session_id {
        Ok(session)
    } else {
        Err(Declined::refused(Class::BadKey, "the session id is not that of the session key"))
    }
}
