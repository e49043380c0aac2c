//! How a driver ends.

use super::kit::{Kit, against};
use crate::{
    connection::{Connection, Ended, Farewell},
    ending::Ending,
    outcome::Outcome,
    protocol::{
        Operation,
        ops::{Ping, Shutdown},
    },
};

/// After `shutdown` it answers, and then ends by itself.
pub(super) async fn by_shutdown(kit: &mut Kit, mut carol: Connection) {
    kit.control(&mut carol, "answers shutdown", &Shutdown {}).await;
    let step = "ends after shutdown";
    if carol.broken().is_none() {
        match carol.call(&Ping {}).await {
            Outcome::Broken(breakage @ crate::Breakage::TimedOut(_)) => {
                kit.broken(step, Shutdown::NAME, format!("it goes on: {breakage}"));
            }
            Outcome::Broken(_) => kit.ok(step, Shutdown::NAME),
            other => {
                let words = format!("it goes on, and answers `ping` with {}", against(&other));
                kit.broken(step, Shutdown::NAME, words);
            }
        }
    } else {
        kit.missing(step, Shutdown::NAME, "not reached: the connection had broken off");
    }
    carol.end_by(Farewell::Silence).await;
}

/// Without a word, when its input ends.
pub(super) async fn by_end_of_input(kit: &mut Kit, alice: Connection) {
    let (step, op) = ("ends when its input ends", "(end of input)");
    if alice.broken().is_some() {
        kit.missing(step, op, "not reached: the connection had broken off");
        alice.end().await;
        return;
    }
    let (is_process, is_attached) = (alice.is_process(), !alice.isolation().is_empty());
    let Ended { ending, .. } = alice.end_by(Farewell::Silence).await;
    match ending {
        Some(Ending::Exited(0)) => kit.ok(step, op),
        Some(Ending::Exited(status)) => {
            kit.note(step, op, format!("with exit status {status}, usual is 0"));
        }
        Some(Ending::Killed) => {
            kit.broken(step, op, "it was still running half a second later, and had to be killed");
        }
        Some(other) => kit.broken(step, op, format!("it ended with {other}")),
        None if is_process => kit.broken(step, op, "how it ended could not be told"),
        None if is_attached => {
            kit.note(step, op, "it is attached to, so its end cannot be seen from here");
        }
        None => kit.ok(step, op),
    }
}
