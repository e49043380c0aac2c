//! Which algorithms protect messages: the driver's statement, beside how envelopes really grow.

use hallmark_driver::protocol::ops::{SessionInfo, SessionInfoAnswer};
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// What the driver states.
    pub stated: SessionInfoAnswer,
    /// Length of the envelope, in bytes, for plaintexts of 1, 2, 3 … bytes.
    pub envelope_bytes: Vec<u64>,
}

impl Measured {
    /// How envelopes grow with their plaintext, in words.
    #[must_use]
    pub fn growth(&self) -> String {
        match self.distinct() {
            0 => "were not measured".to_owned(),
            n if n == self.envelope_bytes.len() => "grow byte by byte".to_owned(),
            n => format!("take {n} lengths for {} plaintext lengths", self.envelope_bytes.len()),
        }
    }

    /// Whether a block mode was stated, but envelopes grow byte by byte.
    #[must_use]
    pub fn contradicts_block_cipher(&self) -> bool {
        let stated = self.stated.cipher.ends_with("-CBC") || self.stated.cipher.ends_with("-ECB");
        stated && self.distinct() == self.envelope_bytes.len()
    }

    fn distinct(&self) -> usize {
        let mut lengths = self.envelope_bytes.clone();
        lengths.sort_unstable();
        lengths.dedup();
        lengths.len()
    }
}

/// Longest plaintext tried: three blocks of 16 bytes.
const LONGEST: usize = 48;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    pair.there(lab, trace).await?;
    let info = SessionInfo { peer: "bob".to_owned() };
    let stated = pair.alice.must("states the algorithms in force", &info).await?;
    let mut envelope_bytes = Vec::new();
    let mut last = None;
    for length in 1..=LONGEST {
        let label = format!("{length} bytes");
        let sent = pair.alice.send("bob", &label, &vec![b'x'; length], trace).await?;
        envelope_bytes.push(sent.envelope.body.len() as u64);
        last = Some(sent);
    }
    if let Some(sent) = last {
        trace.control("bob receives the last of them", pair.bob.receive(&sent).await);
    }
    trace.measured(&Measured { stated, envelope_bytes });
    lab.release([pair.alice, pair.bob]);
    Ok(())
}
