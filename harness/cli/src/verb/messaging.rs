//! `hallmark messaging DRIVER`: the messaging suite alone.

use hallmark_messaging::{Driven, Messaging};
use hallmark_model::ExitCode;

use crate::{args, failure::Failure, house, session::alone, show::Show};

pub(super) fn messaging(args: &args::Messaging, show: &Show) -> Result<ExitCode, Failure> {
    let connect = house::driver(&args.driver, &house::places())?;
    let command = format!("messaging {}", connect.name());
    let prober = Box::new(Driven::new(connect, command));
    alone((&Messaging, prober), (&args.driver, "as driven"), &args.choice, show)
}
