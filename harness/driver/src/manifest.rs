//! `driver.toml`: how to start a driver, and what it drives.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hallmark_model::document::{self, DocumentError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    connection::Deadlines,
    find::FindError,
    launch::{Guard, Launch},
    protocol::PROTOCOL,
};

/// The file's name in a driver's folder.
pub const FILE: &str = "driver.toml";

/// Largest manifest read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Seconds that one operation may be given.
const SECONDS: std::ops::RangeInclusive<u64> = 1..=120;

/// What a `driver.toml` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The driver's name.
    pub name: String,
    /// The protocol it speaks: `hallmark-driver/1`.
    pub protocol: String,
    /// Program and arguments. In each, `{folder}` is the folder of this file and `{target}` the
    /// one that holds Hallmark's executable; an item with a `/` that names a file in the folder
    /// of this file is made absolute; a program without a `/` is looked up on the PATH.
    pub command: Vec<String>,
    /// SPDX expression of the licence under which driver and candidate are used together.
    pub licence: String,
    /// What it drives.
    pub candidate: Driven,
    /// For whoever reads the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How long one operation may take, in seconds: 1 to 120; 10 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 120))]
    pub deadline_seconds: Option<u64>,
    /// The folder of the file, absolute.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// The candidate that a driver operates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Driven {
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: String,
}

impl Manifest {
    /// Reads the `driver.toml` at `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not a manifest.
    pub fn read(path: &Path) -> Result<Self, FindError> {
        let unreadable = |reason: String| FindError::Unreadable { path: path.to_owned(), reason };
        let size = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > LARGEST {
            return Err(unreadable(format!("it has {size} bytes, allowed are {LARGEST}")));
        }
        let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let absolute = std::path::absolute(path).map_err(|error| unreadable(error.to_string()))?;
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        Self::parse(&path.display().to_string(), &text, folder)
            .map_err(|error| FindError::Document(Box::new(error)))
    }

    /// Reads a manifest from `text`, which stands in a file called `name` in `folder`.
    ///
    /// # Errors
    ///
    /// When it is not a manifest; the error shows the place.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, DocumentError> {
        let mut manifest: Self = document::parse(name, text)?;
        let at = |key: &str, message: &str| Err(DocumentError::at_key(name, text, key, message));
        if manifest.name.trim().is_empty() {
            return at("name", "a driver needs a name");
        }
        if manifest.protocol != PROTOCOL {
            return at("protocol", &format!("this version of Hallmark speaks `{PROTOCOL}` only"));
        }
        if manifest.command.first().is_none_or(|program| program.trim().is_empty()) {
            return at("command", "the command needs a program");
        }
        if manifest.command.iter().any(|item| item.contains('\0')) {
            return at("command", "a command cannot hold a NUL character");
        }
        if !is_spdx(&manifest.licence) {
            return at(
                "licence",
                "not an SPDX expression such as `Apache-2.0` or `MIT OR Apache-2.0`",
            );
        }
        if manifest.deadline_seconds.is_some_and(|seconds| !SECONDS.contains(&seconds)) {
            return at("deadline-seconds", "a deadline is 1 to 120 seconds");
        }
        manifest.folder = folder.to_owned();
        Ok(manifest)
    }

    /// How to start the driver; `name` is what the user typed.
    #[must_use]
    pub fn launch(&self, name: &str, guard: Guard) -> Launch {
        let target = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        let mut command = self.resolve(&target.unwrap_or_default()).into_iter();
        let mut deadlines = Deadlines::default();
        if let Some(seconds) = self.deadline_seconds {
            deadlines.operation = Duration::from_secs(seconds);
            deadlines.hello = deadlines.hello.max(deadlines.operation);
        }
        Launch {
            name: name.to_owned(),
            program: command.next().unwrap_or_default(),
            args: command.collect(),
            deadlines,
            guard,
            note: self.note.clone(),
        }
    }

    /// The command with its paths in place.
    fn resolve(&self, target: &Path) -> Vec<OsString> {
        self.command
            .iter()
            .map(|item| {
                let item = item
                    .replace("{folder}", &self.folder.to_string_lossy())
                    .replace("{target}", &target.to_string_lossy());
                let here = self.folder.join(&item);
                if item.contains('/') && here.exists() { here.into() } else { item.into() }
            })
            .collect()
    }
}

/// By form alone: identifiers, `AND`, `OR`, `WITH` and parentheses (SPDX 2.3, annex D).
fn is_spdx(licence: &str) -> bool {
    let spaced = licence.replace(['(', ')'], " ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let is_id = |word: &str| {
        !matches!(word, "AND" | "OR" | "WITH")
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "-.+:".contains(c))
    };
    words.len() % 2 == 1
        && words.iter().step_by(2).all(|word| is_id(word))
        && words.iter().skip(1).step_by(2).all(|word| matches!(*word, "AND" | "OR" | "WITH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"name = "example"
protocol = "hallmark-driver/1"
command = ["node", "src/main.mjs", "{folder}/data", "{target}/helper", "--flag", "a/b"]
licence = "AGPL-3.0-only"
candidate = { name = "Example", version = "1.2.3" }
note = "Needs Node 20."
deadline-seconds = 30
"#;

    #[test]
    fn a_manifest_becomes_a_command() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/main.mjs"), "").unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, GOOD).unwrap();
        let manifest = Manifest::read(&path).unwrap();
        let command = manifest.resolve(Path::new("/opt/hallmark"));
        let at = |rest: &str| folder.path().join(rest).into_os_string();
        assert_eq!(
            command,
            [
                "node".into(),
                at("src/main.mjs"),
                at("data"),
                "/opt/hallmark/helper".into(),
                "--flag".into(),
                OsString::from("a/b"),
            ]
        );
        let launch = manifest.launch("example", Guard::this_executable());
        assert_eq!(launch.deadlines.operation, Duration::from_secs(30));
        assert_eq!(launch.deadlines.hello, Duration::from_secs(30));
    }

    #[test]
    fn errors_point_at_the_place() {
        let cases = [
            ("unknown key", GOOD.replace("note =", "notes =")),
            ("other protocol", GOOD.replace("driver/1", "driver/2")),
            ("no program", GOOD.replace("command = [", "command = []\n#")),
            ("a line instead of a list", GOOD.replace("command = [", "command = \"node\"\n#")),
            ("no licence", GOOD.replace("licence =", "#")),
            ("not SPDX", GOOD.replace("AGPL-3.0-only", "free for all!")),
            ("no version", GOOD.replace(", version = \"1.2.3\"", "")),
            ("deadline too long", GOOD.replace("= 30", "= 500")),
            ("not TOML", GOOD.replace("name = \"example\"", "name = example")),
        ];
        let shown: Vec<_> = cases
            .iter()
            .map(|(what, text)| {
                let error = Manifest::parse(FILE, text, Path::new("/")).unwrap_err();
                format!("# {what}\n{error}")
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n\n"));
    }

    #[test]
    fn licences_are_spdx_expressions() {
        for good in ["MIT", "Apache-2.0 OR MIT", "(MIT AND BSD-3-Clause) OR GPL-2.0+", "A WITH B"] {
            assert!(is_spdx(good), "{good}");
        }
        for bad in ["", "MIT OR", "OR", "MIT Apache-2.0", "MIT or ISC", "all rights reserved"] {
            assert!(!is_spdx(bad), "{bad}");
        }
    }
}
