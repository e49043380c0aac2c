//! One file for each verb. A verb appears when it works.

mod compare;
mod demo;
mod driver;
mod explain;
mod list;
mod messaging;
mod recheck;
mod run;
mod schema;
mod server;
mod sign;
mod traffic;
mod verify;

use hallmark_model::ExitCode;

use crate::{args::Verb, failure::Failure, show::Show};

/// Does what was asked.
pub(crate) fn carry_out(verb: Verb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Demo(args) => demo::demo(&args, show),
        Verb::Run(args) => run::run(&args, show),
        Verb::Server(args) => server::server(&args, show),
        Verb::Traffic(args) => traffic::traffic(&args, show),
        Verb::Messaging(args) => messaging::messaging(&args, show),
        Verb::Recheck(args) => recheck::recheck(&args, show),
        Verb::Compare(args) => compare::compare(&args, show),
        Verb::Sign(args) => sign::sign(&args, show),
        Verb::Verify(args) => verify::verify(&args, show),
        Verb::List(args) => list::list(&args, show),
        Verb::Explain(args) => explain::explain(&args, show),
        Verb::Driver(args) => driver::driver(&args, show),
        Verb::Schema(args) => schema::schema(&args, show),
    }
}
