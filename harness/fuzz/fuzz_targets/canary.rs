//! The hunter: a planted text is found wherever the stream is cut, and nothing is found twice in
//! one place.

#![no_main]

use std::cell::RefCell;

use hallmark_capture::{Canary, Hunter, Layer, Listener, Side};
use libfuzzer_sys::fuzz_target;

const TEXT: &str = "Patient NHS 943 476 5919: \u{e9}pilepsie";

/// Flows that one hunter hears: to build it takes far longer than to ask it.
const FLOWS: u64 = 500;

thread_local! {
    /// With the number of the next flow.
    static HUNTER: RefCell<(Hunter, u64)> = RefCell::new((hunter(), 1));
}

fuzz_target!(|data: &[u8]| {
    let Some((&[cut, place], noise)) = data.split_first_chunk::<2>() else { return };
    let place = usize::from(place).min(noise.len());
    let stream = [&noise[..place], TEXT.as_bytes(), &noise[place..]].concat();
    HUNTER.with_borrow_mut(|(hunter, flow)| {
        let before = hunter.hits().len();
        let mut offset = 0;
        for piece in stream.chunks(usize::from(cut).max(1)) {
            hunter.bytes(*flow, Side::Client, Layer::Raw, offset, piece);
            offset += piece.len() as u64;
        }
        hunter.gap(*flow, Side::Client, Layer::Raw);
        hunter.datagram(*flow + 1, Side::Server, noise);
        let hits = &hunter.hits()[before..];
        let planted =
            hits.iter().filter(|hit| hit.encoding == "utf-8" && hit.offset == place as u64);
        assert!(planted.count() >= 1, "{hits:?}");
        for (index, hit) in hits.iter().enumerate() {
            assert!(!hits[..index].contains(hit), "twice: {hit:?}");
        }
        *flow += 2;
        if *flow > FLOWS || hunter.hits().len() > 1000 {
            (*hunter, *flow) = (self::hunter(), 1);
        }
    });
});

fn hunter() -> Hunter {
    Hunter::new(&[Canary::new("canary-1", TEXT).expect("long enough")])
}
