//! `hallmark traffic FILE…`: the traffic suite alone.

use std::path::PathBuf;

use hallmark_model::ExitCode;
use hallmark_traffic::Traffic;

use crate::{
    args,
    failure::Failure,
    house::{self, shell_word},
    session::alone,
    show::Show,
};

pub(super) fn traffic(args: &args::Traffic, show: &Show) -> Result<ExitCode, Failure> {
    let path = |path: &PathBuf| shell_word(&path.to_string_lossy());
    let mut command = "traffic".to_owned();
    args.files.iter().for_each(|file| command += &format!(" {}", path(file)));
    args.keylog.iter().for_each(|file| command += &format!(" --keylog {}", path(file)));
    // The command goes into the report, and what was planted must not: its place holder does.
    (1..=args.canary.len()).for_each(|n| command += &format!(" --canary CANARY-{n}"));
    (1..=args.control.len()).for_each(|n| command += &format!(" --control CONTROL-{n}"));
    args.storage.iter().for_each(|folder| command += &format!(" --storage {}", path(folder)));
    let prober = house::recorded(
        house::Recordings {
            captures: args.files.clone(),
            keylogs: args.keylog.clone(),
            canaries: args.canary.clone(),
            controls: args.control.clone(),
            storage: args.storage.clone(),
        },
        command,
    )
    .map_err(Failure::usage)?;
    let names: Vec<_> = args.files.iter().map(|file| file.to_string_lossy()).collect();
    alone((&Traffic, Box::new(prober)), (&names.join(", "), "as recorded"), &args.choice, show)
}
