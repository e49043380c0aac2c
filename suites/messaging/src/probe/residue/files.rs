//! The files in which a candidate says that it keeps its state.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use super::{Looked, Search};

/// Files and folders that are looked at.
const ENTRIES: usize = 10_000;

/// Searches every regular file at or below these paths. Links are not followed.
pub(super) async fn search(paths: &[String], mut search: Search<'_>) -> Looked {
    let mut open: Vec<PathBuf> = paths.iter().take(ENTRIES + 1).map(PathBuf::from).collect();
    if open.iter().any(|path| path.is_symlink()) {
        search.cut("a path of the state is a link, which is not followed");
    }
    let mut entries = 0;
    while let Some(path) = open.pop() {
        entries += 1;
        if entries > ENTRIES {
            search.cut(&format!("more than {ENTRIES} files: the rest was not read"));
            break;
        }
        let read = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => children(&path, &mut open),
            Ok(found) if found.is_file() => match one(&path, &mut search).await {
                Ok(false) => break,
                other => other.map(drop),
            },
            Ok(_) => Ok(()),
            // What was there when it was listed, and is no more, holds nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = read {
            search.cut(&format!("a file or folder cannot be read: {error}"));
        }
    }
    Looked::Searched(search.finish())
}

/// As many as there is room for; one too many, so that it is said.
fn children(folder: &Path, open: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.take(ENTRIES + 1) {
        open.push(entry?.path());
    }
    Ok(())
}

/// One file; `false` when the bounds of the search are reached.
async fn one(path: &Path, search: &mut Search<'_>) -> io::Result<bool> {
    // Whoever names the path can put something else there meanwhile: a link, or a pipe on which we
    // would wait for ever.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Ok(true);
    }
    search.seen.parts += 1;
    search.searcher.gap();
    search.run(|space| file.read(space)).await
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::{
        super::patterns::{Class, Patterns},
        *,
    };

    #[tokio::test]
    async fn regular_files_are_searched_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("state");
        let outside = folder.path().join("elsewhere");
        fs::create_dir_all(inside.join("deep/er")).unwrap();
        let (current, spent) = ([3; 32], [200; 32]);
        fs::write(inside.join("deep/er/a"), current).unwrap();
        fs::write(inside.join("b"), format!("{{\"key\":\"{}\"}}", STANDARD.encode(current)))
            .unwrap();
        fs::write(&outside, spent).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink(folder.path(), inside.join("folder")).unwrap();
        let patterns = Patterns::of(&[
            (Class::CurrentChainKey, current.to_vec()),
            (Class::PreviousChainKey, spent.to_vec()),
        ]);
        let paths =
            [inside.display().to_string(), folder.path().join("none").display().to_string()];
        let found = search(&paths, Search::begin(&patterns)).await;
        let Looked::Searched(found) = found else { panic!("{found:?}") };
        assert_eq!((found.current_chain_key.total(), found.previous_chain_keys.total()), (2, 0));
        assert_eq!((found.parts, &found.cut), (2, &None));

        let alone = [outside.display().to_string()];
        let found = search(&alone, Search::begin(&patterns)).await;
        let Looked::Searched(found) = found else { panic!("{found:?}") };
        assert_eq!(found.previous_chain_keys.total(), 1);
    }
}
