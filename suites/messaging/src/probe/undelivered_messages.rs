//! Withholds a message and finds out how many further undelivered messages of the same chain it
//! takes until its key is displaced: how many keys of one chain wait at the same time.
//!
//! Each try starts over from one snapshot and lets every few hundredth message through, so that
//! no candidate's limit on single jumps is met. Few tries at first, far apart in the end: a
//! candidate with a small store is soon done, and one that never forgets is followed beyond every
//! limit that a library is known to have.

use hallmark_driver::protocol::{
    Bytes,
    ops::{Envelope, EnvelopeKind, MessageDecrypt, MessageEncrypt},
};
use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Number of further undelivered messages of the chain despite which the message stayed
    /// readable.
    pub readable_through: u64,
    /// Number of further undelivered messages at which it was first refused; none if it never
    /// was.
    pub gone_at: Option<u64>,
    /// The largest number that was tried.
    pub tried: u64,
    /// Number of further messages, all delivered in order, after which it was still readable.
    pub readable_after_delivered: u64,
    /// How many of these were delivered at most.
    pub delivered: u64,
}

/// The numbers that are tried; the last is above what libsignal keeps, the largest store known.
const POINTS: [u64; 15] = [1, 2, 4, 5, 6, 7, 8, 16, 40, 41, 64, 256, 512, 1024, 2100];

/// One of so many is let through.
const STRIDE: usize = 400;

/// What a try came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Try {
    Readable,
    Gone,
}

/// The chain as the network holds it.
struct Chain {
    withheld: Sent,
    further: Vec<Envelope>,
    base: Bytes,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    pair.there(lab, trace).await?;
    let withheld = pair.alice.send("bob", "the withheld message", &lab.canary(), trace).await?;
    pair.bob.must_take("alice", &withheld.setup).await?;
    let base = pair.bob.snapshot().await?;
    let mut chain = Chain { withheld, further: Vec::new(), base };
    let mut twin = lab.blank("bob's twin").await?;

    let mut measured = Measured {
        readable_through: 0,
        gone_at: None,
        tried: 0,
        readable_after_delivered: 0,
        delivered: 0,
    };
    for point in POINTS {
        chain.grow(&mut pair.alice, reach(point)).await?;
        if chain.attempt(point, &mut twin, &mut measured, trace).await? != Some(Try::Readable) {
            break;
        }
    }
    // The edge lies between the last two numbers: halve the distance.
    while let Some(gone) = measured.gone_at.filter(|gone| gone - measured.readable_through > 1) {
        let middle = measured.readable_through.midpoint(gone);
        if chain.attempt(middle, &mut twin, &mut measured, trace).await?.is_none() {
            break;
        }
    }
    let most = if lab.depth == Depth::Quick { 64 } else { chain.further.len() };
    chain.deliver_in_order(most, &mut twin, &mut measured).await?;

    twin.restore(&chain.base).await?;
    let opened = twin.receive_envelope(&chain.withheld, chain.withheld.envelope.clone()).await;
    trace.control("the state of all tries opens the withheld message", opened);
    let reached = reach(measured.tried);
    chain.grow(&mut pair.alice, reached + 1).await?;
    twin.restore(&chain.base).await?;
    let seen = match chain.skip(reached, &mut twin).await {
        None => chain.pass(reached, &mut twin).await,
        Some(seen) => seen,
    };
    trace.control("the state of the farthest try opens the next honest message", seen);
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob, twin]);
    Ok(())
}

/// How many messages of the chain it takes to leave `number` undelivered behind the newest one.
fn reach(number: u64) -> usize {
    let reach = number.saturating_add(number.div_ceil(STRIDE as u64 - 1)).max(1);
    usize::try_from(reach).unwrap_or(usize::MAX)
}

impl Chain {
    /// Makes the chain so many messages long. These are not kept as evidence: nothing rests on
    /// their bytes.
    async fn grow(&mut self, alice: &mut Device, length: usize) -> Result<(), Stop> {
        let args = MessageEncrypt { peer: "bob".to_owned(), plaintext: b"passing".to_vec().into() };
        while self.further.len() < length {
            let answer = alice.must("encrypts a further message", &args).await?;
            let message = answer.envelopes.into_iter().find(|e| e.kind == EnvelopeKind::Message);
            self.further.push(message.ok_or_else(|| {
                let message = "`message.encrypt` answered without a message envelope".to_owned();
                Stop::at("alice encrypts a further message", Seen::DriverError { message })
            })?);
        }
        Ok(())
    }

    /// Tries the withheld message with `number` others undelivered; none where the candidate lets
    /// no message so far ahead through.
    async fn attempt(
        &self,
        number: u64,
        twin: &mut Device,
        measured: &mut Measured,
        trace: &mut Trace<'_>,
    ) -> Result<Option<Try>, Stop> {
        let reach = reach(number);
        twin.restore(&self.base).await?;
        match self.skip(reach, twin).await {
            Some(seen) if measured.tried == 0 => {
                return Err(Stop::at("a message that overtook another is read", seen));
            }
            Some(_) => return Ok(None),
            None => {}
        }
        let seen = twin.receive_envelope(&self.withheld, self.withheld.envelope.clone()).await;
        measured.tried = measured.tried.max(number);
        let what = format!("with {number} further messages of the chain on the way");
        trace.outcome(what, seen.clone(), Some(self.withheld.evidence.clone()));
        Ok(match seen {
            Seen::Delivered { .. } => {
                measured.readable_through = measured.readable_through.max(number);
                Some(Try::Readable)
            }
            Seen::Refused { .. } => {
                measured.gone_at = Some(measured.gone_at.map_or(number, |gone| gone.min(number)));
                Some(Try::Gone)
            }
            _ => None,
        })
    }

    /// Lets the newest of the first `reach` messages through, and on the way to it one of
    /// [`STRIDE`]; what was seen instead, where one of them is not read.
    async fn skip(&self, reach: usize, twin: &mut Device) -> Option<Seen> {
        for index in (0..reach).filter(|at| (at + 1) % STRIDE == 0 || at + 1 == reach) {
            let seen = self.pass(index, twin).await;
            if !seen.is_as_meant() {
                return Some(seen);
            }
        }
        None
    }

    /// Lets one of the further messages through.
    async fn pass(&self, index: usize, twin: &mut Device) -> Seen {
        let Some(envelope) = self.further.get(index).cloned() else {
            return Seen::DriverError { message: "the chain is shorter than that".to_owned() };
        };
        let from = self.withheld.from.clone();
        Seen::of(&twin.call(&MessageDecrypt { from, envelope }).await)
    }

    /// Delivers messages of the chain in order, and tries the withheld one at doubling distances.
    async fn deliver_in_order(
        &self,
        most: usize,
        twin: &mut Device,
        measured: &mut Measured,
    ) -> Result<(), Stop> {
        twin.restore(&self.base).await?;
        let mut due = 1;
        for index in 0..most.min(self.further.len()) {
            if !self.pass(index, twin).await.is_as_meant() {
                return Ok(());
            }
            let number = index as u64 + 1;
            if number != due {
                continue;
            }
            due *= 2;
            let state = twin.snapshot().await?;
            let seen = twin.receive_envelope(&self.withheld, self.withheld.envelope.clone()).await;
            measured.delivered = number;
            if !seen.is_delivered() {
                return Ok(());
            }
            measured.readable_after_delivered = number;
            twin.restore(&state).await?;
        }
        Ok(())
    }
}
