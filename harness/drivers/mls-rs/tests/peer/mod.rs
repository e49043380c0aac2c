//! One device of any MLS driver: those in Rust in this process, the one in Node in its own.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

use hallmark_driver::{
    protocol::{Bytes, Version},
    sdk::{Device, answer_line},
};
use hallmark_driver_mls_rs::MlsRsDevice;
use hallmark_driver_openmls::OpenMlsDevice;
use serde_json::{Value, json};

pub(crate) const LIBRARIES: [&str; 3] = ["openmls", "mls-rs", "ts-mls"];

/// The driver of ts-mls.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ts-mls/driver.mjs");

/// A device with a name, made by the driver of a library.
pub(crate) struct Peer {
    library: &'static str,
    pub(crate) name: &'static str,
    link: Link,
}

enum Link {
    Here(Box<dyn Device>),
    Node(Child, BufReader<ChildStdout>),
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Self::Node(child, _) = self {
            // It ends when its input does.
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

impl Peer {
    /// Drivers in Rust always are; `HALLMARK_PEERS` says whether the other is installed.
    pub(crate) fn is_there(library: &str) -> bool {
        let installed = env::var("HALLMARK_PEERS").unwrap_or_default();
        library != "ts-mls" || installed.split(',').any(|name| name == library)
    }

    pub(crate) fn new(library: &'static str, name: &'static str) -> Self {
        let link = match library {
            "openmls" => Link::Here(Box::new(OpenMlsDevice::default())),
            "mls-rs" => Link::Here(Box::new(MlsRsDevice::default())),
            _ => {
                let mut child = Command::new("node")
                    .arg(SCRIPT)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .expect("node starts");
                let output = BufReader::new(child.stdout.take().expect("its output"));
                Link::Node(child, output)
            }
        };
        let mut peer = Self { library, name, link };
        peer.ok("identity.create", json!({"name": name}));
        peer
    }

    /// What the driver answers, as it stands on the line.
    fn call(&mut self, op: &str, args: Value) -> Value {
        let request = json!({"id": 1, "op": op, "args": args}).to_string();
        match &mut self.link {
            Link::Here(device) => {
                let mut version = Version::V2;
                let (answer, _) = answer_line(&mut **device, &mut version, request.as_bytes());
                serde_json::to_value(answer).expect("an answer")
            }
            Link::Node(child, output) => {
                let input = child.stdin.as_mut().expect("its input");
                writeln!(input, "{request}").expect("written");
                let mut line = String::new();
                output.read_line(&mut line).expect("an answer");
                serde_json::from_str(&line).expect("JSON")
            }
        }
    }

    pub(crate) fn ok(&mut self, op: &str, args: Value) -> Value {
        let mut answer = self.call(op, args);
        assert!(answer["ok"].is_object(), "{} ({}) {op}: {answer}", self.name, self.library);
        answer["ok"].take()
    }

    /// The class of a refusal.
    pub(crate) fn refused(&mut self, op: &str, args: Value) -> String {
        let answer = self.call(op, args);
        let class = answer["refused"]["class"].as_str().map(str::to_owned);
        class.unwrap_or_else(|| panic!("{} ({}) {op}: {answer}", self.name, self.library))
    }

    /// Imports fresh prekeys of another.
    pub(crate) fn meets(&mut self, other: &mut Self) {
        let published = other.ok("prekeys.publish", json!({"one_time": 1}));
        let args = json!({"peer": other.name, "prekeys": published["prekeys"]});
        self.ok("prekeys.import", args);
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    let value = serde_json::to_value(Bytes(bytes.to_vec())).expect("base64");
    value.as_str().expect("a text").to_owned()
}
