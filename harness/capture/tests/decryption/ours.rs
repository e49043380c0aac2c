//! What our own reader decrypts.

use std::{collections::HashMap, path::Path};

use hallmark_capture::{Layer, Limits, Listener, Side, Transport, read};
use hallmark_tls::KeyLog;

use super::streams::Stream;

/// Keeps what is decrypted, by flow and side.
#[derive(Default)]
struct Ear(HashMap<(u64, bool), Vec<u8>>);

impl Listener for Ear {
    fn bytes(&mut self, flow: u64, side: Side, layer: Layer, offset: u64, bytes: &[u8]) {
        if layer == Layer::Decrypted {
            let said = self.0.entry((flow, side == Side::Client)).or_default();
            assert_eq!(said.len() as u64, offset, "flow {flow}: the stream has a hole");
            said.extend_from_slice(bytes);
        }
    }
    fn gap(&mut self, _: u64, _: Side, _: Layer) {}
    fn datagram(&mut self, _: u64, _: Side, _: &[u8]) {}
}

/// Decrypts every TCP flow, with these keys and those inside the file.
pub(crate) fn decrypt(file: &Path, keys: &[u8]) -> Vec<Stream> {
    let mut log = KeyLog::default();
    log.read(keys);
    let mut ear = Ear::default();
    let captured =
        read(&[file.to_owned()], &log, &Limits::default(), &mut ear, &mut |_| {}).unwrap();
    let flows = captured.flows.iter().filter(|flow| flow.transport == Transport::Tcp);
    flows
        .enumerate()
        .map(|(number, flow)| Stream {
            number,
            ends: [flow.client, flow.server],
            said: [true, false].map(|client| ear.0.remove(&(flow.id, client)).unwrap_or_default()),
        })
        .collect()
}
