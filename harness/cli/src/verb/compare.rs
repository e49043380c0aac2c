//! `hallmark compare BUNDLE BUNDLE…`: several candidates side by side.

use std::{fs, path::Path};

use hallmark_bundle::{
    Bundle, CompareError, Comparison,
    compare::{Entry, LEAST, MOST, Signer},
};
use hallmark_model::{ExitCode, text};
use hallmark_render::{
    compare::{comparison_page, comparison_text},
    terminal::Style,
};
use hallmark_sign::{Problem, Verification};
use jiff::Timestamp;

use crate::{
    args::{self, Form, Output},
    failure::Failure,
    session::json,
    show::Show,
};

/// Problems of one bundle that are named; more help nobody to decide.
const TOLD: usize = 5;

pub(super) fn compare(args: &args::Compare, show: &Show) -> Result<ExitCode, Failure> {
    // Before any of them is read: eight thousand folders would take long to refuse.
    if !(LEAST..=MOST).contains(&args.bundles.len()) {
        return Err(CompareError::Number(args.bundles.len()).into());
    }
    let opened = args.bundles.iter().map(|dir| open(dir)).collect::<Result<Vec<_>, _>>()?;
    each_once(&opened)?;
    let entries = opened.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let comparison = Comparison::of(&entries)?;
    let exit = ExitCode::Ok;
    for Output { form, path } in args.outputs() {
        let style = if path.is_some() { Style::PLAIN } else { show.style() };
        let written = match form {
            Form::Text => comparison_text(&comparison, exit, style),
            Form::Json => json(&comparison)?,
            Form::Html => comparison_page(&comparison).map_err(|error| {
                Failure::new(ExitCode::Internal, format!("cannot write the page: {error}"))
            })?,
        };
        match path {
            None => show.result(&written),
            Some(path) => {
                fs::write(&path, written).map_err(|error| {
                    Failure::usage(format!("cannot write {}: {error}", path.display()))
                })?;
                show.remark(&format!("wrote {}", path.display()));
            }
        }
    }
    Ok(exit)
}

fn open(dir: &Path) -> Result<Bundle, Failure> {
    if !dir.is_dir() {
        return Err(Failure::usage(format!("there is no bundle at {}", dir.display())));
    }
    Ok(Bundle::open(dir)?)
}

/// A bundle beside itself would look like two candidates that agree.
fn each_once(opened: &[Bundle]) -> Result<(), Failure> {
    let mut seen = Vec::new();
    for bundle in opened {
        let place = fs::canonicalize(bundle.dir()).map_err(|error| {
            Failure::usage(format!("cannot read {}: {error}", bundle.dir().display()))
        })?;
        if seen.contains(&place) {
            return Err(Failure::usage(format!(
                "{} is named twice; a comparison is made of different bundles",
                bundle.dir().display()
            )));
        }
        seen.push(place);
    }
    Ok(())
}

fn entry(bundle: &Bundle) -> Result<Entry<'_>, Failure> {
    Ok(Entry {
        bundle: text::one_line(&bundle.dir().display().to_string()),
        report: bundle.report(),
        signers: signers(bundle)?,
    })
}

/// Who signed, once it is certain that the files are what was signed. Whether the signer can be trusted is
/// for `hallmark verify`, which is told the roots.
fn signers(bundle: &Bundle) -> Result<Vec<Signer>, Failure> {
    if !bundle.report().run.complete {
        // Nothing unfinished is ever signed, and the comparison refuses it with better words.
        return Ok(Vec::new());
    }
    let verification = as_signed(bundle.dir())?;
    let unsigned = verification.problems.contains(&Problem::Unsigned);
    let problems: Vec<_> =
        verification.problems.iter().filter(|p| !is_left_open(p, unsigned)).collect();
    if problems.is_empty() {
        let signers = verification.signers.into_iter();
        return Ok(signers.map(|s| Signer { subject: s.subject, role: s.role }).collect());
    }
    let mut told: String = problems
        .iter()
        .take(TOLD)
        .map(|p| format!("\n  {}", text::one_line(&p.to_string())))
        .collect();
    if problems.len() > TOLD {
        told += &format!("\n  and {} more; `hallmark verify` names them", problems.len() - TOLD);
    }
    let dir = bundle.dir().display();
    Err(Failure::new(ExitCode::Mismatch, format!("{dir} is not what was signed:{told}")))
}

/// The bundle as of the time at which it claims to have been signed: that a certificate has expired since
/// is no reason not to read an old report.
fn as_signed(dir: &Path) -> Result<Verification, Failure> {
    let now = Timestamp::now();
    let today = hallmark_sign::verify(dir, None, now).map_err(Failure::usage)?;
    let signed = today.signers.iter().map(|signer| signer.claimed_time).max();
    match signed {
        Some(signed) if !today.is_intact() && signed < now => {
            hallmark_sign::verify(dir, None, signed).map_err(Failure::usage)
        }
        _ => Ok(today),
    }
}

/// What a comparison says in its own words: that nobody signed, or that trust was not asked about.
fn is_left_open(problem: &Problem, unsigned: bool) -> bool {
    use hallmark_sign::layout::{INSTRUCTIONS, STATEMENT};
    match problem {
        Problem::Unsigned | Problem::TrustNotGiven => true,
        // Signing writes both: from a signed bundle somebody took them away.
        Problem::Missing(name) => unsigned && [INSTRUCTIONS, STATEMENT].contains(name),
        _ => false,
    }
}
