//! What is left of a message that was read: its key, and each chain key before it, are looked for in
//! the memory of the candidate's process and in the files in which it keeps its state.
//!
//! The keys are learnt from the sender, who is on our side. The receiver is a process of its own, is
//! never asked for its state, and must hold the one key that it still needs: whoever does not find
//! that one (the control) has found out nothing about the others.

mod chain;
mod files;
mod memory;
mod patterns;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use hallmark_driver::{
    Outcome,
    protocol::{
        Bytes,
        ops::{IdentityCreate, ProcessPid, StatePaths, StateSnapshot},
    },
};
use serde::{Deserialize, Serialize};

use self::{
    chain::Chain,
    patterns::{Class, Patterns, Searcher},
};
pub use self::patterns::Encoding;
use super::{Device, Lab, Stop, Trace, lab::Pair};

/// What was measured. Counts only: no key and nothing of what was searched is ever kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Messages of one chain that were sent and read, and whose keys are looked for.
    pub messages: u64,
    /// Round trips between the two searches.
    pub rounds: u64,
    /// Why the keys are not known; then nothing was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_unknown: Option<String>,
    /// Set where the driver names a process that is none of those that were started for it.
    #[serde(default)]
    pub names_another_process: bool,
    /// As soon as the messages were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<Places>,
    /// After the round trips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_rounds: Option<Places>,
}

/// Where was looked at one time.
#[derive(Debug, Serialize, Deserialize)]
pub struct Places {
    /// The writable memory of the candidate's processes.
    pub memory: Looked,
    /// The files in which the candidate keeps its state.
    pub files: Looked,
}

/// Whether a place could be searched.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Looked {
    /// It was.
    Searched(Searched),
    /// There is no such place behind this driver.
    NotOffered {
        /// Why not.
        reason: String,
    },
    /// There is, and it could not be read.
    NotReadable {
        /// Why not.
        reason: String,
    },
}

/// What was found in one place.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Searched {
    /// Bytes that were read.
    pub bytes: u64,
    /// Writable mappings, or files.
    pub parts: u64,
    /// Why not everything was read, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// The control: the chain key that the candidate needs for the next message.
    pub current_chain_key: Copies,
    /// Chain keys of messages that were read.
    pub previous_chain_keys: Copies,
    /// The chain key that was the control of the first search: a ratchet may keep it for late messages
    /// until enough other chains have begun, so that there are more copies of it to be erased.
    #[serde(default)]
    pub former_chain_key: Copies,
    /// Keys of messages that were read.
    pub message_keys: Copies,
    /// The messages themselves, which the driver handles too: measured only.
    pub plaintext: Copies,
}

/// How many copies, by encoding.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Copies(pub BTreeMap<Encoding, u64>);

impl Copies {
    /// In all encodings together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().fold(0, |sum, copies| sum.saturating_add(*copies))
    }
}

impl Searched {
    fn copies(&mut self, class: Class) -> &mut Copies {
        match class {
            Class::CurrentChainKey => &mut self.current_chain_key,
            Class::PreviousChainKey => &mut self.previous_chain_keys,
            Class::FormerChainKey => &mut self.former_chain_key,
            Class::MessageKey => &mut self.message_keys,
            Class::Plaintext => &mut self.plaintext,
        }
    }
}

/// Messages whose keys are looked for.
const MESSAGES: u64 = 3;

/// Round trips after which they must be gone: more than the chains that any ratchet keeps.
const ROUNDS: u64 = 20;

/// What one search may read, in bytes.
const MOST: u64 = 4 << 30;

/// How long one search may take.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    const WHAT: &str = "the memory of bob's process is searched";
    if !cfg!(target_os = "linux") {
        return Err(Stop::not_offered(WHAT, "the memory of a process can be read on Linux only"));
    }
    lab.offers::<IdentityCreate>("bob creates an identity")?;
    lab.offers::<StateSnapshot>("alice exports her state")?;
    let mut bob = lab.fresh_process("bob").await?;
    if !bob.is_process() {
        lab.release([bob]);
        let why = "one party per process: the candidate is not one that Hallmark started";
        return Err(Stop::not_offered(WHAT, why));
    }
    bob.create().await?;
    let alice = lab.device("alice").await?;
    let mut pair = lab.introduce(alice, bob, trace).await?;
    let measured = measure(lab, &mut pair, trace).await?;
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob]);
    Ok(())
}

async fn measure(
    lab: &mut Lab<'_>,
    pair: &mut Pair,
    trace: &mut Trace<'_>,
) -> Result<Measured, Stop> {
    let mut measured = Measured { messages: MESSAGES, rounds: ROUNDS, ..Measured::default() };
    let (states, texts) = follow(lab, pair, MESSAGES, trace).await?;
    let Some(chain) = Chain::of(&states) else {
        measured.keys_unknown = Some(
            "no field of the sender's state is a chain key of the Double Ratchet's KDF (HMAC-SHA-256 \
             with the constants 1 and 2)"
                .to_owned(),
        );
        return Ok(measured);
    };
    let mut gone = vec![(Class::CurrentChainKey, chain.current().to_vec())];
    gone.extend(chain.spent().iter().map(|key| (Class::PreviousChainKey, key.to_vec())));
    gone.extend(chain.message_keys().map(|key| (Class::MessageKey, key.to_vec())));
    gone.extend(texts.into_iter().map(|text| (Class::Plaintext, text)));
    let (places, elsewhere) = look(lab, &mut pair.bob, &Patterns::of(&gone)).await;
    measured.names_another_process = elsewhere;
    measured.at_once = Some(places);

    for _ in 0..ROUNDS {
        pair.back(lab, trace).await?;
        pair.there(lab, trace).await?;
    }
    let (states, _) = follow(lab, pair, 1, trace).await?;
    let Some(newest) = Chain::of(&states) else {
        let rounds = format!("after {ROUNDS} round trips the sender's chain key was found no more");
        measured.keys_unknown = Some(rounds);
        return Ok(measured);
    };
    // What was the control is one of the past by now.
    gone[0].0 = Class::FormerChainKey;
    gone.push((Class::CurrentChainKey, newest.current().to_vec()));
    let (places, elsewhere) = look(lab, &mut pair.bob, &Patterns::of(&gone)).await;
    measured.names_another_process |= elsewhere;
    measured.after_rounds = Some(places);
    Ok(measured)
}

/// So many messages from alice that bob reads, alice's state before each and after the last, and
/// what they say.
async fn follow(
    lab: &mut Lab<'_>,
    pair: &mut Pair,
    messages: u64,
    trace: &mut Trace<'_>,
) -> Result<(Vec<Bytes>, Vec<Vec<u8>>), Stop> {
    let mut states = vec![pair.alice.snapshot().await?];
    let mut texts = Vec::new();
    for _ in 0..messages {
        texts.push(pair.there(lab, trace).await?.plaintext);
        states.push(pair.alice.snapshot().await?);
    }
    Ok((states, texts))
}

/// Searches both places, and says whether the driver names a process that is not among them.
async fn look(lab: &Lab<'_>, bob: &mut Device, patterns: &Patterns) -> (Places, bool) {
    let processes = bob.processes();
    let says = match lab.offers::<ProcessPid>("") {
        Ok(()) => bob.call(&ProcessPid {}).await.ok().map(|answer| answer.pid),
        Err(_) => None,
    };
    let elsewhere = matches!((says, &processes), (Some(pid), Some(ours)) if !ours.contains(&pid));
    let memory = match processes {
        Some(processes) if !processes.is_empty() => {
            memory::search(&processes, Search::begin(patterns)).await
        }
        _ => Looked::NotReadable {
            reason: "the candidate's processes cannot be listed in /proc".to_owned(),
        },
    };
    let files = match lab.offers::<StatePaths>("bob says where he keeps state") {
        Err(_) => Looked::NotOffered {
            reason: "the driver does not list `state.paths`".to_owned(),
        },
        Ok(()) => match bob.call(&StatePaths {}).await {
            Outcome::Ok(answer, _) if answer.paths.is_empty() => Looked::NotOffered {
                reason: "the driver names no file in which the candidate keeps its state".to_owned(),
            },
            Outcome::Ok(answer, _) => files::search(&answer.paths, Search::begin(patterns)).await,
            Outcome::Unsupported(unsupported) => Looked::NotOffered {
                reason: hallmark_model::text::one_line(&unsupported.reason),
            },
            other => Looked::NotReadable { reason: other.to_string() },
        },
    };
    (Places { memory, files }, elsewhere)
}

/// One search under way, within its bounds.
struct Search<'p> {
    searcher: Searcher<'p>,
    seen: Searched,
    until: Instant,
}

impl<'p> Search<'p> {
    fn begin(patterns: &'p Patterns) -> Self {
        Self {
            searcher: Searcher::new(patterns),
            seen: Searched::default(),
            until: Instant::now() + LONGEST,
        }
    }

    /// Reads on with `read` until it has no more, or the search has had its time or its bytes. What
    /// `read` returns stands where the last reading ended. `false` when the bounds are reached.
    async fn run(
        &mut self,
        mut read: impl FnMut(&mut [u8]) -> std::io::Result<usize>,
    ) -> std::io::Result<bool> {
        loop {
            if self.seen.bytes >= MOST {
                self.cut(&format!("more than {} GiB: the rest was not read", MOST >> 30));
                return Ok(false);
            }
            if Instant::now() >= self.until {
                let seconds = LONGEST.as_secs();
                self.cut(&format!("the search took more than {seconds} s: the rest was not read"));
                return Ok(false);
            }
            let count = match read(self.searcher.space()) {
                Ok(0) => return Ok(true),
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.seen.bytes = self.seen.bytes.saturating_add(count as u64);
            self.searcher.advance(count);
            // Others have their turn: whoever wants to stop the run must be heard.
            tokio::task::yield_now().await;
        }
    }

    /// The first reason why not everything is read is kept.
    fn cut(&mut self, reason: &str) {
        self.seen.cut.get_or_insert_with(|| reason.to_owned());
    }

    fn finish(mut self) -> Searched {
        for (class, encoding, copies) in self.searcher.found() {
            *self.seen.copies(class).0.entry(encoding).or_default() += copies;
        }
        self.seen
    }
}
