//! `hallmark driver …`: tools for the authors of drivers.

use hallmark_driver::conformance::Status;
use hallmark_model::ExitCode;

use crate::{args::Driver, failure::Failure, house, show::Show};

pub(super) fn driver(args: &Driver, show: &Show) -> Result<ExitCode, Failure> {
    match args {
        Driver::Check { driver } => check(driver, show),
    }
}

fn check(driver: &str, show: &Show) -> Result<ExitCode, Failure> {
    let connect = house::driver(driver, &house::places())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ExitCode::Internal, error))?;
    show.remark(&format!("talking to {}; each step has a deadline", connect.name()));
    let report = runtime.block_on(hallmark_driver::check(&*connect));
    show.result(&report.to_string());
    let greeted = report.rows.iter().any(|row| row.op == "hello" && row.status == Status::Ok);
    Ok(match (greeted, report.is_conformant()) {
        (false, _) => ExitCode::Unreachable,
        (true, true) => ExitCode::Ok,
        (true, false) => ExitCode::NotMet,
    })
}
