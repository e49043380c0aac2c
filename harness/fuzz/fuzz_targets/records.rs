//! A stream of records, and the handshake messages in them: how it is cut must not matter.

#![no_main]

use hallmark_tls::{ContentType, Deframer, HandshakeJoiner, HandshakeMessage, Record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&cut, stream)) = data.split_first() else { return };
    let whole = read(stream, stream.len().max(1));
    let pieces = read(stream, usize::from(cut).max(1));
    assert_eq!(whole, pieces);
});

fn read(stream: &[u8], cut: usize) -> (Vec<Record>, Vec<HandshakeMessage>, bool) {
    let mut deframer = Deframer::default();
    let mut joiner = HandshakeJoiner::default();
    let (mut records, mut messages) = (Vec::new(), Vec::new());
    for piece in stream.chunks(cut) {
        deframer.push(piece);
        loop {
            let record = match deframer.next() {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(error) => {
                    assert!(error.offset <= stream.len());
                    assert_eq!(deframer.next(), Err(error), "an error stays one");
                    return (records, messages, false);
                }
            };
            if record.content_type == ContentType::Handshake {
                joiner.push(&record.fragment);
            }
            records.push(record);
            loop {
                match joiner.next() {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(_) => return (records, messages, false),
                }
            }
        }
    }
    (records, messages, true)
}
