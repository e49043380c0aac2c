//! Lets the server add a device to a person, to whom another then writes.

use hallmark_driver::protocol::ops::RelayTamper;

use super::{Lab, Stop, Trace, attack::{Attack, Further}};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let act = |view, user| RelayTamper::GhostDevice { view, user };
    Attack { act, further: Further::None }.play(lab, trace).await
}
