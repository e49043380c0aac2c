//! One run, from plan to report.

use std::{collections::BTreeMap, time::Instant};

use hallmark_model::{
    Event, ExitCode, Headline, Overlay, Report, RequirementId, Standard, Suite as SuiteName,
    candidate::GateSettings,
    event::Stamped,
    report::{Counts, Subject},
};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::{
    Clock, FactsError, Job, Judged, Material, Materials, Plan, ProbeError, Recorder, RecorderError,
    Reporter, Scene, Scope, Seed, gate, judge, rows,
};

/// Everything around the plan.
pub struct Setting<'a> {
    /// What to judge against.
    pub standard: &'a Standard,
    /// The report as it stands before anything is known: who, what, when.
    pub opening: Report,
    /// Waivers and declarations, by row.
    pub overlays: BTreeMap<RequirementId, Vec<Overlay>>,
    /// For everything random.
    pub seed: Seed,
    /// What decides the exit code.
    pub gate: GateSettings,
    /// Whether the gate looks at the whole standard, or only at what was selected.
    pub whole_standard: bool,
    /// Where things are kept.
    pub recorder: &'a dyn Recorder,
    /// Who follows.
    pub reporters: &'a [&'a dyn Reporter],
    /// The clock.
    pub clock: Clock<'a>,
}

/// A run that came to its end.
#[derive(Debug)]
pub struct Finished {
    /// What it concluded, complete.
    pub report: Report,
    /// What the gate asks for.
    pub exit: ExitCode,
    /// What each suite saw.
    pub facts: Vec<(SuiteName, Value)>,
}

/// A run that did not.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A suite could not reach its subject.
    #[error("{0}")]
    Unreachable(String),
    /// Something could not be kept.
    #[error(transparent)]
    Recorder(#[from] RecorderError),
    /// A suite does not understand its own facts.
    #[error(transparent)]
    Facts(#[from] FactsError),
}

impl RunError {
    /// The exit code that it asks for.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        match self {
            Self::Unreachable(_) => ExitCode::Unreachable,
            Self::Recorder(_) => ExitCode::Incomplete,
            Self::Facts(_) => ExitCode::Internal,
        }
    }
}

/// Runs the plan.
///
/// The caller renders and writes the final record: until then the report on disk says that it is
/// incomplete.
///
/// # Errors
///
/// When a suite cannot reach its subject, or something cannot be kept.
pub async fn run(plan: &Plan<'_>, setting: Setting<'_>) -> Result<Finished, RunError> {
    let journal = Journal::new(&setting);
    let mut report = setting.opening.clone();
    setting.recorder.report(&report)?;
    journal.tell(Event::RunStarted {
        run: report.run.id.clone(),
        tool: report.tool.version.clone(),
        standard: format!("{}/{}", report.standard.id, report.standard.version),
        candidate: format!("{} {}", report.candidate.name, report.candidate.version),
        seed: setting.seed.to_string(),
        checks: plan.checks(),
    });

    let materials = Materials::default();
    let wanted = plan.work.iter().any(|work| work.prober.uses_material());
    for scene in plan.scenes.iter().filter(|_| wanted) {
        for material in play(*scene, setting.seed, &journal).await? {
            materials.leave(material);
        }
    }

    let mut judged = Vec::new();
    let mut kept = Vec::new();
    let mut subjects: Vec<Subject> = Vec::new();
    let on = report.run.started.to_zoned(TimeZone::UTC).date();
    for work in &plan.work {
        let tell = |event| journal.tell(event);
        let job = Job {
            checks: &work.checks,
            depth: report.run.selection.depth,
            seed: setting.seed,
            tell: &tell,
            recorder: setting.recorder,
            materials: &materials,
        };
        let probed = work.prober.probe(&job).await;
        let facts = probed.map_err(|error| journal.stop(&work.suite.name().to_string(), error))?;
        journal.check()?;
        setting.recorder.facts(work.suite.name(), &facts)?;
        subjects.push(work.suite.subject(&facts)?);
        let findings = judge(work.suite, &facts, &work.checks, setting.standard, on)?;
        for finding in &findings {
            let title = plan.catalogue.iter().find(|info| info.id == finding.check);
            journal.tell(Event::Judged {
                title: title.map_or("", |info| info.title).to_owned(),
                finding: finding.clone(),
            });
        }
        judged.push(Judged {
            findings,
            command: work.prober.command(),
            seed: setting.seed.to_string(),
        });
        kept.push((work.suite.name(), facts));
    }

    report.candidate.subjects = subjects;
    report.requirements = rows(setting.standard, &plan.catalogue, &judged, &setting.overlays);
    report.counts = Counts::of(&report.requirements);
    report.headline = Headline::of(&report.requirements, true);
    let selected: Vec<_> = plan.work.iter().flat_map(|work| work.checks.clone()).collect();
    let scope = if setting.whole_standard { Scope::Standard } else { Scope::Checks(&selected) };
    let exit = gate(&report.requirements, scope, &setting.gate);
    journal.tell(Event::finished(report.headline, exit));
    journal.check()?;
    report.run.finished = Some((setting.clock)());
    report.run.complete = true;
    Ok(Finished { report, exit, facts: kept })
}

/// Plays a scene.
async fn play(
    scene: &dyn Scene,
    seed: Seed,
    journal: &Journal<'_>,
) -> Result<Vec<Material>, RunError> {
    journal.tell(Event::SceneStarted { title: scene.title() });
    let watch = Stopwatch::start();
    let materials = scene.play(seed).await.map_err(|error| journal.stop("scene", error))?;
    journal.tell(Event::SceneFinished { title: scene.title(), millis: watch.millis() });
    Ok(materials)
}

/// Stamps events and hands them to the recorder and the reporters.
struct Journal<'a> {
    recorder: &'a dyn Recorder,
    reporters: &'a [&'a dyn Reporter],
    clock: Clock<'a>,
    lost: std::cell::RefCell<Option<RecorderError>>,
}

impl<'a> Journal<'a> {
    fn new(setting: &Setting<'a>) -> Self {
        Self {
            recorder: setting.recorder,
            reporters: setting.reporters,
            clock: setting.clock,
            lost: std::cell::RefCell::new(None),
        }
    }

    fn tell(&self, event: Event) {
        let stamped = Stamped { at: (self.clock)(), event };
        if let Err(error) = self.recorder.journal(&stamped) {
            self.lost.borrow_mut().get_or_insert(error);
        }
        for reporter in self.reporters {
            reporter.event(&stamped);
        }
    }

    /// Says why the run cannot go on.
    fn stop(&self, place: &str, error: ProbeError) -> RunError {
        match error {
            ProbeError::Unreachable(reason) => {
                self.tell(Event::Problem { place: place.to_owned(), message: reason.clone() });
                RunError::Unreachable(reason)
            }
            ProbeError::Recorder(error) => RunError::Recorder(error),
        }
    }

    /// Fails if an event could not be written.
    fn check(&self) -> Result<(), RecorderError> {
        self.lost.borrow_mut().take().map_or(Ok(()), Err)
    }
}

/// Tells how long a probe took.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since the start.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
