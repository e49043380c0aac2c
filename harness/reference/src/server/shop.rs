//! What the server keeps: prekeys in memory, envelopes and attachments in a folder, one file for
//! each, with an index.
//!
//! Envelopes stay after their delivery, as they do on servers that keep them for further devices:
//! the folder is what a search at rest looks through.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use hallmark_driver::protocol::ops::Prekeys;

use crate::frame::{Answer, Request};

/// Files kept in all.
const MAX_FILES: usize = 4096;
/// Bytes kept in all.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Users known.
const MAX_USERS: usize = 256;
/// One-time prekeys kept for a user.
const MAX_ONE_TIME: usize = 100;
/// Longest name of a user or attachment, and longest label.
const MAX_NAME: usize = 64;

/// The state of the server.
#[derive(Debug)]
pub(super) struct Shop(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    folder: PathBuf,
    index: File,
    users: BTreeMap<String, User>,
    files: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct User {
    prekeys: Option<Prekeys>,
    waiting: VecDeque<Waiting>,
}

/// An envelope that was not fetched yet.
#[derive(Debug)]
struct Waiting {
    from: String,
    tag: String,
    file: PathBuf,
}

type Answered = Result<(Answer, Vec<u8>), String>;

impl Shop {
    /// Keeps everything in this folder.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join("messages"))?;
        fs::create_dir_all(folder.join("media"))?;
        let index =
            OpenOptions::new().create(true).append(true).open(folder.join("index.jsonl"))?;
        let (folder, users) = (folder.to_owned(), BTreeMap::new());
        Ok(Self(Mutex::new(Kept { folder, index, users, files: 0, bytes: 0 })))
    }

    /// Does what is asked, on the main listener and on that for media alike.
    pub(super) fn answer(&self, routing: &str, request: Request, body: &[u8]) -> (Answer, Vec<u8>) {
        if !is_name(routing) {
            return refused("the routing label is not one".to_owned());
        }
        let mut kept = self.kept();
        let answered = match request {
            Request::Presence { name } => kept.user(&name).map(|_| (Answer::Done, Vec::new())),
            Request::Publish { name, prekeys } => kept.publish(&name, *prekeys),
            Request::Prekeys { of } => kept.prekeys(&of),
            Request::Put { from, to, tag } => kept.put(routing, [from, to, tag], body),
            Request::Get { name } => kept.get(&name),
            Request::Upload { name } => kept.upload(routing, &name, body),
            Request::Download { name } => kept.download(&name),
            // Passed on to a push service, and forgotten.
            Request::Preview { to } => kept.user(&to).map(|_| (Answer::Done, Vec::new())),
        };
        answered.unwrap_or_else(refused)
    }

    /// How many envelopes wait for this user.
    pub(super) fn waiting(&self, name: &str) -> usize {
        self.kept().users.get(name).map_or(0, |user| user.waiting.len())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn user(&mut self, name: &str) -> Result<&mut User, String> {
        if !is_name(name) {
            return Err("the name is not one".to_owned());
        }
        if !self.users.contains_key(name) && self.users.len() >= MAX_USERS {
            return Err("there are too many users".to_owned());
        }
        Ok(self.users.entry(name.to_owned()).or_default())
    }

    fn publish(&mut self, name: &str, prekeys: Prekeys) -> Answered {
        if prekeys.one_time_prekeys.len() > MAX_ONE_TIME {
            return Err("there are too many one-time prekeys".to_owned());
        }
        self.user(name)?.prekeys = Some(prekeys);
        Ok((Answer::Done, Vec::new()))
    }

    /// The prekeys with one of their one-time prekeys, which is then gone.
    fn prekeys(&mut self, of: &str) -> Answered {
        let Some(published) = self.user(of)?.prekeys.as_mut() else {
            return Ok((Answer::Nothing, Vec::new()));
        };
        let one = published.one_time_prekeys.pop();
        let prekeys = Prekeys { one_time_prekeys: one.into_iter().collect(), ..published.clone() };
        Ok((Answer::Prekeys { prekeys: Box::new(prekeys) }, Vec::new()))
    }

    fn put(&mut self, routing: &str, [from, to, tag]: [String; 3], body: &[u8]) -> Answered {
        if !is_name(&from) || !is_name(&tag) {
            return Err("sender or tag is not a name".to_owned());
        }
        self.user(&to)?;
        let name = format!("messages/{to}-{:04}", self.files);
        let file = self.keep(routing, &name, body, &format!("{from} to {to}"))?;
        self.user(&to)?.waiting.push_back(Waiting { from, tag, file });
        Ok((Answer::Done, Vec::new()))
    }

    fn get(&mut self, name: &str) -> Answered {
        let Some(Waiting { from, tag, file }) = self.user(name)?.waiting.pop_front() else {
            return Ok((Answer::Nothing, Vec::new()));
        };
        Ok((Answer::Envelope { from, tag }, fs::read(file).map_err(unkept)?))
    }

    fn upload(&mut self, routing: &str, name: &str, body: &[u8]) -> Answered {
        if !is_name(name) {
            return Err("the name is not one".to_owned());
        }
        self.keep(routing, &format!("media/{name}"), body, "attachment")?;
        Ok((Answer::Done, Vec::new()))
    }

    fn download(&self, name: &str) -> Answered {
        if !is_name(name) {
            return Err("the name is not one".to_owned());
        }
        match fs::read(self.folder.join("media").join(name)) {
            Ok(body) => Ok((Answer::Attachment, body)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok((Answer::Nothing, Vec::new()))
            }
            Err(error) => Err(unkept(error)),
        }
    }

    /// Writes a file and its line in the index.
    fn keep(
        &mut self,
        routing: &str,
        name: &str,
        body: &[u8],
        what: &str,
    ) -> Result<PathBuf, String> {
        if self.files >= MAX_FILES || self.bytes.saturating_add(body.len()) > MAX_BYTES {
            return Err("the store is full".to_owned());
        }
        let file = self.folder.join(name);
        fs::write(&file, body).map_err(unkept)?;
        let line = serde_json::json!({
            "file": name, "what": what, "bytes": body.len(), "routing": routing
        });
        writeln!(self.index, "{line}").map_err(unkept)?;
        self.files += 1;
        self.bytes = self.bytes.saturating_add(body.len());
        Ok(file)
    }
}

/// Whether this can stand in a path.
fn is_name(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(known)
}

fn unkept(error: io::Error) -> String {
    format!("the store failed: {error}")
}

fn refused(why: String) -> (Answer, Vec<u8>) {
    (Answer::Refused { why }, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_paths() {
        for name in ["alice", "a-1", "HALLMARK-CONTROL-00ff"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a\\b", "a\0", "é", &"a".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
