//! Segments in any order become the same stream.

use proptest::prelude::*;

use super::*;

fn budget() -> Budget {
    Budget::new(1 << 20, 1 << 20)
}

/// What came out: bytes, with gaps as `[n]`.
#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    gaps: Vec<(usize, u64)>,
}

impl Heard {
    fn hear(&mut self, output: &Output<'_>) {
        match output {
            Output::Bytes(bytes) => self.bytes.extend_from_slice(bytes),
            Output::Gap(bytes) => self.gaps.push((self.bytes.len(), *bytes)),
        }
    }
}

struct Run {
    half: Half,
    budget: Budget,
    heard: Heard,
}

impl Run {
    fn new() -> Self {
        Self { half: Half::default(), budget: budget(), heard: Heard::default() }
    }

    fn after_syn(sequence: u32) -> Self {
        let mut run = Self::new();
        run.half.syn(sequence);
        run
    }

    fn segment(&mut self, sequence: u32, payload: &[u8]) -> &mut Self {
        self.cut_segment(sequence, payload, 0)
    }

    fn cut_segment(&mut self, sequence: u32, payload: &[u8], missing: u32) -> &mut Self {
        let Self { half, budget, heard } = self;
        half.segment(sequence, payload, missing, budget, &mut |output| heard.hear(&output));
        self
    }

    fn ticks(&mut self, count: u32) -> &mut Self {
        let Self { half, budget, heard } = self;
        for _ in 0..count {
            half.tick(budget, &mut |output| heard.hear(&output));
        }
        self
    }

    fn finish(mut self) -> Heard {
        let Self { half, budget, heard } = &mut self;
        half.finish(budget, &mut |output| heard.hear(&output));
        assert_eq!(self.budget.held, 0, "everything held was given back");
        self.heard
    }
}

#[test]
fn a_repetition_goes_out_once() {
    let mut run = Run::after_syn(99);
    run.segment(100, b"hello ").segment(100, b"hello ").segment(103, b"lo world");
    assert!(!run.half.contradicted);
    assert_eq!(run.finish().bytes, b"hello world");
}

#[test]
fn a_repetition_that_says_something_else_is_noticed_and_loses() {
    let mut run = Run::after_syn(99);
    run.segment(100, b"hello ").segment(102, b"LLO world");
    assert!(run.half.contradicted);
    assert_eq!(run.finish().bytes, b"hello world");

    let mut run = Run::after_syn(99);
    run.segment(106, b"world").segment(104, b"o WORLD!").segment(100, b"hello ");
    assert!(run.half.contradicted);
    assert_eq!(run.finish().bytes, b"hello world!");
}

#[test]
fn a_keep_alive_contradicts_nothing() {
    let mut run = Run::after_syn(99);
    run.segment(100, b"hello").segment(104, b"\0").segment(105, b"!");
    assert!(!run.half.contradicted);
    assert_eq!(run.finish().bytes, b"hello!");
}

#[test]
fn a_gap_is_given_up_when_the_other_side_has_it_and_time_goes_by() {
    let mut run = Run::after_syn(99);
    run.segment(100, b"one").segment(106, b"three");
    run.ticks(100);
    assert_eq!(run.heard.bytes, b"one", "nobody has acknowledged the gap");
    run.half.acknowledge(106);
    run.ticks(PATIENCE);
    assert_eq!(run.heard.bytes, b"one");
    run.ticks(1);
    assert_eq!(run.heard.bytes, b"onethree");
    assert_eq!(run.finish().gaps, [(3, 3)]);
}

#[test]
fn what_was_cut_off_when_recording_is_a_gap_at_once() {
    let mut run = Run::after_syn(99);
    run.cut_segment(100, b"head", 96).segment(200, b"next");
    let heard = run.finish();
    assert_eq!((heard.bytes.as_slice(), heard.gaps.as_slice()), (&b"headnext"[..], &[(4, 96)][..]));
}

#[test]
fn a_stream_may_be_picked_up_in_the_middle() {
    let mut run = Run::new();
    run.segment(u32::MAX - 2, b"abc").segment(0, b"def").segment(u32::MAX - 10, b"older");
    let heard = run.finish();
    assert_eq!((heard.bytes.as_slice(), heard.gaps.len()), (&b"abcdef"[..], 0));
}

#[test]
fn a_segment_outside_of_any_window_is_left_out() {
    let mut run = Run::after_syn(0);
    run.segment(1, b"a").segment(0x7000_0000, b"b").segment(2, b"c");
    assert!(run.half.far_off);
    assert_eq!(run.finish().bytes, b"ac");
}

#[test]
fn no_more_waits_than_the_limit() {
    let mut run = Run::after_syn(0);
    run.budget.per_direction = 10_000;
    for n in 0..1000_u32 {
        run.segment(10 + n * 100, &[b'x'; 90]);
        assert!(run.budget.held <= 10_000 + 200, "{} bytes wait", run.budget.held);
    }
    assert!(run.half.over_limit);
    let heard = run.finish();
    assert_eq!((heard.bytes.len(), heard.gaps.len()), (90_000, 1000));
}

proptest! {
    /// Whatever the order, the repetitions and the overlaps.
    #[test]
    fn shuffled_segments_are_the_same_stream(
        stream in prop::collection::vec(any::<u8>(), 1..4000),
        initial in prop_oneof![any::<u32>(), u32::MAX - 4000..=u32::MAX],
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1..300_usize), 0..40),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        // A partition, and pieces on top of it.
        let mut pieces: Vec<(usize, usize)> = (0..stream.len())
            .step_by(101)
            .map(|start| (start, (start + 101).min(stream.len())))
            .collect();
        for (at, length) in cuts {
            let start = at.index(stream.len());
            pieces.push((start, (start + length).min(stream.len())));
        }
        let mut state = seed | 1;
        for i in (1..pieces.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            pieces.swap(i, usize::try_from(state >> 33).unwrap_or(0) % (i + 1));
        }
        let syn_first = order.index(2) == 0;
        let mut run = if syn_first { Run::after_syn(initial) } else { Run::new() };
        if !syn_first {
            // Without a SYN the first segment must be the first.
            run.segment(initial.wrapping_add(1), &stream[..1]);
        }
        for (start, end) in pieces {
            let sequence = initial.wrapping_add(1).wrapping_add(u32::try_from(start).expect("short"));
            run.segment(sequence, &stream[start..end]);
        }
        prop_assert!(!run.half.contradicted);
        let heard = run.finish();
        prop_assert_eq!(heard.gaps.len(), 0);
        prop_assert_eq!(heard.bytes, stream);
    }
}
