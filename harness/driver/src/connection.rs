//! One device, over any byte stream: a child's pipes, a socket, an in-memory duplex.

use std::time::Duration;

use hallmark_model::text;
use tokio::{
    io::{
        AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
        DuplexStream,
    },
    time::timeout,
};

use crate::{
    ending::Ending,
    outcome::{Breakage, Outcome},
    process::Child,
    protocol::{
        Answer, Fault, MAX_LINE, Request, Said, Version, Warning, WrongAnswer,
        ops::{Hello, HelloAnswer, Operation, Shutdown},
    },
    sdk::{self, Device},
    secrets::Secrets,
};

/// How long one operation may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// The first exchange, which may include loading a runtime.
    pub hello: Duration,
    /// Any other operation.
    pub operation: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { hello: Duration::from_secs(20), operation: Duration::from_secs(10) }
    }
}

/// Why no device could be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The program could not be started.
    #[error("could not start the driver `{program}`: {reason}")]
    Start {
        /// What was to be started.
        program: String,
        /// Why it was not.
        reason: String,
    },
    /// Nobody listens where the driver should.
    #[error("could not attach to the driver at {address}: {reason}")]
    Attach {
        /// Where it should listen.
        address: String,
        /// Why there is no connection.
        reason: String,
    },
    /// The first exchange failed.
    #[error("the driver did not say hello: {0}")]
    Hello(String),
}

impl Unreachable {
    /// The same, with something that may help added.
    pub(crate) fn noting(self, note: &str) -> Self {
        match self {
            Self::Start { program, reason } => {
                Self::Start { program, reason: format!("{reason}; {note}") }
            }
            Self::Attach { address, reason } => {
                Self::Attach { address, reason: format!("{reason}; {note}") }
            }
            Self::Hello(reason) => Self::Hello(format!("{reason}; {note}")),
        }
    }
}

/// How to part from a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// Ask it to shut down, then end its input.
    Shutdown,
    /// End its input without a word.
    Silence,
}

/// How a device ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How its process ended; none where there is no process, or it could not be told in time.
    pub ending: Option<Ending>,
    /// The last line that it wrote to its log.
    pub last_words: Option<String>,
}

/// How long `shutdown` may take.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Said of a line that breaks off.
const NO_END: &str = "the line has no end";

/// A connection to one device, past its `hello`.
///
/// A connection that is dropped ends the device too, in the background. Once an exchange has gone
/// wrong, or the future of one was dropped before its end, nothing more is sent or read: a late
/// answer is never taken for the answer to a later request.
pub struct Connection {
    reader: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    child: Option<Child>,
    isolation: Vec<String>,
    secrets: Secrets,
    deadlines: Deadlines,
    next_id: u64,
    broken: Option<Breakage>,
    version: Version,
    warnings: Vec<Warning>,
    hello: HelloAnswer,
}

impl Connection {
    /// Says hello over a byte stream.
    ///
    /// # Errors
    ///
    /// When the other end does not answer, or not as the protocol wants.
    pub async fn over(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        deadlines: Deadlines,
    ) -> Result<Self, Unreachable> {
        Self::greet(Box::new(reader), Box::new(writer), None, deadlines).await
    }

    /// Says hello to a driver that somebody else started; `isolation` says what is known of it.
    ///
    /// # Errors
    ///
    /// When the other end does not answer, or not as the protocol wants.
    pub(crate) async fn attached(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        deadlines: Deadlines,
        isolation: Vec<String>,
    ) -> Result<Self, Unreachable> {
        Ok(Self { isolation, ..Self::over(reader, writer, deadlines).await? })
    }

    /// Hands a child process its secrets and says hello. It lives as long as the connection.
    ///
    /// # Errors
    ///
    /// When the child does not answer, or not as the protocol wants.
    pub(crate) async fn with_child(
        mut child: Child,
        secrets: Secrets,
        deadlines: Deadlines,
    ) -> Result<Self, Unreachable> {
        let (reader, mut writer) = child.take_pipes();
        // A failure shows in what can be read, and better.
        if !secrets.is_empty() && writer.write_all(&secrets.line()).await.is_ok() {
            let _ = writer.flush().await;
        }
        let mut connection = Self::greet(reader, writer, Some((child, secrets)), deadlines).await?;
        if let Some(child) = &mut connection.child {
            connection.isolation = child.isolation().await;
        }
        Ok(connection)
    }

    /// Runs a device of our own in this process, behind the same protocol.
    ///
    /// # Errors
    ///
    /// When its `hello` does not keep the protocol.
    pub async fn builtin(mut device: Box<dyn Device + Send>) -> Result<Self, Unreachable> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move { serve_builtin(&mut *device, theirs).await });
        let (reader, writer) = tokio::io::split(ours);
        Self::over(reader, writer, Deadlines::default()).await
    }

    async fn greet(
        reader: Box<dyn AsyncRead + Send + Unpin>,
        writer: Box<dyn AsyncWrite + Send + Unpin>,
        child: Option<(Child, Secrets)>,
        deadlines: Deadlines,
    ) -> Result<Self, Unreachable> {
        let (child, secrets) = match child {
            Some((child, secrets)) => (Some(child), secrets),
            None => (None, Secrets::default()),
        };
        let mut connection = Self {
            reader: BufReader::new(reader),
            writer,
            child,
            isolation: Vec::new(),
            secrets,
            deadlines,
            next_id: 1,
            broken: None,
            version: Version::V2,
            warnings: Vec::new(),
            hello: HelloAnswer {
                protocol: String::new(),
                driver: nobody(),
                candidate: nobody(),
                family: String::new(),
                calling: String::new(),
                capabilities: Vec::new(),
                limits: std::collections::BTreeMap::new(),
            },
        };
        let hello = Hello { protocols: Version::offer() };
        match connection.exchange(&hello, deadlines.hello).await {
            Outcome::Ok(answer, _) => match answer.protocol.parse() {
                Ok(version) => {
                    connection.version = version;
                    connection.hello = answer;
                    Ok(connection)
                }
                Err(_) => {
                    connection.end().await;
                    Err(Unreachable::Hello(format!(
                        "field `ok.protocol` of `hello` is `{}`, offered were {}",
                        text::one_line(&answer.protocol),
                        Version::offer().join(" and ")
                    )))
                }
            },
            other => {
                let said = other.to_string();
                let program = connection.child.as_ref().map(|child| child.program().to_owned());
                let Ended { ending, last_words } = connection.end_by(Farewell::Shutdown).await;
                Err(match (program, ending, last_words) {
                    (Some(program), Some(Ending::NotStarted(reason)), _) => {
                        Unreachable::Start { program, reason: text::one_line(&reason) }
                    }
                    (_, _, Some(last)) => {
                        Unreachable::Hello(format!("{said}; its last words: {last}"))
                    }
                    (_, _, None) => Unreachable::Hello(said),
                })
            }
        }
    }

    /// What the driver said of itself and of the candidate.
    #[must_use]
    pub fn hello(&self) -> &HelloAnswer {
        &self.hello
    }

    /// Whether `hello` lists the operation.
    #[must_use]
    pub fn can<O: Operation>(&self) -> bool {
        self.hello.capabilities.iter().any(|name| name == O::NAME)
    }

    /// Whether the driver broke off; every further call repeats how.
    #[must_use]
    pub fn broken(&self) -> Option<&Breakage> {
        self.broken.as_ref()
    }

    /// What isolation was really in force for the driver's process; none for a built-in device.
    #[must_use]
    pub fn isolation(&self) -> Vec<String> {
        self.isolation.clone()
    }

    /// Whether the device is a process that we started.
    #[must_use]
    pub fn is_process(&self) -> bool {
        self.child.is_some()
    }

    /// The processes of a device that we started: the driver's own and all that it started, as this
    /// system lists them, not as the driver says. None where they cannot be listed.
    #[must_use]
    pub fn processes(&self) -> Option<Vec<u32>> {
        self.child.as_ref()?.processes()
    }

    /// The version of the protocol that `hello` chose.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// What the candidate showed its user beside the last answer, whatever that was.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Asks the device to do something.
    pub async fn call<O: Operation>(&mut self, args: &O) -> Outcome<O::Answer> {
        self.exchange(args, self.deadlines.operation).await
    }

    /// Ends the device in an orderly way; a process that does not end is made to. Returns the
    /// last line it wrote to its log, if any.
    pub async fn end(self) -> Option<String> {
        self.end_by(Farewell::Shutdown).await.last_words
    }

    /// Ends the device in this way, and says how it ended. A process that does not end is made
    /// to.
    pub async fn end_by(mut self, farewell: Farewell) -> Ended {
        if farewell == Farewell::Shutdown && self.broken.is_none() {
            let _ = self.exchange(&Shutdown {}, SHUTDOWN).await;
        }
        drop((self.reader, self.writer));
        match self.child {
            Some(child) => child.end().await,
            None => Ended { ending: None, last_words: None },
        }
    }

    /// Goes on counting requests from `id`.
    pub(crate) fn count_from(&mut self, id: u64) {
        self.next_id = id;
    }

    async fn exchange<O: Operation>(&mut self, args: &O, within: Duration) -> Outcome<O::Answer> {
        if let Some(breakage) = &self.broken {
            return Outcome::Broken(breakage.clone());
        }
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        let line = match Request::new(id, args).and_then(|request| serde_json::to_vec(&request)) {
            Ok(line) if line.len() <= MAX_LINE => line,
            Ok(line) => {
                let length = line.len();
                let message = format!("the request has {length} bytes, allowed are {MAX_LINE}");
                return Outcome::Error(Fault { message });
            }
            Err(error) => return Outcome::Error(Fault { message: error.to_string() }),
        };
        // Stands until the exchange is over: should our caller drop us half-way, the answer must
        // not meet the next request.
        self.broken = Some(Breakage::Closed);
        let said = match timeout(within, self.turn(line)).await {
            Ok(Ok(answer)) => {
                let answer = self.secrets.black_out(answer);
                Answer::read::<O>(self.version, id, &answer).map_err(Breakage::Garbage)
            }
            Ok(Err(breakage)) => Err(breakage),
            Err(_) => Err(Breakage::TimedOut(within)),
        };
        self.warnings = said.as_ref().map(|(_, warnings)| warnings.clone()).unwrap_or_default();
        let (outcome, broken) = match said {
            Ok((Said::Ok(value), warnings)) => (Outcome::Ok(value, warnings), None),
            Ok((Said::Refused(refusal), _)) => (Outcome::Refused(refusal), None),
            Ok((Said::Unsupported(unsupported), _)) => (Outcome::Unsupported(unsupported), None),
            Ok((Said::Error(fault), _)) => (Outcome::Error(fault), None),
            Err(breakage) => {
                let breakage = self.explain(breakage).await;
                (Outcome::Broken(breakage.clone()), Some(breakage))
            }
        };
        self.broken = broken;
        outcome
    }

    /// Writes a request and reads a line. Reading starts at once, so that a driver that floods
    /// its output before reading its input cannot block us both; and it ends the turn when it
    /// fails, whether or not all could be written.
    async fn turn(&mut self, mut request: Vec<u8>) -> Result<Vec<u8>, Breakage> {
        if !self.reader.buffer().is_empty() {
            let more = "it wrote more than one line in answer to one request".to_owned();
            return Err(Breakage::Garbage(WrongAnswer::Form(more)));
        }
        request.push(b'\n');
        let (reader, writer) = (&mut self.reader, &mut self.writer);
        let write = async {
            // A failure shows in what can be read, and better.
            if writer.write_all(&request).await.is_ok() {
                let _ = writer.flush().await;
            }
            Ok(())
        };
        let read = async {
            let mut line = Vec::new();
            let mut limited = reader.take(MAX_LINE as u64 + 1);
            match limited.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => Err(Breakage::Closed),
                Ok(_) if line.last() == Some(&b'\n') => Ok(line),
                Ok(_) if line.len() > MAX_LINE => Err(Breakage::Oversized(MAX_LINE)),
                Ok(_) => Err(Breakage::Garbage(WrongAnswer::Form(NO_END.to_owned()))),
            }
        };
        tokio::try_join!(write, read).map(|((), line)| line)
    }

    /// A connection that closed, also in the middle of a line, is a crash where the process has
    /// ended.
    async fn explain(&mut self, breakage: Breakage) -> Breakage {
        let ended = match &breakage {
            Breakage::Closed => true,
            Breakage::Garbage(WrongAnswer::Form(reason)) => reason == NO_END,
            _ => false,
        };
        match &mut self.child {
            Some(child) if ended => match child.exit_reason().await {
                Some(reason) => Breakage::Crashed(reason),
                None => breakage,
            },
            _ => breakage,
        }
    }
}

fn nobody() -> crate::protocol::ops::Program {
    crate::protocol::ops::Program { name: String::new(), version: String::new(), sha256: None }
}

async fn serve_builtin(device: &mut (dyn Device + Send), stream: DuplexStream) {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut lines = BufReader::new(reader);
    let mut line = Vec::new();
    let mut version = Version::V1;
    while let Ok(1..) = lines.read_until(b'\n', &mut line).await {
        let (answer, last) = sdk::answer_line(device, &mut version, &line);
        let Ok(mut bytes) = serde_json::to_vec(&answer) else { return };
        bytes.push(b'\n');
        if writer.write_all(&bytes).await.is_err() || last {
            return;
        }
        line.clear();
    }
}
