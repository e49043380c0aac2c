//! What is remembered of streams, within a bound.

use std::{collections::HashMap, mem};

use super::matcher::Stream;
use crate::{Layer, Side};

/// One direction of one flow in one layer.
type Key = (u64, Side, Layer);

/// Streams in one generation: as many as all directions and layers of the flows that are tracked
/// at the same time by default.
const GENERATION: usize = 4 * 65_536;

/// Two generations. When the young one is full it becomes the old one, and what nobody asked for
/// since the last change is forgotten: ended flows, of which no end is told. A stream that is
/// forgotten while it lives can lose one hit, the one that lies across that moment.
#[derive(Debug, Default)]
pub(super) struct Streams {
    young: HashMap<Key, Stream>,
    old: HashMap<Key, Stream>,
}

impl Streams {
    pub(super) fn of(&mut self, key: Key, new: impl FnOnce() -> Stream) -> &mut Stream {
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        let Self { young, old } = self;
        young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_else(new))
    }

    pub(super) fn forget(&mut self, key: Key) {
        self.young.remove(&key);
        self.old.remove(&key);
    }
}
