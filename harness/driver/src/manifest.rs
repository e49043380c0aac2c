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
    attach::{Address, Attach},
    connect::Connect,
    connection::Deadlines,
    find::FindError,
    launch::{Guard, Launch},
    network::Network,
    protocol::Version,
    secrets::{self, SecretError, Secrets},
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
#[schemars(extend("oneOf" = [{ "required": ["command"] }, { "required": ["attach"] }]))]
pub struct Manifest {
    /// The driver's name.
    pub name: String,
    /// The best version of the protocol that it speaks: `hallmark-driver/2`.
    pub protocol: String,
    /// Program and arguments. In each, `{folder}` is the folder of this file and `{target}` the
    /// one that holds Hallmark's executable; an item with a `/` that names a file in the folder
    /// of this file is made absolute; a program without a `/` is looked up on the PATH. Absent
    /// where there is `attach`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Where the driver listens, for one that somebody else starts: `127.0.0.1:4000`,
    /// `[::1]:4000`, or `unix:/path.sock`, where a relative path starts from the folder of this
    /// file. Each connection is one device. Absent where there is `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attach: Option<String>,
    /// What a driver with a `command` may reach over the network; `none` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Names of secrets that a driver with a `command` needs: lower-case letters, digits and
    /// hyphens. The value of `account-password` is that of the environment variable
    /// `HALLMARK_SECRET_ACCOUNT_PASSWORD`, or the text of the file that
    /// `HALLMARK_SECRET_ACCOUNT_PASSWORD_FILE` names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
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
        if let Err(unknown) = manifest.protocol.parse::<Version>() {
            return at("protocol", &unknown.to_string());
        }
        match (&manifest.command, &manifest.attach) {
            (None, None) => {
                return at(
                    "name",
                    "a driver needs a `command` that starts it, or an address to `attach` to",
                );
            }
            (Some(_), Some(_)) => {
                return at("attach", "a driver is started or attached to, not both");
            }
            (Some(command), None) => {
                if command.first().is_none_or(|program| program.trim().is_empty()) {
                    return at("command", "the command needs a program");
                }
                if command.iter().any(|item| item.contains('\0')) {
                    return at("command", "a command cannot hold a NUL character");
                }
            }
            (None, Some(address)) => {
                if let Err(error) = address.parse::<Address>() {
                    return at("attach", &error.to_string());
                }
                let foreign = "Hallmark does not start this driver, so it cannot";
                if manifest.network.is_some() {
                    return at("network", &format!("{foreign} restrict its network"));
                }
                if !manifest.secrets.is_empty() {
                    return at("secrets", &format!("{foreign} hand it secrets"));
                }
            }
        }
        for (index, name) in manifest.secrets.iter().enumerate() {
            if !secrets::is_name(name) {
                return at(
                    "secrets",
                    "a secret is named with lower-case letters, digits and hyphens, begins with a \
                     letter and does not end in `-file`",
                );
            }
            if manifest.secrets[..index].contains(name) {
                return at("secrets", "a secret is named twice");
            }
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

    /// How to reach the driver; `name` is what the user typed. Secrets are read from the
    /// environment now.
    ///
    /// # Errors
    ///
    /// When a secret is missing or cannot be used.
    pub fn connect(&self, name: &str, guard: Guard) -> Result<Box<dyn Connect>, SecretError> {
        let address = self.attach.as_deref().and_then(|address| address.parse().ok());
        if let Some(address) = address {
            let address = match address {
                Address::Unix(path) => Address::Unix(self.folder.join(path)),
                tcp @ Address::Tcp(_) => tcp,
            };
            let (deadlines, note) = (self.deadlines(), self.note.clone());
            return Ok(Box::new(Attach { name: name.to_owned(), address, deadlines, note }));
        }
        let secrets = Secrets::of(&self.secrets, |name| env::var_os(name))?;
        Ok(Box::new(Launch { secrets, ..self.launch(name, guard) }))
    }

    fn deadlines(&self) -> Deadlines {
        let mut deadlines = Deadlines::default();
        if let Some(seconds) = self.deadline_seconds {
            deadlines.operation = Duration::from_secs(seconds);
            deadlines.hello = deadlines.hello.max(deadlines.operation);
        }
        deadlines
    }

    /// How to start the driver, without its secrets.
    fn launch(&self, name: &str, guard: Guard) -> Launch {
        let target = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        let mut command = self.resolve(&target.unwrap_or_default()).into_iter();
        let program = command.next().unwrap_or_default();
        Launch {
            args: command.collect(),
            deadlines: self.deadlines(),
            network: self.network.unwrap_or_default(),
            note: self.note.clone(),
            ..Launch::program(name, program, guard)
        }
    }

    /// The command with its paths in place.
    fn resolve(&self, target: &Path) -> Vec<OsString> {
        self.command
            .iter()
            .flatten()
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
        let attached = GOOD.replace("command = [", "attach = \"127.0.0.1:4000\" #");
        assert!(Manifest::parse(FILE, &attached, Path::new("/")).is_ok());
        let cases = [
            ("unknown key", GOOD.replace("note =", "notes =")),
            ("other protocol", GOOD.replace("driver/1", "driver/3")),
            ("no program", GOOD.replace("command = [", "command = []\n#")),
            ("a line instead of a list", GOOD.replace("command = [", "command = \"node\"\n#")),
            ("no licence", GOOD.replace("licence =", "#")),
            ("not SPDX", GOOD.replace("AGPL-3.0-only", "free for all!")),
            ("neither command nor attach", GOOD.replace("command = [", "#")),
            ("both", GOOD.replace("licence =", "attach = \"127.0.0.1:4000\"\nlicence =")),
            ("another machine", attached.replace("127.0.0.1", "192.0.2.1")),
            ("a restricted network elsewhere", format!("{attached}network = \"none\"\n")),
            ("secrets elsewhere", format!("{attached}secrets = [\"token\"]\n")),
            ("no such network", format!("{GOOD}network = \"wifi\"\n")),
            ("a secret that shouts", format!("{GOOD}secrets = [\"TOKEN\"]\n")),
            ("a secret named twice", format!("{GOOD}secrets = [\"token\", \"token\"]\n")),
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
