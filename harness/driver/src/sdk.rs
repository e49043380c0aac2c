//! The driver's end of the protocol, for drivers written in Rust.
//!
//! Implement [`Device`] for the candidate and hand it to [`serve`]. Operations that are not
//! implemented answer `unsupported`, and `hello` lists just those that
//! [`Device::capabilities`] names.
//!
//! A whole driver, for a candidate that can do little:
//!
//! ```
//! use hallmark_driver::{
//!     protocol::ops,
//!     sdk::{self, Declined, Device, Reply},
//! };
//!
//! #[derive(Default)]
//! struct Example {
//!     name: Option<String>,
//! }
//!
//! impl Device for Example {
//!     fn hello(&self) -> ops::HelloAnswer {
//!         let program = |name: &str| ops::Program {
//!             name: name.to_owned(),
//!             version: "1.0.0".to_owned(),
//!             sha256: None,
//!         };
//!         ops::HelloAnswer {
//!             protocol: String::new(),
//!             driver: program("example-driver"),
//!             candidate: program("Example"),
//!             family: "unknown".to_owned(),
//!             calling: "Calls the library as its manual shows.".to_owned(),
//!             capabilities: Vec::new(),
//!             limits: [("plaintext-bytes".to_owned(), 65_536)].into(),
//!         }
//!     }
//!
//!     fn capabilities(&self) -> Vec<&'static str> {
//!         vec!["identity.create", "identity.public"]
//!     }
//!
//!     fn reset(&mut self, _seed: Option<u64>) -> Reply<()> {
//!         self.name = None;
//!         Ok(())
//!     }
//!
//!     fn identity_create(&mut self, args: ops::IdentityCreate) -> Reply<ops::Done> {
//!         self.name = Some(args.name);
//!         Ok(ops::Done {})
//!     }
//!
//!     fn identity_public(&mut self, _: ops::IdentityPublic) -> Reply<ops::IdentityPublicAnswer> {
//!         let name = self.name.as_ref().ok_or_else(|| Declined::error("no identity yet"))?;
//!         Ok(ops::IdentityPublicAnswer { identity_key: name.as_bytes().into() })
//!     }
//! }
//!
//! // A driver's `main` serves `std::io::stdin().lock()` and `std::io::stdout()` instead.
//! let requests = br#"{"id": 1, "op": "identity.create", "args": {"name": "alice"}}
//! {"id": 2, "op": "identity.public", "args": {}}
//! {"id": 3, "op": "message.encrypt", "args": {"peer": "bob", "plaintext": "aGk="}}
//! "#;
//! let mut answers = Vec::new();
//! sdk::serve(&mut Example::default(), requests.as_slice(), &mut answers)?;
//! assert_eq!(
//!     String::from_utf8_lossy(&answers),
//!     r#"{"id":1,"ok":{}}
//! {"id":2,"ok":{"identity_key":"YWxpY2U="}}
//! {"id":3,"unsupported":{"reason":"this driver does not offer `message.encrypt`"}}
//! "#
//! );
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io::{self, BufRead, Read, Write};

use serde_json::Value;

use crate::protocol::{
    Answer, Class, Fault, MAX_LINE, Refusal, Request, Unsupported, Version, Warning, WarningLine,
    ops,
};

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declined {
    /// The candidate decided against it.
    Refused(Refusal),
    /// There is no such thing behind this driver.
    Unsupported(String),
    /// The driver failed.
    Error(String),
}

impl Declined {
    /// The candidate refused, for this reason and in these words.
    pub fn refused(class: Class, detail: impl ToString) -> Self {
        Self::Refused(Refusal { class, detail: Some(detail.to_string()) })
    }

    /// The driver failed: a call out of order, a state that cannot be read back.
    pub fn error(message: impl ToString) -> Self {
        Self::Error(message.to_string())
    }

    fn missing(op: &str) -> Self {
        Self::Unsupported(format!("this driver does not offer `{op}`"))
    }
}

/// What an operation came to.
pub type Reply<T> = Result<T, Declined>;

macro_rules! device {
    ($($op:ident($args:ident) -> $answer:ident, $doc:literal;)*) => {
        /// A candidate's device behind a driver.
        pub trait Device {
            /// Who you are. `protocol` and `capabilities` are filled in by [`serve`].
            fn hello(&self) -> ops::HelloAnswer;

            /// Names of the operations that work, besides the control group.
            fn capabilities(&self) -> Vec<&'static str>;

            /// Forget everything; be as after start. The seed is for candidates that can be made
            /// repeatable.
            fn reset(&mut self, seed: Option<u64>) -> Reply<()>;

            /// What the candidate showed its user during the last operation, taken away by
            /// asking.
            fn warnings(&mut self) -> Vec<Warning> {
                Vec::new()
            }

            $(
                #[doc = $doc]
                ///
                /// # Errors
                ///
                /// When the candidate refuses, the operation is not offered, or the driver fails.
                fn $op(&mut self, args: ops::$args) -> Reply<ops::$answer> {
                    let _ = args;
                    Err(Declined::missing(<ops::$args as ops::Operation>::NAME))
                }
            )*
        }

        fn dispatch(
            device: &mut dyn Device,
            version: &mut Version,
            op: &str,
            args: Value,
        ) -> Reply<Value> {
            match op {
                "hello" => {
                    let hello: ops::Hello = arguments(args)?;
                    *version = Version::best_of(&hello.protocols).ok_or_else(|| {
                        Declined::Error(format!("this driver speaks {}", Version::offer().join(", ")))
                    })?;
                    let mut answer = device.hello();
                    answer.protocol = version.name().to_owned();
                    answer.capabilities =
                        device.capabilities().into_iter().map(str::to_owned).collect();
                    value(answer)
                }
                "ping" => arguments::<ops::Ping>(args).and_then(|_| value(ops::Done {})),
                "shutdown" => arguments::<ops::Shutdown>(args).and_then(|_| value(ops::Done {})),
                "reset" => {
                    device.reset(arguments::<ops::Reset>(args)?.seed)?;
                    value(ops::Done {})
                }
                "process.pid" if device.capabilities().contains(&"process.pid") => {
                    arguments::<ops::ProcessPid>(args)?;
                    value(ops::PidAnswer { pid: std::process::id() })
                }
                $(<ops::$args as ops::Operation>::NAME => value(device.$op(arguments(args)?)?),)*
                _ => Err(Declined::missing(op)),
            }
        }
    };
}

device! {
    identity_create(IdentityCreate) -> Done, "`identity.create`";
    identity_public(IdentityPublic) -> IdentityPublicAnswer, "`identity.public`";
    identity_fingerprint(IdentityFingerprint) -> FingerprintAnswer, "`identity.fingerprint`";
    identity_sign(IdentitySign) -> SignAnswer, "`identity.sign`";
    prekeys_publish(PrekeysPublish) -> PrekeysAnswer, "`prekeys.publish`";
    prekeys_import(PrekeysImport) -> Done, "`prekeys.import`";
    session_start(SessionStart) -> EnvelopesAnswer, "`session.start`";
    session_info(SessionInfo) -> SessionInfoAnswer, "`session.info`";
    message_encrypt(MessageEncrypt) -> EnvelopesAnswer, "`message.encrypt`";
    message_decrypt(MessageDecrypt) -> MessagesAnswer, "`message.decrypt`";
    state_snapshot(StateSnapshot) -> StateAnswer, "`state.snapshot`";
    state_restore(StateRestore) -> Done, "`state.restore`";
    state_paths(StatePaths) -> PathsAnswer, "`state.paths`";
    session_delete(SessionDelete) -> Done, "`session.delete`";
    attachment_encrypt(AttachmentEncrypt) -> AttachmentAnswer, "`attachment.encrypt`";
    attachment_decrypt(AttachmentDecrypt) -> AttachmentTextAnswer, "`attachment.decrypt`";
    signed_open(SignedOpen) -> SignedAnswer, "`signed.open`";
    signed_seal(SignedSeal) -> EnvelopesAnswer, "`signed.seal`";
    device_import(DeviceImport) -> Done, "`device.import`";
    group_create(GroupCreate) -> GroupAnswer, "`group.create`";
    group_add(GroupAdd) -> GroupAnswer, "`group.add`";
    group_remove(GroupRemove) -> GroupAnswer, "`group.remove`";
    group_join(GroupJoin) -> GroupAnswer, "`group.join`";
    group_process(GroupProcess) -> GroupAnswer, "`group.process`";
    group_encrypt(GroupEncrypt) -> GroupAnswer, "`group.encrypt`";
    group_decrypt(GroupDecrypt) -> MessagesAnswer, "`group.decrypt`";
    group_rotate(GroupRotate) -> GroupAnswer, "`group.rotate`";
    group_forward(GroupForward) -> GroupAnswer, "`group.forward`";
    group_info(GroupInfo) -> GroupInfoAnswer, "`group.info`";
    account_login(AccountLogin) -> Done, "`account.login`";
    message_send(MessageSend) -> SentAnswer, "`message.send`";
    message_await(MessageAwait) -> ShownAnswer, "`message.await`";
    conversation_read(ConversationRead) -> ShownAnswer, "`conversation.read`";
    device_add(DeviceAdd) -> Done, "`device.add`";
    device_remove(DeviceRemove) -> Done, "`device.remove`";
    device_list(DeviceList) -> DevicesAnswer, "`device.list`";
    verify_start(VerifyStart) -> FingerprintAnswer, "`verify.start`";
    verify_confirm(VerifyConfirm) -> Done, "`verify.confirm`";
    backup_export(BackupExport) -> BackupAnswer, "`backup.export`";
    backup_import(BackupImport) -> Done, "`backup.import`";
    settings_get(SettingsGet) -> SettingAnswer, "`settings.get`";
    settings_set(SettingsSet) -> Done, "`settings.set`";
    world_set(WorldSet) -> Done, "`world.set`";
    relay_open(RelayOpen) -> RelayOpenAnswer, "`relay.open`";
    relay_tamper(RelayTamper) -> Done, "`relay.tamper`";
    relay_seen(RelaySeen) -> RelaySeenAnswer, "`relay.seen`";
    relay_claim(RelayClaim) -> RelayClaimAnswer, "`relay.claim`";
}

fn arguments<A: serde::de::DeserializeOwned>(args: Value) -> Reply<A> {
    serde_json::from_value(args).map_err(|error| Declined::Error(format!("bad arguments: {error}")))
}

fn value(answer: impl serde::Serialize) -> Reply<Value> {
    serde_json::to_value(answer).map_err(|error| Declined::Error(error.to_string()))
}

/// Answers one request line; the flag says that the request was `shutdown`. `version` is what the
/// last `hello` chose, `/1` before the first.
#[must_use]
pub fn answer_line(device: &mut dyn Device, version: &mut Version, line: &[u8]) -> (Answer, bool) {
    let request: Request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => {
            let fault = Fault { message: format!("the request is not of the protocol: {error}") };
            return (Answer { error: Some(fault), ..Answer::default() }, false);
        }
    };
    let mut answer = Answer { id: request.id, ..Answer::default() };
    match dispatch(device, version, &request.op, request.args) {
        Ok(value) => answer.ok = Some(value),
        Err(Declined::Refused(refusal)) => answer.refused = Some(refusal),
        Err(Declined::Unsupported(reason)) => answer.unsupported = Some(Unsupported { reason }),
        Err(Declined::Error(message)) => answer.error = Some(Fault { message }),
    }
    let warnings = device.warnings().into_iter();
    answer.warnings = warnings.map(|warning| WarningLine::of(warning, *version)).collect();
    (answer, request.op == "shutdown")
}

/// Serves requests from `input` until it ends or asks to shut down.
///
/// # Errors
///
/// When reading or writing fails, or a line is longer than the protocol allows.
pub fn serve(
    device: &mut dyn Device,
    mut input: impl BufRead,
    mut output: impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    let mut version = Version::V1;
    loop {
        line.clear();
        let limit = MAX_LINE as u64 + 1;
        if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() > MAX_LINE && line.last() != Some(&b'\n') {
            return Err(io::Error::other("a request line is longer than the protocol allows"));
        }
        let (answer, last) = answer_line(device, &mut version, &line);
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
        if last {
            return Ok(());
        }
    }
}
