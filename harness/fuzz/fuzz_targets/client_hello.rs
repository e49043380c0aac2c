//! A client hello: what is read must be written so that it reads the same.

#![no_main]

use hallmark_tls::{ClientHello, fingerprint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(hello) = ClientHello::parse(body) else { return };
    assert_eq!(ClientHello::parse(&hello.body()).as_ref(), Ok(&hello));
    let _ = (hello.message(), hello.records());
    let _ = (hello.server_name(), hello.alpn(), hello.groups());
    let _ = (hello.signature_schemes(), hello.supported_versions());
    let _ = hello.has_encrypted_client_hello();
    let _ = (fingerprint::ja3(&hello), fingerprint::ja4(&hello));
});
