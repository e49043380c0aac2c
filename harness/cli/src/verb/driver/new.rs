//! `hallmark driver new NAME --lang LANGUAGE`: a folder to start from.

use std::{fmt::Write as _, path::Path};

use hallmark_driver::scaffold::scaffold;
use hallmark_model::ExitCode;

use crate::{args::Language, failure::Failure, house::shell_word, show::Show};

pub(super) fn new(
    name: &str,
    language: Language,
    dir: &Path,
    show: &Show,
) -> Result<ExitCode, Failure> {
    let files = scaffold(name, language.into(), dir).map_err(Failure::usage)?;
    let mut shown = String::new();
    for file in &files {
        let _ = writeln!(shown, "{}", file.display());
    }
    show.result(&shown);
    let folder = dir.join(name);
    // A path, so that it is not looked up as a name.
    let folder = if folder.components().count() > 1 || folder.is_absolute() {
        folder
    } else {
        Path::new(".").join(folder)
    };
    let manifest = shell_word(&folder.join("driver.toml").display().to_string());
    if matches!(language, Language::Rust) {
        let cargo = shell_word(&folder.join("Cargo.toml").display().to_string());
        show.remark(&format!("build it: cargo build --release --manifest-path {cargo}"));
    }
    show.remark(&format!("then try: hallmark driver check {manifest}"));
    Ok(ExitCode::Ok)
}
