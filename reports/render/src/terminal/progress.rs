//! What a run shows while it works.

use std::{collections::BTreeMap, io, time::Duration};

use hallmark_model::{CheckId, Event, event::Stamped, text};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Paint, Style, layout::Page};

/// The choice of `--progress`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProgressMode {
    /// A bar on a terminal, lines elsewhere.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// One line per probe.
    Lines,
    /// Nothing but problems.
    None,
}

/// A reporter of the event stream for a person who waits.
///
/// Problems are shown in every mode; verdicts are left to [`super::summary`].
pub struct Progress {
    style: Style,
    shape: Shape,
    out: Box<dyn io::Write + Send>,
    elapsed: BTreeMap<CheckId, Duration>,
}

enum Shape {
    Bar(ProgressBar),
    Lines,
    Problems,
}

impl Progress {
    /// A reporter that writes to `out`, which is standard error; `terminal` says whether that is
    /// a terminal. A bar draws itself on standard error whatever `out` is.
    #[must_use]
    pub fn new(
        mode: ProgressMode,
        terminal: bool,
        style: Style,
        out: Box<dyn io::Write + Send>,
    ) -> Self {
        let shape = match (mode, terminal) {
            (ProgressMode::Bar, _) | (ProgressMode::Auto, true) => Shape::Bar(bar(style)),
            (ProgressMode::Lines, _) | (ProgressMode::Auto, false) => Shape::Lines,
            (ProgressMode::None, _) => Shape::Problems,
        };
        Self { style, shape, out, elapsed: BTreeMap::new() }
    }

    /// Shows one event.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    pub fn observe(&mut self, stamped: &Stamped) -> io::Result<()> {
        if let Event::ProbeFinished { probe, millis, .. } = &stamped.event {
            self.elapsed.insert(probe.clone(), Duration::from_millis(*millis));
        }
        let mut page = Page::new(self.style);
        match &self.shape {
            Shape::Bar(bar) => {
                advance(bar, &stamped.event);
                problem(&mut page, &stamped.event);
                let text = page.finish();
                if text.is_empty() {
                    Ok(())
                } else {
                    bar.suspend(|| self.out.write_all(text.as_bytes()))
                }
            }
            Shape::Lines => {
                line(&mut page, &stamped.event);
                problem(&mut page, &stamped.event);
                self.out.write_all(page.finish().as_bytes())
            }
            Shape::Problems => {
                problem(&mut page, &stamped.event);
                self.out.write_all(page.finish().as_bytes())
            }
        }
    }

    /// Removes the bar, if there is one, and returns how long each probe took, by the check that
    /// it feeds.
    #[must_use]
    pub fn finish(mut self) -> BTreeMap<CheckId, Duration> {
        std::mem::take(&mut self.elapsed)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shape::Bar(bar) = &self.shape {
            bar.finish_and_clear();
        }
    }
}

fn bar(style: Style) -> ProgressBar {
    let template = if style.color {
        "{elapsed:>5} [{bar:24.cyan}] {pos}/{len}  {wide_msg}"
    } else {
        "{elapsed:>5} [{bar:24}] {pos}/{len}  {wide_msg}"
    };
    let bar = ProgressBar::new(0);
    // The template is a literal; were it wrong, the default look would do.
    if let Ok(look) = ProgressStyle::with_template(template) {
        bar.set_style(look.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn advance(bar: &ProgressBar, event: &Event) {
    match event {
        Event::SuiteStarted { probes, .. } => {
            bar.inc_length(u64::try_from(*probes).unwrap_or_default());
        }
        Event::ProbeStarted { probe, title } => {
            bar.set_message(text::one_line(&format!("{probe}  {title}")));
        }
        Event::ProbeFinished { .. } => bar.inc(1),
        Event::RunFinished { .. } => bar.finish_and_clear(),
        Event::SceneStarted { title } => bar.set_message(text::one_line(title)),
        Event::RunStarted { .. }
        | Event::SceneFinished { .. }
        | Event::Judged { .. }
        | Event::Problem { .. } => {}
    }
}

fn line(page: &mut Page, event: &Event) {
    match event {
        Event::RunStarted { tool, standard, candidate, seed, checks, .. } => page.pieces(&[
            format!("hallmark {tool}"),
            format!("standard {standard}"),
            format!("candidate {candidate}"),
            format!("seed {seed}"),
            crate::words::count(*checks, "check", "checks"),
        ]),
        Event::SuiteStarted { suite, subject, probes } => page.pieces(&[
            suite.to_string(),
            subject.clone(),
            crate::words::count(*probes, "probe", "probes"),
        ]),
        Event::ProbeFinished { probe, millis, outcome } => {
            let head = format!("  done  {}  ", seconds(Duration::from_millis(*millis)));
            page.hang(&head, 20, &format!("{probe}  {outcome}"));
        }
        Event::SceneFinished { title, millis } => {
            let head = format!("  done  {}  ", seconds(Duration::from_millis(*millis)));
            page.hang(&head, 20, title);
        }
        Event::SceneStarted { .. }
        | Event::ProbeStarted { .. }
        | Event::Judged { .. }
        | Event::Problem { .. }
        | Event::RunFinished { .. } => {}
    }
}

fn problem(page: &mut Page, event: &Event) {
    if let Event::Problem { place, message } = event {
        let head = page.style.paint(Paint::Doubtful, "problem");
        page.hang(&format!("{head}  "), 9, &format!("{place}: {message}"));
    }
}

/// `[  0.41s]`.
pub(super) fn seconds(elapsed: Duration) -> String {
    format!("[{:>6.2}s]", elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::samples;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(mode: ProgressMode) -> (String, BTreeMap<CheckId, Duration>) {
        let kept = Kept::default();
        let mut progress = Progress::new(mode, false, Style::PLAIN, Box::new(kept.clone()));
        for event in samples::events() {
            progress.observe(&event).unwrap();
        }
        let elapsed = progress.finish();
        let bytes = kept.0.lock().unwrap().clone();
        (String::from_utf8(bytes).unwrap(), elapsed)
    }

    #[test]
    fn lines_tell_every_probe() {
        let (text, elapsed) = shown(ProgressMode::Auto);
        insta::assert_snapshot!(text);
        assert_eq!(elapsed[&samples::check("replay")], Duration::from_millis(412));
    }

    #[test]
    fn problems_are_never_hidden() {
        let (text, _) = shown(ProgressMode::None);
        insta::assert_snapshot!(text);
        assert_eq!(shown(ProgressMode::Bar).0, text);
    }
}
