//! `hallmark driver run DRIVER`: operations by hand.

use std::{
    io::{self, BufRead, IsTerminal},
    path::Path,
};

use hallmark_driver::console::{Console, Said};
use hallmark_model::ExitCode;

use crate::{failure::Failure, house, show::Show};

/// Longest line that is read: what a driver may be asked.
const LONGEST: u64 = hallmark_driver::protocol::MAX_LINE as u64;

pub(super) fn run(driver: &str, devices: &[String], show: &Show) -> Result<ExitCode, Failure> {
    let connect = house::driver(driver, &house::places())?;
    super::runtime()?.block_on(async {
        let mut console = Console::open(&*connect, devices)
            .await
            .map_err(|unreachable| Failure::new(ExitCode::Unreachable, unreachable))?;
        show.remark(&console.greeting());
        let mistakes = converse(&mut console, show).await;
        console.end().await;
        // A person has seen them; a script must be told.
        Ok(if mistakes? && !io::stdin().is_terminal() { ExitCode::Usage } else { ExitCode::Ok })
    })
}

/// Line by line until the input ends; whether one had a mistake.
async fn converse(console: &mut Console<'_>, show: &Show) -> Result<bool, Failure> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    let mut mistakes = false;
    loop {
        line.clear();
        let read = io::Read::take(&mut input, LONGEST).read_until(b'\n', &mut line);
        if read.map_err(|error| Failure::usage(format!("cannot read a line: {error}")))? == 0 {
            return Ok(mistakes);
        }
        match console.line(&String::from_utf8_lossy(&line), Path::new("")).await {
            Said::Text(text) => show.result(&text),
            Said::Mistake(mistake) => {
                mistakes = true;
                show.result(&format!("mistake: {mistake}\n"));
            }
            Said::Quit => return Ok(mistakes),
        }
    }
}
