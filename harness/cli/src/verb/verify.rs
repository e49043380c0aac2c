//! `hallmark verify BUNDLE`: is it what was signed, and by whom.

use std::fmt::Write as _;

use hallmark_model::ExitCode;
use hallmark_sign::{SignerSummary, Verification};
use jiff::Timestamp;

use crate::{
    args::{self, Format},
    failure::Failure,
    session::{json, read_file},
    show::Show,
};

/// Largest file of roots read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

pub(super) fn verify(args: &args::Verify, show: &Show) -> Result<ExitCode, Failure> {
    if !args.bundle.is_dir() {
        return Err(Failure::usage(format!("there is no bundle at {}", args.bundle.display())));
    }
    let roots = args.trust.as_ref().map(|path| read_file(path, LARGEST)).transpose()?;
    let verification = hallmark_sign::verify(&args.bundle, roots.as_deref(), Timestamp::now())
        .map_err(Failure::usage)?;
    let exit = if verification.is_trusted() { ExitCode::Ok } else { ExitCode::Mismatch };
    match args.format {
        Format::Text => show.result(&in_words(&verification, exit)),
        Format::Json => {
            let problems: Vec<_> = verification.problems.iter().map(ToString::to_string).collect();
            let signers: Vec<_> = verification.signers.iter().map(in_fields).collect();
            show.result(&json(&serde_json::json!({
                "trusted": verification.is_trusted(),
                "intact": verification.is_intact(),
                "files": verification.files,
                "problems": problems,
                "signers": signers,
            }))?);
        }
    }
    Ok(exit)
}

/// Who, in which role, under which root, when; what is covered and what is wrong.
fn in_words(verification: &Verification, exit: ExitCode) -> String {
    let mut lines = String::new();
    for problem in &verification.problems {
        let _ = writeln!(lines, "PROBLEM  {problem}");
    }
    for signer in &verification.signers {
        let root = signer.root.as_deref().unwrap_or("none of the roots you gave");
        let _ = writeln!(
            lines,
            "signer   {} as {}\n         under {root}\n         {}, claimed time {}, certificate until \
             {}",
            signer.subject, signer.role, signer.algorithm, signer.claimed_time, signer.expires
        );
    }
    if let Some(statement) = &verification.statement {
        let run = &statement.predicate.run;
        let _ = writeln!(lines, "run      {} of {}", run.id, statement.predicate.candidate.name);
    }
    let words = match (verification.is_trusted(), verification.is_intact()) {
        (true, _) => "every file is what was signed, by a signer whom you trust",
        (false, true) => {
            "every file is what was signed; whether to trust the signer is not decided"
        }
        (false, false) => "this is not what was signed",
    };
    let _ = writeln!(lines, "{} files: {words}", verification.files);
    let _ = writeln!(lines, "exit {} ({})", exit.code(), exit.name());
    lines
}

fn in_fields(signer: &SignerSummary) -> serde_json::Value {
    serde_json::json!({
        "file": signer.file,
        "role": signer.role,
        "subject": signer.subject,
        "issuer": signer.issuer,
        "root": signer.root,
        "algorithm": signer.algorithm,
        "claimed_time": signer.claimed_time,
        "expires": signer.expires,
    })
}
