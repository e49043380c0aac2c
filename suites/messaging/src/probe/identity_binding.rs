//! Swaps two known people: hands over a first message of one as if the other had sent it, and
//! hands out prekeys of one as if they were the other's.

use hallmark_driver::protocol::ops::PrekeysImport;

use super::{
    Device, Lab, Sent, Stop, Trace, lab,
    reaction::{self, Measured, Reaction},
};
use crate::facts::{Seen, Sender};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut measured = Measured::default();
    let mut bob = lab.device("bob").await?;
    let mut carol = lab.device("carol").await?;
    let mut alice = lab.device("alice").await?;
    let sent = first_message(&mut carol, &mut bob, lab, trace).await?;
    trace.control("a first message of carol is shown as hers", bob.receive(&sent).await);

    // Bob knows alice too: by her prekeys.
    let prekeys = lab::hand_out(alice.publish(1).await?, 0);
    let import = PrekeysImport { peer: "alice".to_owned(), prekeys };
    bob.must("takes the prekeys of alice", &import).await?;
    let sent = first_message(&mut alice, &mut bob, lab, trace).await?;
    bob.take_warnings();
    let renamed = Sent { from: "carol".to_owned(), ..sent };
    let seen = bob.receive(&renamed).await;
    let warnings = bob.take_warnings();
    let what = "bob is handed a first message of alice as one of carol";
    let reaction = match seen {
        // Shown, but not as carol's.
        Seen::Delivered { sender: Sender::Wrong, .. } => Reaction::WithoutEffect,
        _ => reaction::on_receipt(&seen, &warnings),
    };
    measured.note(what, reaction);
    trace.outcome_with(what, seen, Some(renamed.evidence), warnings);
    lab.release([alice]);

    prekeys_of_another(&mut bob, &mut carol, &mut measured, lab, trace).await?;
    trace.measured(&measured);
    lab.release([bob, carol]);
    Ok(())
}

/// Erin knows bob and carol, and asks the server for new prekeys of carol.
async fn prekeys_of_another(
    bob: &mut Device,
    carol: &mut Device,
    measured: &mut Measured,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(), Stop> {
    let mut erin = lab.device("erin").await?;
    for device in [&mut *carol, &mut *bob] {
        let sent = first_message(&mut erin, device, lab, trace).await?;
        let what = format!("a first message of erin reaches {}", device.name);
        trace.control(what, device.receive(&sent).await);
    }
    let prekeys = lab::hand_out(bob.publish(1).await?, 0);
    erin.take_warnings();
    let what = "erin is handed prekeys of bob as carol's, and sends";
    let (seen, reaction) = match erin.meet("carol", prekeys, trace).await? {
        Err(seen) => (seen, Reaction::Refused),
        Ok(setup) => {
            let told = erin.take_warnings();
            match erin.try_send("carol", "a message", &lab.canary(), trace).await? {
                Err(seen) => (seen, Reaction::Refused),
                Ok(mut sent) => {
                    sent.setup.splice(0..0, setup);
                    let opened = bob.receive_any(&sent).await.is_delivered();
                    let late = erin.take_warnings();
                    (Seen::Done, reaction::on_sending(opened, &told, &late))
                }
            }
        }
    };
    trace.outcome_with(what, seen, None, erin.take_warnings());
    measured.note(what, reaction);
    lab.release([erin]);
    Ok(())
}

/// A first message, from new prekeys.
async fn first_message(
    from: &mut Device,
    to: &mut Device,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<Sent, Stop> {
    let prekeys = lab::hand_out(to.publish(1).await?, 0);
    let name = to.name.clone();
    let setup = lab::meet(from, &name, prekeys, trace).await?;
    let mut sent = from.send(&name, "a first message", &lab.canary(), trace).await?;
    sent.setup.splice(0..0, setup);
    Ok(sent)
}
