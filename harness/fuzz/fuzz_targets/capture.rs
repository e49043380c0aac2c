//! A capture file from its first byte to the last byte of its streams.

#![no_main]

use std::{collections::HashMap, io::Write};

use hallmark_capture::{Layer, Limits, Listener, Side, read};
use hallmark_tls::KeyLog;
use libfuzzer_sys::fuzz_target;

/// Small, so that reaching them is easy.
const LIMITS: Limits = Limits { flows: 16, reassembly: 64 << 10, per_direction: 16 << 10 };

fuzz_target!(|data: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("written");
    let files = [file.path().to_owned()];
    let captured = read(&files, &KeyLog::default(), &LIMITS, &mut Ledger::default(), &mut |_| {})
        .expect("only a file that cannot be read is an error");
    assert_eq!(captured.files.len(), 1);
    assert!(captured.files[0].packets <= data.len() as u64);
    assert!(captured.files[0].problems.len() < 100, "a few dozen lines");
    assert!(captured.flows.iter().zip(1..).all(|(flow, id)| flow.id == id), "numbered from 1");
});

/// Where each stream goes on: a number, or anywhere after a gap.
#[derive(Default)]
struct Ledger {
    next: HashMap<(u64, Side, Layer), Option<u64>>,
}

impl Ledger {
    fn continues(&self, flow: u64, side: Side, layer: Layer, offset: u64) -> bool {
        self.next
            .get(&(flow, side, layer))
            .is_none_or(|next| next.is_none_or(|next| next == offset))
    }
}

impl Listener for Ledger {
    fn bytes(&mut self, flow: u64, side: Side, layer: Layer, offset: u64, bytes: &[u8]) {
        assert!(!bytes.is_empty());
        assert!(self.continues(flow, side, layer, offset), "flow {flow}, offset {offset}");
        self.next.insert((flow, side, layer), Some(offset + bytes.len() as u64));
    }

    fn gap(&mut self, flow: u64, side: Side, layer: Layer) {
        self.next.insert((flow, side, layer), None);
    }

    fn datagram(&mut self, _: u64, _: Side, _: &[u8]) {}
}
