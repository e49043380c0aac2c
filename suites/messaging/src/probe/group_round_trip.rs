//! Groups of several sizes in which everybody hears everybody, and all see the same group.

use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, group::Group};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// One for each size that was tried.
    pub groups: Vec<Agreement>,
}

/// How far the live members of one group agree.
#[derive(Debug, Serialize, Deserialize)]
pub struct Agreement {
    /// Members, live or not.
    pub size: u64,
    /// Whether each sees exactly the members that there are.
    pub members: bool,
    /// Whether all count the same epoch, or none counts any.
    pub epochs: bool,
    /// Whether all have the same authenticator, or none has any.
    pub authenticators: bool,
}

const LIVE: [&str; 4] = ["alice", "bob", "carol", "dave"];
const SIZES: [usize; 4] = [2, 3, 4, 10];

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut groups = Vec::new();
    for size in SIZES {
        let live = &LIVE[..size.min(LIVE.len())];
        let mut group = Group::of(live, size, lab, trace).await?;
        for from in live {
            let sent = group.say(from, "a message", lab, trace).await?;
            for to in live.iter().filter(|name| *name != from) {
                let seen = group.hear(to, &sent, trace).await?;
                let what = format!("{from} to {to} in a group of {size}");
                trace.outcome(what, seen, Some(sent.evidence.clone()));
            }
        }
        groups.push(agreement(&mut group, live, size).await?);
        group.disband(lab);
    }
    trace.measured(&Measured { groups });
    Ok(())
}

async fn agreement(group: &mut Group, live: &[&str], size: usize) -> Result<Agreement, Stop> {
    let roster = group.roster();
    let mut views = Vec::new();
    for name in live {
        views.push(group.view(name).await?);
    }
    let first = views.first().cloned();
    let all = |same: &dyn Fn(&super::group::View, &super::group::View) -> bool| {
        first.as_ref().is_some_and(|first| views.iter().all(|view| same(view, first)))
    };
    Ok(Agreement {
        size: size as u64,
        members: views.iter().all(|view| view.members == roster),
        epochs: all(&|a, b| a.epoch == b.epoch),
        authenticators: all(&|a, b| a.authenticator == b.authenticator),
    })
}
