//! The conformance kit behind `hallmark driver check`: a fixed conversation with a driver, which
//! tells its author which field of which answer is wrong, and what was expected.
//!
//! Three devices take part. *carol* is asked for everything that needs no peer: who she is, and
//! how she answers what is not there or not well-formed. *alice* and *bob* then write to each
//! other, and bob moves to a fresh process by way of a snapshot; with carol again they form a
//! group, from which she is removed. Everything asked of them is honest, so a refusal is a fault here. That forward secrecy, replay and the like are handled
//! well is not tested: that is what the suites are for.

mod conversation;
mod dishonest;
mod ending;
mod extras;
mod group;
mod hello;
mod kit;
mod report;
mod state;
mod strictness;

pub use report::{CheckReport, Row, Status};

use crate::{
    connect::Connect,
    connection::Connection,
    protocol::{
        Operation,
        ops::{Hello, MessageEncrypt},
    },
};
use kit::Kit;

/// Has the conversation with three devices of `driver`. Needs a Tokio runtime.
pub async fn check(driver: &dyn Connect) -> CheckReport {
    let mut kit = Kit::default();
    if let Some(mut carol) = meet(&mut kit, driver, "carol").await {
        hello::check(&mut kit, carol.hello());
        hello::negotiation(&mut kit, &mut carol).await;
        strictness::check(&mut kit, &mut carol).await;
        ending::by_shutdown(&mut kit, carol).await;
        if let Some(mut alice) = meet(&mut kit, driver, "alice").await
            && let Some(mut bob) = meet(&mut kit, driver, "bob").await
        {
            let mut pair = conversation::Pair { alice: &mut alice, bob: &mut bob };
            conversation::check(&mut kit, &mut pair).await;
            state::check(&mut kit, &mut pair, driver).await;
            extras::check(&mut kit, &mut pair, driver).await;
            bob.end().await;
            ending::by_end_of_input(&mut kit, alice).await;
            group::check(&mut kit, [driver; 3]).await;
        }
    }
    CheckReport { driver: driver.name(), rows: kit.rows }
}

/// Has two drivers write to each other, each of them in both roles: alone, and in a group. What
/// each does for itself is left to [`check`]. Needs a Tokio runtime.
pub async fn check_with(one: &dyn Connect, other: &dyn Connect) -> CheckReport {
    let mut kit = Kit::default();
    for (first, second) in [(one, other), (other, one)] {
        let roles = format!("alice is driven by {}, bob by {}", first.name(), second.name());
        kit.note("who is who", "(devices)", roles);
        let Some(mut alice) = meet(&mut kit, first, "alice").await else { break };
        let Some(mut bob) = meet(&mut kit, second, "bob").await else { break };
        hello::same_family(&mut kit, alice.hello(), bob.hello());
        let pairwise = |device: &Connection| device.can::<MessageEncrypt>();
        if pairwise(&alice) && pairwise(&bob) {
            let mut pair = conversation::Pair { alice: &mut alice, bob: &mut bob };
            conversation::check(&mut kit, &mut pair).await;
        } else {
            let words = "not offered by both: `hello` does not list it";
            kit.missing("alice and bob write to each other", MessageEncrypt::NAME, words);
        }
        alice.end().await;
        bob.end().await;
        group::check(&mut kit, [first, second, first]).await;
    }
    CheckReport { driver: format!("{} with {}", one.name(), other.name()), rows: kit.rows }
}

/// One more device. That it says hello as it should is the first thing to know.
async fn meet(kit: &mut Kit, driver: &dyn Connect, name: &str) -> Option<Connection> {
    let step = format!("{name} says hello");
    match driver.connect().await {
        Ok(connection) => {
            kit.ok(step, Hello::NAME);
            Some(connection)
        }
        Err(unreachable) => {
            kit.broken(step, Hello::NAME, unreachable.to_string());
            None
        }
    }
}
