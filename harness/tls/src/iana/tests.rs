#![expect(clippy::print_stdout, reason = "a test says what it could not run")]

use std::{collections::BTreeSet, fmt::Write, process::Command};

use super::*;

#[test]
fn tables_are_sorted_and_names_are_unique() {
    fn check<T: Ord + Copy>(table: &[(T, &str)], unique: bool) {
        assert!(table.is_sorted_by(|a, b| a.0 < b.0));
        let names: BTreeSet<&str> = table.iter().map(|entry| entry.1).collect();
        assert!(!unique || names.len() == table.len());
    }
    check(generated::CIPHER_SUITES, true);
    check(generated::UNREGISTERED_SUITES, false);
    check(generated::GROUPS, true);
    check(generated::SIGNATURE_SCHEMES, true);
    check(generated::SIGNATURE_PAIRS, true);
    check(generated::ALERTS, true);
    check(generated::EXTENSIONS, true);
}

#[test]
fn names_lead_back_to_their_values() {
    for suite in CipherSuite::all() {
        assert_eq!(CipherSuite::from_name(&suite.name()), Some(suite));
    }
    for suite in CipherSuite::unregistered() {
        assert_eq!(CipherSuite::from_name(&suite.name()), Some(suite));
        assert!(suite.name().starts_with("0x"), "{suite:?}");
        assert!(!CipherSuite::all().any(|other| other == suite));
    }
    for group in NamedGroup::all() {
        assert_eq!(NamedGroup::from_name(&group.name()), Some(group));
    }
    for scheme in SignatureScheme::all() {
        assert_eq!(SignatureScheme::from_name(&scheme.name()), Some(scheme));
    }
}

#[test]
fn unknown_values_are_hexadecimal() {
    assert_eq!(CipherSuite(0xFFFF).name(), "0xFFFF");
    assert_eq!(CipherSuite::from_name("0xffff"), Some(CipherSuite(0xFFFF)));
    for wrong in ["", "0x", "0xFFF", "0xFFFFF", "0x+FFF", "0xé12", "TLS_", "FFFF"] {
        assert_eq!(CipherSuite::from_name(wrong), None, "{wrong}");
    }
    assert_eq!(NamedGroup(0x0A0A).name(), "0x0A0A");
    assert_eq!(SignatureScheme(0x0301).name(), "sha224_rsa");
    assert_eq!(AlertDescription(40).name(), "handshake_failure");
    assert_eq!(AlertDescription(7).name(), "0x07");
    assert_eq!(ExtensionType::KEY_SHARE.name(), "key_share");
    assert_eq!(ExtensionType(0x4469).name(), "0x4469");
}

#[test]
fn grease_is_told_from_its_neighbours() {
    let grease: Vec<u16> = (0..=u16::MAX).filter(|&value| is_grease(value)).collect();
    assert_eq!(grease.len(), 16);
    assert_eq!((grease[0], grease[15]), (0x0A0A, 0xFAFA));
}

#[test]
fn signalling_values_are_no_suites() {
    for value in [0x00FF, 0x5600] {
        let suite = CipherSuite(value);
        assert!(suite.name().ends_with("_SCSV"));
        assert!(suite.parts().is_none() && suite.is_ephemeral().is_none());
        assert!(!CipherSuite::all().any(|other| other == suite));
    }
}

#[test]
fn every_suite_has_parts() {
    let mut table = String::new();
    for suite in CipherSuite::all().chain(CipherSuite::unregistered()) {
        let Parts { key_exchange, authentication, export, cipher, hash } = suite.parts().unwrap();
        let export = if export { "export " } else { "" };
        let lasting = if suite.is_ephemeral() == Some(true) { "ephemeral" } else { "lasting" };
        let _ = writeln!(
            table,
            "{:04X} {} = {key_exchange:?} {lasting} | {authentication} | {export}{cipher} | {hash}",
            suite.0,
            suite.name(),
        );
    }
    insta::assert_snapshot!(table);
}

#[test]
fn openssl_has_the_same_names() {
    let listed = Command::new("openssl")
        .args(["ciphers", "-stdname", "-V", "ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0"])
        .output();
    let Some(listed) = listed.ok().filter(|output| output.status.success()) else {
        println!("not run: openssl, to compare names of cipher suites, is not installed");
        return;
    };
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut compared = 0;
    for line in listed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [value, "-", name, ..] = words[..] else { continue };
        let value = value.replace(",0x", "");
        let value = u16::from_str_radix(value.trim_start_matches("0x"), 16).unwrap();
        assert_eq!(CipherSuite(value).name(), name);
        compared += 1;
    }
    assert!(compared > 50, "openssl listed only {compared} suites:\n{listed}");
}
