//! Secrets of a candidate's test accounts, on their way to the driver.
//!
//! A manifest names them; their values come from the environment of whoever runs Hallmark, or from
//! files that it names. They reach the driver as one JSON object on a pipe, so they stand in no
//! argument, in no environment and in no file of the driver's. What a driver says afterwards is
//! blacked out where it repeats one.

use std::{collections::BTreeMap, ffi::OsString, fmt, fs, io::Read, path::PathBuf};

/// Names to a driver the file descriptor from which it reads its secrets, once.
pub const SECRETS_FD: &str = "HALLMARK_SECRETS_FD";

/// Longest JSON object of secrets, in bytes: a pipe takes as much at once (POSIX `PIPE_BUF` on
/// Linux), so that nobody has to wait for the driver to read.
pub(crate) const MOST: usize = 4096;

/// Shortest value: a shorter one could not be blacked out without hitting other text.
const SHORTEST: usize = 6;

/// Values of secrets, by name. Never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    values: BTreeMap<String, String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Why a secret cannot be handed over. Nothing was started: these are mistakes in what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nobody gave it.
    #[error(
        "the driver needs the secret `{name}`: set {}, or {}_FILE to the path of a file that \
         holds it", variable(.name), variable(.name)
    )]
    Missing {
        /// Its name in the manifest.
        name: String,
    },
    /// It was given and cannot be used.
    #[error("the secret `{name}` cannot be used: {reason}")]
    Unusable {
        /// Its name in the manifest.
        name: String,
        /// Why not, without its value.
        reason: String,
    },
}

/// The environment variable that holds the secret of this name.
#[must_use]
pub fn variable(name: &str) -> String {
    format!("HALLMARK_SECRET_{}", name.to_ascii_uppercase().replace('-', "_"))
}

/// Whether a manifest can call a secret so: then no two names share a variable.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with("-file")
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

impl Secrets {
    /// Those of these names, from an environment: that of this process is [`std::env::var_os`].
    ///
    /// # Errors
    ///
    /// When one is missing or cannot be used.
    pub fn of(
        names: &[String],
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, SecretError> {
        let mut values = BTreeMap::new();
        for name in names {
            let unusable = |reason: String| SecretError::Unusable { name: name.clone(), reason };
            let file = environment(&format!("{}_FILE", variable(name))).map(PathBuf::from);
            let value = match (environment(&variable(name)), file) {
                (Some(value), _) => value
                    .into_string()
                    .map_err(|_| unusable("its value is not UTF-8".to_owned()))?,
                (None, Some(path)) => read(&path).map_err(unusable)?,
                (None, None) => return Err(SecretError::Missing { name: name.clone() }),
            };
            if value.chars().count() < SHORTEST {
                let reason = format!(
                    "it has fewer than {SHORTEST} characters, too few to be blacked out of what \
                     the driver says"
                );
                return Err(unusable(reason));
            }
            values.insert(name.clone(), value);
            if serde_json::to_vec(&values).is_ok_and(|object| object.len() > MOST) {
                let reason = format!("together the secrets are longer than {MOST} bytes");
                return Err(unusable(reason));
            }
        }
        Ok(Self { values })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// As one line of JSON, with its end.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(&self.values).unwrap_or_default();
        line.push(b'\n');
        line
    }

    /// Replaces what a driver repeats of them, as it is and as JSON writes it.
    pub(crate) fn black_out(&self, mut said: Vec<u8>) -> Vec<u8> {
        for (name, value) in &self.values {
            let shown = format!("(secret {name})");
            let once = written(value);
            // Twice where a text of the answer is JSON again.
            for form in [value, &once, &written(&once)] {
                said = replaced(said, form.as_bytes(), shown.as_bytes());
            }
        }
        said
    }
}

fn read(path: &std::path::Path) -> Result<String, String> {
    let shown = path.display();
    let file = fs::File::open(path).map_err(|error| format!("cannot open `{shown}`: {error}"))?;
    let mut text = String::new();
    file.take(MOST as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    // The line break that an editor or `echo` adds.
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// As it stands between the quotation marks of a JSON text.
fn written(text: &str) -> String {
    let written = serde_json::to_string(text).unwrap_or_default();
    written.get(1..written.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

fn replaced(text: Vec<u8>, what: &[u8], by: &[u8]) -> Vec<u8> {
    if what.is_empty() || text.len() < what.len() {
        return text;
    }
    let mut left = text.as_slice();
    let mut made: Option<Vec<u8>> = None;
    while let Some(at) = left.windows(what.len()).position(|window| window == what) {
        let (before, from) = left.split_at(at);
        let made = made.get_or_insert_default();
        made.extend_from_slice(before);
        made.extend_from_slice(by);
        left = &from[what.len()..];
    }
    match made {
        Some(mut made) => {
            made.extend_from_slice(left);
            made
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        let pairs: BTreeMap<String, OsString> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        move |name| pairs.get(name).cloned()
    }

    #[test]
    fn they_come_from_the_environment_or_a_file_and_are_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "from a \"file\"\n").unwrap();
        let path = path.display().to_string();
        let names = ["account-password".to_owned(), "token".to_owned()];
        let secrets = Secrets::of(
            &names,
            environment(&[
                ("HALLMARK_SECRET_ACCOUNT_PASSWORD", "hunter2!"),
                ("HALLMARK_SECRET_TOKEN_FILE", &path),
            ]),
        )
        .unwrap();
        let line = String::from_utf8(secrets.line()).unwrap();
        assert_eq!(line, "{\"account-password\":\"hunter2!\",\"token\":\"from a \\\"file\\\"\"}\n");
        assert_eq!(format!("{secrets:?}"), r#"{"account-password", "token"}"#);
        let said = br#"{"detail": "hunter2! is wrong, so is from a \"file\""} hunter2"#.to_vec();
        assert_eq!(
            String::from_utf8(secrets.black_out(said)).unwrap(),
            r#"{"detail": "(secret account-password) is wrong, so is (secret token)"} hunter2"#
        );
    }

    #[test]
    fn errors_name_the_variable_and_never_the_value() {
        let name = ["account-password".to_owned()];
        let long = "x".repeat(MOST);
        let variable = "HALLMARK_SECRET_ACCOUNT_PASSWORD";
        let shown: Vec<_> = [
            environment(&[]),
            environment(&[(variable, "short")]),
            environment(&[(variable, &long)]),
            environment(&[("HALLMARK_SECRET_ACCOUNT_PASSWORD_FILE", "/nowhere/at/all")]),
        ]
        .into_iter()
        .map(|environment| Secrets::of(&name, environment).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
