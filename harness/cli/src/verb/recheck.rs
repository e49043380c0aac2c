//! `hallmark recheck BUNDLE`: every verdict again, from the facts, without the candidate.

use std::{collections::BTreeMap, fmt::Write as _};

use hallmark_bundle::Bundle;
use hallmark_model::{
    CheckId, ExitCode, Headline, Overlay, Report, RequirementId,
    report::{Check, Counts, Row},
    text,
};
use hallmark_runner::{Judged, judge, rows};
use jiff::tz::TimeZone;

use crate::{
    args::{self, Format},
    failure::Failure,
    house,
    session::json,
    show::Show,
};

pub(super) fn recheck(args: &args::Recheck, show: &Show) -> Result<ExitCode, Failure> {
    if !args.bundle.is_dir() {
        return Err(Failure::usage(format!("there is no bundle at {}", args.bundle.display())));
    }
    let mismatch = |error: hallmark_bundle::BundleError| Failure::new(ExitCode::Mismatch, error);
    let bundle = Bundle::open(&args.bundle).map_err(mismatch)?;
    let report = bundle.report();
    if !report.run.complete {
        let message =
            "the bundle is incomplete: its run was stopped early, and there is nothing to recheck";
        return Err(Failure::new(ExitCode::Incomplete, message));
    }
    let standard = hallmark_standards::load(&report.standard.id)?;
    let mut differences = Vec::new();
    if standard.digest != report.standard.digest {
        differences.push(format!(
            "the bundle was judged against another edition of `{}` (version {}, digest {}) than this \
             program holds (version {}, digest {})",
            report.standard.id,
            text::one_line(&report.standard.version),
            report.standard.digest,
            standard.standard.document.version,
            standard.digest
        ));
    }
    let judged = judge_again(&bundle, &standard.standard)?;
    let overlays: BTreeMap<RequirementId, Vec<Overlay>> =
        report.requirements.iter().map(|row| (row.id.clone(), row.overlays.clone())).collect();
    let again = rows(&standard.standard, &house::catalogue(), &judged, &overlays);
    differences.extend(compare(report, &again));
    differences.extend(missing_evidence(&bundle));

    let checks: usize = judged.iter().map(|suite| suite.findings.len()).sum();
    let exit = if differences.is_empty() { ExitCode::Ok } else { ExitCode::Mismatch };
    match args.format {
        Format::Text => {
            let mut shown = String::new();
            for difference in &differences {
                let _ = writeln!(shown, "DIFFERS  {difference}");
            }
            let words = if differences.is_empty() { "all agree" } else { "they do not all agree" };
            let _ = writeln!(
                shown,
                "recomputed {checks} checks and {} requirements from the facts: {words}\nexit {} ({})",
                again.len(),
                exit.code(),
                exit.name()
            );
            show.result(&shown);
        }
        Format::Json => show.result(&json(&serde_json::json!({
            "agrees": differences.is_empty(),
            "checks": checks,
            "requirements": again.len(),
            "differences": differences,
        }))?),
    }
    Ok(exit)
}

/// Judges the facts of every suite again, on the day of the run.
fn judge_again(
    bundle: &Bundle,
    standard: &hallmark_model::Standard,
) -> Result<Vec<Judged>, Failure> {
    let report = bundle.report();
    let on = report.run.started.to_zoned(TimeZone::UTC).date();
    let mut judged = Vec::new();
    for suite in house::SUITES {
        let facts =
            bundle.facts(suite.name()).map_err(|error| Failure::new(ExitCode::Mismatch, error))?;
        let Some(facts) = facts else { continue };
        let available: Vec<CheckId> = suite.checks().into_iter().map(|info| info.id).collect();
        let checks = report.run.selection.choose(&available, standard).map_err(Failure::usage)?;
        let findings = judge(*suite, &facts, &checks, standard, on)?;
        judged.push(Judged { findings, command: String::new(), seed: report.run.seed.clone() });
    }
    Ok(judged)
}

/// Every place where the report says something else than its facts.
fn compare(report: &Report, again: &[Row]) -> Vec<String> {
    let mut differences = Vec::new();
    let ids = |rows: &[Row]| rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>();
    if ids(&report.requirements) != ids(again) {
        differences.push("the report's rows are not those of the standard".to_owned());
    }
    for row in &report.requirements {
        let Some(now) = again.iter().find(|now| now.id == row.id) else { continue };
        if (row.verdict, row.gate, row.level) != (now.verdict, now.gate, now.level) {
            differences.push(format!(
                "{}: the report says {}, the facts give {}",
                row.id, row.verdict, now.verdict
            ));
        }
        if row.clause != now.clause || row.provenance != now.provenance || row.title != now.title {
            differences.push(format!("{}: its wording is not the standard's", row.id));
        }
        let same = |a: &Check, b: &Check| {
            let essence = |c: &Check| {
                let Check {
                    id, title, verdict, expected, observed, why, by_design, evidence, ..
                } = c.clone();
                (id, title, verdict, expected, observed, why, by_design, evidence)
            };
            essence(a) == essence(b)
        };
        let alike = row.checks.len() == now.checks.len()
            && row.checks.iter().zip(&now.checks).all(|(a, b)| same(a, b));
        if !alike {
            differences.push(format!("{}: its checks are not what the facts give", row.id));
        }
    }
    if report.headline != Headline::of(again, true) {
        differences.push("the headline is not what the facts give".to_owned());
    }
    if report.counts != Counts::of(again) {
        differences.push("the counts are not what the facts give".to_owned());
    }
    differences
}

/// Evidence that the report names and the bundle does not hold intact.
fn missing_evidence(bundle: &Bundle) -> Vec<String> {
    let mut missing: Vec<String> = bundle
        .report()
        .requirements
        .iter()
        .flat_map(|row| &row.checks)
        .flat_map(|check| &check.evidence)
        .filter_map(|reference| bundle.evidence(&reference.sha256).err())
        .map(|error| error.to_string())
        .collect();
    missing.sort();
    missing.dedup();
    missing
}
