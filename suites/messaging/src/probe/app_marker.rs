//! Lets the server hide that a conversation is encrypted, from a running app and from a restarted one.

use hallmark_driver::protocol::ops::RelayTamper;

use super::{Lab, Stop, Trace, attack::{Attack, Further}};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let act = |view, conversation| RelayTamper::StrippedMarker { view, conversation };
    Attack { act, further: Further::Restarted }.play(lab, trace).await
}
