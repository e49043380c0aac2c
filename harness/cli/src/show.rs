//! The process's streams: results on standard output, everything else on standard error.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    env,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use hallmark_model::{CheckId, event::Stamped};
use hallmark_render::terminal::{Progress, ProgressMode, Style};
use hallmark_runner::Reporter;

use crate::{
    args::{Color, Common},
    failure::Failure,
};

/// How this process speaks to people.
pub(crate) struct Show {
    style: Style,
    errors: Style,
    progress: ProgressMode,
    quiet: bool,
}

impl Show {
    pub(crate) fn new(common: &Common) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let width = env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(80);
        let style = |terminal| Style { color: wants_color(common.color, terminal), width };
        Self {
            style: style(out),
            errors: style(err),
            progress: if common.quiet { ProgressMode::None } else { common.progress.into() },
            quiet: common.quiet,
        }
    }

    /// How results are laid out.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// A result.
    pub(crate) fn result(&self, text: &str) {
        // A reader that went away, as `head` does, is no reason to fail.
        let _ = io::stdout().lock().write_all(text.as_bytes());
    }

    /// A remark beside the result.
    pub(crate) fn remark(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// What went wrong.
    pub(crate) fn failure(&self, failure: &Failure) {
        let (exit, message) = (failure.exit, &failure.message);
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let mut err = io::stderr().lock();
        let _ = writeln!(err, "error: {message}");
        let _ = writeln!(err, "exit {} ({})", exit.code(), exit.name());
    }

    /// A follower of the run on standard error.
    pub(crate) fn follower(&self) -> Follower {
        let terminal = io::stderr().is_terminal();
        let progress = Progress::new(self.progress, terminal, self.errors, Box::new(io::stderr()));
        Follower(RefCell::new(progress))
    }
}

fn wants_color(color: Color, terminal: bool) -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto => set("CLICOLOR_FORCE") || terminal,
    }
}

/// Shows progress.
pub(crate) struct Follower(RefCell<Progress>);

impl Follower {
    /// How long each probe took.
    pub(crate) fn finish(self) -> BTreeMap<CheckId, Duration> {
        self.0.into_inner().finish()
    }
}

impl Reporter for Follower {
    fn event(&self, event: &Stamped) {
        // Progress that cannot be shown must not stop the run.
        let _ = self.0.borrow_mut().observe(event);
    }
}
