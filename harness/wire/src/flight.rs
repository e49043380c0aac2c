//! Reads the first flight of a server, byte by byte as it comes.

use hallmark_tls::{
    AlertDescription, ContentType, Deframer, HandshakeJoiner, HandshakeMessage, ProtocolVersion,
    Record,
    messages::{self, ServerHello, ServerKeyExchange},
    ssl2,
};

use crate::{Flight, Hello, Refusal};

/// Most bytes that are read of a first flight: more than any real chain of certificates.
pub(crate) const LARGEST: usize = 512 * 1024;

/// Most bytes that are shown of what is not TLS.
const SHOWN: usize = 64;

/// Reads a first flight up to its end: `ServerHelloDone`, or the hello where the rest is encrypted.
#[derive(Debug)]
pub(crate) struct Reader {
    form: Form,
    raw: Vec<u8>,
    deframer: Deframer,
    joiner: HandshakeJoiner,
    warning: Option<AlertDescription>,
    hello: Option<ServerHello>,
    certificates: Vec<Vec<u8>>,
    key_exchange: Option<ServerKeyExchange>,
}

/// In which form an answer may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Of SSLv3 and later.
    Records,
    /// That, or SSLv2: not told yet.
    Either,
}

/// Why no more bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
    Silence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    More,
    Complete,
}

impl Reader {
    /// For the answer to these bytes. SSLv2 may only answer a hello in its own form.
    pub(crate) fn of_answer_to(hello: &[u8]) -> Self {
        let is_ssl2_form = matches!(hello, [first, _, 1, ..] if first & 0x80 != 0)
            || matches!(hello, [first, _, _, 1, ..] if first & 0xc0 == 0 && !looks_like_tls(hello));
        Self {
            form: if is_ssl2_form { Form::Either } else { Form::Records },
            raw: Vec::new(),
            deframer: Deframer::default(),
            joiner: HandshakeJoiner::default(),
            warning: None,
            hello: None,
            certificates: Vec::new(),
            key_exchange: None,
        }
    }

    /// Takes bytes as they arrive. Returns the flight once it is complete; nothing is to be pushed
    /// after that, or after an error.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<Flight>, Refusal> {
        if self.raw.len().saturating_add(bytes.len()) > LARGEST {
            let why = format!("more than {LARGEST} bytes in the first flight");
            return Err(Refusal::Malformed(why));
        }
        self.raw.extend_from_slice(bytes);
        let progress = match self.form {
            Form::Records => self.records(bytes)?,
            Form::Either if self.raw.len() < 2 => Progress::More,
            Form::Either if looks_like_tls(&self.raw) => {
                self.form = Form::Records;
                let so_far = self.raw.clone();
                self.records(&so_far)?
            }
            Form::Either => return self.ssl2(),
        };
        match progress {
            Progress::Complete => Ok(self.complete()),
            Progress::More => Ok(None),
        }
    }

    /// What it means that nothing more comes before the flight is complete.
    pub(crate) fn ended(self, end: End) -> Refusal {
        match (self.warning, end) {
            _ if !self.raw.is_empty() && !could_be_tls(&self.raw) && self.form == Form::Records => {
                self.not_tls()
            }
            (_, End::Silence) => Refusal::Timeout,
            (None, End::Closed) if self.raw.is_empty() => Refusal::Closed,
            (None, End::Reset) if self.raw.is_empty() => Refusal::Reset,
            (Some(alert), _) if self.hello.is_none() && self.deframer.pending().is_empty() => {
                Refusal::Alert(alert)
            }
            (_, End::Closed) => self.cut("closed"),
            (_, End::Reset) => self.cut("reset"),
        }
    }

    fn cut(&self, how: &str) -> Refusal {
        let after = if self.hello.is_some() { "after the ServerHello, " } else { "" };
        let bytes = self.raw.len();
        Refusal::Malformed(format!(
            "the connection was {how} {after}after {bytes} bytes of an incomplete first flight"
        ))
    }

    fn records(&mut self, bytes: &[u8]) -> Result<Progress, Refusal> {
        self.deframer.push(bytes);
        loop {
            match self.deframer.next() {
                Ok(Some(record)) => {
                    if self.record(&record)? == Progress::Complete {
                        return Ok(Progress::Complete);
                    }
                }
                Ok(None) => return Ok(Progress::More),
                Err(_) if !could_be_tls(&self.raw) => return Err(self.not_tls()),
                Err(error) => return Err(Refusal::Malformed(error.to_string())),
            }
        }
    }

    fn record(&mut self, record: &Record) -> Result<Progress, Refusal> {
        match record.content_type {
            ContentType::Handshake => {
                self.warning = None; // it was not the last word
                self.joiner.push(&record.fragment);
                while let Some(message) =
                    self.joiner.next().map_err(|error| Refusal::Malformed(error.to_string()))?
                {
                    if self.message(&message)? == Progress::Complete {
                        return Ok(Progress::Complete);
                    }
                }
                Ok(Progress::More)
            }
            ContentType::Alert => self.alert(&record.fragment),
            // The rest is encrypted: TLS 1.2 that believes to resume.
            ContentType::ChangeCipherSpec if self.hello.is_some() => Ok(Progress::Complete),
            other => {
                Err(Refusal::Malformed(format!("a record of type {other:?} in the first flight")))
            }
        }
    }

    /// A warning is remembered: more may follow it, as after `unrecognized_name`.
    fn alert(&mut self, fragment: &[u8]) -> Result<Progress, Refusal> {
        const WARNING: u8 = 1;
        let &[level, description] = fragment else {
            let why = format!("an alert of {} bytes", fragment.len());
            return Err(Refusal::Malformed(why));
        };
        let alert = AlertDescription(description);
        if level != WARNING {
            return Err(Refusal::Alert(alert));
        }
        self.warning = Some(alert);
        Ok(Progress::More)
    }

    fn message(&mut self, message: &HandshakeMessage) -> Result<Progress, Refusal> {
        let HandshakeMessage { kind, body } = message;
        let Some(hello) = &self.hello else {
            return match kind {
                0 => Ok(Progress::More), // hello_request: allowed at any time (RFC 5246, 7.4.1.1)
                2 => self.server_hello(body),
                kind => {
                    let why = format!("a handshake message of type {kind} before the ServerHello");
                    Err(Refusal::Malformed(why))
                }
            };
        };
        let version = hello.version().unwrap_or(ProtocolVersion::Tls12);
        match kind {
            2 => return Err(Refusal::Malformed("a second ServerHello".to_owned())),
            11 => {
                self.certificates = messages::certificates(body, version)
                    .map_err(|error| Refusal::Malformed(format!("Certificate: {error}")))?;
            }
            // Not every form can be read; that the server chose the suite is known all the same.
            12 => {
                self.key_exchange =
                    ServerKeyExchange::parse(body, hello.cipher_suite, version).ok();
            }
            14 => return Ok(Progress::Complete),
            _ => {}
        }
        Ok(Progress::More)
    }

    fn server_hello(&mut self, body: &[u8]) -> Result<Progress, Refusal> {
        let hello = ServerHello::parse(body)
            .map_err(|error| Refusal::Malformed(format!("ServerHello: {error}")))?;
        let is_all = match hello.version() {
            Some(version) => version >= ProtocolVersion::Tls13,
            None => true, // what follows in a version that nobody knows cannot be read
        };
        self.hello = Some(hello);
        Ok(if is_all { Progress::Complete } else { Progress::More })
    }

    fn ssl2(&mut self) -> Result<Option<Flight>, Refusal> {
        const ERROR: u8 = 0;
        const SERVER_HELLO: u8 = 4;
        let after_header =
            if self.raw.first().is_some_and(|first| first & 0x80 != 0) { 2 } else { 3 };
        match self.raw.get(after_header) {
            None => Ok(None),
            Some(&SERVER_HELLO) => {
                let parsed = ssl2::parse_server_hello(&self.raw).map_err(|error| {
                    Refusal::Malformed(format!("SERVER-HELLO of SSLv2: {error}"))
                })?;
                Ok(parsed.map(|(hello, _)| Flight {
                    certificates: Vec::from_iter(
                        Some(hello.certificate.clone()).filter(|der| !der.is_empty()),
                    ),
                    hello: Hello::Ssl2(hello),
                    key_exchange: None,
                    raw: std::mem::take(&mut self.raw),
                }))
            }
            Some(&ERROR) => {
                let code = self.raw.get(after_header + 1..after_header + 3);
                match code {
                    None => Ok(None),
                    Some(code) => {
                        Err(Refusal::Malformed(format!("an error message of SSLv2: {code:?}")))
                    }
                }
            }
            Some(_) => Err(self.not_tls()),
        }
    }

    fn complete(&mut self) -> Option<Flight> {
        Some(Flight {
            hello: Hello::Tls(self.hello.take()?),
            certificates: std::mem::take(&mut self.certificates),
            key_exchange: self.key_exchange.take(),
            raw: std::mem::take(&mut self.raw),
        })
    }

    fn not_tls(&self) -> Refusal {
        Refusal::NotTls(self.raw.iter().copied().take(SHOWN).collect())
    }
}

/// Whether a stream begins with the header of a record.
fn looks_like_tls(stream: &[u8]) -> bool {
    matches!(stream, [20..=24, 3, ..])
}

/// The same, of a stream that may be shorter than that.
fn could_be_tls(stream: &[u8]) -> bool {
    matches!(stream, [] | [20..=24] | [20..=24, 3, ..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A flight of TLS 1.2: a warning, ServerHello over two records, Certificate,
    /// ServerKeyExchange, ServerHelloDone.
    fn flight() -> Vec<u8> {
        let hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0, 0, 0]].concat();
        let hello = message(2, &hello);
        let certificate = message(11, &[0, 0, 5, 0, 0, 2, 0x30, 0]);
        let exchange =
            [&[3, 0, 23, 65, 4][..], &[9; 64], &[4, 3, 0, 8], &[0x30, 6, 2, 1, 1, 2, 1, 1]]
                .concat();
        let rest = [certificate, message(12, &exchange), message(14, &[])].concat();
        let (first, second) = hello.split_at(10);
        [record(21, &[1, 112]), record(22, first), record(22, second), record(22, &rest)].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind][..], &length[1..], body].concat()
    }

    fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3][..], &length, fragment].concat()
    }

    /// What comes of bytes that arrive in these pieces, then a close.
    fn read(hello: &[u8], pieces: &[&[u8]]) -> Result<Flight, Refusal> {
        let mut reader = Reader::of_answer_to(hello);
        for piece in pieces {
            if let Some(flight) = reader.push(piece)? {
                return Ok(flight);
            }
        }
        Err(reader.ended(End::Closed))
    }

    /// The same, without what may depend on how far the reader looked.
    fn gist(outcome: Result<Flight, Refusal>) -> String {
        match outcome {
            Ok(flight) => format!("{:?}", Flight { raw: Vec::new(), ..flight }),
            Err(Refusal::NotTls(_)) => "not TLS".to_owned(),
            Err(refusal) => format!("{refusal:?}"),
        }
    }

    #[test]
    fn reads_a_flight() {
        let bytes = flight();
        let flight = read(&[], &[&bytes]).unwrap();
        assert_eq!(flight.server_hello().unwrap().cipher_suite.0, 0xc02b);
        assert_eq!(flight.certificates, [vec![0x30, 0]]);
        assert!(flight.key_exchange.is_some());
        assert_eq!(flight.raw, bytes);
    }

    #[test]
    fn every_beginning_of_a_flight_is_cut_and_no_more() {
        let bytes = flight();
        for length in 1..bytes.len() {
            let refusal = read(&[], &[&bytes[..length]]).unwrap_err();
            let is_warning_alone = length == 7;
            match refusal {
                Refusal::Alert(alert) if is_warning_alone => assert_eq!(alert.0, 112),
                Refusal::Malformed(_) if !is_warning_alone => {}
                refusal => panic!("{length}: {refusal:?}"),
            }
        }
        assert_eq!(read(&[], &[]).unwrap_err(), Refusal::Closed);
    }

    #[test]
    fn ends_have_their_names() {
        for (end, expected) in [
            (End::Closed, Refusal::Closed),
            (End::Reset, Refusal::Reset),
            (End::Silence, Refusal::Timeout),
        ] {
            assert_eq!(Reader::of_answer_to(&[]).ended(end), expected);
        }
        let mut reader = Reader::of_answer_to(&[]);
        reader.push(&flight()[..60]).unwrap();
        assert_eq!(reader.ended(End::Silence), Refusal::Timeout);
    }

    proptest! {
        #[test]
        fn how_it_arrives_does_not_matter(
            at in any::<prop::sample::Index>(),
            to in any::<u8>(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut bytes = flight();
            let at = at.index(bytes.len());
            bytes[at] = to;
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            prop_assert_eq!(gist(read(&[], &pieces)), gist(read(&[], &[&bytes])));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(
            hello in proptest::collection::vec(any::<u8>(), 0..5),
            head in proptest::sample::select(vec![&[][..], &[22, 3, 3, 0], &[0x80, 40, 4], &[21, 3]]),
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let bytes = [head, &bytes].concat();
            let _ = read(&hello, &[&bytes]);
            let _ = read(&[0x80, 40, 1, 0, 2], &[&bytes]);
        }
    }
}
