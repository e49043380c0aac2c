//! Encrypted files: changed ones, wrong keys, and one file made so that two keys open it.

use hallmark_driver::{
    Outcome,
    protocol::ops::{AttachmentAnswer, AttachmentDecrypt, AttachmentEncrypt},
};
use hallmark_model::{selection::Depth, text};
use serde::{Deserialize, Serialize};

use super::{
    Device, Lab, Stop, Trace,
    salamander::{self, Gcm},
};
use crate::facts::{Seen, Sender, Text};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The cipher, as the driver states it.
    pub cipher: String,
    /// How many times the file was changed in one bit.
    pub changed: u64,
    /// How many of these opened with another content.
    pub changed_opened: u64,
    /// How many times the key was changed in one bit.
    pub keys: u64,
    /// How many of these opened the same file with another content.
    pub keys_opened: u64,
    /// Whether a file that was made for two keys opened under both; none where none was made.
    pub salamander: Option<bool>,
}

/// Bits of the file that are tried at `--depth quick`.
const SAMPLE: usize = 32;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut alice = lab.device("alice").await?;
    let mut bob = lab.device("bob").await?;
    let plaintext = [lab.canary(), vec![b'.'; 200]].concat();
    let args = AttachmentEncrypt { plaintext: plaintext.clone().into() };
    let sealed = alice.must("encrypts a file", &args).await?;
    let other = alice.must("encrypts the file again", &args).await?;
    trace.keep("an encrypted file".to_owned(), &sealed.body)?;
    let honest = open(&mut bob, &sealed.key, &sealed.body).await;
    trace.control("bob opens the file", seen(&honest, &plaintext));

    let mut measured = Measured {
        cipher: text::one_line(&sealed.cipher),
        changed: 0,
        changed_opened: 0,
        keys: 0,
        keys_opened: 0,
        salamander: None,
    };
    let bits = sealed.body.len() * 8;
    let chosen: Vec<usize> = match lab.depth {
        Depth::Quick if bits > SAMPLE => (0..SAMPLE).map(|_| lab.below(bits)).collect(),
        Depth::Quick | Depth::Full => (0..bits).step_by(7).collect(),
        Depth::Exhaustive => (0..bits).collect(),
    };
    for bit in chosen {
        let body = flipped(&sealed.body, bit);
        let opened = open(&mut bob, &sealed.key, &body).await;
        measured.changed += 1;
        measured.changed_opened += u64::from(is_other(opened, &plaintext)?);
    }
    for byte in 0..sealed.key.len() {
        let key = flipped(&sealed.key, 8 * byte + lab.below(8));
        let opened = open(&mut bob, &key, &sealed.body).await;
        measured.keys += 1;
        measured.keys_opened += u64::from(is_other(opened, &plaintext)?);
    }
    if let Some(body) = for_both(&sealed, &other, plaintext.len()) {
        trace.keep("a file made for two keys".to_owned(), &body)?;
        let one = open(&mut bob, &sealed.key, &body).await;
        let two = open(&mut bob, &other.key, &body).await;
        measured.salamander = Some(is_other(one, &[])? && is_other(two, &[])?);
    }
    let honest = open(&mut bob, &sealed.key, &sealed.body).await;
    trace.control("bob still opens the file", seen(&honest, &plaintext));
    trace.measured(&measured);
    lab.release([alice, bob]);
    Ok(())
}

async fn open(device: &mut Device, key: &[u8], body: &[u8]) -> Outcome<Vec<u8>> {
    let args = AttachmentDecrypt { key: key.into(), body: body.into() };
    device.call(&args).await.map(|answer| answer.plaintext.0)
}

fn seen(opened: &Outcome<Vec<u8>>, plaintext: &[u8]) -> Seen {
    match opened {
        Outcome::Ok(shown, _) if shown == plaintext => Seen::Done,
        Outcome::Ok(..) => {
            Seen::Delivered { text: Text::Different, sender: Sender::Right, position: None }
        }
        other => Seen::of(other),
    }
}

/// Whether something else than `plaintext` was opened. A device that broke ends the experiment.
fn is_other(opened: Outcome<Vec<u8>>, plaintext: &[u8]) -> Result<bool, Stop> {
    match &opened {
        Outcome::Ok(shown, _) => Ok(shown != plaintext),
        Outcome::Refused(_) => Ok(false),
        broken => Err(Stop::at("bob is handed a changed file or key", Seen::of(broken))),
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
    bytes
}

/// A file for the keys of two others, where these are AES-GCM and nothing else: shown by opening
/// them here.
fn for_both(one: &AttachmentAnswer, other: &AttachmentAnswer, length: usize) -> Option<Vec<u8>> {
    if one.body.len() != salamander::NONCE + length + salamander::TAG {
        return None;
    }
    let (first, second) = (Gcm::new(&one.key)?, Gcm::new(&other.key)?);
    let ours = first.open(&one.body).is_some() && second.open(&other.body).is_some();
    let nonce = *one.body.first_chunk::<{ salamander::NONCE }>().filter(|_| ours)?;
    salamander::under_both(&first, &second, nonce, b"Give 5 mg every six hours.")
}
