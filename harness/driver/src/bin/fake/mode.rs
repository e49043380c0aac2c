//! The ways to misbehave.

use std::{
    env, fs,
    io::{self, Write},
    net::{TcpListener, TcpStream},
    process, thread,
    time::Duration,
};

use hallmark_driver::{
    protocol::{Answer, Class, Fault, Refusal, Unsupported, Warning, WarningClass, WarningLine},
    sdk::Device,
};
use serde_json::{Value, json};

macro_rules! modes {
    ($($(#[$doc:meta])* $name:literal $mode:ident,)*) => {
        /// What to do wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mode {
            $($(#[$doc])* $mode,)*
        }

        impl Mode {
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$mode),)*
                    _ => None,
                }
            }

            pub(crate) fn names() -> &'static [&'static str] {
                &[$($name),*]
            }
        }
    };
}

modes! {
    /// Nothing.
    "right" Right,
    /// Refuses everything.
    "wrong" Wrong,
    /// Never answers.
    "silent" Silent,
    /// Answers after 300 ms.
    "slow" Slow,
    /// Answers after 700 ms, which a test gives it less than.
    "late" Late,
    /// Writes what is not JSON.
    "garbage" Garbage,
    /// Writes a line of a gibibyte.
    "oversized" Oversized,
    /// Ends with status 3 and a word on stderr.
    "exit" Exit,
    /// Ends by SIGABRT.
    "crash" Crash,
    /// Ends by SIGABRT in the middle of an answer.
    "crash-mid-operation" CrashMidOperation,
    /// Closes its output and lives.
    "close-stdout" CloseStdout,
    /// Writes half an answer and hangs.
    "half-line" HalfLine,
    /// Answers with the next request's id.
    "wrong-id" WrongId,
    /// Answers with the id as a string.
    "string-id" StringId,
    /// Answers `ok` and `refused` at once.
    "two-kinds" TwoKinds,
    /// Answers nothing of the four.
    "no-kind" NoKind,
    /// Answers two objects on one line.
    "two-in-one" TwoInOne,
    /// Answers with two lines.
    "two-lines" TwoLines,
    /// Adds a field that the protocol does not have.
    "unknown-field" UnknownField,
    /// Writes base64 without padding.
    "wrong-base64" WrongBase64,
    /// Claims everything, cannot sign, and decrypts to another text.
    "lying" Lying,
    /// Claims to do nothing but make identities, and does everything.
    "modest" Modest,
    /// Starts a process that starts a process that holds its output open.
    "fork-grandchild" ForkGrandchild,
    /// Ends, leaving such a process behind.
    "fork-and-exit" ForkAndExit,
    /// Writes four mebibytes before it reads.
    "flood-before-read" FloodBeforeRead,
    /// Reads nothing, ever.
    "never-read" NeverRead,
    /// Floods stderr before each answer.
    "noisy" Noisy,
    /// Lives on when its input has ended, and after `shutdown`.
    "ignore-stdin-eof" IgnoreStdinEof,
    /// Says in `hello` what it finds around itself.
    "surroundings" Surroundings,
    /// Says in `hello` which sockets it can reach; MARKER is a port of this machine's loopback.
    "network" Network,
    /// Says in `hello` what it was handed, as it is and backwards.
    "secrets" Secrets,
    /// Speaks in groups from which it was removed.
    "lingering" Lingering,
    /// Takes version 2, whatever is offered.
    "stubborn" Stubborn,
    /// Warns of everything, without a word.
    "nervous" Nervous,
    /// Answers what is not there with `error`.
    "no-unsupported" NoUnsupported,
    /// Not a driver: the process that fork-again leaves behind.
    "sleeper" Sleeper,
    /// Not a driver: starts a sleeper and ends.
    "fork-again" ForkAgain,
    /// Not a driver: plays Hallmark.
    "hold" Hold,
}

impl Mode {
    /// What `hello` says of the way of calling, where it matters.
    pub(crate) fn calling(self) -> Option<String> {
        match self {
            Self::Surroundings => {}
            Self::Network => return Some(reached().to_string()),
            Self::Secrets => return Some(handed().to_string()),
            _ => return None,
        }
        let names: Vec<_> = env::vars().map(|(name, _)| name).collect();
        let home = env::var("HOME").unwrap_or_default();
        let mode = fs::metadata(&home).map(|data| {
            use std::os::unix::fs::PermissionsExt;
            data.permissions().mode() & 0o777
        });
        let here = env::current_dir().unwrap_or_default();
        let said = json!({
            "variables": names,
            "home": home,
            "mode": mode.ok().map(|mode| format!("{mode:o}")),
            "temporary": env::temp_dir(),
            "working": here,
        });
        Some(said.to_string())
    }

    /// The line in place of `answer`, without its end; empty for none.
    pub(crate) fn answer(self, request: &str, mut answer: Answer) -> io::Result<Vec<u8>> {
        let hello = request.contains("\"hello\"");
        match self {
            Self::Wrong if !hello => {
                let refusal = Refusal { class: Class::Other, detail: Some("no".to_owned()) };
                answer = Answer { id: answer.id, refused: Some(refusal), ..Answer::default() };
            }
            Self::Silent => return Ok(Vec::new()),
            Self::Slow => thread::sleep(Duration::from_millis(300)),
            Self::Late => thread::sleep(Duration::from_millis(700)),
            Self::Garbage => return Ok(b"Segmentation fault \x1b[2J(core dumped)".to_vec()),
            Self::Oversized => {
                super::flood()?;
                return Ok(Vec::new());
            }
            Self::Exit => {
                writeln!(io::stderr(), "giving up: no database")?;
                leave(3);
            }
            Self::ForkAndExit => {
                super::start_ourselves("fork-again", &env::args().nth(3).unwrap_or_default())?;
                thread::sleep(Duration::from_millis(200));
                leave(0);
            }
            Self::Crash => process::abort(),
            Self::CrashMidOperation => {
                half(&answer)?;
                process::abort();
            }
            Self::HalfLine => {
                half(&answer)?;
                return Ok(Vec::new());
            }
            Self::CloseStdout => {
                let null = fs::File::create("/dev/null")?;
                rustix::stdio::dup2_stdout(&null)?;
                return Ok(Vec::new());
            }
            Self::WrongId => answer.id += 1,
            Self::StringId => {
                let mut value = serde_json::to_value(&answer)?;
                value["id"] = Value::String(answer.id.to_string());
                return Ok(serde_json::to_vec(&value)?);
            }
            Self::TwoKinds => {
                answer.refused = Some(Refusal { class: Class::Policy, detail: None });
            }
            Self::NoKind => answer = Answer { id: answer.id, ..Answer::default() },
            Self::TwoInOne => {
                let once = serde_json::to_vec(&answer)?;
                return Ok([&once[..], &once[..]].concat());
            }
            Self::TwoLines => {
                let once = serde_json::to_vec(&answer)?;
                return Ok([&once[..], b"\n", &once[..]].concat());
            }
            Self::UnknownField => {
                if let Some(prekeys) = answer.ok.as_mut().and_then(|ok| ok.get_mut("prekeys")) {
                    prekeys["colour"] = json!("blue");
                }
            }
            Self::WrongBase64 => {
                if let Some(Value::String(key)) =
                    answer.ok.as_mut().and_then(|ok| ok.get_mut("identity_key"))
                {
                    *key = key.trim_end_matches('=').to_owned();
                }
            }
            Self::Lying => lie(request, &mut answer),
            Self::Modest if hello => {
                if let Some(ok) = &mut answer.ok {
                    ok["capabilities"] = json!(["identity.create", "identity.public"]);
                }
            }
            Self::Noisy => {
                for _ in 0..256 {
                    io::stderr().write_all(&[b'~'; 4096])?;
                }
            }
            Self::Lingering
                if request.contains("\"group.encrypt\"") && answer.refused.is_some() =>
            {
                answer.refused = None;
                answer.ok = Some(json!({ "envelopes": [] }));
            }
            Self::Stubborn if hello => {
                answer.error = None;
                let device = super::toy::Toy::saying(None);
                let mut said = serde_json::to_value(device.hello())?;
                said["protocol"] = json!("hallmark-driver/2");
                answer.ok = Some(said);
            }
            Self::Nervous if request.contains("\"message.encrypt\"") => {
                let (class, text) = (WarningClass::Other, String::new());
                answer.warnings.push(WarningLine::Classed(Warning { class, text }));
            }
            Self::NoUnsupported => {
                if let Some(Unsupported { reason }) = answer.unsupported.take() {
                    answer.error = Some(Fault { message: reason });
                }
            }
            _ => {}
        }
        Ok(serde_json::to_vec(&answer)?)
    }
}

/// Whether a port of the machine can be reached, and one of our own.
fn reached() -> Value {
    let to = |port: u16| TcpStream::connect(("127.0.0.1", port)).map(drop).map_err(|e| e.kind());
    let outside = env::args().nth(3).and_then(|port| port.parse().ok()).unwrap_or(0);
    let own = TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| Ok((listener.local_addr()?.port(), listener)))
        .map_err(|error| error.kind())
        .and_then(|(port, _listening)| to(port));
    json!({ "outside": format!("{:?}", to(outside)), "own": format!("{own:?}") })
}

/// What was handed over, and whether it stands anywhere else.
fn handed() -> Value {
    let number = env::var(hallmark_driver::secrets::SECRETS_FD).unwrap_or_default();
    let text = fs::read_to_string(format!("/proc/self/fd/{number}")).unwrap_or_default();
    let object: Value = serde_json::from_str(&text).unwrap_or_default();
    let value = object["account-password"].as_str().unwrap_or_default().to_owned();
    let backwards: String = value.chars().rev().collect();
    let elsewhere = env::vars().any(|(_, other)| other.contains(&value))
        || env::args().any(|other| other.contains(&value));
    let _ = writeln!(io::stderr(), "the password is {value}");
    json!({ "value": value, "backwards": backwards, "elsewhere": elsewhere })
}

fn half(answer: &Answer) -> io::Result<()> {
    let bytes = serde_json::to_vec(answer)?;
    io::stdout().write_all(&bytes[..bytes.len() / 2])?;
    io::stdout().flush()
}

fn lie(request: &str, answer: &mut Answer) {
    if request.contains("\"identity.sign\"") {
        answer.ok = None;
        answer.unsupported = Some(Unsupported { reason: "keys stay where they are".to_owned() });
    }
    if let Some(messages) = answer.ok.as_mut().and_then(|ok| ok.get_mut("messages"))
        && let Some(message) = messages.get_mut(0)
    {
        message["plaintext"] = json!("YWxsIGlzIHdlbGw=");
    }
}

#[expect(clippy::exit, reason = "a crash in the middle of an operation is the purpose")]
fn leave(status: i32) -> ! {
    process::exit(status)
}
