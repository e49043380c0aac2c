//! Everything that a server may answer, for any version and suite.

#![no_main]

use hallmark_tls::{
    CipherSuite, ProtocolVersion,
    messages::{self, NewSessionTicket, ServerHello, ServerKeyExchange},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[version, high, low], body)) = data.split_first_chunk::<3>() else { return };
    let version = ProtocolVersion::ALL[usize::from(version) % ProtocolVersion::ALL.len()];
    let suite = CipherSuite(u16::from_be_bytes([high, low]));
    if let Ok(hello) = ServerHello::parse(body) {
        let _ = (hello.is_hello_retry_request(), hello.negotiated(), hello.version());
        let _ = (hello.key_share_group(), hello.alpn(), hello.has_pre_shared_key());
    }
    if let Ok(exchange) = ServerKeyExchange::parse(body, suite, version) {
        let _ = exchange.parameters.prime_bits();
    }
    if let Ok(certificates) = messages::certificates(body, version) {
        assert!(certificates.iter().map(Vec::len).sum::<usize>() <= body.len());
    }
    let _ = messages::encrypted_extensions(body);
    let _ = messages::certificate_request(body, version);
    let _ = NewSessionTicket::parse(body, version);
});
