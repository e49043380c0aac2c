//! What lies in a bundle folder: every file with its size and digest, and everything that should
//! not be there.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use hallmark_model::{Sha256, text::one_line};

use crate::{digest, layout};

/// A file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256,
}

/// Something in the folder that cannot be part of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Oddity {
    /// A symbolic link.
    #[error("{0}: is a link; a bundle holds ordinary files only")]
    Link(String),
    /// A socket, a pipe or a device.
    #[error("{0}: is neither a file nor a folder")]
    Special(String),
    /// A name that tools could read differently.
    #[error("{shown}: cannot be named so: {reason}")]
    Name {
        /// The name, made fit to print.
        shown: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A folder without a file in it.
    #[error("{0}: is an empty folder; remove it")]
    EmptyFolder(String),
    /// The system would not let us read it.
    #[error("{name}: cannot be read: {reason}")]
    Unreadable {
        /// Which file or folder.
        name: String,
        /// What the system says.
        reason: String,
    },
    /// More files than anybody should have to hash.
    #[error("the folder holds more than {} files; the rest was not read", layout::MAX_FILES)]
    TooMany,
    /// More bytes than anybody should have to hash.
    #[error("{0}: brings the folder above {max} bytes; the rest was not read", max = layout::MAX_TOTAL)]
    TooLarge(String),
}

impl Oddity {
    /// The path concerned, where there is one.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Link(name)
            | Self::Special(name)
            | Self::Name { shown: name, .. }
            | Self::EmptyFolder(name)
            | Self::Unreadable { name, .. }
            | Self::TooLarge(name) => Some(name),
            Self::TooMany => None,
        }
    }
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The files, by path with `/` between the parts.
    pub files: BTreeMap<String, Entry>,
    /// What should not be there, in the order of the walk.
    pub oddities: Vec<Oddity>,
}

impl Inventory {
    /// Walks `dir` and hashes every file. Links are never followed; what cannot be read or named
    /// becomes an oddity and the walk goes on.
    ///
    /// # Errors
    ///
    /// When `dir` itself is not a folder that can be listed.
    pub fn take(dir: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(dir)?;
        if !found.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder"));
        }
        let mut walk = Walk { inventory: Self::default(), left: layout::MAX_TOTAL, full: false };
        // Listed once here so that an unreadable root is an error and not an empty bundle.
        drop(fs::read_dir(dir)?);
        walk.folder(dir, "");
        Ok(walk.inventory)
    }

    /// The files that a statement covers.
    pub fn covered(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let inside = |(name, _): &(&str, &Entry)| !layout::is_outside_statement(name);
        self.files.iter().map(|(name, entry)| (&name[..], entry)).filter(inside)
    }

    /// The signature files, in order.
    pub fn signatures(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str).filter(|name| layout::is_signature(name))
    }
}

struct Walk {
    inventory: Inventory,
    left: u64,
    full: bool,
}

impl Walk {
    fn folder(&mut self, path: &Path, name: &str) {
        let entries = match list(path) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(name, &error),
        };
        if entries.is_empty() && !name.is_empty() {
            self.odd(Oddity::EmptyFolder(name.to_owned()));
        }
        for child in entries {
            if self.full {
                return;
            }
            let part = child.file_name().unwrap_or_default();
            let Some(joined) = part.to_str().map(|part| join(name, part)) else {
                let shown = one_line(&join(name, &part.to_string_lossy()));
                self.odd(Oddity::Name { shown, reason: "it is not UTF-8" });
                continue;
            };
            match check(&joined) {
                Ok(()) => self.entry(&child, joined),
                Err(reason) => self.odd(Oddity::Name { shown: one_line(&joined), reason }),
            }
        }
    }

    fn entry(&mut self, path: &Path, name: String) {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => self.odd(Oddity::Link(name)),
            Ok(found) if found.is_dir() => self.folder(path, &name),
            Ok(found) if found.is_file() => self.file(path, name, found.len()),
            Ok(_) => self.odd(Oddity::Special(name)),
            Err(error) => self.unreadable(&name, &error),
        }
    }

    fn file(&mut self, path: &Path, name: String, size: u64) {
        if self.inventory.files.len() >= layout::MAX_FILES {
            self.full = true;
            return self.odd(Oddity::TooMany);
        }
        if size > self.left {
            self.full = true;
            return self.odd(Oddity::TooLarge(name));
        }
        match File::open(path).and_then(|file| digest::sha256_of(file, self.left)) {
            Ok((sha256, size)) => {
                self.left -= size;
                self.inventory.files.insert(name, Entry { size, sha256 });
            }
            Err(error) => self.unreadable(&name, &error),
        }
    }

    fn unreadable(&mut self, name: &str, error: &io::Error) {
        self.odd(Oddity::Unreadable { name: name.to_owned(), reason: error.to_string() });
    }

    /// Notes an oddity; there can be no more of them than there may be files.
    fn odd(&mut self, oddity: Oddity) {
        if self.inventory.oddities.len() < layout::MAX_FILES {
            self.inventory.oddities.push(oddity);
        } else {
            self.full = true;
        }
    }
}

fn join(folder: &str, part: &str) -> String {
    if folder.is_empty() { part.to_owned() } else { format!("{folder}/{part}") }
}

/// The rule for names, and the one for the folder of signatures, in which nothing else may hide.
fn check(name: &str) -> Result<(), &'static str> {
    layout::check_name(name)?;
    match name.split_once('/') {
        Some((layout::SIGNATURES, _)) if !layout::is_signature(name) => {
            Err("the folder of signatures holds files called NN-role.p7s only")
        }
        _ => Ok(()),
    }
}

/// The children of a folder, sorted, so that two walks over the same folder say the same.
fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)?.take(layout::MAX_FILES + 1) {
        entries.push(entry?.path());
    }
    entries.sort_unstable();
    Ok(entries)
}

/// Reads the ordinary file `dir/name`, up to `limit` bytes; nothing where there is none.
pub(crate) fn read(dir: &Path, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let path = dir.join(name);
    match fs::symlink_metadata(&path) {
        Ok(found) if !found.is_file() => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(_) => {
            let mut bytes = Vec::new();
            File::open(&path)?.take(limit + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > limit {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    format!("it is larger than {limit} bytes"),
                ));
            }
            Ok(Some(bytes))
        }
    }
}
