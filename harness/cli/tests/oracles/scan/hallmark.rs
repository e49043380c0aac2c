//! `hallmark server`, as anybody would start it.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use hallmark_tls::ProtocolVersion;
use serde_json::Value;

use super::{NAME, Target};
use crate::compare::{Item, Seen};

/// How the binary ended.
pub(crate) struct Ours {
    pub(crate) facts: Value,
    pub(crate) requirements: Value,
    pub(crate) code: i32,
    pub(crate) errors: String,
    pub(crate) took: Duration,
    /// Most memory that it took, in KiB.
    pub(crate) peak: u64,
}

/// Scans.
pub(crate) fn hallmark(target: &Target) -> Ours {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallmark"));
    command.arg("server").arg(target.address.to_string()).args(["--name", NAME]);
    if target.starttls_xmpp {
        command.args(["--starttls", "xmpp"]);
    }
    command.args(["--format", "json", "-q"]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watch = thread::spawn(move || peak(&status));
    let output = child.wait_with_output().unwrap();
    let took = started.elapsed();
    let peak = watch.join().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut object: Value = match serde_json::from_slice(&output.stdout) {
        Ok(object) => object,
        Err(_) if output.stdout.is_empty() => Value::Null,
        Err(error) => panic!("{}: {error}: {errors}", target.name),
    };
    let code = output.status.code().unwrap_or(-1);
    let mut take = |key: &str| object.get_mut(key).map(Value::take).unwrap_or_default();
    Ours { facts: take("facts"), requirements: take("requirements"), code, errors, took, peak }
}

/// The largest resident set that the kernel tells of, until there is nobody to tell of.
fn peak(status: &str) -> u64 {
    let mut peak = 0;
    while let Ok(text) = fs::read_to_string(status) {
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        // A process that has ended and was not waited for has no such line.
        let Some(line) = line else { break };
        let number = line.split_whitespace().next().and_then(|number| number.parse().ok());
        peak = number.unwrap_or(peak);
        thread::sleep(Duration::from_millis(5));
    }
    peak
}

impl Ours {
    /// What was seen; anything unknown is a failure of the test, since the server answers.
    pub(crate) fn seen(&self) -> Seen {
        let unknown = self.facts["unknown"].as_array().map_or(0, Vec::len);
        assert_eq!(unknown, 0, "{:#} {}", self.facts, self.errors);
        let mut seen = Seen { tells_groups: ProtocolVersion::ALL.into(), ..Seen::default() };
        for (version, told) in self.object("versions") {
            let told = told.as_bool().unwrap_or_else(|| panic!("{version}: {told}"));
            if told {
                seen.accepted.insert(Item::Version(parse(version)));
            }
        }
        seen.accepted.extend(self.names("cipher_suites").map(|(v, name)| Item::Suite(v, name)));
        seen.accepted.extend(self.names("groups").map(|(v, name)| Item::Group(v, name)));
        for (version, insists) in self.object("server_preference") {
            // Of a single suite there is no order to tell.
            let Some(insists) = insists.as_bool() else { continue };
            let suites = self.names("cipher_suites").filter(|(v, _)| *v == parse(version));
            let suites: Vec<_> = suites.map(|(_, name)| name).collect();
            seen.orders.insert(parse(version), insists.then_some(suites));
        }
        seen
    }

    fn names(&self, field: &str) -> impl Iterator<Item = (ProtocolVersion, String)> {
        self.object(field).flat_map(|(version, names)| {
            let names = names.as_array().expect("a list of names");
            let text = |name: &Value| name.as_str().expect("a name").to_owned();
            names.iter().map(move |name| (parse(version), text(name)))
        })
    }

    fn object(&self, field: &str) -> impl Iterator<Item = (&String, &Value)> {
        let object = self.facts[field].as_object();
        object.unwrap_or_else(|| panic!("no {field}: {:#} {}", self.facts, self.errors)).iter()
    }
}

fn parse(version: &str) -> ProtocolVersion {
    version.parse().unwrap_or_else(|_| panic!("{version} is not a version"))
}
