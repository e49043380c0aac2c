//! Lets the server put keys of its own in the place of a known person's.

use hallmark_driver::protocol::ops::RelayTamper;

use super::{Lab, Stop, Trace, attack::{Attack, Further}};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let act = |view, user| RelayTamper::DeviceKeys { view, user };
    Attack { act, further: Further::BeforeTheFirstMessage }.play(lab, trace).await
}
