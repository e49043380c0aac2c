//! From what a user typed to a driver.

use std::{
    env,
    ffi::{OsStr, OsString},
    fmt::Write,
    path::{Path, PathBuf},
};

use hallmark_model::document::DocumentError;

use crate::{
    attach::{Address, AddressError},
    launch, manifest,
    manifest::Manifest,
};

/// Begins the name of a device that is part of Hallmark.
const BUILTIN: &str = "builtin:";

/// Begins the address of a driver that somebody else started.
const ATTACH: &str = "attach:";

/// Where drivers are looked for.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Holds `harness/drivers/`, and is what relative paths start from.
    pub root: PathBuf,
    /// As the environment variable.
    pub path: OsString,
    /// Names of the devices that are part of the executable.
    pub builtins: Vec<String>,
}

impl Places {
    /// Those of this process: its working directory, its PATH, and these built-in devices.
    #[must_use]
    pub fn of_this_process(builtins: &[&str]) -> Self {
        Self {
            root: PathBuf::new(),
            path: env::var_os("PATH").unwrap_or_default(),
            builtins: builtins.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

/// A driver that was found. Nothing has been started yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// By a `driver.toml`.
    Manifest(Box<Manifest>),
    /// As a program called `hallmark-driver-NAME`, at this absolute path.
    Program(PathBuf),
    /// As a part of Hallmark, under this name.
    Builtin(String),
    /// Where it listens.
    Attach(Address),
}

/// Why no driver was found. These are mistakes in what was asked, and nothing was started: the
/// exit code is [`hallmark_model::ExitCode::Usage`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// The user named a file or folder that is not there.
    #[error("there is no driver at `{}`: {reason}", .path.display())]
    NoSuchFile {
        /// What was named.
        path: PathBuf,
        /// What is missing.
        reason: &'static str,
    },
    /// A manifest is there and cannot be read.
    #[error("cannot read `{}`: {reason}", .path.display())]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A manifest is not one.
    #[error(transparent)]
    Document(Box<DocumentError>),
    /// What follows `attach:` is no address.
    #[error(transparent)]
    Address(AddressError),
    /// No place has a driver of this name.
    #[error("there is no driver called `{name}`; looked for{}", listed(.looked))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Every place, in the order in which it was looked at.
        looked: Vec<String>,
    },
}

fn listed(looked: &[String]) -> String {
    let mut list = String::new();
    for place in looked {
        let _ = write!(list, "\n  - {place}");
    }
    list.push_str(
        "\nName one of these, give the path of a `driver.toml`, or put \
         `hallmark-driver-NAME` on the PATH.",
    );
    list
}

/// Finds a driver.
///
/// `driver` is the path of a `driver.toml` or of its folder, or a name. A name is looked up as
/// `harness/drivers/NAME/driver.toml`, then as `hallmark-driver-NAME` on the PATH, then among the
/// built-in devices; `builtin:NAME` is always a built-in device. `attach:ADDRESS` is a driver that
/// already listens there.
///
/// # Errors
///
/// When there is none, or its manifest is wrong.
pub fn find(driver: &str, places: &Places) -> Result<Found, FindError> {
    if let Some(name) = driver.strip_prefix(BUILTIN) {
        return builtin(name, places).ok_or_else(|| FindError::Unknown {
            name: hallmark_model::text::one_line(driver),
            looked: vec![among_builtins(places)],
        });
    }
    if let Some(address) = driver.strip_prefix(ATTACH) {
        return address.parse().map(Found::Attach).map_err(FindError::Address);
    }
    if is_path(driver) {
        return at_path(&places.root.join(driver));
    }
    by_name(driver, places)
}

/// Whether this is a path and cannot be a name.
fn is_path(driver: &str) -> bool {
    driver.contains('/')
        || Path::new(driver).extension() == Some(OsStr::new("toml"))
        || matches!(driver, "." | "..")
}

fn at_path(path: &Path) -> Result<Found, FindError> {
    let no_such_file = |reason| FindError::NoSuchFile { path: path.to_owned(), reason };
    if !path.exists() {
        return Err(no_such_file("no such file or folder"));
    }
    if !path.is_dir() {
        return Manifest::read(path).map(Box::new).map(Found::Manifest);
    }
    let manifest = path.join(manifest::FILE);
    if !manifest.is_file() {
        return Err(no_such_file("the folder has no `driver.toml`"));
    }
    Manifest::read(&manifest).map(Box::new).map(Found::Manifest)
}

fn by_name(name: &str, places: &Places) -> Result<Found, FindError> {
    let folder = Path::new("harness/drivers").join(name).join(manifest::FILE);
    let program = format!("hallmark-driver-{name}");
    if is_name(name) {
        let manifest = places.root.join(&folder);
        if manifest.is_file() {
            return Manifest::read(&manifest).map(Box::new).map(Found::Manifest);
        }
        if let Some(program) = launch::locate(OsStr::new(&program), Some(&places.path)) {
            return Ok(Found::Program(program));
        }
    }
    builtin(name, places).ok_or_else(|| FindError::Unknown {
        name: hallmark_model::text::one_line(name),
        looked: vec![
            hallmark_model::text::one_line(&format!("`{}`", folder.display())),
            hallmark_model::text::one_line(&format!("`{program}` on the PATH")),
            among_builtins(places),
        ],
    })
}

fn builtin(name: &str, places: &Places) -> Option<Found> {
    places.builtins.iter().find(|known| *known == name).cloned().map(Found::Builtin)
}

fn among_builtins(places: &Places) -> String {
    let names: Vec<_> = places.builtins.iter().map(|name| format!("`{BUILTIN}{name}`")).collect();
    match names.as_slice() {
        [] => "a built-in device, of which there is none".to_owned(),
        names => format!("a built-in device: {}", names.join(", ")),
    }
}

/// Whether this can be the name of a folder and of a program.
fn is_name(name: &str) -> bool {
    !name.starts_with(['.', '-'])
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    const MANIFEST: &str = r#"name = "x"
protocol = "hallmark-driver/1"
command = ["x"]
licence = "MIT"
candidate = { name = "X", version = "1" }
"#;

    /// A folder with one driver of each kind, all called `one`, and others of their own names.
    fn house() -> (tempfile::TempDir, Places) {
        let root = tempfile::tempdir().unwrap();
        for name in ["one", "two"] {
            let folder = root.path().join("harness/drivers").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(manifest::FILE), MANIFEST).unwrap();
        }
        fs::write(root.path().join("harness/drivers/two/driver.toml"), "nonsense").unwrap();
        fs::create_dir(root.path().join("bin")).unwrap();
        for name in ["one", "three", "four"] {
            let program = root.path().join("bin").join(format!("hallmark-driver-{name}"));
            fs::write(&program, "").unwrap();
            let mode = if name == "four" { 0o644 } else { 0o755 };
            fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        }
        let places = Places {
            root: root.path().to_owned(),
            path: root.path().join("bin").into_os_string(),
            builtins: vec!["one".to_owned(), "reference".to_owned()],
        };
        (root, places)
    }

    #[test]
    fn the_first_place_that_has_it_wins() {
        let (root, places) = house();
        assert!(matches!(find("one", &places), Ok(Found::Manifest(_))));
        assert!(matches!(find("harness/drivers/one", &places), Ok(Found::Manifest(_))));
        assert!(matches!(find("harness/drivers/one/driver.toml", &places), Ok(Found::Manifest(_))));
        let three = root.path().join("bin/hallmark-driver-three");
        assert_eq!(find("three", &places), Ok(Found::Program(three)));
        assert_eq!(find("reference", &places), Ok(Found::Builtin("reference".to_owned())));
        assert_eq!(find("builtin:one", &places), Ok(Found::Builtin("one".to_owned())));
    }

    #[test]
    fn errors_say_where_was_looked_and_what_to_do() {
        let (root, places) = house();
        let asked = [
            "two",
            "four",
            "builtin:three",
            "attach:",
            "attach:192.0.2.1:4000",
            "./nowhere",
            "bin",
            "harness",
            "x.toml",
            "..",
            "a b",
            "",
        ];
        let shown: Vec<_> = asked
            .iter()
            .map(|driver| match find(driver, &places) {
                Ok(found) => panic!("{driver} was found: {found:?}"),
                Err(error) => format!("# {driver}\n{error}"),
            })
            .collect();
        let shown = shown.join("\n\n").replace(&root.path().display().to_string(), "ROOT");
        insta::assert_snapshot!(shown);
    }
}
