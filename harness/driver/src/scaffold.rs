//! A folder to start a driver from, behind `hallmark driver new`.
//!
//! The templates are files that run as they are: tests run them. Only their name is replaced.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The name that the templates have.
const NAME: &str = "example-messenger";

/// Longest name of a driver, in bytes.
const LONGEST: usize = 64;

/// Languages in which a driver can be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// With nothing but `serde_json`.
    Rust,
    /// With nothing but the standard library.
    Python,
    /// With nothing but what Node brings.
    Node,
}

/// Why there is no new folder.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name is not fit for a folder and a program.
    #[error(
        "a driver is named with lower-case letters, digits and hyphens, and begins with a letter"
    )]
    Name,
    /// Nothing is ever overwritten.
    #[error("`{}` is there already; nothing is overwritten", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("cannot write `{}`: {error}", .path.display())]
    Io {
        /// What was to be written.
        path: PathBuf,
        /// Why it was not.
        error: io::Error,
    },
}

impl Language {
    /// Path and text of each file.
    fn files(self) -> Vec<(&'static str, &'static str)> {
        let mut files = match self {
            Self::Rust => vec![
                ("driver.toml", include_str!("../templates/rust/driver.toml")),
                ("Cargo.toml", include_str!("../templates/rust/Cargo.toml")),
                ("src/main.rs", include_str!("../templates/rust/src/main.rs")),
                (".gitignore", "/target\n"),
            ],
            Self::Python => vec![
                ("driver.toml", include_str!("../templates/python/driver.toml")),
                ("driver.py", include_str!("../templates/python/driver.py")),
            ],
            Self::Node => vec![
                ("driver.toml", include_str!("../templates/node/driver.toml")),
                ("driver.mjs", include_str!("../templates/node/driver.mjs")),
            ],
        };
        files.push(("README.md", include_str!("../templates/README.md")));
        files
    }
}

/// Makes the folder `name` in `parent` and returns the paths of its files.
///
/// # Errors
///
/// When the name is none, the folder is there already or cannot be written.
pub fn scaffold(
    name: &str,
    language: Language,
    parent: &Path,
) -> Result<Vec<PathBuf>, ScaffoldError> {
    let fits = name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !fits {
        return Err(ScaffoldError::Name);
    }
    let failed = |path: &Path, error| ScaffoldError::Io { path: path.to_owned(), error };
    fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
    let folder = parent.join(name);
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(ScaffoldError::Exists(folder));
        }
        made => made.map_err(|error| failed(&folder, error))?,
    }
    let mut written = Vec::new();
    for (file, text) in language.files() {
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        }
        fs::write(&path, text.replace(NAME, name)).map_err(|error| failed(&path, error))?;
        written.push(path);
    }
    Ok(written)
}
