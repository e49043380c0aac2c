//! Search of a storage folder.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    vec,
};

use hallmark_model::text;

use super::{Hunter, Place, matcher::Stream};

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// Entries of one folder that are looked at: their names are sorted in memory.
const ENTRIES: usize = 1_000_000;

/// Problems told one by one.
const PROBLEMS: usize = 50;

/// What became of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Files that were read to their end.
    pub files: u64,
    /// Files and folders that could not be read, or not to their end.
    pub unreadable: u64,
    /// Links that were not followed, and special files.
    pub skipped: u64,
    /// What was wrong, line by line: at most a few dozen.
    pub problems: Vec<String>,
}

impl Searched {
    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.unreadable = self.unreadable.saturating_add(1);
        self.problem(path, format_args!("not read: {error}"));
    }

    fn skipped(&mut self, path: &Path, why: &str) {
        self.skipped = self.skipped.saturating_add(1);
        self.problem(path, format_args!("{why}"));
    }

    fn problem(&mut self, path: &Path, what: std::fmt::Arguments<'_>) {
        match self.problems.len() {
            n if n < PROBLEMS => self.problems.push(format!("{}: {what}", shown(path))),
            PROBLEMS => self.problems.push("further problems are only counted".to_owned()),
            _ => {}
        }
    }
}

/// Searches everything in a folder, in the order of names. The folder itself may be a link: the
/// user named it.
pub(super) fn search(hunter: &mut Hunter, root: &Path) -> Searched {
    let mut searched = Searched::default();
    match fs::metadata(root) {
        Err(error) => searched.unreadable(Path::new("."), &error),
        Ok(found) if found.is_dir() => walk(hunter, root, &mut searched),
        Ok(_) => {
            let name = root.file_name().map(PathBuf::from).unwrap_or_default();
            name_of(hunter, &name);
            file(hunter, root, &name, &mut searched);
        }
    }
    searched
}

/// Goes down folder by folder. What is open is one list of names for each folder on the way.
fn walk(hunter: &mut Hunter, root: &Path, searched: &mut Searched) {
    let mut open = vec![entries(root, Path::new(""), searched)];
    while let Some(folder) = open.last_mut() {
        let Some(inside) = folder.next() else {
            open.pop();
            continue;
        };
        let path = root.join(&inside);
        name_of(hunter, &inside);
        match fs::symlink_metadata(&path).map(|found| found.file_type()) {
            Err(error) => searched.unreadable(&inside, &error),
            Ok(kind) if kind.is_dir() => open.push(entries(root, &inside, searched)),
            Ok(kind) if kind.is_file() => file(hunter, &path, &inside, searched),
            Ok(kind) if kind.is_symlink() => searched.skipped(&inside, "a link, not followed"),
            Ok(_) => searched.skipped(&inside, "neither a file nor a folder, not read"),
        }
    }
}

/// The entries of a folder, sorted, by their paths within the root.
fn entries(root: &Path, inside: &Path, searched: &mut Searched) -> vec::IntoIter<PathBuf> {
    let mut found = Vec::new();
    match fs::read_dir(root.join(inside)) {
        Err(error) => searched.unreadable(inside, &error),
        Ok(listing) => {
            for entry in listing {
                match entry {
                    Err(error) => {
                        searched.unreadable(inside, &error);
                        break;
                    }
                    Ok(_) if found.len() >= ENTRIES => {
                        let error = io::Error::other("it has more entries than are looked at");
                        searched.unreadable(inside, &error);
                        break;
                    }
                    Ok(entry) => found.push(inside.join(entry.file_name())),
                }
            }
        }
    }
    found.sort();
    found.into_iter()
}

fn name_of(hunter: &mut Hunter, inside: &Path) {
    if let Some(name) = inside.file_name() {
        hunter.alone(&Place::FileName(shown(inside)), name.as_encoded_bytes());
    }
}

fn file(hunter: &mut Hunter, path: &Path, inside: &Path, searched: &mut Searched) {
    match read(hunter, path, &Place::File(shown(inside))) {
        Ok(()) => searched.files = searched.files.saturating_add(1),
        Err(error) => searched.unreadable(inside, &error),
    }
}

fn read(hunter: &mut Hunter, path: &Path, place: &Place) -> io::Result<()> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut stream = Stream::new(&hunter.matcher);
    let mut recorded = vec![0; hunter.totals.len()];
    let mut chunk = vec![0; CHUNK];
    let mut offset = 0_u64;
    loop {
        let count = match file.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = chunk.get(..count).unwrap_or_default();
        hunter.next(place, &mut stream, offset, bytes, &mut recorded);
        offset = offset.saturating_add(count as u64);
    }
}

/// A path within the storage, fit for a line.
fn shown(inside: &Path) -> String {
    match text::one_line(&inside.to_string_lossy()) {
        empty if empty.is_empty() => ".".to_owned(),
        path => path,
    }
}
