//! The names of TLS parameters, from the registry's text to Rust.

use std::{fmt::Write, fs, path::PathBuf};

use crate::{chores::Generated, workspace};

const REGISTRY: &str = "harness/tls/registry";
const TARGET: &str = "harness/tls/src/iana/generated.rs";

const HEAD: &str = "\
//! Written by `cargo xtask gen` from the files in `registry/`. Not to be edited.
";

/// A table to write: name, what it holds, type of its numbers, file.
struct Table {
    name: &'static str,
    about: &'static str,
    number: Number,
    file: &'static str,
}

/// How wide the values of a registry are.
enum Number {
    Byte,
    Word,
}

const TABLES: [Table; 7] = [
    Table {
        name: "CIPHER_SUITES",
        about: "TLS Cipher Suites.",
        number: Number::Word,
        file: "cipher-suites.csv",
    },
    Table {
        name: "UNREGISTERED_SUITES",
        about: "Cipher suites that were shipped without being registered.",
        number: Number::Word,
        file: "cipher-suites-unregistered.csv",
    },
    Table {
        name: "GROUPS",
        about: "TLS Supported Groups.",
        number: Number::Word,
        file: "supported-groups.csv",
    },
    Table {
        name: "SIGNATURE_SCHEMES",
        about: "TLS SignatureScheme.",
        number: Number::Word,
        file: "signature-schemes.csv",
    },
    Table {
        name: "SIGNATURE_PAIRS",
        about: "Pairs of hash and signature of TLS 1.2 that are no registered scheme.",
        number: Number::Word,
        file: "signature-pairs.csv",
    },
    Table { name: "ALERTS", about: "TLS Alerts.", number: Number::Byte, file: "alerts.csv" },
    Table {
        name: "EXTENSIONS",
        about: "TLS ExtensionType Values.",
        number: Number::Word,
        file: "extensions.csv",
    },
];

/// Writes or compares the generated tables.
pub(crate) fn generate(generated: &Generated) -> bool {
    println!("\n=== names of TLS parameters: {TARGET}");
    let text = match tables() {
        Ok(text) => text,
        Err(problem) => {
            eprintln!("failed to read {REGISTRY}: {problem}");
            return false;
        }
    };
    match generated {
        Generated::Write => match fs::write(path(TARGET), text) {
            Ok(()) => true,
            Err(error) => {
                eprintln!("failed to write {TARGET}: {error}");
                false
            }
        },
        Generated::Compare => {
            let fresh = is_fresh(&text);
            if !fresh {
                eprintln!("{TARGET} is behind {REGISTRY}: run `cargo xtask gen`");
            }
            fresh
        }
    }
}

fn is_fresh(text: &str) -> bool {
    fs::read_to_string(path(TARGET)).is_ok_and(|present| present == text)
}

fn path(relative: &str) -> PathBuf {
    workspace::root().join(relative)
}

/// The text of the generated file.
fn tables() -> Result<String, String> {
    let mut text = HEAD.to_owned();
    for Table { name, about, number, file } in &TABLES {
        let csv = fs::read_to_string(path(REGISTRY).join(file))
            .map_err(|error| format!("{file}: {error}"))?;
        let rows = rows(&csv).map_err(|problem| format!("{file}: {problem}"))?;
        let (kind, digits) = match number {
            Number::Byte => ("u8", 2),
            Number::Word => ("u16", 4),
        };
        let _ = write!(text, "\n/// {about}\npub(super) const {name}: &[({kind}, &str)] = &[\n");
        for (value, description) in rows {
            let _ = writeln!(text, "    (0x{value:0digits$X}, \"{description}\"),");
        }
        text.push_str("];\n");
    }
    Ok(text)
}

/// The single values of a registry with their names, by number.
fn rows(csv: &str) -> Result<Vec<(u16, String)>, String> {
    let mut records = records(csv).into_iter();
    let head = records.next().ok_or("it is empty")?;
    let column = |heading: &str| head.iter().position(|field| field == heading);
    let value = column("Value").ok_or("no column Value")?;
    let description = column("Description").or_else(|| column("Extension Name"));
    let description = description.ok_or("no column Description or Extension Name")?;
    let mut rows = Vec::new();
    for record in records {
        let (Some(value), Some(description)) = (record.get(value), record.get(description)) else {
            return Err(format!("a row is too short: {}", record.join(",")));
        };
        if let (Some(value), Some(name)) = (number(value), name(description)) {
            rows.push((value, name));
        }
    }
    rows.sort();
    match rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(format!("0x{:04X} is there twice", pair[0].0)),
        None => Ok(rows),
    }
}

/// `0xC0,0x2F`, `0x0403` or `29`; nothing for ranges and wildcards.
fn number(text: &str) -> Option<u16> {
    if let Some((high, low)) = text.split_once(',') {
        return Some(u16::from(byte(high)?) << 8 | u16::from(byte(low)?));
    }
    match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn byte(text: &str) -> Option<u8> {
    u8::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

/// The name itself, without remarks on its history; nothing for values that have none.
fn name(description: &str) -> Option<String> {
    let end = [" (renamed", " (OBSOLETE)"].iter().filter_map(|note| description.find(note)).min();
    let name = description[..end.unwrap_or(description.len())].trim();
    let lower = name.to_ascii_lowercase();
    let unnamed = name.is_empty()
        || lower.starts_with("reserved")
        || lower.starts_with("unassigned")
        || name.contains(['"', '\\', '\n']);
    (!unnamed).then(|| name.to_owned())
}

/// The records of a CSV file (RFC 4180).
fn records(csv: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let (mut record, mut field) = (Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = csv.chars().filter(|&character| character != '\r').peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other => field.push(other),
        }
    }
    if !record.is_empty() || !field.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_file_is_fresh() {
        assert!(is_fresh(&tables().unwrap()), "{TARGET} is behind: run `cargo xtask gen`");
    }

    #[test]
    fn a_file_of_iana_is_read_as_it_is() {
        let csv = "Value,Description,DTLS-OK,Recommended,Reference\r\n\
            \"0xC0,0x2F\",TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,Y,Y,[RFC5289]\r\n\
            \"0x00,0x05\",TLS_RSA_WITH_RC4_128_SHA,N,D,[RFC5246][RFC6347]\r\n\
            \"0x00,0x1C-1D\",Reserved to avoid conflicts with SSLv3,,,[RFC5246]\r\n\
            \"0x00,0x47-4F\",\"Reserved to avoid conflicts with\r\ndeployed implementations\",,,\r\n\
            \"0x01-55,*\",Unassigned,,,\r\n\
            \"0x0A,0x0A\",Reserved,Y,N,[RFC8701]\r\n";
        let expected = [
            (0x0005, "TLS_RSA_WITH_RC4_128_SHA".to_owned()),
            (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".to_owned()),
        ];
        assert_eq!(rows(csv).unwrap(), expected);
    }

    #[test]
    fn remarks_are_not_part_of_a_name() {
        let csv = "Value,Extension Name,TLS 1.3\n\
            10,\"supported_groups (renamed from \"\"elliptic_curves\"\")\",\"CH, EE\"\n\
            25497,X25519Kyber768Draft00 (OBSOLETE),-\n0x0403,ecdsa_secp256r1_sha256,-";
        let names: Vec<String> = rows(csv).unwrap().into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["supported_groups", "ecdsa_secp256r1_sha256", "X25519Kyber768Draft00"]);
    }

    #[test]
    fn a_wrong_file_is_named_as_such() {
        assert_eq!(rows("").unwrap_err(), "it is empty");
        assert_eq!(
            rows("Value,Name\n1,a\n").unwrap_err(),
            "no column Description or Extension Name"
        );
        assert_eq!(rows("Value,Description\n1\n").unwrap_err(), "a row is too short: 1");
        assert_eq!(rows("Value,Description\n1,a\n1,b\n").unwrap_err(), "0x0001 is there twice");
    }
}
