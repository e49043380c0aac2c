//! Search for planted texts, in every form in which software carries text.
//!
//! One pass over each stream or file, whatever the number of canaries: all forms of all canaries
//! are one automaton, and what is kept of a stream between two chunks is a state of that automaton,
//! never its bytes.

mod folder;
mod forms;
mod matcher;
mod streams;

use std::{collections::HashMap, fmt, path::Path};

pub use folder::Searched;
use matcher::{Match, Matcher, Stream};
use streams::Streams;

use crate::{Layer, Listener, Side};

/// Hits recorded for one canary in one direction of a flow or in one file; the rest is counted.
const HITS_PER_PLACE: u32 = 1_000;

/// Hits recorded for one canary in all; the rest is counted.
const HITS_PER_CANARY: u64 = 10_000;

/// A text that was planted (a canary), or that must be found (a control).
#[derive(Clone, PartialEq, Eq)]
pub struct Canary {
    id: String,
    text: String,
}

impl Canary {
    /// Fewest characters: shorter texts are found by chance.
    pub const SHORTEST: usize = 8;

    /// Most characters.
    pub const LONGEST: usize = 512;

    /// A canary called `id`: `canary-1`, `control-1`.
    ///
    /// # Errors
    ///
    /// When the text is too short to mean anything where it is found, or too long.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Result<Self, CanaryError> {
        let (id, text) = (id.into(), text.into());
        match text.chars().count() {
            n if n < Self::SHORTEST => Err(CanaryError::Short { id, characters: n }),
            n if n > Self::LONGEST => Err(CanaryError::Long { id, characters: n }),
            _ => Ok(Self { id, text }),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The text. It never leaves this process: facts and reports name the id.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The text of a canary is the content of a message: it is not for logs.
impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} characters)", self.id, self.text.chars().count())
    }
}

/// A text that cannot be a canary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanaryError {
    /// Found by chance.
    #[error(
        "{id} has {characters} character(s); fewer than {} are found by chance",
        Canary::SHORTEST
    )]
    Short {
        /// Which.
        id: String,
        /// How many it has.
        characters: usize,
    },
    /// Not a marker.
    #[error("{id} has {characters} characters; the most is {}", Canary::LONGEST)]
    Long {
        /// Which.
        id: String,
        /// How many it has.
        characters: usize,
    },
}

/// A place where a canary was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Index into the canaries that are looked for.
    pub canary: usize,
    /// Where.
    pub place: Place,
    /// `utf-8`, `utf-16le`, `utf-16be`, `hex`, `base64`, `base64url`, `base64-utf-16le`, `percent`,
    /// `json-escape`, `html-entities`, `quoted-printable`; with `-folded` where line breaks stand
    /// within it.
    pub encoding: &'static str,
    /// Byte offset of the encoded form in the stream, datagram, file or name. For base64 it is the
    /// first character that depends on nothing but the canary.
    pub offset: u64,
}

/// Where a canary was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a flow.
    Flow {
        /// Its number.
        flow: u64,
        /// Who sent it.
        side: Side,
        /// In which layer.
        layer: Layer,
    },
    /// In a stored file, by its path within the storage.
    File(String),
    /// In the name of a stored file or folder, by its path within the storage.
    FileName(String),
}

/// Looks for canaries in streams and files.
#[derive(Debug)]
pub struct Hunter {
    matcher: Matcher,
    streams: Streams,
    hits: Vec<Hit>,
    /// Hits of each canary, recorded or not.
    totals: Vec<u64>,
    /// Hits recorded for a canary in one direction and layer of a flow.
    in_flow: HashMap<(usize, u64, Side, Layer), u32>,
}

impl Hunter {
    /// Looks for these.
    #[must_use]
    pub fn new(canaries: &[Canary]) -> Self {
        Self {
            matcher: Matcher::new(canaries),
            streams: Streams::default(),
            hits: Vec::new(),
            totals: vec![0; canaries.len()],
            in_flow: HashMap::new(),
        }
    }

    /// Searches a folder, file by file, names included; or a single file. Links are not followed.
    pub fn search_folder(&mut self, folder: &Path) -> Searched {
        folder::search(self, folder)
    }

    /// What was found, in the order in which it was found.
    #[must_use]
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// How often a canary was found, also where it was found too often to record each.
    #[must_use]
    pub fn total(&self, canary: usize) -> u64 {
        self.totals.get(canary).copied().unwrap_or_default()
    }

    /// Searches bytes that go with nothing before or after them.
    fn alone(&mut self, place: &Place, bytes: &[u8]) {
        let mut stream = Stream::new(&self.matcher);
        self.next(place, &mut stream, 0, bytes, &mut vec![0; self.totals.len()]);
    }

    /// Searches the next chunk of a file. `recorded` counts what was recorded of it so far.
    fn next(
        &mut self,
        place: &Place,
        stream: &mut Stream,
        offset: u64,
        bytes: &[u8],
        recorded: &mut [u32],
    ) {
        let Self { matcher, hits, totals, .. } = self;
        matcher.scan(stream, offset, bytes, &mut |found| {
            let count = recorded.get_mut(found.canary);
            record(hits, totals, place, count, found);
        });
    }
}

/// Counts a hit, and keeps it while there is room.
fn record(
    hits: &mut Vec<Hit>,
    totals: &mut [u64],
    place: &Place,
    recorded: Option<&mut u32>,
    found: Match,
) {
    let Match { canary, encoding, offset } = found;
    // Text in UTF-16 matches in both byte orders, one byte apart, because its other half is zeros.
    // It is one hit: the one at the even offset.
    if encoding == "utf-16le"
        && let Some(twin) = hits.iter_mut().rev().take(8).find(|hit| {
            hit.encoding == "utf-16be"
                && hit.canary == canary
                && hit.offset.checked_add(1) == Some(offset)
                && hit.place == *place
        })
    {
        if offset.is_multiple_of(2) {
            (twin.encoding, twin.offset) = (encoding, offset);
        }
        return;
    }
    let Some(total) = totals.get_mut(canary) else { return };
    *total = total.saturating_add(1);
    let Some(recorded) = recorded.filter(|n| **n < HITS_PER_PLACE) else { return };
    if *total <= HITS_PER_CANARY {
        *recorded += 1;
        hits.push(Hit { canary, place: place.clone(), encoding, offset });
    }
}

impl Listener for Hunter {
    fn bytes(&mut self, flow: u64, side: Side, layer: Layer, offset: u64, bytes: &[u8]) {
        let Self { matcher, streams, hits, totals, in_flow } = self;
        if !matcher.is_empty() {
            let key = (flow, side, layer);
            let stream = streams.of(key, || Stream::new(matcher));
            matcher.scan(stream, offset, bytes, &mut in_flow_at(key, hits, totals, in_flow));
        }
    }

    fn gap(&mut self, flow: u64, side: Side, layer: Layer) {
        self.streams.forget((flow, side, layer));
    }

    fn datagram(&mut self, flow: u64, side: Side, bytes: &[u8]) {
        let Self { matcher, hits, totals, in_flow, .. } = self;
        if !matcher.is_empty() {
            let key = (flow, side, Layer::Raw);
            let mut stream = Stream::new(matcher);
            matcher.scan(&mut stream, 0, bytes, &mut in_flow_at(key, hits, totals, in_flow));
        }
    }
}

/// Records what is found in one direction and layer of a flow.
fn in_flow_at(
    (flow, side, layer): (u64, Side, Layer),
    hits: &mut Vec<Hit>,
    totals: &mut [u64],
    in_flow: &mut HashMap<(usize, u64, Side, Layer), u32>,
) -> impl FnMut(Match) {
    let place = Place::Flow { flow, side, layer };
    move |found| {
        // The table grows with what is recorded, and that is bounded.
        let full = totals.get(found.canary).is_none_or(|total| *total >= HITS_PER_CANARY);
        let recorded =
            (!full).then(|| in_flow.entry((found.canary, flow, side, layer)).or_default());
        record(hits, totals, &place, recorded, found);
    }
}

#[cfg(test)]
mod tests;
