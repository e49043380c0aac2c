//! Writes a good signature in its other encoding: with the group order added to its second half.
//!
//! RFC 8032, section 5.1.7: an `S` that is not below the order `L` is invalid. XEdDSA refuses only
//! what needs more bits than `L`, so `S + L` nearly always passes there; libsignal keeps a sign
//! in the highest bit.

use hallmark_driver::protocol::{
    Bytes,
    ops::{OneTimePrekey, Prekeys, SignedPrekey},
};

use super::{Lab, Stop, Trace, lab, prekey_signature::offer};

/// `L`, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut bob = lab.device("bob").await?;
    let honest = bob.publish(2).await?;
    let Some((what, altered)) = altered(&lab::hand_out(honest.clone(), 1)) else {
        let reason = "no prekey of this protocol carries an Ed25519 or XEdDSA signature";
        return Err(Stop::not_offered("bob publishes signed prekeys", reason));
    };
    let mut alice = lab.device("alice").await?;
    let setup = lab::meet(&mut alice, "bob", lab::hand_out(honest, 0), trace).await?;
    bob.must_take("alice", &setup).await?;
    let sent = alice.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("prekeys with the signature as it was made serve", bob.receive(&sent).await);
    lab.release([alice, bob]);

    let (seen, evidence) = offer(altered, lab, trace).await?;
    trace.outcome(what, seen, evidence);
    Ok(())
}

/// The prekeys with one signature written in another way.
fn altered(base: &Prekeys) -> Option<(&'static str, Prekeys)> {
    if let Some(prekey) = &base.signed_prekey {
        let signature = other_encoding(&prekey.signature)?;
        let signed_prekey = Some(SignedPrekey { signature, ..prekey.clone() });
        let what = "signed prekey with the other encoding of its signature";
        return Some((what, Prekeys { signed_prekey, ..base.clone() }));
    }
    let prekey = base.one_time_prekeys.first()?;
    let signature = Some(other_encoding(prekey.signature.as_ref()?)?);
    let one_time_prekeys = vec![OneTimePrekey { signature, ..prekey.clone() }];
    let what = "one-time prekey with the other encoding of its signature";
    Some((what, Prekeys { one_time_prekeys, ..base.clone() }))
}

/// `S + L` in the place of `S`.
fn other_encoding(signature: &Bytes) -> Option<Bytes> {
    let mut bytes = <[u8; 64]>::try_from(&signature[..]).ok()?;
    let (_, s) = bytes.split_at_mut(32);
    let sign = s.last()? & 0x80;
    *s.last_mut()? &= 0x7f;
    let mut carry = 0;
    for (byte, order) in s.iter_mut().zip(ORDER) {
        let wide = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (wide as u8, wide >> 8);
    }
    *s.last_mut()? |= sign;
    Some(Bytes(bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_added_and_the_sign_kept() {
        let mut signature = vec![0; 64];
        signature[32] = 0x20;
        signature[63] = 0x81;
        let other = other_encoding(&Bytes(signature.clone())).unwrap();
        assert_eq!(other[..32], signature[..32]);
        assert_eq!(other[32..34], [0x0d, 0xd4]);
        assert_eq!(other[63], 0x91);
        assert!(other_encoding(&Bytes(vec![0; 63])).is_none());
    }
}
