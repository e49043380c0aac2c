//! Hands out prekeys of small order, correctly signed: the shared secret would be known to all.
//!
//! RFC 7748, section 6.1: an all-zero shared secret shows that the peer's key was of small order.

use hallmark_driver::protocol::{
    Bytes,
    ops::{IdentitySign, Prekeys},
};
use hallmark_model::selection::Depth;

use super::{Device, Lab, Stop, Trace, lab, prekey_signature::offer};

/// u-coordinates of points of small order on Curve25519, little-endian.
const SMALL_ORDER: [(&str, [u8; 32]); 4] = [
    ("zero", [0; 32]),
    ("one", first_byte(1)),
    (
        "a point of order 8",
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
            0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
            0xb8, 0x00,
        ],
    ),
    (
        "the other point of order 8",
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
            0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
            0x11, 0x57,
        ],
    ),
];

const fn first_byte(byte: u8) -> [u8; 32] {
    let mut point = [0; 32];
    point[0] = byte;
    point
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut mallory = lab.device("bob").await?;
    let honest = mallory.publish(2).await?;
    let base = lab::hand_out(honest.clone(), 1);

    let mut control = lab::hand_out(honest, 0);
    let signs = control.signed_prekey.as_ref().is_some_and(|prekey| is_point(&prekey.public));
    if let Some(prekey) = &mut control.signed_prekey {
        prekey.signature = sign(&mut mallory, &prekey.public).await?;
    }
    sign_one_time(&mut mallory, &mut control).await?;
    let mut alice = lab.device("alice").await?;
    let setup = lab::meet(&mut alice, "bob", control, trace).await?;
    mallory.must_take("alice", &setup).await?;
    let sent = alice.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("the same prekeys, signed again but unaltered, serve", mallory.receive(&sent).await);
    lab.release([alice]);

    let points = if lab.depth == Depth::Quick { &SMALL_ORDER[..1] } else { &SMALL_ORDER[..] };
    let mut tried = false;
    for (name, point) in points {
        let mut variants = Vec::new();
        if signs {
            let mut prekeys = base.clone();
            if let Some(prekey) =
                prekeys.signed_prekey.as_mut().filter(|prekey| is_point(&prekey.public))
            {
                prekey.public = with_point(&prekey.public, point);
                prekey.signature = sign(&mut mallory, &prekey.public).await?;
            }
            variants.push((format!("signed prekey is {name}, correctly signed"), prekeys));
        }
        if base.one_time_prekeys.iter().any(|prekey| is_point(&prekey.public)) {
            let mut prekeys = one_time(&base, point);
            sign_one_time(&mut mallory, &mut prekeys).await?;
            variants.push((format!("one-time prekey is {name}"), prekeys));
        }
        for (what, prekeys) in variants {
            tried = true;
            let (seen, evidence) = offer(prekeys, lab, trace).await?;
            trace.outcome(what, seen, evidence);
        }
    }
    if !tried {
        let reason = "this protocol publishes no Curve25519 prekeys";
        return Err(Stop::not_offered("prekeys of small order are handed out", reason));
    }
    lab.release([mallory]);
    Ok(())
}

async fn sign(mallory: &mut Device, public: &Bytes) -> Result<Bytes, Stop> {
    let args = IdentitySign { message: public.clone() };
    Ok(mallory.must("signs a prekey", &args).await?.signature)
}

/// Signs one-time prekeys again, where the protocol signs them.
async fn sign_one_time(mallory: &mut Device, prekeys: &mut Prekeys) -> Result<(), Stop> {
    for prekey in prekeys.one_time_prekeys.iter_mut().filter(|prekey| prekey.signature.is_some()) {
        prekey.signature = Some(sign(mallory, &prekey.public).await?);
    }
    Ok(())
}

fn one_time(base: &Prekeys, point: &[u8; 32]) -> Prekeys {
    let mut prekeys = base.clone();
    for prekey in &mut prekeys.one_time_prekeys {
        prekey.public = with_point(&prekey.public, point);
    }
    prekeys
}

/// Whether a key has the length of a Curve25519 key, with or without a type byte in front. In any
/// other group these points mean nothing.
fn is_point(public: &Bytes) -> bool {
    matches!(public.len(), 32 | 33)
}

/// The key with its last 32 bytes, the curve point, replaced; a type byte in front stays.
fn with_point(public: &Bytes, point: &[u8; 32]) -> Bytes {
    let prefix = public.len().saturating_sub(32);
    Bytes([&public[..prefix], &point[..]].concat())
}
