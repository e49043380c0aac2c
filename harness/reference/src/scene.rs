//! The scene: two users of the reference app exchange messages through the reference server, while
//! a relay records.

mod app;
mod attachment;
mod backup;
mod call;
mod texts;

use std::{
    fs::{self, File},
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use hallmark_driver::sdk::Declined;
use hallmark_wire::Relay;

use crate::{
    faults::Faults,
    server::{ReferenceServer, tls::Listener},
};
use app::App;
use call::{Call, Line};
use texts::Texts;

/// What a scene leaves behind for whoever looks for what was said in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// Everything that went over the network, as pcapng.
    pub capture: PathBuf,
    /// The secrets of every TLS session, as the app logged them.
    pub keylog: PathBuf,
    /// Texts that only sender and recipient may see: one in each message, one in the attachment.
    pub canaries: Vec<String>,
    /// Texts that stand in every stream and in every store.
    pub controls: Vec<String>,
    /// The folder in which server and apps store what they handle.
    pub storage: PathBuf,
}

/// Why a scene could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// Network or files.
    #[error("failed to {doing}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A messenger would not.
    #[error("failed to {doing}: the messenger declined: {why}")]
    Declined {
        /// What was tried.
        doing: &'static str,
        /// Its answer.
        why: String,
    },
    /// The server would not.
    #[error("failed to {doing}: the server answered {answer}")]
    Answer {
        /// What was tried.
        doing: &'static str,
        /// Its answer.
        answer: String,
    },
    /// Something arrived, but not what was sent.
    #[error("failed to deliver {what}: what arrived is not what was sent")]
    Differs {
        /// What was sent.
        what: &'static str,
    },
}

/// Plays the scene: four messages, an attachment, the apps' backups.
///
/// Every message and the attachment are delivered and compared. Everything that is recorded lies
/// in `folder`, what is stored in [`ReferenceServer::storage`]. Texts come from the seed, keys do
/// not.
///
/// # Errors
///
/// When anything at all is not delivered.
pub fn play(
    server: &ReferenceServer,
    faults: &Faults,
    folder: &Path,
    seed: u64,
) -> Result<Played, SceneError> {
    let texts = Texts::new(seed);
    let capture = folder.join("scene.pcapng");
    let keylog = folder.join("scene.keylog");
    fs::create_dir_all(folder).map_err(failed("make the folder of the scene"))?;
    let (relay, lines) = record(server, *faults, &capture, &keylog, &texts)
        .map_err(failed("start to record the scene"))?;
    let mut alice = App::start("alice", &lines, *faults, seed)?;
    let mut bob = App::start("bob", &lines, *faults, seed)?;
    converse(&mut alice, &mut bob, &texts)?;
    for app in [alice, bob] {
        app.end(server.storage(), &texts.control)?;
    }
    let recorded = relay.finish_blocking().map_err(failed("record the scene"))?;
    if recorded.cut > 0 {
        let source = io::Error::other("connections did not end in time");
        return Err(failed("record the scene")(source));
    }
    Ok(Played {
        capture,
        keylog,
        canaries: texts.canaries,
        controls: vec![texts.control],
        storage: server.storage().to_owned(),
    })
}

/// Alice writes first. Each goes on as soon as the other's message has arrived.
fn converse(alice: &mut App<'_>, bob: &mut App<'_>, texts: &Texts) -> Result<(), SceneError> {
    bob.publish()?;
    alice.begin("bob")?;
    let [first, second, third, fourth] = &texts.messages;
    for text in [first, second] {
        alice.write("bob", text)?;
        bob.expect("alice", text)?;
        alice.presence()?;
        bob.presence()?;
        if text == first {
            bob.write("alice", third)?;
            alice.expect("bob", third)?;
        }
    }
    let key = bob.attach("report", &texts.attachment)?;
    let told = format!("{fourth} {key}");
    bob.write("alice", &told)?;
    alice.expect("bob", &told)?;
    alice.fetch("report", &key, &texts.attachment)
}

/// Puts the relay between the app and every listener of the server.
fn record(
    server: &ReferenceServer,
    faults: Faults,
    capture: &Path,
    keylog: &Path,
    texts: &Texts,
) -> io::Result<(Relay, Line)> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut relay = Relay::start(anywhere, server.address(), capture)?;
    let media = relay.also(anywhere, server.media_address())?;
    let notices =
        server.notices_address().map(|address| relay.also(anywhere, address)).transpose()?;
    let log = Arc::new(Mutex::new(File::create(keylog)?));
    let call = |address, listener| {
        let log = Arc::clone(&log);
        Call::new(address, listener, faults, server.public_key(), move |line| {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            // A line that is missing shows: the control is then not found.
            let _ = writeln!(log, "{line}");
        })
    };
    let line = Line {
        main: call(relay.address(), Listener::Main)?,
        media: call(media, Listener::Media)?,
        notices,
        routing: texts.control.clone(),
    };
    Ok((relay, line))
}

fn failed(doing: &'static str) -> impl FnOnce(io::Error) -> SceneError {
    move |source| SceneError::Io { doing, source }
}

fn declined(doing: &'static str) -> impl FnOnce(Declined) -> SceneError {
    move |why| SceneError::Declined { doing, why: format!("{why:?}") }
}
