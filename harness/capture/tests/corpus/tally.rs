//! What was counted.

use std::{collections::BTreeMap, fmt::Write};

use hallmark_capture::{CaptureFile, Flow, Protocol, Transport};

/// How often each name occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(crate) fn add(&mut self, name: &str, count: u64) {
        *self.0.entry(name.to_owned()).or_default() += count;
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub(crate) fn intersection(&self, other: &Self) -> u64 {
        let common = |(name, count): (&String, &u64)| other.0.get(name).map(|o| *o.min(count));
        self.0.iter().filter_map(common).sum()
    }

    pub(crate) fn is_part_of(&self, other: &Self) -> bool {
        self.intersection(other) == self.total()
    }
}

/// Versions and suites of the sessions whose server hello was found, named as the manifest does.
pub(crate) fn versions_and_suites(flows: &[Flow]) -> (Counts, Counts) {
    let (mut versions, mut suites) = (Counts::default(), Counts::default());
    for flow in flows.iter().filter(|flow| flow.transport == Transport::Tcp) {
        let Some(handshake) = &flow.handshake else { continue };
        match (handshake.version, handshake.cipher_suite) {
            (Some(version), Some(suite)) => {
                versions.add(&version_name(version), 1);
                suites.add(&format!("0x{:04x}", suite.0), 1);
            }
            // SSLv2 has no suite of two bytes, and the manifest does not count it.
            (Some(0x0002) | None, _) => {}
            (Some(version), None) => panic!("version {version:#x} without a suite"),
        }
    }
    (versions, suites)
}

/// Groups of key shares (TLS 1.3), and how many sessions had a retry request.
pub(crate) fn groups_and_retries(flows: &[Flow]) -> (Counts, u64) {
    let (mut groups, mut retries) = (Counts::default(), 0);
    for handshake in flows.iter().filter_map(|flow| flow.handshake.as_ref()) {
        retries += u64::from(handshake.hello_retry_request);
        let is_tls13 = handshake.version.is_some_and(|version| version > 0x0303);
        if let (true, Some(group)) = (is_tls13, handshake.group) {
            groups.add(&group.0.to_string(), 1);
        }
    }
    (groups, retries)
}

fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL3.0".to_owned(),
        0x0301 => "TLS1.0".to_owned(),
        0x0302 => "TLS1.1".to_owned(),
        0x0303 => "TLS1.2".to_owned(),
        0x0304 => "TLS1.3".to_owned(),
        other => format!("0x{other:04x}"),
    }
}

/// Sums over all files.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) files: u64,
    pub(crate) files_with_equal_packets: u64,
    pub(crate) sessions: u64,
    pub(crate) sessions_found: u64,
    pub(crate) exceptions: u64,
    pub(crate) disagreements: Vec<String>,
    pub(crate) failures: Vec<String>,
    /// What has not been read: how much of it, in how many files.
    packets: BTreeMap<String, Sum>,
    missed: BTreeMap<&'static str, Sum>,
    flows: BTreeMap<String, Sum>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    count: u64,
    files: u64,
}

impl Sum {
    fn add(&mut self, count: u64) {
        self.count += count;
        self.files += 1;
    }
}

impl Tally {
    pub(crate) fn file(&mut self, file: &CaptureFile, flows: &[Flow]) {
        for (reason, packets) in &file.not_read {
            self.packets.entry(reason.clone()).or_default().add(*packets);
        }
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for reason in flows.iter().filter_map(why_not_assessed) {
            *reasons.entry(reason).or_default() += 1;
        }
        for (reason, flows) in reasons {
            self.flows.entry(reason).or_default().add(flows);
        }
    }

    pub(crate) fn missed(&mut self, reason: &'static str, sessions: u64) {
        self.missed.entry(reason).or_default().add(sessions);
    }

    pub(crate) fn summary(&self) -> String {
        format!(
            "{} files, packets equal in {}; {} of {} sessions found; {} files in which we see more, \
             {} disagreements",
            self.files,
            self.files_with_equal_packets,
            self.sessions_found,
            self.sessions,
            self.exceptions,
            self.disagreements.len()
        )
    }

    /// Sums only: nothing of what the files say.
    pub(crate) fn not_yet_read(&self) -> String {
        let mut table = format!("of {} files\n", self.files);
        let missed = self.missed.iter().map(|(reason, sum)| (*reason, *sum)).collect();
        section(&mut table, "TLS sessions that tshark sees", missed);
        let flows = self.flows.iter().map(|(reason, sum)| (reason.as_str(), *sum)).collect();
        section(&mut table, "flows", flows);
        let packets = self.packets.iter().map(|(reason, sum)| (reason.as_str(), *sum)).collect();
        section(&mut table, "packets", packets);
        table
    }
}

fn section(table: &mut String, title: &str, mut rows: Vec<(&str, Sum)>) {
    rows.sort_by_key(|(reason, sum)| (std::cmp::Reverse(sum.count), *reason));
    let _ = writeln!(table, "\n{title}\n  count  files  reason");
    for (reason, Sum { count, files }) in rows {
        let _ = writeln!(table, "{count:7}{files:7}  {reason}");
    }
}

/// Why a flow is not, or not wholly, understood.
fn why_not_assessed(flow: &Flow) -> Option<String> {
    let transport = match flow.transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
    };
    match (&flow.protocol, &flow.handshake) {
        (Protocol::Opaque, _) => Some(format!("{transport}: opaque")),
        (Protocol::Other(name), _) => Some(format!("{transport}: {name}, recognised only")),
        (Protocol::Tls, Some(handshake)) => match (handshake.client_hello, handshake.version) {
            (false, None) => Some("TLS: begun before the recording".to_owned()),
            (true, None) => Some("TLS: no server hello".to_owned()),
            (false, Some(_)) => Some("TLS: no client hello".to_owned()),
            (true, Some(_)) => None,
        },
        _ => None,
    }
}
