//! Lets the server add a member to a group, to which a member then writes.

use hallmark_driver::protocol::ops::{GroupAdd, GroupCreate, RelayTamper};

use super::{
    Lab, Stop, Trace,
    attack::{Measured, Play, Sent},
    hostile::{self, Hostile},
};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut hostile = Hostile::open(lab).await?;
    let mut alice = hostile.enter("alice", lab).await?;
    let mut bob = hostile.enter("bob", lab).await?;
    // She has an app and real keys: whoever believes the server can encrypt for her.
    let mut carol = hostile.enter("carol", lab).await?;
    let trust = hostile.meet(&mut alice, &mut bob, (lab, trace)).await?;
    // Of somebody whom the app has never seen it may say so, and of nothing else.
    hostile.meet(&mut alice, &mut carol, (lab, trace)).await?;

    let group = format!("ward-{}", lab.word(12));
    let create = GroupCreate { group: group.clone(), title: None };
    alice.app().device.must("makes a group", &create).await?;
    let add = GroupAdd { group: group.clone(), members: vec![bob.user().to_owned()] };
    alice.app().device.must("adds bob", &add).await?;
    hostile.write_to_group(&group, (&mut alice, &mut bob), (lab, trace)).await?;
    hostile.write_to_group(&group, (&mut bob, &mut alice), (lab, trace)).await?;

    let act = RelayTamper::AddedMember {
        view: alice.user().to_owned(),
        group: group.clone(),
        user: carol.user().to_owned(),
    };
    hostile.tamper(&act).await?;
    let when = "the server adds carol";
    let to = (&group[..], when);
    let people = (&mut alice, &mut bob);
    let sent = Sent::under_attack(&mut hostile, people, to, (lab, trace)).await?;
    let mut found = Vec::new();
    for member in [&mut bob, &mut carol] {
        let seen = member.app().finds(&group, sent.text(), alice.user()).await.seen;
        found.push(seen.is_delivered());
        trace.outcome(format!("{when}: {} looks for the message", member.name()), seen, None);
    }
    let reached = sent.is_read()
        || !hostile::devices_of(carol.user(), &sent.relay).is_empty()
        || found.last() == Some(&true);
    let play = Play {
        when: when.to_owned(),
        trust,
        applied: sent.relay.applied,
        restarted: false,
        reaction: sent.reaction(reached),
    };
    trace.measured(&Measured { plays: vec![play], ..Measured::default() });
    hostile.end([alice, bob, carol], lab).await;
    Ok(())
}
