//! One run from arguments to bundle: what `demo`, `run` and a suite verb have in common.

use std::{
    collections::BTreeMap,
    env, fs,
    io::Read,
    path::{Path, PathBuf},
};

use hallmark_bundle::Draft;
use hallmark_model::{
    ExitCode, Figure, Headline, Overlay, Report, RequirementId, Sha256, Suite as SuiteName,
    candidate::{Authorisation, Described, GateSettings},
    report::{Assurance, Candidate, Counts, Row, Run, SCHEMA, StandardRef, Tool},
};
use hallmark_render::{page, terminal};
use hallmark_runner::{
    Finished, Forget, Plan, Prober, Recorder, Reporter, RunError, Scene, Seed, Setting, Suite,
};
use hallmark_standards::Loaded;
use jiff::Timestamp;
use ring::{digest, rand};
use serde_json::Value;

use crate::{
    args::{Choice, Form, Output},
    failure::Failure,
    house,
    record::Kept,
    show::Show,
};

/// Suites, each with its way to the candidate.
pub(crate) type Work<'a> = Vec<(&'a dyn Suite, Box<dyn Prober>)>;

/// What a run is about.
pub(crate) struct Session<'a> {
    pub(crate) candidate: Described,
    pub(crate) standard: Loaded,
    pub(crate) overlays: BTreeMap<RequirementId, Vec<Overlay>>,
    pub(crate) authorisation: Option<Authorisation>,
    /// Whether intrusive checks are allowed.
    pub(crate) intrusive: bool,
    pub(crate) gate: GateSettings,
    /// Whether the gate looks at the whole standard.
    pub(crate) whole_standard: bool,
    /// What the candidate does first, while a recorder listens.
    pub(crate) scene: Option<Box<dyn Scene>>,
    pub(crate) work: Work<'a>,
    pub(crate) choice: &'a Choice,
    /// When it started.
    pub(crate) started: Timestamp,
}

/// What a run left behind.
pub(crate) struct Done {
    pub(crate) report: Report,
    pub(crate) exit: ExitCode,
    /// How long each probe took, for the summary.
    pub(crate) extras: terminal::Extras,
    facts: Vec<(SuiteName, Value)>,
}

impl Session<'_> {
    /// Runs, writes the bundle to `out` if there is one, and shows progress.
    pub(crate) fn run(self, out: Option<&Path>, show: &Show) -> Result<Done, Failure> {
        let selection = self.choice.selection();
        let suites: Vec<_> = self.work.iter().map(|(suite, prober)| (*suite, &**prober)).collect();
        let mut plan = Plan::new(&suites, house::catalogue(), &selection, &self.standard.standard)?;
        if let Some(scene) = &self.scene {
            plan = plan.after(&**scene);
        }
        let seed = self.choice.seed.map_or_else(random_seed, Ok)?;
        let mut opening = self.opening(seed);
        // What could not be looked at was not selected: `recheck` judges the same checks again.
        opening.run.selection.skip.extend(plan.left_out.iter().map(ToString::to_string));
        let follower = show.follower();

        let kept = out.map(Draft::create).transpose()?.map(Kept);
        let forget = Forget(sha256);
        let recorder: &dyn Recorder = match &kept {
            Some(kept) => kept,
            None => &forget,
        };
        let reporters: [&dyn Reporter; 1] = [&follower];
        let setting = Setting {
            standard: &self.standard.standard,
            opening,
            overlays: self.overlays,
            seed,
            gate: self.gate,
            whole_standard: self.whole_standard && selection.is_everything(),
            recorder,
            reporters: &reporters,
            clock: &Timestamp::now,
        };
        let ended = block_on(hallmark_runner::run(&plan, setting))?;
        let elapsed = follower.finish();
        let Finished { report, exit, facts } = match ended {
            Ended::Run(finished) => finished.map_err(|error| self_explaining(error, out))?,
            Ended::Signal(exit) => {
                let kept = out.map_or_else(String::new, |dir| {
                    format!("; the incomplete bundle is in {}", dir.display())
                });
                return Err(Failure::new(exit, format!("stopped by a signal{kept}")));
            }
        };
        if let Some(Kept(draft)) = kept {
            draft.finish(&report, &render(&report, &facts)?)?;
        }
        let extras = terminal::Extras { elapsed, ..terminal::Extras::default() };
        Ok(Done { report, exit, extras, facts })
    }

    fn opening(&self, seed: Seed) -> Report {
        let document = &self.standard.standard.document;
        Report {
            schema: SCHEMA,
            tool: Tool {
                name: "hallmark".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                sha256: own_digest(),
            },
            standard: StandardRef {
                id: document.id.clone(),
                version: document.version.clone(),
                digest: self.standard.digest,
                title: document.title.clone(),
                note: document.note.clone(),
            },
            candidate: Candidate {
                name: self.candidate.name.clone(),
                version: self.candidate.version.clone(),
                vendor: self.candidate.vendor.clone(),
                subjects: Vec::new(),
            },
            run: Run {
                id: run_id(self.started, seed),
                started: self.started,
                finished: None,
                seed: seed.to_string(),
                complete: false,
                selection: self.choice.selection(),
                assurance: if self.choice.independent {
                    Assurance::Independent
                } else {
                    Assurance::SelfTest
                },
                challenge: self.choice.challenge.clone(),
                authorisation: self.authorisation.clone(),
                intrusive: self.intrusive,
                environment: vec![format!("{} on {}", env::consts::OS, env::consts::ARCH)],
            },
            headline: Headline::UNDETERMINED,
            counts: Counts::default(),
            requirements: Vec::new(),
        }
    }
}

impl Done {
    /// Shows the result in every form that was asked for, and says how to end: the same for all.
    ///
    /// A suite verb shows the rows that it decides, as JSON together with its facts in one object; a
    /// run shows its report.
    pub(crate) fn show(
        mut self,
        outputs: &[Output],
        suite: Option<SuiteName>,
        show: &Show,
    ) -> Result<ExitCode, Failure> {
        let shown = suite.map(|suite| self.rows_of(suite));
        for Output { form, path } in outputs {
            let style = if path.is_some() { terminal::Style::PLAIN } else { show.style() };
            let text = match (form, suite) {
                (Form::Text, _) => {
                    let report = shown.as_ref().unwrap_or(&self.report);
                    terminal::summary(report, self.exit, &self.extras, style)
                }
                (Form::Json, None) => json(&self.report)?,
                (Form::Json, Some(suite)) => json(&self.suite(suite, shown.as_ref()))?,
                (Form::Html, _) => render(&self.report, &self.facts)?,
            };
            match path {
                None => show.result(&text),
                Some(path) => fs::write(path, text).map_err(|error| {
                    Failure::usage(format!("cannot write {}: {error}", path.display()))
                })?,
            }
        }
        Ok(self.exit)
    }

    fn suite(&self, suite: SuiteName, shown: Option<&Report>) -> Value {
        let facts = self.facts.iter().find(|(name, _)| *name == suite).map(|(_, facts)| facts);
        serde_json::json!({ "facts": facts, "requirements": shown.map(|report| &report.requirements) })
    }

    /// The report with the rows that this suite decides, and a note that there are others.
    fn rows_of(&mut self, suite: SuiteName) -> Report {
        let decided = |row: &Row| row.checks.iter().any(|check| check.id.suite() == suite);
        let mut report = self.report.clone();
        report.requirements.retain(decided);
        let others = self.report.requirements.len() - report.requirements.len();
        if others > 0 {
            let rest = format!("{others} requirements that other suites or declarations decide");
            self.note("Not shown", rest);
        }
        report
    }

    /// Adds a labelled line to the end of the summary.
    pub(crate) fn note(&mut self, label: &str, text: impl Into<String>) {
        self.extras.notes.push((label.to_owned(), text.into()));
    }
}

/// The page of a report.
pub(crate) fn render(report: &Report, facts: &[(SuiteName, Value)]) -> Result<String, Failure> {
    let mut figures: Vec<(SuiteName, Figure)> = Vec::new();
    for (name, facts) in facts {
        if let Some(suite) = house::suite(*name) {
            figures.extend(suite.figures(facts)?.into_iter().map(|figure| (*name, figure)));
        }
    }
    page::render_page(report, &figures).map_err(|error| {
        Failure::new(ExitCode::Internal, format!("cannot write the page: {error}"))
    })
}

/// Runs one suite alone, with a bundle only where `--out` asks for one. It gates the rows that the
/// suite decides, and never says "meets".
pub(crate) fn alone(
    work: (&dyn Suite, Box<dyn Prober>),
    (name, version): (&str, &str),
    choice: &Choice,
    show: &Show,
) -> Result<ExitCode, Failure> {
    let suite = work.0.name();
    let mut gate = GateSettings::default();
    if let Some(fail_on) = choice.fail_on() {
        gate.fail_on = fail_on;
    }
    let session = Session {
        candidate: Described { name: name.to_owned(), version: version.to_owned(), vendor: None },
        standard: hallmark_standards::load(choice.standard.as_deref().unwrap_or("nhs-im"))?,
        overlays: BTreeMap::new(),
        authorisation: None,
        intrusive: false,
        gate,
        whole_standard: false,
        scene: None,
        work: vec![work],
        choice,
        started: Timestamp::now(),
    };
    let mut done = session.run(choice.out.as_deref(), show)?;
    if let Some(out) = &choice.out {
        done.note("Bundle", format!("{}/", out.display()));
        done.note("Signed", "no (hallmark sign …)");
    }
    done.show(&choice.outputs(), Some(suite), show)
}

/// A folder for the bundle of a run that was given none.
pub(crate) fn default_out(prefix: &str, started: Timestamp) -> Result<PathBuf, Failure> {
    let apart = random_seed()?.0 & 0xffff;
    Ok(PathBuf::from("hallmark-out").join(format!("{prefix}{}-{apart:04x}", stamp(started))))
}

/// Reads a file that the user named.
pub(crate) fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let cannot =
        |reason: String| Failure::usage(format!("cannot read {}: {reason}", path.display()));
    let size = fs::metadata(path).map_err(|error| cannot(error.to_string()))?.len();
    if size > most {
        return Err(cannot(format!("it has {size} bytes, and {most} are allowed")));
    }
    fs::read(path).map_err(|error| cannot(error.to_string()))
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Failure::new(ExitCode::Internal, error))
}

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    Sha256::from_bytes(out)
}

enum Ended {
    Run(Box<Result<Finished, RunError>>),
    Signal(ExitCode),
}

/// Runs to the end, or to the first signal that asks us to stop.
fn block_on(run: impl Future<Output = Result<Finished, RunError>>) -> Result<Ended, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let internal = |error: std::io::Error| Failure::new(ExitCode::Internal, error);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(internal)?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(internal)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(internal)?;
        Ok(tokio::select! {
            finished = run => Ended::Run(Box::new(finished)),
            _ = interrupt.recv() => Ended::Signal(ExitCode::Interrupted),
            _ = terminate.recv() => Ended::Signal(ExitCode::Terminated),
        })
    })
}

fn self_explaining(error: RunError, out: Option<&Path>) -> Failure {
    let exit = error.exit();
    let kept = out
        .map_or_else(String::new, |dir| format!("\nthe incomplete bundle is in {}", dir.display()));
    Failure::new(exit, format!("{error}{kept}"))
}

fn random_seed() -> Result<Seed, Failure> {
    let mut bytes = [0; 8];
    rand::SecureRandom::fill(&rand::SystemRandom::new(), &mut bytes)
        .map_err(|_| Failure::new(ExitCode::Internal, "the system gives no random numbers"))?;
    Ok(Seed(u64::from_le_bytes(bytes)))
}

fn run_id(started: Timestamp, seed: Seed) -> String {
    format!("{}-{:04x}", stamp(started), seed.0 & 0xffff)
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// SHA-256 of the running executable, where it can be read.
fn own_digest() -> Option<Sha256> {
    let mut file = env::current_exe().and_then(fs::File::open).ok()?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk).ok()? {
            0 => break,
            read => context.update(chunk.get(..read)?),
        }
    }
    let digest: [u8; 32] = context.finish().as_ref().try_into().ok()?;
    Some(Sha256::from_bytes(digest))
}
