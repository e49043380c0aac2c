//! One direction of a TCP connection, put together.

use std::collections::BTreeMap;

/// What comes out, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Output<'a> {
    /// Bytes that continue the stream.
    Bytes(&'a [u8]),
    /// So many bytes are missing.
    Gap(u64),
}

/// How many bytes all directions together may hold.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) total: usize,
    pub(crate) per_direction: usize,
    /// Segments that wait behind gaps.
    pub(crate) held: usize,
    /// Messages that are not yet whole.
    pub(crate) unfinished: usize,
    /// Certificates of flows that are over.
    pub(crate) certificates: usize,
}

impl Budget {
    pub(crate) fn new(total: usize, per_direction: usize) -> Self {
        Self { total, per_direction, held: 0, unfinished: 0, certificates: 0 }
    }
}

/// One direction. Positions count from its first byte.
#[derive(Debug, Default)]
pub(crate) struct Half {
    /// Sequence number of the SYN, where one was seen.
    initial: Option<u32>,
    /// Sequence number of position 0.
    start: Option<u32>,
    /// What comes next.
    next: u64,
    /// Segments beyond a gap: bytes by position, never overlapping, never empty.
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    /// Bytes up to here were sent and are known not to have been captured.
    lost_until: u64,
    /// The other side has them up to here.
    acknowledged: u64,
    /// Packets since the other side acknowledged the gap.
    patience: u32,
    /// The last bytes that went out, to compare repetitions with.
    recent: Vec<u8>,
    /// Whether a repetition said something else.
    pub(crate) contradicted: bool,
    /// Whether a segment was so far off that it was left out.
    pub(crate) far_off: bool,
    /// Whether a limit forced a gap.
    pub(crate) over_limit: bool,
}

/// How many packets a gap is given after the other side acknowledged it: recorders swap packets.
const PATIENCE: u32 = 16;
/// Larger than any window (RFC 7323).
const FARTHEST: i64 = 1 << 30;
/// How much is kept for comparison.
const RECENT: usize = 2048;
/// What a waiting segment costs beside its bytes.
const OVERHEAD: usize = 96;

impl Half {
    /// Whether this SYN begins, or repeats the beginning of, this direction.
    pub(crate) fn accepts_syn(&self, sequence: u32) -> bool {
        match (self.initial, self.start) {
            (Some(initial), _) => initial == sequence,
            (None, Some(start)) => start == sequence.wrapping_add(1),
            (None, None) => true,
        }
    }

    /// Whether nothing has gone out or waits.
    pub(crate) fn is_untouched(&self) -> bool {
        self.next == 0 && self.waiting.is_empty()
    }

    /// Takes a SYN.
    pub(crate) fn syn(&mut self, sequence: u32) {
        self.initial = Some(sequence);
        if self.is_untouched() {
            self.start = Some(sequence.wrapping_add(1));
        }
    }

    /// Takes what the other side acknowledges.
    pub(crate) fn acknowledge(&mut self, number: u32) {
        // On its own it does not tell where the stream began.
        if let Some(position) = self.position(number).and_then(|at| u64::try_from(at).ok()) {
            self.acknowledged = self.acknowledged.max(position);
        }
    }

    /// Takes a segment. `missing` bytes after the payload were sent and not captured.
    pub(crate) fn segment(
        &mut self,
        sequence: u32,
        payload: &[u8],
        missing: u32,
        budget: &mut Budget,
        out: &mut dyn FnMut(Output<'_>),
    ) {
        self.start.get_or_insert(sequence);
        let Some(position) = self.position(sequence) else { return };
        if payload.is_empty() && missing == 0 {
            return;
        }
        if (position - self.next.cast_signed()).abs() > FARTHEST {
            self.far_off = true;
            return;
        }
        // A keep-alive repeats one byte, and need not repeat it faithfully (RFC 9293, 3.8.4).
        if payload.len() == 1 && position + 1 == self.next.cast_signed() {
            return;
        }
        // What lies before the first byte that was seen is as good as known.
        let skip = usize::try_from(-position).unwrap_or(0);
        let at = u64::try_from(position).unwrap_or(0);
        let payload = payload.get(skip..).unwrap_or_default();
        let payload = self.unknown(at, payload);
        let end = at.max(self.next).saturating_add(payload.len() as u64);
        if at <= self.next && self.waiting.is_empty() {
            self.emit(payload, out);
        } else if !payload.is_empty() {
            self.hold(at.max(self.next), payload, budget);
        }
        if missing > 0 && position >= 0 && end >= self.next {
            self.lost_until = self.lost_until.max(end.saturating_add(missing.into()));
        }
        self.drain(budget, out);
        while self.waiting_bytes > budget.per_direction || budget.held > budget.total {
            if self.waiting.is_empty() {
                return;
            }
            self.over_limit = true;
            self.give_up_gap(out);
            self.drain(budget, out);
        }
    }

    /// Another packet of the connection went by. A gap that the other side has acknowledged will
    /// not be filled for ever.
    pub(crate) fn tick(&mut self, budget: &mut Budget, out: &mut dyn FnMut(Output<'_>)) {
        match self.waiting.first_key_value() {
            Some((&first, _)) if self.acknowledged >= first => self.patience += 1,
            _ => self.patience = 0,
        }
        if self.patience > PATIENCE {
            self.patience = 0;
            self.give_up_gap(out);
            self.drain(budget, out);
        }
    }

    /// Nothing more comes.
    pub(crate) fn finish(&mut self, budget: &mut Budget, out: &mut dyn FnMut(Output<'_>)) {
        self.drain(budget, out);
        while !self.waiting.is_empty() {
            self.give_up_gap(out);
            self.drain(budget, out);
        }
        self.recent = Vec::new();
    }

    /// Where a sequence number lies, relative to the first byte.
    fn position(&self, sequence: u32) -> Option<i64> {
        #[allow(clippy::cast_possible_truncation)] // modulo 2^32, as sequence numbers are
        let expected = self.start?.wrapping_add(self.next as u32);
        let distance = i64::from(sequence.wrapping_sub(expected).cast_signed());
        self.next.cast_signed().checked_add(distance)
    }

    /// The part of a segment that has not gone out; the rest is compared with what has.
    fn unknown<'a>(&mut self, at: u64, payload: &'a [u8]) -> &'a [u8] {
        let known = usize::try_from(self.next.saturating_sub(at)).unwrap_or(usize::MAX);
        let (repeated, unknown) = payload.split_at(known.min(payload.len()));
        // `recent` ends at `next`; the repetition begins `known` bytes before it.
        let (said, repeated) = match self.recent.len().checked_sub(known) {
            Some(from) => (self.recent.get(from..).unwrap_or_default(), repeated),
            None => {
                let older = known - self.recent.len();
                (self.recent.as_slice(), repeated.get(older..).unwrap_or_default())
            }
        };
        self.contradicted |= said.iter().zip(repeated).any(|(said, repeated)| said != repeated);
        unknown
    }

    /// Keeps a segment for later, as far as nothing is there already: the first to come wins.
    fn hold(&mut self, mut at: u64, mut payload: &[u8], budget: &mut Budget) {
        while !payload.is_empty() {
            let before = self.waiting.range(..=at).next_back();
            if let Some((&start, known)) = before {
                let offset = usize::try_from(at - start).unwrap_or(usize::MAX);
                if let Some(known) = known.get(offset..).filter(|known| !known.is_empty()) {
                    let same = known.len().min(payload.len());
                    let (repeated, rest) = payload.split_at(same);
                    self.contradicted |= !known.starts_with(repeated);
                    payload = rest;
                    at = at.saturating_add(same as u64);
                    continue;
                }
            }
            let room = match self.waiting.range(at..).next() {
                Some((&start, _)) => usize::try_from(start - at).unwrap_or(usize::MAX),
                None => payload.len(),
            };
            let (piece, rest) = payload.split_at(room.min(payload.len()));
            self.waiting.insert(at, piece.to_vec());
            self.waiting_bytes += piece.len() + OVERHEAD;
            budget.held += piece.len() + OVERHEAD;
            at = at.saturating_add(piece.len() as u64);
            payload = rest;
        }
    }

    /// Gives out what continues the stream, over losses that are certain.
    fn drain(&mut self, budget: &mut Budget, out: &mut dyn FnMut(Output<'_>)) {
        loop {
            let first = self.waiting.first_key_value().map(|(&position, _)| position);
            match first {
                Some(position) if position <= self.next => {
                    let Some((_, bytes)) = self.waiting.pop_first() else { return };
                    self.waiting_bytes -= bytes.len() + OVERHEAD;
                    budget.held = budget.held.saturating_sub(bytes.len() + OVERHEAD);
                    self.emit(&bytes, out);
                    self.patience = 0;
                }
                _ if self.lost_until > self.next => {
                    let until = first.unwrap_or(u64::MAX).min(self.lost_until);
                    self.skip_to(until, out);
                }
                _ => return,
            }
        }
    }

    fn give_up_gap(&mut self, out: &mut dyn FnMut(Output<'_>)) {
        if let Some((&first, _)) = self.waiting.first_key_value() {
            self.skip_to(first, out);
        }
    }

    fn skip_to(&mut self, position: u64, out: &mut dyn FnMut(Output<'_>)) {
        if let Some(gap @ 1..) = position.checked_sub(self.next) {
            self.next = position;
            self.recent.clear();
            out(Output::Gap(gap));
        }
    }

    fn emit(&mut self, bytes: &[u8], out: &mut dyn FnMut(Output<'_>)) {
        if bytes.is_empty() {
            return;
        }
        self.next = self.next.saturating_add(bytes.len() as u64);
        let tail = bytes.get(bytes.len().saturating_sub(RECENT)..).unwrap_or_default();
        let older = (self.recent.len() + tail.len()).saturating_sub(RECENT);
        self.recent.drain(..older.min(self.recent.len()));
        self.recent.extend_from_slice(tail);
        out(Output::Bytes(bytes));
    }
}

#[cfg(test)]
mod tests;
