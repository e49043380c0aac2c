//! Reading recordings and searching storage. Judges nothing.

mod flows;
mod planted;
mod work;

use std::{fs::File, future::Future, path::PathBuf, pin::Pin, slice};

use hallmark_capture::Canary;
use hallmark_model::{CheckId, Event, Suite};
use hallmark_runner::{Job, Material, Planted, ProbeError, Prober, Stopwatch};
use serde_json::Value;

use crate::{
    checks,
    facts::{File as FileFacts, TrafficFacts},
};
use planted::{Texts, texts};
use work::{aside, read_captures, search_storage};

/// Recordings of a candidate, and what was planted in it.
#[derive(Clone)]
pub struct Recorded {
    captures: Vec<PathBuf>,
    keylogs: Vec<PathBuf>,
    canaries: Vec<Planted>,
    controls: Vec<Planted>,
    storage: Vec<PathBuf>,
    command: String,
}

impl Recorded {
    /// These recordings, beside whatever earlier probes leave behind. `command` is what a person
    /// types after `hallmark` to judge them again.
    #[must_use]
    pub fn new(
        captures: Vec<PathBuf>,
        keylogs: Vec<PathBuf>,
        canaries: Vec<String>,
        controls: Vec<String>,
        storage: Vec<PathBuf>,
        command: String,
    ) -> Self {
        let planted = |texts: Vec<String>| texts.into_iter().map(Planted::from).collect();
        let (canaries, controls) = (planted(canaries), planted(controls));
        Self { captures, keylogs, canaries, controls, storage, command }
    }

    /// Whether everything that the user named is there and can be used, before anything is done.
    ///
    /// # Errors
    ///
    /// With a line for the user: a file that cannot be opened, a text that cannot be looked for.
    pub fn check(&self) -> Result<(), String> {
        for path in self.captures.iter().chain(&self.keylogs) {
            let cannot = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
            let file = File::open(path).map_err(cannot)?;
            if file.metadata().map_err(cannot)?.is_dir() {
                return Err(format!("{} is a folder, not a file", path.display()));
            }
        }
        for path in &self.storage {
            std::fs::metadata(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        }
        for (kind, given) in [("canary", &self.canaries), ("control", &self.controls)] {
            for (n, text) in given.iter().enumerate() {
                let named = Canary::new(format!("{kind} {}", n + 1), text.text.as_str());
                named.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// Everything there is: what the user named, and what was left in this run.
    fn with(&self, material: Vec<Material>) -> Self {
        let mut all = self.clone();
        for material in material {
            match material {
                Material::Capture(path) => add(&mut all.captures, path),
                Material::KeyLog(path) => add(&mut all.keylogs, path),
                Material::Canary(text) => add(&mut all.canaries, text),
                Material::Control(text) => add(&mut all.controls, text),
                Material::Storage(path) => add(&mut all.storage, path),
            }
        }
        all
    }

    async fn facts(&self, job: &Job<'_>) -> Result<TrafficFacts, ProbeError> {
        let all = self.with(job.material());
        let (reads, searches) =
            (checks::read_captures(job.checks), checks::search_storage(job.checks));
        (job.tell)(Event::SuiteStarted {
            suite: Suite::Traffic,
            subject: all.in_a_few_words(),
            probes: usize::from(reads) + usize::from(searches),
        });
        let Texts { canaries, controls, problems } = texts(&all.canaries, &all.controls);
        problems.iter().for_each(|problem| warn(job, problem));
        let mut facts = TrafficFacts { problems, ..TrafficFacts::default() };
        let texts: Vec<_> =
            canaries.iter().chain(&controls).map(|named| named.canary.clone()).collect();
        let mut found = planted::Found::new(texts.len());

        if reads {
            let title = "captures, their flows and the texts in them";
            let watch = started(job, "plaintext-flows", title);
            let (captures, keylogs, texts) = (all.captures, all.keylogs, texts.clone());
            let read = aside(move || read_captures(&captures, &keylogs, &texts)).await;
            let read = read.map_err(|error| ProbeError::Unreachable(error.to_string()))?;
            facts.files = read.files;
            facts.keylogs = read.keylogs;
            found.in_transit(&read.hunter);
            flows::tell(read.flows, &mut facts, job)?;
            for FileFacts { path, problems, .. } in &facts.files {
                problems.iter().for_each(|problem| warn(job, &format!("{path}: {problem}")));
            }
            for log in &facts.keylogs {
                log.problems.iter().for_each(|p| warn(job, &format!("{}: {p}", log.path)));
            }
            let seen = format!("{} flows in {} file(s)", facts.flows.len(), facts.files.len());
            finished(job, "plaintext-flows", &watch, seen);
        }
        if searches {
            let watch =
                started(job, "canaries-at-rest", "files in which the candidate stores things");
            let storage = all.storage;
            let searched = aside(move || search_storage(&storage, &texts)).await;
            facts.storage = searched.storage;
            found.at_rest(&searched.hunters);
            let files: u64 = facts.storage.iter().map(|storage| storage.files).sum();
            let seen = format!("{files} file(s) in {} place(s)", facts.storage.len());
            finished(job, "canaries-at-rest", &watch, seen);
        }
        (facts.canaries, facts.controls) = found.facts(&canaries, &controls);
        self.forget_places(&mut facts);
        Ok(facts)
    }

    /// What was left by others in this run lies in a folder that will be gone: its name is enough.
    fn forget_places(&self, facts: &mut TrafficFacts) {
        let named: Vec<_> = [&self.captures, &self.keylogs, &self.storage]
            .into_iter()
            .flatten()
            .map(|path| path.display().to_string())
            .collect();
        let files = facts.files.iter_mut().map(|file| &mut file.path);
        let keylogs = facts.keylogs.iter_mut().map(|keylog| &mut keylog.path);
        let storage = facts.storage.iter_mut().map(|storage| &mut storage.path);
        for path in files.chain(keylogs).chain(storage).filter(|path| !named.contains(path)) {
            if let Some((_, name)) = path.rsplit_once('/') {
                *path = name.to_owned();
            }
        }
    }

    fn in_a_few_words(&self) -> String {
        let count = |n: usize, what: &str| (n > 0).then(|| format!("{n} {what}"));
        let parts = [
            count(self.captures.len(), "capture file(s)"),
            count(self.keylogs.len(), "key log(s)"),
            count(self.canaries.len(), "canary text(s)"),
            count(self.controls.len(), "control text(s)"),
            count(self.storage.len(), "storage folder(s)"),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "nothing recorded".to_owned() } else { parts.join(", ") }
    }
}

impl Prober for Recorded {
    fn command(&self) -> String {
        self.command.clone()
    }

    /// Without captures it lives on what is left behind, whatever that will be.
    fn covers(&self, check: &CheckId) -> bool {
        let storage = !checks::search_storage(slice::from_ref(check)) || !self.storage.is_empty();
        let canaries = !checks::look_for_canaries(check) || !self.canaries.is_empty();
        self.captures.is_empty() || storage && canaries
    }

    fn uses_material(&self) -> bool {
        true
    }

    fn probe<'a>(
        &'a self,
        job: &'a Job<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Value, ProbeError>> + 'a>> {
        Box::pin(async move {
            let facts = self.facts(job).await?;
            Ok(serde_json::to_value(facts).expect("facts are plain data"))
        })
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

/// A probe is called after the first check that it feeds.
fn started(job: &Job<'_>, check: &str, title: &str) -> Stopwatch {
    let probe = CheckId::of(Suite::Traffic, check);
    (job.tell)(Event::ProbeStarted { probe, title: title.to_owned() });
    Stopwatch::start()
}

fn finished(job: &Job<'_>, check: &str, watch: &Stopwatch, outcome: String) {
    let probe = CheckId::of(Suite::Traffic, check);
    (job.tell)(Event::ProbeFinished { probe, millis: watch.millis(), outcome });
}

fn warn(job: &Job<'_>, message: &str) {
    let (place, message) = (Suite::Traffic.to_string(), message.to_owned());
    (job.tell)(Event::Problem { place, message });
}
