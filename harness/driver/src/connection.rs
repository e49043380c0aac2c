//! One device, over any byte stream: a child's pipes, a socket, an in-memory duplex.

use std::time::Duration;

use tokio::{
    io::{
        AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream,
    },
    time::timeout,
};

use crate::{
    outcome::{Breakage, Outcome},
    process::Child,
    protocol::{
        Answer, Fault, MAX_LINE, PROTOCOL, Request, Said, WrongAnswer,
        ops::{Hello, HelloAnswer, Operation, Shutdown},
    },
    sdk::{self, Device},
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
    /// The first exchange failed.
    #[error("the driver did not say hello: {0}")]
    Hello(String),
}

/// A connection to one device, past its `hello`.
pub struct Connection {
    reader: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    child: Option<Child>,
    deadlines: Deadlines,
    next_id: u64,
    broken: Option<Breakage>,
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

    /// Says hello to a child process, which lives as long as the connection.
    ///
    /// # Errors
    ///
    /// When the child does not answer, or not as the protocol wants.
    pub(crate) async fn with_child(
        mut child: Child,
        deadlines: Deadlines,
    ) -> Result<Self, Unreachable> {
        let (reader, writer) = child.take_pipes();
        Self::greet(reader, writer, Some(child), deadlines).await
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
        child: Option<Child>,
        deadlines: Deadlines,
    ) -> Result<Self, Unreachable> {
        let mut connection = Self {
            reader: BufReader::new(reader),
            writer,
            child,
            deadlines,
            next_id: 1,
            broken: None,
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
        let hello = Hello { protocols: vec![PROTOCOL.to_owned()] };
        match connection.exchange(&hello, deadlines.hello).await {
            Outcome::Ok(answer, _) if answer.protocol == PROTOCOL => {
                connection.hello = answer;
                Ok(connection)
            }
            Outcome::Ok(answer, _) => Err(Unreachable::Hello(format!(
                "field `ok` of `hello`: it chose protocol `{}`, offered was `{PROTOCOL}`",
                hallmark_model::text::one_line(&answer.protocol)
            ))),
            other => {
                let said = other.to_string();
                let stderr = connection.end().await;
                Err(Unreachable::Hello(match stderr {
                    Some(last) => format!("{said}; its last words: {last}"),
                    None => said,
                }))
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
        self.child.as_ref().map(Child::isolation).unwrap_or_default()
    }

    /// Asks the device to do something.
    pub async fn call<O: Operation>(&mut self, args: &O) -> Outcome<O::Answer> {
        self.exchange(args, self.deadlines.operation).await
    }

    /// Ends the device in an orderly way; a process that does not end is made to. Returns the
    /// last line it wrote to its log, if any.
    pub async fn end(mut self) -> Option<String> {
        if self.broken.is_none() {
            let _ = self.exchange(&Shutdown {}, Duration::from_secs(1)).await;
        }
        drop((self.reader, self.writer));
        match self.child {
            Some(child) => child.end().await,
            None => None,
        }
    }

    async fn exchange<O: Operation>(&mut self, args: &O, within: Duration) -> Outcome<O::Answer> {
        if let Some(breakage) = &self.broken {
            return Outcome::Broken(breakage.clone());
        }
        let id = self.next_id;
        self.next_id += 1;
        let line = match Request::new(id, args).and_then(|request| serde_json::to_vec(&request)) {
            Ok(line) => line,
            Err(error) => return Outcome::Error(Fault { message: error.to_string() }),
        };
        let said = match timeout(within, self.turn(line)).await {
            Ok(Ok(answer)) => Answer::read::<O>(id, &answer).map_err(Breakage::Garbage),
            Ok(Err(breakage)) => Err(breakage),
            Err(_) => Err(Breakage::TimedOut(within)),
        };
        match said {
            Ok((Said::Ok(value), warnings)) => Outcome::Ok(value, warnings),
            Ok((Said::Refused(refusal), _)) => Outcome::Refused(refusal),
            Ok((Said::Unsupported(unsupported), _)) => Outcome::Unsupported(unsupported),
            Ok((Said::Error(fault), _)) => Outcome::Error(fault),
            Err(breakage) => {
                let breakage = self.explain(breakage).await;
                self.broken = Some(breakage.clone());
                Outcome::Broken(breakage)
            }
        }
    }

    /// Writes a request and reads a line. Reading starts at once, so that a driver that floods
    /// its output before reading its input cannot block us both.
    async fn turn(&mut self, mut request: Vec<u8>) -> Result<Vec<u8>, Breakage> {
        request.push(b'\n');
        let mut line = Vec::new();
        let write = async {
            self.writer.write_all(&request).await?;
            self.writer.flush().await
        };
        let read = async {
            let mut limited = (&mut self.reader).take(MAX_LINE as u64 + 1);
            limited.read_until(b'\n', &mut line).await
        };
        let (_written, read) = tokio::join!(write, read);
        match read {
            Ok(0) | Err(_) => Err(Breakage::Closed),
            Ok(_) if line.last() == Some(&b'\n') => Ok(line),
            Ok(_) if line.len() > MAX_LINE => Err(Breakage::Oversized(MAX_LINE)),
            Ok(_) => Err(Breakage::Garbage(WrongAnswer::Form("the line has no end".to_owned()))),
        }
    }

    /// A closed connection is a crash where the process has ended.
    async fn explain(&mut self, breakage: Breakage) -> Breakage {
        match (&breakage, &mut self.child) {
            (Breakage::Closed, Some(child)) => match child.exit_reason().await {
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
    while let Ok(1..) = lines.read_until(b'\n', &mut line).await {
        let (answer, last) = sdk::answer_line(device, &line);
        let Ok(mut bytes) = serde_json::to_vec(&answer) else { return };
        bytes.push(b'\n');
        if writer.write_all(&bytes).await.is_err() || last {
            return;
        }
        line.clear();
    }
}
