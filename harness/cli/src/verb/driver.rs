//! `hallmark driver …`: tools for the authors of drivers.

mod new;
mod run;

use hallmark_driver::{CheckReport, conformance::Status};
use hallmark_model::ExitCode;
use tokio::runtime::Runtime;

use crate::{args::Driver, failure::Failure, house, show::Show};

pub(super) fn driver(args: &Driver, show: &Show) -> Result<ExitCode, Failure> {
    match args {
        Driver::Check { driver, with: None } => check(driver, show),
        Driver::Check { driver, with: Some(other) } => check_with(driver, other, show),
        Driver::New { name, lang, dir } => new::new(name, *lang, dir, show),
        Driver::Run { driver, device } => run::run(driver, device, show),
    }
}

fn check(driver: &str, show: &Show) -> Result<ExitCode, Failure> {
    let connect = house::driver(driver, &house::places())?;
    show.remark(&format!("talking to {}; each step has a deadline", connect.name()));
    let report = runtime()?.block_on(hallmark_driver::check(&*connect));
    Ok(conclude(&report, show))
}

fn check_with(driver: &str, other: &str, show: &Show) -> Result<ExitCode, Failure> {
    let places = house::places();
    let (one, other) = (house::driver(driver, &places)?, house::driver(other, &places)?);
    show.remark(&format!("letting {} and {} write to each other", one.name(), other.name()));
    let report = runtime()?.block_on(hallmark_driver::check_with(&*one, &*other));
    Ok(conclude(&report, show))
}

fn conclude(report: &CheckReport, show: &Show) -> ExitCode {
    show.result(&report.to_string());
    let greeted = report.rows.iter().any(|row| row.op == "hello" && row.status == Status::Ok);
    match (greeted, report.is_conformant()) {
        (false, _) => ExitCode::Unreachable,
        (true, true) => ExitCode::Ok,
        (true, false) => ExitCode::NotMet,
    }
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ExitCode::Internal, error))
}
