//! Both hellos of SSLv2 at the start of a stream.

#![no_main]

use hallmark_tls::ssl2;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    if let Ok(Some((hello, length))) = ssl2::parse_client_hello(stream) {
        assert!(length <= stream.len() && hello.kinds.len() * 3 <= length);
        let _: Vec<String> = hello.kinds.iter().map(|kind| kind.name()).collect();
    }
    if let Ok(Some((hello, length))) = ssl2::parse_server_hello(stream) {
        assert!(length <= stream.len() && hello.certificate.len() <= length);
    }
});
