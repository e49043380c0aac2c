//! What was said under TLS over one TCP connection, and where two readers differ on it.

use std::{fmt, net::SocketAddr};

use hallmark_model::Sha256;
use ring::digest;

/// The decrypted application data of one TCP connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    /// From 0, in the order of first packets.
    pub(crate) number: usize,
    /// The two ends: `said[0]` is what the first of them said.
    pub(crate) ends: [SocketAddr; 2],
    pub(crate) said: [Vec<u8>; 2],
}

impl Stream {
    pub(crate) fn bytes(&self) -> u64 {
        self.said.iter().map(|said| said.len() as u64).sum()
    }

    /// What was said to the end with this port.
    pub(crate) fn said_to(&self, port: u16) -> &[u8] {
        &self.said[usize::from(self.ends[0].port() == port)]
    }

    /// The same, told from the other end.
    fn turned(&self) -> Self {
        let ([a, b], [said_a, said_b]) = (self.ends, self.said.clone());
        Self { number: self.number, ends: [b, a], said: [said_b, said_a] }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for said in &self.said {
            write!(f, " {} bytes sha256 {}…", said.len(), &sha256(said).to_string()[..16])?;
        }
        Ok(())
    }
}

/// Each of their streams, with the difference if there is one; then those that only we have.
/// Streams with nothing decrypted on either side are left out.
pub(crate) fn differences(ours: &[Stream], theirs: &[Stream]) -> Vec<(Stream, Option<String>)> {
    let mut found = Vec::new();
    let numbers = ours.iter().chain(theirs).map(|stream| stream.number).max();
    for number in 0..=numbers.unwrap_or(0) {
        let by_number = |stream: &&Stream| stream.number == number && stream.bytes() > 0;
        match (ours.iter().find(by_number), theirs.iter().find(by_number)) {
            (Some(ours), Some(theirs)) => found.push((theirs.clone(), difference(ours, theirs))),
            (None, Some(theirs)) => {
                found.push((theirs.clone(), Some("decrypted by tshark only".to_owned())));
            }
            (Some(ours), None) => {
                found.push((ours.clone(), Some("decrypted by hallmark only".to_owned())));
            }
            (None, None) => {}
        }
    }
    found
}

fn difference(ours: &Stream, theirs: &Stream) -> Option<String> {
    let ours = if ours.ends == theirs.ends { ours.clone() } else { ours.turned() };
    if ours.ends != theirs.ends {
        return Some(format!("ours is between {} and {}", ours.ends[0], ours.ends[1]));
    }
    let pairs = ours.said.iter().zip(&theirs.said).zip(["first", "second"]);
    let words: Vec<_> = pairs
        .filter(|((ours, theirs), _)| sha256(ours) != sha256(theirs))
        .map(|((ours, theirs), end)| {
            let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
            format!(
                "{end} end: {} bytes by hallmark, {} by tshark, first difference at {same}: {} and {}",
                ours.len(),
                theirs.len(),
                hex(&ours[same..]),
                hex(&theirs[same..])
            )
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = digest::digest(&digest::SHA256, bytes);
    Sha256::from_bytes(digest.as_ref().try_into().expect("32 bytes"))
}

fn hex(bytes: &[u8]) -> String {
    let shown: String = bytes.iter().take(24).map(|byte| format!("{byte:02x}")).collect();
    if shown.is_empty() { "nothing".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(number: usize, said: [&str; 2]) -> Stream {
        let ends = ["127.0.0.1:1", "127.0.0.1:2"].map(|end| end.parse().unwrap());
        Stream { number, ends, said: said.map(|said| said.as_bytes().to_vec()) }
    }

    #[test]
    fn whoever_is_told_first_is_no_difference() {
        let theirs = stream(0, ["ask", "answer"]);
        let found = differences(&[theirs.turned()], std::slice::from_ref(&theirs));
        assert_eq!(found, [(theirs, None)]);
    }

    /// The positive control.
    #[test]
    fn one_byte_is_a_difference() {
        let theirs = [stream(0, ["ask", "answer"]), stream(1, ["", ""])];
        let found = differences(&[stream(0, ["ask", "answes"])], &theirs);
        let why = found[0].1.as_deref().unwrap();
        assert!(why.starts_with("second end: 6 bytes by hallmark"), "{why}");
        assert!(why.ends_with("at 5: 73 and 72"), "{why}");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_stream_of_one_side_only_is_a_difference() {
        let some = stream(3, ["ask", ""]);
        assert!(differences(&[], std::slice::from_ref(&some))[0].1.is_some());
        assert!(differences(&[some], &[])[0].1.is_some());
    }
}
