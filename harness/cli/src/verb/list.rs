//! `hallmark list`: what there is, before anything is run.

use std::{fmt::Write as _, fs};

use hallmark_driver::{Found, find};
use hallmark_model::ExitCode;
use hallmark_render::terminal;

use crate::{
    args::{self, Listed},
    failure::Failure,
    house,
    show::Show,
};

pub(super) fn list(args: &args::List, show: &Show) -> Result<ExitCode, Failure> {
    let mut lines = String::new();
    match args.what {
        Listed::Requirements => {
            let standard = hallmark_standards::load(&args.standard)?.standard;
            lines = terminal::requirement_list(&standard, show.style());
        }
        Listed::Checks => {
            for info in house::catalogue() {
                let _ = writeln!(lines, "{:<34}  {}", info.id, info.title);
            }
        }
        Listed::Standards => {
            for id in hallmark_standards::ids() {
                let document = hallmark_standards::load(id)?.standard.document;
                let _ = writeln!(lines, "{id:<14}  {:<8}  {}", document.version, document.title);
            }
        }
        Listed::Drivers => lines = drivers(),
    }
    show.result(&lines);
    Ok(ExitCode::Ok)
}

/// The built-in candidate, and every folder of `harness/drivers/` that has a manifest.
fn drivers() -> String {
    let mut lines =
        format!("{:<22}  the reference candidate\n", format!("builtin:{}", house::REFERENCE));
    let folders = fs::read_dir("harness/drivers").into_iter().flatten().flatten();
    let mut names: Vec<_> = folders
        .filter(|entry| entry.path().join("driver.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    for name in names {
        let line = match find(&name, &house::places()) {
            Ok(Found::Manifest(manifest)) => {
                format!(
                    "{} {}  ({})",
                    manifest.candidate.name, manifest.candidate.version, manifest.licence
                )
            }
            Ok(_) => continue,
            Err(error) => format!("cannot be used: {error}"),
        };
        let _ = writeln!(lines, "{name:<22}  {line}");
    }
    lines
}
