//! What a device says of itself beside its keys, in `extra` of its prekeys: the content ciphers
//! that it offers, and the proof that another device is its owner's.
//!
//! The list of ciphers is signed by the identity, so that a server can neither shorten it nor
//! leave it out. A proof is the signature of the owner's first device over the name and both
//! public keys of the other.

use hallmark_driver::protocol::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    faults::{Fault, Faults},
    identity::{Identity, PublicIdentity},
    refused::Refused,
    seal::ContentCipher,
};

/// What a signature over a list of ciphers begins with, so that it is no other signature.
const CIPHERS: &[u8] = b"Hallmark reference ciphers\0";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    /// Names, the preferred one first.
    ciphers: Vec<String>,
    /// By the identity, over the list.
    signature: Bytes,
    /// By the owner's first device, where this is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_signature: Option<Bytes>,
}

/// What a device publishes.
pub(crate) fn write(identity: &Identity, cipher: ContentCipher) -> Value {
    let ciphers = vec![cipher.name().to_owned()];
    let signature = identity.sign(&signed(&ciphers)).into();
    serde_json::to_value(Extra { ciphers, signature, device_signature: None })
        .expect("texts and bytes have a JSON form")
}

/// Whether a session with this peer uses the older cipher; that is refused, but for a fault.
pub(crate) fn is_older(
    extra: &Value,
    identity: &PublicIdentity,
    faults: Faults,
) -> Result<bool, Refused> {
    match agree(extra, identity, faults) {
        Err(_) if faults.has(Fault::AcceptDowngrade) => Ok(true),
        agreed => agreed.map(|()| false),
    }
}

fn agree(extra: &Value, identity: &PublicIdentity, faults: Faults) -> Result<(), Refused> {
    let offer = Extra::deserialize(extra)
        .map_err(|_| Refused::Malformed("the list of ciphers that the peer offers is missing"))?;
    if !identity.accepts(&signed(&offer.ciphers), &offer.signature, faults) {
        return Err(Refused::Signature("list of ciphers"));
    }
    if offer.ciphers.iter().any(|name| name == ContentCipher::of(faults).name()) {
        Ok(())
    } else {
        Err(Refused::Policy("the peer offers no cipher that is good enough"))
    }
}

/// Whether the first device of a peer vouches for another one of this name.
pub(crate) fn check_device(
    owner: &PublicIdentity,
    name: &str,
    identity: &PublicIdentity,
    extra: &Value,
    faults: Faults,
) -> Result<(), Refused> {
    let proof = Extra::deserialize(extra).ok().and_then(|extra| extra.device_signature);
    let device = [name.as_bytes(), &[0], &identity.agreement.0, &identity.signing.0].concat();
    match proof {
        _ if faults.has(Fault::AcceptGhostDevice) => Ok(()),
        None => Err(Refused::Policy("no device of the peer vouches for this one")),
        Some(proof) if owner.accepts(&device, &proof, faults) => Ok(()),
        Some(_) => Err(Refused::Signature("device")),
    }
}

fn signed(ciphers: &[String]) -> Vec<u8> {
    [CIPHERS, ciphers.join("\0").as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kdf::Key;

    fn identity(n: u8) -> Identity {
        Identity { agreement: Key([n; 32]), signing: Key([n + 10; 32]) }
    }

    #[test]
    fn only_the_whole_list_of_the_right_identity_is_taken() {
        let honest = write(&identity(1), ContentCipher::Aes256Cbc);
        let public = identity(1).public();
        assert_eq!(is_older(&honest, &public, Faults::NONE), Ok(false));
        let mut emptied = honest.clone();
        emptied["ciphers"] = json!([]);
        let older = write(&identity(1), ContentCipher::Aes128Cbc);
        let foreign = write(&identity(2), ContentCipher::Aes256Cbc);
        for bad in [Value::Null, json!({}), emptied, older, foreign] {
            assert!(is_older(&bad, &public, Faults::NONE).is_err(), "{bad}");
            assert_eq!(is_older(&bad, &public, Fault::AcceptDowngrade.into()), Ok(true));
        }
    }

    #[test]
    fn a_device_needs_the_signature_of_the_first_over_its_name_and_keys() {
        let (owner, tablet) = (identity(1), identity(2));
        let device = tablet.public();
        let message = [b"tablet\0", &device.agreement.0[..], &device.signing.0].concat();
        let mut extra = write(&tablet, ContentCipher::Aes256Cbc);
        let check = |extra: &Value, name: &str, faults| {
            check_device(&owner.public(), name, &device, extra, faults)
        };
        assert!(check(&extra, "tablet", Faults::NONE).is_err());
        extra["device_signature"] = json!(Bytes(owner.sign(&message)));
        assert_eq!(check(&extra, "tablet", Faults::NONE), Ok(()));
        assert!(check(&extra, "another", Faults::NONE).is_err());
        extra["device_signature"] = json!(Bytes(tablet.sign(&message)));
        assert_eq!(check(&extra, "tablet", Faults::NONE), Err(Refused::Signature("device")));
        assert_eq!(check(&extra, "tablet", Fault::AcceptGhostDevice.into()), Ok(()));
    }
}
