//! Fragments of IP datagrams.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
};

/// Which datagram a fragment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Datagram {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) identification: u32,
    pub(super) protocol: u8,
}

/// One fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    pub(super) offset: usize,
    pub(super) last: bool,
    pub(super) data: &'a [u8],
}

/// Holds fragments until a datagram is whole. The first to come wins where fragments overlap.
pub(super) struct Fragments {
    most: usize,
    held: usize,
    incomplete: u64,
    partial: HashMap<Datagram, Partial>,
    /// Oldest first; may name datagrams that are gone.
    order: VecDeque<Datagram>,
}

#[derive(Default)]
struct Partial {
    parts: BTreeMap<usize, Vec<u8>>,
    end: Option<usize>,
}

/// Of a datagram without its header.
const LARGEST: usize = 65_535;
/// What an entry costs beside its bytes.
const OVERHEAD: usize = 128;

impl Fragments {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: 0, incomplete: 0, partial: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn incomplete(&self) -> u64 {
        self.incomplete.saturating_add(self.partial.len() as u64)
    }

    /// Takes a fragment; gives the datagram back when it is whole.
    pub(super) fn add(&mut self, of: Datagram, fragment: Fragment<'_>) -> Option<Vec<u8>> {
        let end = fragment.offset.checked_add(fragment.data.len())?;
        if end > LARGEST {
            return None;
        }
        self.make_room(fragment.data.len() + OVERHEAD);
        if !self.partial.contains_key(&of) {
            self.order.push_back(of);
        }
        let partial = self.partial.entry(of).or_default();
        if fragment.last {
            partial.end.get_or_insert(end);
        }
        if let std::collections::btree_map::Entry::Vacant(place) =
            partial.parts.entry(fragment.offset)
        {
            place.insert(fragment.data.to_vec());
            self.held += fragment.data.len() + OVERHEAD;
        }
        let whole = partial.join()?;
        self.remove(of);
        Some(whole)
    }

    fn make_room(&mut self, bytes: usize) {
        while self.held.saturating_add(bytes) > self.most || self.order.len() > self.most / OVERHEAD
        {
            let Some(oldest) = self.order.pop_front() else { return };
            if self.remove(oldest) {
                self.incomplete = self.incomplete.saturating_add(1);
            }
        }
    }

    fn remove(&mut self, datagram: Datagram) -> bool {
        let Some(partial) = self.partial.remove(&datagram) else { return false };
        let bytes = partial.parts.values().map(|part| part.len() + OVERHEAD).sum();
        self.held = self.held.saturating_sub(bytes);
        true
    }
}

impl Partial {
    fn join(&self) -> Option<Vec<u8>> {
        let end = self.end?;
        let mut whole = Vec::new();
        for (&offset, part) in &self.parts {
            let known = whole.len().checked_sub(offset)?;
            whole.extend_from_slice(part.get(known..).unwrap_or_default());
        }
        (whole.len() >= end).then(|| {
            whole.truncate(end);
            whole
        })
    }
}
