//! The server without faults.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hallmark_reference::Fault;
use openssl::{
    ssl::{SslSessionCacheMode, SslVersion},
    stack::Stack,
    x509::{
        X509, X509StoreContext,
        store::X509StoreBuilder,
        verify::{X509VerifyParam, X509VerifyParamRef},
    },
};

use crate::client::{groups, offer, server, signatures, suites, version};

#[test]
fn it_speaks_what_is_right_and_nothing_else() {
    let world = server(&[]);
    for address in [world.server.address(), world.server.media_address()] {
        let versions =
            [SslVersion::TLS1, SslVersion::TLS1_1, SslVersion::TLS1_2, SslVersion::TLS1_3]
                .map(|of| version(address, of).map(|agreed| agreed.version));
        assert_eq!(versions, [None, None, Some("TLSv1.2"), Some("TLSv1.3")]);

        let mut accepted = Vec::new();
        let mut left = "ALL:eNULL:@SECLEVEL=0".to_owned();
        while let Some(agreed) = suites(address, &left) {
            accepted.push(agreed.suite.clone());
            let name = openssl::ssl::cipher_name(&agreed.suite).to_owned();
            left = left.replace(":@", &format!(":!{name}:@"));
        }
        assert_eq!(
            accepted,
            [
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            ]
        );
        for (list, right) in [
            ("X25519", true),
            ("P-256", true),
            ("P-384", true),
            ("P-224", false),
            ("P-192", false),
            ("P-521", false),
        ] {
            assert_eq!(groups(address, list).is_some(), right, "{list}");
        }
        for (list, right) in [
            ("rsa_pss_rsae_sha256", true),
            ("RSA+SHA512", true),
            ("RSA+SHA224", false),
            ("RSA+SHA1", false),
        ] {
            assert_eq!(signatures(address, list).is_some(), right, "{list}");
        }
    }
}

#[test]
fn it_agrees_on_post_quantum_keys_with_whoever_offers_them() {
    let world = server(&[]);
    let only = |group: &str| {
        offer(world.server.address(), |context| {
            context.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap();
            context.set_groups_list(group).unwrap();
        })
        .is_some()
    };
    assert!(only("X25519MLKEM768"));
    assert!(!only("SecP256r1MLKEM768"));
}

#[test]
fn its_certificate_is_valid_for_its_name_and_address() {
    let world = server(&[]);
    let agreed = version(world.server.address(), SslVersion::TLS1_3).unwrap();
    let root = X509::from_pem(world.server.root_pem().as_bytes()).unwrap();
    let mut chain = Stack::new().unwrap();
    for certificate in &agreed.chain[1..] {
        chain.push(certificate.clone()).unwrap();
    }
    let holds = |expect: &dyn Fn(&mut X509VerifyParamRef)| {
        let mut param = X509VerifyParam::new().unwrap();
        expect(&mut param);
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(root.clone()).unwrap();
        store.set_param(&param).unwrap();
        let store = store.build();
        let mut context = X509StoreContext::new().unwrap();
        context.init(&store, &agreed.leaf, &chain, |context| context.verify_cert()).unwrap()
    };
    assert!(holds(&|param| param.set_host("localhost").unwrap()));
    assert!(holds(&|param| param.set_ip([127, 0, 0, 1].into()).unwrap()));
    assert!(!holds(&|param| param.set_host("elsewhere.example").unwrap()));
}

#[test]
fn nothing_is_resumed() {
    let world = server(&[]);
    for of in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let tickets = Arc::new(AtomicUsize::new(0));
        let agreed = offer(world.server.address(), |context| {
            let tickets = Arc::clone(&tickets);
            context.set_min_proto_version(Some(of)).unwrap();
            context.set_max_proto_version(Some(of)).unwrap();
            context.set_session_cache_mode(SslSessionCacheMode::CLIENT);
            context.set_new_session_callback(move |_, _| {
                tickets.fetch_add(1, Ordering::SeqCst);
            });
        });
        assert!(agreed.is_some());
        assert_eq!(tickets.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_scanner_is_answered_quickly_and_leaves_nothing_behind() {
    let world = server(&[]);
    let address = world.server.address();
    let begun = Instant::now();
    thread::scope(|eight| {
        for lane in 0..8 {
            eight.spawn(move || {
                for round in 0..25 {
                    let mut stream = TcpStream::connect(address).unwrap();
                    match (lane + round) % 4 {
                        0 => drop(stream),
                        1 => stream.write_all(&[0x16, 3, 1]).unwrap(),
                        2 => {
                            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
                            let _ = stream.read_to_end(&mut Vec::new());
                        }
                        _ => assert!(version(address, SslVersion::TLS1_2).is_some()),
                    }
                }
            });
        }
    });
    assert!(version(address, SslVersion::TLS1_3).is_some());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn silent_clients_do_not_keep_it_from_ending() {
    let world = server(&[Fault::PlaintextPort]);
    let addresses = [
        world.server.address(),
        world.server.media_address(),
        world.server.notices_address().unwrap(),
    ];
    let silent: Vec<_> = (0..40).map(|of| TcpStream::connect(addresses[of % 3]).unwrap()).collect();
    let begun = Instant::now();
    drop(world);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for address in addresses {
        assert!(TcpStream::connect(address).is_err());
    }
    drop(silent);
}
