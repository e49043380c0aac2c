//! How a driver's process ended, and the line in which its guard says so.

use std::fmt;

/// How a driver's process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit status.
    Exited(i32),
    /// By a signal that we did not send.
    Signalled(i32),
    /// Its input had ended, it went on all the same, and was killed.
    Killed,
    /// It never ran, for this reason.
    NotStarted(String),
}

/// Begins the lines that are the guard's own on the driver's stderr.
const MARK: &str = "hallmark driver-guard: ";

impl Ending {
    /// The exit status that says the same, for whoever reads only that: a signal is 128 plus its
    /// number, as in a shell.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Exited(status) => u8::try_from(*status & 0xff).unwrap_or(u8::MAX),
            Self::Signalled(signal) => u8::try_from(128 + (signal & 0x7f)).unwrap_or(u8::MAX),
            Self::Killed => 128 + 9,
            Self::NotStarted(_) => NOT_STARTED,
        }
    }

    /// The guard's last words.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Exited(status) => format!("{MARK}exited {status}"),
            Self::Signalled(signal) => format!("{MARK}signalled {signal}"),
            Self::Killed => format!("{MARK}killed"),
            Self::NotStarted(reason) => format!("{MARK}not-started {reason}"),
        }
    }

    /// Reads a line that [`Ending::line`] wrote.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let (word, rest) = match line.strip_prefix(MARK)?.split_once(' ') {
            Some((word, rest)) => (word, rest),
            None => (line.strip_prefix(MARK)?, ""),
        };
        match word {
            "exited" => rest.parse().ok().map(Self::Exited),
            "signalled" => rest.parse().ok().map(Self::Signalled),
            "killed" => Some(Self::Killed),
            "not-started" => Some(Self::NotStarted(rest.to_owned())),
            _ => None,
        }
    }
}

/// The line in which the guard says what became of the driver's network.
pub(crate) fn network_line(sentence: &str) -> String {
    format!("{MARK}{NETWORK}{sentence}")
}

/// Reads a line that [`network_line`] wrote.
pub(crate) fn network_from_line(line: &str) -> Option<&str> {
    line.strip_prefix(MARK)?.strip_prefix(NETWORK)
}

/// Whether the line has the form of the guard's own.
pub(crate) fn is_guards(line: &str) -> bool {
    line.starts_with(MARK)
}

/// Begins what the guard says of the network.
const NETWORK: &str = "network: ";

/// Exit status of a process that could not become the driver (as a shell's "not found").
pub(crate) const NOT_STARTED: u8 = 127;

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Signalled(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "signal {signal} ({name})"),
                None => write!(f, "signal {signal}"),
            },
            Self::Killed => f.write_str("killed, because it outlived its input"),
            Self::NotStarted(reason) => write!(f, "not started: {reason}"),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    use rustix::process::Signal;
    const NAMES: [(Signal, &str); 12] = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::TERM, "SIGTERM"),
    ];
    NAMES.iter().find(|(known, _)| known.as_raw() == signal).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guards_line_says_what_happened() {
        let endings = [
            Ending::Exited(0),
            Ending::Exited(3),
            Ending::Signalled(11),
            Ending::Signalled(64),
            Ending::Killed,
            Ending::NotStarted("No such file or directory (os error 2)".to_owned()),
        ];
        for ending in &endings {
            assert_eq!(Ending::from_line(&ending.line()).as_ref(), Some(ending));
        }
        let shown: Vec<_> =
            endings.iter().map(|e| format!("{e} | {} | {}", e.status(), e.line())).collect();
        insta::assert_snapshot!(shown.join("\n"));
        for other in ["", "exited 3", "hallmark driver-guard: exited x", "hallmark driver-guard: "]
        {
            assert_eq!(Ending::from_line(other), None);
        }
    }
}
