//! `hallmark messaging DRIVER`: the messaging suite alone.

use std::collections::BTreeMap;

use hallmark_messaging::{Driven, Messaging};
use hallmark_model::{
    ExitCode, Suite as SuiteName,
    candidate::{Described, GateSettings},
};
use hallmark_runner::Prober;
use jiff::Timestamp;

use crate::{
    args,
    failure::Failure,
    house,
    session::{Session, Work},
    show::Show,
};

pub(super) fn messaging(args: &args::Messaging, show: &Show) -> Result<ExitCode, Failure> {
    let standard = hallmark_standards::load(args.choice.standard.as_deref().unwrap_or("nhs-im"))?;
    let connect = house::driver(&args.driver, &house::places())?;
    let command = format!("messaging {}", connect.name());
    let prober: Box<dyn Prober> = Box::new(Driven::new(connect, command));
    let work: Work<'_> = vec![(&Messaging, prober)];
    let mut gate = GateSettings::default();
    if let Some(fail_on) = args.choice.fail_on() {
        gate.fail_on = fail_on;
    }
    let session = Session {
        candidate: Described {
            name: args.driver.clone(),
            version: "as driven".to_owned(),
            vendor: None,
        },
        standard,
        overlays: BTreeMap::new(),
        authorisation: None,
        gate,
        whole_standard: false,
        work,
        choice: &args.choice,
        started: Timestamp::now(),
    };
    let mut done = session.run(args.choice.out.as_deref(), show)?;
    if let Some(out) = &args.choice.out {
        done.note("Bundle", format!("{}/", out.display()));
        done.note("Signed", "no (hallmark sign …)");
    }
    done.show(&args.choice.outputs(), Some(SuiteName::Messaging), show)
}
