//! The one-way flow: plan → probe → facts → judge → report → gate.
//!
//! The runner owns [`Suite`] and [`Prober`] and names no suite; the composition root hands them
//! in. Everything that happens goes through one stream of events, and everything that is kept
//! through a [`Recorder`].

mod gate;
mod judge;
mod material;
mod plan;
mod recorder;
mod run;
mod seed;
mod suite;

pub use gate::{Scope, gate};
pub use judge::{Judged, judge, rows};
pub use material::{Material, Materials, Planted, Playing, Scene};
pub use plan::{Plan, PlanError, Work};
pub use recorder::{Clock, Forget, Recorder, RecorderError, Reporter};
pub use run::{Finished, RunError, Setting, Stopwatch, run};
pub use seed::Seed;
pub use suite::{CheckInfo, FactsError, Job, ProbeError, Prober, Suite};
