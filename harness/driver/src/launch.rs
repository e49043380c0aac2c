//! Starting a driver as a process.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use hallmark_model::text;

use crate::{
    connect::{BoxFuture, Connect},
    connection::{Connection, Deadlines, Unreachable},
    guard,
    network::Network,
    process::Child,
    secrets::Secrets,
};

/// How to start the process that guards a driver; see [`guard`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// An executable that runs [`guard::main`] on what follows these arguments, which therefore
    /// end in [`guard::VERB`].
    Program(PathBuf, Vec<OsString>),
}

impl Guard {
    /// The running executable, whose `main` must hand arguments that begin with [`guard::VERB`]
    /// to [`guard::main`].
    #[must_use]
    pub fn this_executable() -> Self {
        Self::at(guard::own_executable())
    }

    /// The executable at `path`, of which the same holds.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::Program(path.into(), vec![guard::VERB.into()])
    }
}

/// A driver that can be started: each start is one device.
#[derive(Clone, Debug)]
pub struct Launch {
    /// What the user types to name this driver again.
    pub name: String,
    /// The program: a path, or a name to be looked up on the PATH.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// How long it may take.
    pub deadlines: Deadlines,
    /// What watches over it.
    pub guard: Guard,
    /// What its process may reach.
    pub network: Network,
    /// What it is handed of its candidate's accounts.
    pub secrets: Secrets,
    /// What its manifest tells people; said again where it cannot be reached.
    pub note: Option<String>,
}

impl Launch {
    /// A program without arguments and without a manifest that would say what it needs: it gets
    /// the usual deadlines, no secrets, and keeps the network.
    #[must_use]
    pub fn program(name: &str, program: impl Into<OsString>, guard: Guard) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            args: Vec::new(),
            deadlines: Deadlines::default(),
            guard,
            network: Network::Any,
            secrets: Secrets::default(),
            note: None,
        }
    }

    /// Starts a process and says hello. Needs a Tokio runtime.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or does not answer as the protocol wants.
    pub async fn connect(&self) -> Result<Connection, Unreachable> {
        self.start().await.map_err(|unreachable| match &self.note {
            Some(note) => {
                unreachable.noting(&format!("its manifest notes: {}", text::one_line(note)))
            }
            None => unreachable,
        })
    }

    async fn start(&self) -> Result<Connection, Unreachable> {
        let start = |reason: String| Unreachable::Start {
            program: self.program.to_string_lossy().into_owned(),
            reason,
        };
        let program = locate(&self.program, env::var_os("PATH").as_deref())
            .ok_or_else(|| start(absent(&self.program).to_owned()))?;
        let (network, secrets) = (self.network, &self.secrets);
        let child = Child::start(&self.guard, network, secrets, program.as_os_str(), &self.args)
            .map_err(|error| start(format!("its guard cannot be started: {error}")))?;
        Connection::with_child(child, secrets.clone(), self.deadlines).await
    }
}

impl Connect for Launch {
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Unreachable>> {
        Box::pin(Self::connect(self))
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Where a program is: at its path, made absolute because drivers run elsewhere, or in the first
/// folder of `path` that has it.
pub(crate) fn locate(program: &OsStr, path: Option<&OsStr>) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        let absolute = std::path::absolute(program).ok()?;
        return absolute.is_file().then_some(absolute);
    }
    env::split_paths(path?)
        .filter_map(|folder| std::path::absolute(folder.join(program)).ok())
        .find(|candidate| is_executable(candidate))
}

fn absent(program: &OsStr) -> &'static str {
    if program.as_encoded_bytes().contains(&b'/') {
        "there is no such file"
    } else {
        "there is no such program on the PATH"
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
