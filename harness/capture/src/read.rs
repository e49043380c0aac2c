//! One pass over capture files.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use hallmark_model::Sha256;
use hallmark_tls::KeyLog;
use jiff::Timestamp;

use crate::{
    Flow, Side,
    container::{self, Event, Packet, Sink, Source},
    decode::{Decoder, Reason},
    problems::Problems,
    track::Tracker,
};

/// What became of a file.
#[derive(Clone, Debug)]
pub struct CaptureFile {
    /// As named.
    pub path: PathBuf,
    /// Of the whole file.
    pub sha256: Sha256,
    /// Packets in it, also those that could not be decoded.
    pub packets: u64,
    /// What was wrong with it, and where: at most a few dozen lines.
    pub problems: Vec<String>,
    /// Packets that belong to no flow, by reason: `ARP`, `link type 105 is not supported`.
    pub not_read: BTreeMap<String, u64>,
}

/// Bounds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Flows tracked at the same time; beyond, the oldest are closed and reported.
    pub flows: usize,
    /// Bytes held for reassembly in all: as much for segments that wait, for messages that are not
    /// yet whole, and for certificates; a quarter for fragments. What is reported of flows, some
    /// hundred bytes each, comes on top.
    pub reassembly: usize,
    /// Bytes held for one direction of one flow.
    pub per_direction: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { flows: 65_536, reassembly: 128 << 20, per_direction: 4 << 20 }
    }
}

/// In which form bytes are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// As they went over the wire, reassembled.
    Raw,
    /// Application data under TLS, opened with logged keys.
    Decrypted,
}

/// Stands for the flow where there is none.
pub const NO_FLOW: u64 = 0;

/// Hears the streams of flows as they are put together, in order, in chunks of any size.
pub trait Listener {
    /// Bytes of one direction. `offset` is their place in that direction's stream of that layer.
    fn bytes(&mut self, flow: u64, side: Side, layer: Layer, offset: u64, bytes: &[u8]);
    /// Bytes are missing here: what follows does not continue what came before.
    fn gap(&mut self, flow: u64, side: Side, layer: Layer);
    /// The payload of one datagram; or, as of flow [`NO_FLOW`], a whole packet that belongs to none
    /// because it could not be read.
    fn datagram(&mut self, flow: u64, side: Side, bytes: &[u8]);
}

/// Everything that the files held.
#[derive(Clone, Debug)]
pub struct Captured {
    /// In the order given.
    pub files: Vec<CaptureFile>,
    /// In the order of their first packets.
    pub flows: Vec<Flow>,
}

/// Reads capture files in the order given, as parts of one recording.
///
/// A damaged file is read as far as it goes. Key logs inside the files (decryption secrets of
/// pcapng) count wherever they stand. `progress` hears how many bytes of the files have been worked
/// off in all, rising.
///
/// # Errors
///
/// When a file cannot be opened or read at all.
pub fn read(
    files: &[PathBuf],
    keys: &KeyLog,
    limits: &Limits,
    listener: &mut dyn Listener,
    progress: &mut dyn FnMut(u64),
) -> Result<Captured, ReadError> {
    let mut keys = keys.clone();
    let mut surveys = Vec::new();
    for path in files {
        let failed = |source| ReadError { path: path.clone(), source };
        surveys.push(Survey::of(path, &mut keys).map_err(failed)?);
    }
    let mut pass = Pass {
        decoder: Decoder::new(limits.reassembly / 4),
        tracker: Tracker::new(keys, limits, listener),
        progress,
        before: 0,
    };
    let mut read = Vec::new();
    for (path, survey) in files.iter().zip(surveys) {
        let failed = |source| ReadError { path: path.clone(), source };
        read.push(pass.file(path, survey).map_err(failed)?);
    }
    Ok(pass.conclude(read))
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {}: {source}", path.display())]
pub struct ReadError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

/// What is needed of a file before its packets: secrets may come after what they open.
struct Survey {
    sha256: Sha256,
    length: u64,
    problems: Problems,
}

/// Largest sum of key logs inside one file.
const MOST_SECRETS: usize = 64 << 20;

impl Survey {
    fn of(path: &Path, keys: &mut KeyLog) -> std::io::Result<Self> {
        let (sha256, length) = digest(path)?;
        let mut secrets = Secrets { keys, taken: 0, problems: Problems::default() };
        container::walk(Source::open(path)?, &mut secrets);
        Ok(Self { sha256, length, problems: secrets.problems })
    }
}

/// Collects key logs. Problems of the container come up again when packets are read.
struct Secrets<'a> {
    keys: &'a mut KeyLog,
    taken: usize,
    problems: Problems,
}

impl Sink for Secrets<'_> {
    fn wants_packets(&self) -> bool {
        false
    }

    fn event(&mut self, event: Event<'_>) {
        let Event::KeyLog(log) = event else { return };
        self.taken = self.taken.saturating_add(log.len());
        if self.taken > MOST_SECRETS {
            self.problems.add("too many decryption secrets: some were left out");
            return;
        }
        let lines = self.keys.read(log);
        if lines.malformed > 0 {
            let count = lines.malformed;
            self.problems.add(format!("{count} lines of decryption secrets cannot be read"));
        }
    }

    fn problem(&mut self, _: String) {}
}

fn digest(path: &Path) -> std::io::Result<(Sha256, u64)> {
    let mut file = File::open(path)?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 256 << 10];
    let mut length = 0_u64;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(bytes @ [_, ..]) = buffer.get(..read) else { break };
        context.update(bytes);
        length = length.saturating_add(bytes.len() as u64);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Ok((Sha256::from_bytes(digest), length))
}

/// The pass over packets.
struct Pass<'a> {
    decoder: Decoder,
    tracker: Tracker<'a>,
    progress: &'a mut dyn FnMut(u64),
    before: u64,
}

impl Pass<'_> {
    fn file(&mut self, path: &Path, survey: Survey) -> std::io::Result<CaptureFile> {
        let source = Source::open(path)?;
        let length = survey.length;
        let mut packets = Packets {
            pass: self,
            length,
            count: 0,
            problems: survey.problems,
            not_read: BTreeMap::new(),
        };
        container::walk(source, &mut packets);
        let Packets { count, mut problems, not_read, .. } = packets;
        for (reason, count) in not_read.iter().filter(|(reason, _)| reason.is_problem()) {
            problems.add(format!("{count} packets not read: {reason}"));
        }
        self.before = self.before.saturating_add(length);
        (self.progress)(self.before);
        Ok(CaptureFile {
            path: path.to_owned(),
            sha256: survey.sha256,
            packets: count,
            problems: problems.into_lines(),
            not_read: not_read.iter().map(|(reason, count)| (reason.to_string(), *count)).collect(),
        })
    }

    fn conclude(self, mut files: Vec<CaptureFile>) -> Captured {
        let incomplete = self.decoder.incomplete();
        let (flows, evicted) = self.tracker.conclude();
        if let Some(last) = files.last_mut() {
            if incomplete > 0 {
                last.problems.push(format!("{incomplete} datagrams lack some of their fragments"));
            }
            if evicted > 0 {
                last.problems
                    .push(format!("{evicted} flows were closed early: too many at a time"));
            }
        }
        Captured { files, flows }
    }
}

/// Takes the packets of one file.
struct Packets<'p, 'a> {
    pass: &'p mut Pass<'a>,
    length: u64,
    count: u64,
    problems: Problems,
    not_read: BTreeMap<Reason, u64>,
}

/// How often `progress` is called: every so many packets.
const STEP: u64 = 4096;

impl Packets<'_, '_> {
    fn packet(&mut self, packet: &Packet<'_>) {
        self.count += 1;
        if self.count.is_multiple_of(STEP) {
            // Of a compressed file it is not known how far it was read.
            let position = packet.position.min(self.length);
            (self.pass.progress)(self.pass.before.saturating_add(position));
        }
        let Pass { decoder, tracker, .. } = &mut *self.pass;
        let time: Option<Timestamp> = packet.time;
        let decoded = decoder.packet(packet.link_type, packet.data, &mut |segment| {
            tracker.segment(&segment, time);
        });
        if let Err(reason) = decoded {
            let count = self.not_read.entry(reason).or_default();
            *count = count.saturating_add(1);
            if reason != Reason::Fragment {
                tracker.unread(packet.data);
            }
        }
    }
}

impl Sink for Packets<'_, '_> {
    fn wants_packets(&self) -> bool {
        true
    }

    fn event(&mut self, event: Event<'_>) {
        if let Event::Packet(packet) = event {
            self.packet(&packet);
        }
    }

    fn problem(&mut self, line: String) {
        self.problems.add(line);
    }
}
