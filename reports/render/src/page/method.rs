//! How the report came about.

use hallmark_model::{Report, selection::Depth};

use crate::{shown::Shown, words};

/// Labelled facts, and what rests on the driver's word.
pub(super) struct Method {
    pub(super) facts: Vec<(&'static str, Shown)>,
    pub(super) environment: Vec<Shown>,
    pub(super) subjects: Vec<Subject>,
}

/// What one suite talked to.
pub(super) struct Subject {
    pub(super) suite: &'static str,
    pub(super) name: Shown,
    pub(super) notes: Vec<Shown>,
}

impl Method {
    pub(super) fn of(report: &Report) -> Self {
        let facts = facts(report);
        Self {
            facts: facts.into_iter().map(|(label, text)| (label, Shown::line(&text))).collect(),
            environment: report.run.environment.iter().map(|line| Shown::line(line)).collect(),
            subjects: report
                .candidate
                .subjects
                .iter()
                .map(|subject| Subject {
                    suite: words::suite(subject.suite),
                    name: Shown::line(&subject.name),
                    notes: subject.notes.iter().map(|note| Shown::passage(note)).collect(),
                })
                .collect(),
        }
    }
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let (tool, standard, run) = (&report.tool, &report.standard, &report.run);
    let digest = tool.sha256.map_or("could not be read".to_owned(), |digest| digest.to_string());
    let globs = |globs: &[String], none: &str| {
        if globs.is_empty() { none.to_owned() } else { globs.join(", ") }
    };
    vec![
        ("Tool", format!("{} {}", tool.name, tool.version)),
        ("Digest of the tool (SHA-256)", digest),
        ("Standard", format!("{} {}", standard.id, standard.version)),
        ("Digest of the standard (SHA-256)", standard.digest.to_string()),
        ("Run", run.id.clone()),
        ("Started", words::time(run.started)),
        ("Finished", run.finished.map_or("did not finish".to_owned(), words::time)),
        ("Complete", if run.complete { "yes" } else { "no" }.to_owned()),
        ("Seed", run.seed.clone()),
        ("Selected", globs(&run.selection.only, "everything")),
        ("Left out", globs(&run.selection.skip, "nothing")),
        ("Depth", depth(run.selection.depth).to_owned()),
    ]
}

fn depth(depth: Depth) -> &'static str {
    match depth {
        Depth::Quick => "quick: samples where a sweep is possible",
        Depth::Full => {
            "full: every position and window up to the limits of the standard, and beyond"
        }
        Depth::Exhaustive => "exhaustive: everything",
    }
}
