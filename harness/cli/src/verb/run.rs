//! `hallmark run`: every suite that the candidate's description allows.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use hallmark_driver::Connect;
use hallmark_messaging::{Driven, Interception, Messaging, World};
use hallmark_model::{
    Configuration, ExitCode, Overlay, RequirementId, Standard,
    candidate::{self, Authorisation, NotAuthorised},
    document::DocumentError,
    overlay::{OverlayError, check_declaration, check_waiver},
};
use hallmark_runner::Prober;
use hallmark_server::{Probed, Server};
use hallmark_traffic::{Recorded, Traffic};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    args,
    failure::Failure,
    house,
    product::{self, Workplace},
    session::{Session, Work, default_out, read_file},
    show::Show,
    verb::sign,
};

/// Largest description read, in bytes.
const LARGEST: u64 = 1024 * 1024;

pub(super) fn run(args: &args::Run, show: &Show) -> Result<ExitCode, Failure> {
    let name = args.config.display().to_string();
    if !args.config.exists() {
        return Err(Failure::usage(format!(
            "there is no {name}; describe the candidate in it (README.md shows one), or name another \
             file with -c"
        )));
    }
    let text = String::from_utf8(read_file(&args.config, LARGEST)?)
        .map_err(|_| Failure::usage(format!("{name} is not UTF-8 text")))?;
    let configuration = Configuration::parse(&name, &text)?;
    let started = Timestamp::now();
    let id = args.choice.standard.clone().unwrap_or_else(|| configuration.standard.clone());
    let standard = hallmark_standards::load(&id).map_err(|error| {
        // Say where the wrong name stands, if it stands in the description.
        if args.choice.standard.is_some() {
            return Failure::from(error);
        }
        DocumentError::at_string(&name, &text, &id, &error.to_string()).into()
    })?;
    let today = started.to_zoned(TimeZone::UTC).date();
    let overlays = overlays(&configuration, &standard.standard, today)?;
    let out = args.choice.out.clone().map_or_else(|| default_out("", started), Ok)?;
    let lives = configuration.messaging.iter().any(|messenger| messenger.product.is_some());
    let workplace = lives.then(|| Workplace::beside(&out)).transpose()?;
    let described =
        Described { config: &args.config, name: &name, text: &text, intrusive: args.intrusive };
    let work = described.work(&configuration, workplace.as_ref(), today)?;
    let mut gate = configuration.gate.clone();
    if let Some(fail_on) = args.choice.fail_on() {
        gate.fail_on = fail_on;
    }
    let signer = configuration
        .sign
        .as_ref()
        .map(|with| {
            let at = |path: &str| beside(&args.config).join(path);
            sign::signer(&at(&with.key), &at(&with.certificate))
        })
        .transpose()?;
    let session = Session {
        candidate: configuration.candidate.clone(),
        standard,
        overlays,
        authorisation: configuration.authorisation.clone(),
        intrusive: args.intrusive,
        gate,
        whole_standard: true,
        scene: None,
        work,
        choice: &args.choice,
        started,
    };
    let mut done = session.run(Some(&out), show)?;
    done.note("Bundle", format!("{}/", out.display()));
    done.note("Page", out.join("report.html").display().to_string());
    match signer {
        Some(signer) => {
            let signed = sign::sign_with(&out, &done.report, &signer, "vendor")?;
            done.note("Signed", signed);
        }
        None => done.note("Signed", "no (hallmark sign …)"),
    }
    done.show(&args.choice.outputs(), None, show)
}

fn beside(config: &Path) -> PathBuf {
    config.parent().map_or_else(PathBuf::new, Path::to_owned)
}

fn first_capture(traffic: &candidate::Traffic) -> &str {
    traffic.captures.first().map_or("", |first| first)
}

/// The description, for errors that point at its places.
struct Described<'a> {
    config: &'a Path,
    name: &'a str,
    text: &'a str,
    /// Whether intrusive checks are asked for.
    intrusive: bool,
}

impl Described<'_> {
    /// What the description allows to be run: one of each kind, servers first, messengers last, so
    /// that quick failures show early.
    fn work<'w>(
        &self,
        configuration: &Configuration,
        workplace: Option<&Workplace>,
        today: Date,
    ) -> Result<Work<'w>, Failure> {
        let mut work: Work<'w> = Vec::new();
        if let Some(server) = self.only(&configuration.server, "server", |s| &s.endpoint)? {
            work.push((&Server, self.server(server)?));
        }
        let messaging = self.only(&configuration.messaging, "messenger", |m| &m.driver)?;
        let traffic = self.only(&configuration.traffic, "recording", first_capture)?;
        // What a live app leaves behind is recorded while it runs, and looked into afterwards.
        match (messaging.zip(workplace), traffic) {
            (Some((messaging, workplace)), traffic) => {
                let authorised = (configuration.authorisation.as_ref(), today);
                work.push((&Messaging, self.live(messaging, workplace, authorised)?));
                let recorded = traffic.map_or_else(|| Ok(self.left_behind()), |t| self.traffic(t));
                work.push((&Traffic, recorded?));
            }
            (None, Some(traffic)) => work.push((&Traffic, self.traffic(traffic)?)),
            (None, None) => {}
        }
        if let (Some(messaging), None) = (messaging, workplace) {
            work.push((&Messaging, Box::new(self.messenger(messaging)?)));
        }
        if work.is_empty() {
            let message = "it describes nothing to test; add a [[server]] entry with an endpoint, a \
                           [[traffic]] entry with captures, or a [[messaging]] entry with a driver";
            return Err(Failure::usage(format!("{}: {message}", self.name)));
        }
        Ok(work)
    }

    /// The entry of a kind, of which there may be one.
    fn only<'e, T>(
        &self,
        entries: &'e [T],
        kind: &str,
        shown: impl Fn(&T) -> &str,
    ) -> Result<Option<&'e T>, Failure> {
        match entries {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            [_, second, ..] => {
                let message = format!(
                    "one description is one {kind}; describe the second in a file of its own"
                );
                Err(self.at(shown(second), &message))
            }
        }
    }

    fn server(&self, server: &candidate::Server) -> Result<Box<dyn Prober>, Failure> {
        let candidate::Server { endpoint, starttls, name, roots } = server;
        let target = house::target(endpoint, starttls.as_deref(), name.as_deref())
            .map_err(|message| self.at(endpoint, &message))?;
        let mut probed = Probed::new(target, self.command());
        if let Some(roots) = roots {
            probed = house::trusting(probed, &beside(self.config).join(roots))
                .map_err(|failure| self.at(roots, &failure.message))?;
        }
        Ok(Box::new(probed))
    }

    fn traffic(&self, traffic: &candidate::Traffic) -> Result<Box<dyn Prober>, Failure> {
        let folder = beside(self.config);
        let here = |paths: &[String]| paths.iter().map(|path| folder.join(path)).collect();
        let recordings = house::Recordings {
            captures: here(&traffic.captures),
            keylogs: here(&traffic.keylogs),
            canaries: traffic.canaries.clone(),
            controls: traffic.controls.clone(),
            storage: here(&traffic.storage),
        };
        if recordings.captures.is_empty() {
            let message = format!("{}: a [[traffic]] entry names at least one capture", self.name);
            return Err(Failure::usage(message));
        }
        let recorded = house::recorded(recordings, self.command())
            .map_err(|message| Failure::usage(format!("{}: {message}", self.name)))?;
        Ok(Box::new(recorded))
    }

    /// A live app on its server.
    fn live(
        &self,
        messaging: &candidate::Messaging,
        workplace: &Workplace,
        authorised: (Option<&Authorisation>, Date),
    ) -> Result<Box<dyn Prober>, Failure> {
        let driven = self.messenger(messaging)?;
        let Some(product) = &messaging.product else { return Ok(Box::new(driven)) };
        let world = product::world(product, &beside(self.config), workplace)
            .map_err(|(value, message)| self.at(value, &message))?;
        let interception = match &product.interceptor {
            None => Interception::NotDescribed,
            // Read in any case: a wrong name is wrong before it is used.
            Some(interceptor) => {
                let connect = self.driver(interceptor)?;
                if self.intrusive {
                    allowed(&world, &product.server, authorised)?;
                    Interception::Allowed(connect)
                } else {
                    Interception::NotAllowed
                }
            }
        };
        Ok(Box::new(driven.within(world, interception)))
    }

    /// Recordings that the messenger of this run will have left.
    fn left_behind(&self) -> Box<dyn Prober> {
        let recorded = Recorded::new(vec![], vec![], vec![], vec![], vec![], self.command());
        Box::new(recorded)
    }

    fn messenger(&self, messaging: &candidate::Messaging) -> Result<Driven, Failure> {
        let command = self.command() + if self.intrusive { " --intrusive" } else { "" };
        Ok(Driven::new(self.driver(&messaging.driver)?, command))
    }

    fn driver(&self, driver: &str) -> Result<Box<dyn Connect>, Failure> {
        // Paths in a description are relative to it, wherever the run is started.
        let folder = beside(self.config);
        let is_path = driver.contains('/') && !driver.starts_with("builtin:");
        let named = if is_path {
            folder.join(driver).to_string_lossy().into_owned()
        } else {
            driver.to_owned()
        };
        house::driver(&named, &house::places()).map_err(|failure| self.at(driver, &failure.message))
    }

    fn command(&self) -> String {
        format!("run -c {}", house::shell_word(self.name))
    }

    fn at(&self, value: &str, message: &str) -> Failure {
        DocumentError::at_string(self.name, self.text, value, message).into()
    }
}

/// Whether apps may be attacked on their way to this server.
fn allowed(
    world: &World,
    server: &str,
    (authorisation, today): (Option<&Authorisation>, Date),
) -> Result<(), Failure> {
    let checked = match authorisation {
        // It stands in the report, so it holds, needed or not.
        Some(authorisation) => authorisation.check(today),
        None if world.is_on_this_machine() => Ok(()),
        None => Err(NotAuthorised::Absent { server: server.to_owned() }),
    };
    checked.map_err(|not| Failure::usage(not.to_string()))
}

/// Waivers and declarations, each held against its row and the day.
fn overlays(
    configuration: &Configuration,
    standard: &Standard,
    today: Date,
) -> Result<BTreeMap<RequirementId, Vec<Overlay>>, Failure> {
    let mut overlays: BTreeMap<RequirementId, Vec<Overlay>> = BTreeMap::new();
    let mut wrong: Vec<OverlayError> = Vec::new();
    for declaration in &configuration.declaration {
        let id = &declaration.requirement;
        let row = standard.requirement(id);
        wrong.extend(check_declaration(declaration, row, today).err());
        let given = overlays.entry(id.clone()).or_default();
        if given.iter().any(|overlay| matches!(overlay, Overlay::Declared { .. })) {
            wrong.push(OverlayError::Duplicate { kind: "declaration", requirement: id.clone() });
        }
        given.push(declaration.clone().into());
    }
    for waiver in &configuration.waiver {
        let id = &waiver.requirement;
        wrong.extend(check_waiver(waiver, standard.requirement(id), today).err());
        let given = overlays.entry(id.clone()).or_default();
        if given.iter().any(|overlay| matches!(overlay, Overlay::Waived { .. })) {
            wrong.push(OverlayError::Duplicate { kind: "waiver", requirement: id.clone() });
        }
        given.push(waiver.clone().into());
    }
    if wrong.is_empty() {
        return Ok(overlays);
    }
    let lines: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    Err(Failure::new(ExitCode::OverlayInvalid, lines.join("\n")))
}
