//! `hallmark demo`: the main job on the embedded reference candidate. No network, no set-up.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use hallmark_model::{
    Declaration, ExitCode, Overlay, RequirementId, Standard, Verdict,
    candidate::{Described, GateSettings},
};
use hallmark_reference::{Fault, Faults};
use hallmark_sign::{Role, sign_bundle, throwaway};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use crate::{
    args::{self, Form},
    demonstration::Demonstration,
    failure::Failure,
    house,
    session::{Done, Session, default_out, sha256},
    show::Show,
};

/// The throw-away root's file, beside the bundle.
const ROOT: &str = "demo-root.pem";
/// Roots of earlier demos are kept in the same file until it reaches this size.
const ROOTS_AT_MOST: u64 = 256 * 1024;
/// The text that the demonstration's declarations rest on.
const NOT_EVIDENCE: &str = "Demonstration declaration. It stands for no document and no person.";

pub(super) fn demo(args: &args::Demo, show: &Show) -> Result<ExitCode, Failure> {
    if args.list_faults {
        let json = args.choice.outputs().iter().any(|output| output.form == Form::Json);
        return list_faults(json, show);
    }
    let faults = faults(&args.fault)?;
    let started = Timestamp::now();
    let today = started.to_zoned(TimeZone::UTC).date();
    let standard = hallmark_standards::load(args.choice.standard.as_deref().unwrap_or("nhs-im"))?;
    let out = args.choice.out.clone().map_or_else(|| default_out("demo-", started), Ok)?;
    let command =
        args.fault.iter().fold("demo".to_owned(), |command, fault| command + " --fault " + fault);
    let demonstration = Demonstration::start(faults)?;
    let mut gate = GateSettings::default();
    if let Some(fail_on) = args.choice.fail_on() {
        gate.fail_on = fail_on;
    }
    let session = Session {
        candidate: Described {
            name: "Hallmark reference candidate".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            vendor: Some("Hallmark (demonstration)".to_owned()),
        },
        overlays: demonstration_declarations(&standard.standard, today),
        standard,
        authorisation: None,
        intrusive: false,
        gate,
        whole_standard: true,
        scene: Some(demonstration.scene()),
        work: demonstration.work(&command),
        choice: &args.choice,
        started,
    };
    let mut done = session.run(Some(&out), show)?;
    sign_and_verify(&mut done, &out)?;
    for fault in faults.iter() {
        if is_looked_for(fault, &done) {
            continue;
        }
        let checks: Vec<_> = fault.declared().iter().map(|turn| turn.check).collect();
        let why = format!("{fault}: nothing here ran {}", checks.join(", "));
        done.note("Not shown", why);
    }
    done.show(&args.choice.outputs(), None, show)
}

/// Whether a check ran that the fault turns. Some need a process or a live app, which are not here.
fn is_looked_for(fault: Fault, done: &Done) -> bool {
    let mut ran = done
        .report
        .requirements
        .iter()
        .flat_map(|row| &row.checks)
        .filter(|check| check.verdict != Verdict::NotTested);
    ran.any(|check| fault.declared().iter().any(|turn| check.id.to_string() == turn.check))
}

/// Signs with a key made for this purpose, puts its root beside the bundle, and verifies.
fn sign_and_verify(done: &mut Done, out: &Path) -> Result<(), Failure> {
    let internal = |error: &dyn std::fmt::Display| {
        Failure::new(ExitCode::Internal, format!("cannot sign the demonstration: {error}"))
    };
    let now = Timestamp::now();
    let (root, signer) = throwaway(now).map_err(|error| internal(&error))?;
    let role: Role = "demo".parse().map_err(|error| internal(&error))?;
    let signed = sign_bundle(out, &done.report, &signer, &role, now).map_err(|e| internal(&e))?;
    let root_path = keep_root(out, root.as_bytes()).map_err(|error| {
        Failure::usage(format!("cannot write {ROOT} beside the bundle: {error}"))
    })?;
    let verification =
        hallmark_sign::verify(out, Some(root.as_bytes()), now).map_err(|error| internal(&error))?;
    if !verification.is_trusted() {
        let problems: Vec<_> = verification.problems.iter().map(ToString::to_string).collect();
        return Err(internal(&problems.join("; ")));
    }
    done.note("Bundle", format!("{}/", out.display()));
    done.note("Page", out.join("report.html").display().to_string());
    done.note(
        "Signed",
        format!("{}, with a throw-away key", out.join(&signed.signature).display()),
    );
    done.note(
        "Verify",
        format!(
            "hallmark verify {} --trust {}",
            house::shell_word(&out.to_string_lossy()),
            house::shell_word(&root_path.to_string_lossy())
        ),
    );
    Ok(())
}

/// Adds the root to the file beside the bundle: other demos may have left theirs in it.
fn keep_root(out: &Path, root: &[u8]) -> std::io::Result<PathBuf> {
    let beside = match out.parent() {
        Some(parent) if parent != Path::new("") => parent.join(ROOT),
        _ => PathBuf::from(ROOT),
    };
    if fs::metadata(&beside).is_ok_and(|file| file.len() > ROOTS_AT_MOST) {
        fs::remove_file(&beside)?;
    }
    OpenOptions::new().create(true).append(true).open(&beside)?.write_all(root)?;
    Ok(beside)
}

/// Declarations that make the demonstration whole, each saying that it is one.
fn demonstration_declarations(
    standard: &Standard,
    today: Date,
) -> BTreeMap<RequirementId, Vec<Overlay>> {
    let expires = today.checked_add(30.days()).unwrap_or(today);
    standard
        .requirements
        .iter()
        .filter(|row| row.is_declared_only() && row.blocks())
        .map(|row| {
            let declaration = Declaration {
                requirement: row.id.clone(),
                by: "Nobody (demonstration)".to_owned(),
                document: NOT_EVIDENCE.to_owned(),
                sha256: sha256(NOT_EVIDENCE.as_bytes()),
                expires,
            };
            (row.id.clone(), vec![declaration.into()])
        })
        .collect()
}

fn faults(names: &[String]) -> Result<Faults, Failure> {
    let faults: Result<Vec<Fault>, _> = names.iter().map(|name| name.parse()).collect();
    faults.map(|faults| faults.into_iter().collect()).map_err(Failure::usage)
}

fn list_faults(json: bool, show: &Show) -> Result<ExitCode, Failure> {
    match json {
        false => {
            let mut lines = String::new();
            let width = Fault::ALL.iter().map(|fault| fault.name().len()).max().unwrap_or(0);
            for fault in Fault::ALL {
                let _ = writeln!(lines, "{:width$}  {}", fault.name(), fault.title());
            }
            show.result(&lines);
        }
        true => {
            let faults: Vec<_> = Fault::ALL
                .into_iter()
                .map(|fault| {
                    let turns: Vec<_> = fault
                        .declared()
                        .iter()
                        .map(|turn| {
                            serde_json::json!({
                                "check": turn.check,
                                "verdict": turn.to.to_string(),
                                "reason": turn.reason,
                            })
                        })
                        .collect();
                    serde_json::json!({ "name": fault.name(), "title": fault.title(), "turns": turns })
                })
                .collect();
            show.result(&crate::session::json(&faults)?);
        }
    }
    Ok(ExitCode::Ok)
}
