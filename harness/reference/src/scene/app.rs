//! The app of one user: a messenger, its connections, and what it keeps.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use hallmark_driver::{
    protocol::ops::{
        Envelope, EnvelopeKind, IdentityCreate, MessageDecrypt, MessageEncrypt, Prekeys,
        PrekeysImport, PrekeysPublish, SessionStart,
    },
    sdk::Device,
};

use super::{
    SceneError, attachment, backup,
    call::{Connection, Line, notice, unexpected},
    declined, failed,
};
use crate::{
    Messenger,
    faults::{Fault, Faults},
    frame::{Answer, Request},
};

/// The app of one user.
pub(super) struct App<'a> {
    name: &'static str,
    messenger: Messenger,
    line: &'a Line,
    main: Connection,
    faults: Faults,
    /// Every text that was sent or received.
    texts: Vec<String>,
}

impl<'a> App<'a> {
    /// Makes a user and connects to the server.
    pub(super) fn start(
        name: &'static str,
        line: &'a Line,
        faults: Faults,
        seed: u64,
    ) -> Result<Self, SceneError> {
        let mut messenger = Messenger::new(faults);
        messenger.reset(Some(seed)).map_err(declined("start the messenger"))?;
        let create = IdentityCreate { name: name.to_owned() };
        messenger.identity_create(create).map_err(declined("make an identity"))?;
        let main = line.main.connect(&line.routing)?;
        Ok(Self { name, messenger, line, main, faults, texts: Vec::new() })
    }

    /// Hands prekeys to the server.
    pub(super) fn publish(&mut self) -> Result<(), SceneError> {
        let doing = "publish prekeys";
        let publish = PrekeysPublish { one_time: 2 };
        let prekeys = self.messenger.prekeys_publish(publish).map_err(declined(doing))?.prekeys;
        let name = self.name.to_owned();
        self.main.tell(doing, Request::Publish { name, prekeys: Box::new(prekeys) }, &[])
    }

    /// Begins a session from the prekeys that the server has of this user.
    pub(super) fn begin(&mut self, peer: &str) -> Result<(), SceneError> {
        let doing = "begin a session";
        let prekeys = self.prekeys_of(peer)?;
        let import = PrekeysImport { peer: peer.to_owned(), prekeys };
        self.messenger.prekeys_import(import).map_err(declined(doing))?;
        let start = SessionStart { peer: peer.to_owned() };
        self.messenger.session_start(start).map_err(declined(doing))?;
        Ok(())
    }

    fn prekeys_of(&mut self, peer: &str) -> Result<Prekeys, SceneError> {
        let doing = "fetch prekeys";
        match self.main.ask(doing, Request::Prekeys { of: peer.to_owned() }, &[])? {
            (Answer::Prekeys { prekeys }, _) => Ok(*prekeys),
            (other, _) => Err(unexpected(doing, &other)),
        }
    }

    /// Tells the server that this user is here.
    pub(super) fn presence(&mut self) -> Result<(), SceneError> {
        let doing = "announce presence";
        let Some(address) = self.line.notices else {
            return self.main.tell(doing, Request::Presence { name: self.name.to_owned() }, &[]);
        };
        let line = format!("PRESENCE {} available routing={}\r\n", self.name, self.line.routing);
        let heard = notice(address, &line).map_err(failed(doing))?;
        if !heard.starts_with("NOTICE ") {
            return Err(SceneError::Answer { doing, answer: heard });
        }
        Ok(())
    }

    /// Encrypts a text and sends it.
    pub(super) fn write(&mut self, peer: &str, text: &str) -> Result<(), SceneError> {
        let doing = "send a message";
        let encrypt = MessageEncrypt { peer: peer.to_owned(), plaintext: text.as_bytes().into() };
        let sent = self.messenger.message_encrypt(encrypt).map_err(declined(doing))?;
        for envelope in sent.envelopes {
            let (from, to) = (self.name.to_owned(), peer.to_owned());
            self.main.tell(doing, Request::Put { from, to, tag: envelope.tag }, &envelope.body)?;
        }
        if self.faults.has(Fault::CanaryInClear) {
            let preview = Request::Preview { to: peer.to_owned() };
            self.main.tell("send a preview", preview, text.as_bytes())?;
        }
        self.texts.push(text.to_owned());
        Ok(())
    }

    /// Fetches a message, decrypts it, and compares it with what was written.
    pub(super) fn expect(&mut self, peer: &str, text: &str) -> Result<(), SceneError> {
        let doing = "receive a message";
        let fetched = self.main.ask(doing, Request::Get { name: self.name.to_owned() }, &[])?;
        let (from, tag, body) = match fetched {
            (Answer::Envelope { from, tag }, body) => (from, tag, body),
            (other, _) => return Err(unexpected(doing, &other)),
        };
        let envelope = Envelope { kind: EnvelopeKind::Message, tag, body: body.into() };
        let received = self
            .messenger
            .message_decrypt(MessageDecrypt { from: from.clone(), envelope })
            .map_err(declined(doing))?;
        let texts: Vec<_> =
            received.messages.iter().map(|message| &message.plaintext[..]).collect();
        if from != peer || texts != [text.as_bytes()] {
            return Err(SceneError::Differs { what: "a message" });
        }
        self.texts.push(text.to_owned());
        Ok(())
    }

    /// Seals an attachment and sends it to the media server. Returns its key, for a message.
    pub(super) fn attach(&mut self, name: &str, bytes: &[u8]) -> Result<String, SceneError> {
        let doing = "send an attachment";
        let (key, sealed) = attachment::seal(bytes).map_err(|error| failed(doing)(error.into()))?;
        let mut media = self.line.media.connect(&self.line.routing)?;
        media.tell(doing, Request::Upload { name: name.to_owned() }, &sealed)?;
        media.end();
        Ok(STANDARD.encode(key))
    }

    /// Fetches an attachment, opens it, and compares it with what was sent.
    pub(super) fn fetch(&self, name: &str, key: &str, bytes: &[u8]) -> Result<(), SceneError> {
        let doing = "receive an attachment";
        let mut media = self.line.media.connect(&self.line.routing)?;
        let sealed = match media.ask(doing, Request::Download { name: name.to_owned() }, &[])? {
            (Answer::Attachment, sealed) => sealed,
            (other, _) => return Err(unexpected(doing, &other)),
        };
        media.end();
        let key = STANDARD.decode(key).unwrap_or_default();
        if attachment::open(&key, &sealed).as_deref() != Some(bytes) {
            return Err(SceneError::Differs { what: "an attachment" });
        }
        Ok(())
    }

    /// Ends the connection and writes a backup.
    pub(super) fn end(self, storage: &Path, routing: &str) -> Result<(), SceneError> {
        self.main.end();
        backup::write(storage, self.name, routing, &self.texts, self.faults)
            .map_err(failed("write a backup"))
    }
}
