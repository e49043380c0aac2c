//! All forms of all canaries as one automaton, and a second state of it that does not see line
//! breaks.

use std::collections::VecDeque;

use aho_corasick::{
    Anchored, MatchKind,
    automaton::{Automaton, StateID},
    dfa::DFA,
    nfa::{contiguous, noncontiguous},
};

use super::{Canary, forms::forms};

/// Up to this many bytes of forms the automaton is a table: one look-up a byte, some 500 bytes of
/// memory for each byte of a form. Beyond, it is compact and several times slower.
const LARGEST_TABLE: usize = 32 * 1024;

/// Line breaks remembered for one stream. More of them within one hit blur its offset, no more.
const BREAKS: usize = 16;

/// What is looked for.
#[derive(Debug)]
pub(super) struct Matcher {
    engine: Engine,
    skip: Skip,
    patterns: Vec<Pattern>,
    longest: u64,
}

#[derive(Debug)]
enum Engine {
    /// Nothing to look for.
    Idle,
    Table(Box<DFA>),
    Compact(Box<contiguous::NFA>),
}

#[derive(Clone, Copy, Debug)]
struct Pattern {
    canary: usize,
    encoding: &'static str,
    folded: Option<&'static str>,
    bytes: u64,
}

/// A form of a canary, found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) canary: usize,
    pub(super) encoding: &'static str,
    pub(super) offset: u64,
}

/// What is remembered of a stream between two chunks.
#[derive(Debug)]
pub(super) struct Stream {
    /// Offset of the byte that is expected next.
    next: Option<u64>,
    state: StateID,
    /// The state before the last byte, and that byte.
    before: StateID,
    last: u8,
    fold: Option<Box<Fold>>,
}

/// The state of a stream whose last line breaks are not seen. It is kept while it differs from the
/// state that sees them: as long as a form could have begun before the break.
#[derive(Debug)]
struct Fold {
    state: StateID,
    /// The state before the last byte.
    before: StateID,
    /// The last byte was an equals sign. Before a line break it belongs to the break (RFC 2045,
    /// section 6.7, rule 5).
    equals: bool,
    /// Bytes since the first break, those of breaks not counted.
    kept: u64,
    breaks: VecDeque<Break>,
}

/// A line break.
#[derive(Clone, Copy, Debug)]
struct Break {
    /// Bytes between the first break and this one, those of breaks not counted.
    kept: u64,
    /// How many bytes it has.
    bytes: u64,
}

impl Stream {
    /// A stream of which nothing was seen yet.
    pub(super) fn new(matcher: &Matcher) -> Self {
        let start = match &matcher.engine {
            Engine::Idle => StateID::ZERO,
            Engine::Table(automaton) => start(&**automaton),
            Engine::Compact(automaton) => start(&**automaton),
        };
        Self { next: None, state: start, before: start, last: 0, fold: None }
    }
}

fn start(automaton: &impl Automaton) -> StateID {
    // The automata of this module are built to start unanchored.
    automaton.start_state(Anchored::No).unwrap_or(StateID::ZERO)
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Where the line ends that `from` stands in: its line break, or the end of the chunk.
fn line_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memchr::memchr2(b'\r', b'\n', rest).map_or(bytes.len(), |at| from.saturating_add(at))
}

/// Which pairs of bytes stand near the beginning of a form. Looking at every fourth pair of a stream
/// is enough to see that nothing begins there, and most of a stream is passed over in this way.
#[derive(Debug)]
struct Skip {
    /// One bit for each pair.
    pairs: Vec<u64>,
}

/// Bytes from one pair to the next. Every form is longer.
const STRIDE: usize = 4;

impl Skip {
    fn new(forms: &[Vec<u8>]) -> Self {
        let mut pairs = vec![0; 1 << 10];
        for pair in forms.iter().flat_map(|form| form.windows(2).take(STRIDE)) {
            let (word, bit) = Self::place(pair[0], pair[1]);
            pairs[word] |= bit;
        }
        Self { pairs }
    }

    fn place(first: u8, second: u8) -> (usize, u64) {
        (usize::from(first) << 2 | usize::from(second >> 6), 1 << (second & 63))
    }

    /// How far nothing begins, from `at` on, within the line that ends at `line_end`. A form that
    /// begins before the answer would have shown one of its first pairs.
    fn from(&self, bytes: &[u8], at: usize, line_end: usize) -> usize {
        let line = bytes.get(..line_end).unwrap_or(bytes);
        // An equals sign at the end may belong to the line break.
        let line = line.strip_suffix(b"=").unwrap_or(line);
        let rest = line.get(at..).unwrap_or_default();
        let mut passed = 0;
        while let Some(&[first, second]) = rest.get(passed + STRIDE - 1..passed + STRIDE + 1) {
            let (word, bit) = Self::place(first, second);
            if self.pairs.get(word).is_some_and(|bits| bits & bit != 0) {
                break;
            }
            passed += STRIDE;
        }
        at + passed
    }
}

impl Fold {
    fn new(state: StateID, bytes: u64) -> Self {
        let breaks = VecDeque::from([Break { kept: 0, bytes }]);
        Self { state, before: state, equals: false, kept: 0, breaks }
    }

    /// Notes a byte that belongs to a line break.
    fn skip(&mut self, longest: u64) {
        let mut bytes = 1;
        if std::mem::take(&mut self.equals) {
            self.state = self.before;
            self.kept = self.kept.saturating_sub(1);
            bytes = 2;
        }
        let kept = self.kept;
        match self.breaks.back_mut() {
            Some(last) if last.kept == kept => last.bytes = last.bytes.saturating_add(bytes),
            _ => {
                while self.breaks.front().is_some_and(|first| {
                    self.breaks.len() >= BREAKS || first.kept.saturating_add(longest) <= kept
                }) {
                    self.breaks.pop_front();
                }
                self.breaks.push_back(Break { kept, bytes });
            }
        }
    }

    /// Bytes of the line breaks that lie within the last `bytes` kept ones.
    fn within(&self, bytes: u64) -> u64 {
        let inside = |b: &&Break| b.kept < self.kept && self.kept < b.kept.saturating_add(bytes);
        self.breaks.iter().filter(inside).map(|b| b.bytes).fold(0, u64::saturating_add)
    }
}

impl Matcher {
    pub(super) fn new(canaries: &[Canary]) -> Self {
        Self::within(canaries, LARGEST_TABLE)
    }

    /// With a table for up to `largest_table` bytes of forms.
    pub(super) fn within(canaries: &[Canary], largest_table: usize) -> Self {
        let (mut patterns, mut bytes) = (Vec::new(), Vec::new());
        for (canary, text) in canaries.iter().enumerate() {
            for form in forms(text.text()) {
                patterns.push(Pattern {
                    canary,
                    encoding: form.encoding,
                    folded: form.folded,
                    bytes: form.bytes.len() as u64,
                });
                bytes.push(form.bytes);
            }
        }
        let longest = patterns.iter().map(|pattern| pattern.bytes).max().unwrap_or_default();
        let (engine, skip) = (Engine::new(&bytes, largest_table), Skip::new(&bytes));
        Self { engine, skip, patterns, longest }
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Searches the next chunk of a stream, whose first byte has this offset.
    pub(super) fn scan(
        &self,
        stream: &mut Stream,
        offset: u64,
        bytes: &[u8],
        found: &mut dyn FnMut(Match),
    ) {
        if stream.next.is_some_and(|next| next != offset) {
            *stream = Stream::new(self);
        }
        stream.next = Some(offset.saturating_add(bytes.len() as u64));
        match &self.engine {
            Engine::Idle => {}
            Engine::Table(automaton) => self.scan_with(&**automaton, stream, offset, bytes, found),
            Engine::Compact(automaton) => {
                self.scan_with(&**automaton, stream, offset, bytes, found);
            }
        }
    }

    fn scan_with<A: Automaton>(
        &self,
        automaton: &A,
        stream: &mut Stream,
        offset: u64,
        bytes: &[u8],
        found: &mut dyn FnMut(Match),
    ) {
        let start = start(automaton);
        let Stream { mut state, mut before, mut last, .. } = *stream;
        let mut folding = stream.fold.is_some();
        let mut line_end = line_end(bytes, 0);
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if at > line_end {
                line_end = self::line_end(bytes, at);
            }
            if state == start && !folding {
                let to = self.skip.from(bytes, at, line_end);
                if to > at {
                    (at, before, last) = (to, start, 0);
                    continue;
                }
            }
            let offset = offset.saturating_add(at as u64);
            let next = automaton.next_state(Anchored::No, state, byte);
            if automaton.is_special(next) {
                self.found(automaton, next, offset, found);
            }
            if folding {
                self.fold_on(automaton, &mut stream.fold, next, offset, byte, found);
                folding = stream.fold.is_some();
            } else if is_break(byte) {
                let (skipped, bytes) = if last == b'=' { (before, 2) } else { (state, 1) };
                folding = skipped != next;
                stream.fold = folding.then(|| Box::new(Fold::new(skipped, bytes)));
            }
            (before, state, last) = (state, next, byte);
            at += 1;
        }
        (stream.before, stream.state, stream.last) = (before, state, last);
    }

    #[cold]
    fn found<A: Automaton>(
        &self,
        automaton: &A,
        state: StateID,
        offset: u64,
        found: &mut dyn FnMut(Match),
    ) {
        for Pattern { canary, encoding, bytes, .. } in self.matches(automaton, state) {
            let offset = offset.saturating_add(1).saturating_sub(bytes);
            found(Match { canary, encoding, offset });
        }
    }

    /// A step of the state that does not see line breaks. `seeing` is the state that does.
    fn fold_on<A: Automaton>(
        &self,
        automaton: &A,
        fold: &mut Option<Box<Fold>>,
        seeing: StateID,
        offset: u64,
        byte: u8,
        found: &mut dyn FnMut(Match),
    ) {
        let Some(folded) = fold else { return };
        if is_break(byte) {
            folded.skip(self.longest);
            return;
        }
        folded.before = folded.state;
        folded.state = automaton.next_state(Anchored::No, folded.state, byte);
        folded.kept = folded.kept.saturating_add(1);
        folded.equals = byte == b'=';
        if folded.state == seeing && !folded.equals {
            *fold = None;
        } else if automaton.is_special(folded.state) {
            let end = offset.saturating_add(1);
            for Pattern { canary, folded: encoding, bytes, .. } in
                self.matches(automaton, folded.state)
            {
                // What has no break within it is found by the state that sees them.
                let broken = folded.within(bytes);
                if let (Some(encoding), 1..) = (encoding, broken) {
                    let offset = end.saturating_sub(bytes).saturating_sub(broken);
                    found(Match { canary, encoding, offset });
                }
            }
        }
    }

    /// The patterns that end in this state.
    fn matches<A: Automaton>(
        &self,
        automaton: &A,
        state: StateID,
    ) -> impl Iterator<Item = Pattern> {
        let count = if automaton.is_match(state) { automaton.match_len(state) } else { 0 };
        (0..count).filter_map(move |at| {
            self.patterns.get(automaton.match_pattern(state, at).as_usize()).copied()
        })
    }
}

impl Engine {
    fn new(forms: &[Vec<u8>], largest_table: usize) -> Self {
        if forms.is_empty() {
            return Self::Idle;
        }
        // Standard semantics report every form that ends at a byte, also one within another.
        let mut trie = noncontiguous::NFA::builder();
        trie.match_kind(MatchKind::Standard).prefilter(false);
        let trie = trie.build(forms).expect(FITS);
        if forms.iter().map(Vec::len).sum::<usize>() <= largest_table {
            let mut table = DFA::builder();
            table.prefilter(false);
            Self::Table(Box::new(table.build_from_noncontiguous(&trie).expect(FITS)))
        } else {
            let mut compact = contiguous::NFA::builder();
            compact.prefilter(false);
            Self::Compact(Box::new(compact.build_from_noncontiguous(&trie).expect(FITS)))
        }
    }
}

/// Why building cannot fail: identifiers are 31 bits wide, and a canary has at most 512 characters.
const FITS: &str = "canaries are far fewer and shorter than an automaton can hold";
