//! A group under the harness's hand: it is the group's network and its server.
//!
//! A few members are live devices. In a large group the others are passive: one process after the
//! other makes an identity, publishes prekeys and is reset, so that a group of a hundred needs no
//! hundred processes. What is sent to a passive member is lost, as with a phone that is switched off.

mod attempts;
mod hear;
mod mail;
mod view;

use std::collections::VecDeque;

use hallmark_driver::{
    Outcome,
    protocol::{
        Bytes,
        ops::{
            GroupAdd, GroupAnswer, GroupCreate, GroupEncrypt, GroupEnvelopeKind, GroupRemove,
            GroupRotate, Operation, PrekeysImport,
        },
    },
};

pub use attempts::{Attempt, Attempts};
pub(super) use hear::GroupSent;
pub(super) use mail::Mail;
pub(super) use view::View;

use super::{Device, Lab, Stop, Trace};
use crate::facts::Seen;

/// The name of the group, unless the test is about names.
pub(super) const WARD: &str = "ward";
/// One change may lead to so many envelopes handed over, and no more: a candidate must not keep the
/// harness busy for ever.
const MOST_CARRIED: usize = 4096;

/// A group, as the harness knows it.
pub(super) struct Group {
    /// The group in which its members now speak.
    pub(super) name: String,
    live: Vec<Device>,
    roster: Vec<String>,
}

impl Group {
    /// A group of `size` members of which these are live; the first makes it and adds all others
    /// at once.
    pub(super) async fn of(
        live: &[&str],
        size: usize,
        lab: &mut Lab<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<Self, Stop> {
        offered(lab)?;
        let mut devices = Vec::new();
        for name in live {
            devices.push(lab.device(name).await?);
        }
        introduce(&mut devices).await?;
        let mut roster: Vec<String> = live.iter().map(|name| (*name).to_owned()).collect();
        for number in live.len()..size {
            let name = format!("member-{number}");
            passive(&name, &mut devices, lab).await?;
            roster.push(name);
        }
        let mut group = Self { name: WARD.to_owned(), live: devices, roster };
        group.found(trace).await?;
        Ok(group)
    }

    /// The same members found another group, in which they go on to speak.
    pub(super) async fn also(&mut self, name: &str, trace: &mut Trace<'_>) -> Result<(), Stop> {
        introduce(&mut self.live).await?;
        self.name = name.to_owned();
        self.found(trace).await
    }

    async fn found(&mut self, trace: &mut Trace<'_>) -> Result<(), Stop> {
        let group = self.name.clone();
        let Some(maker) = self.live.first().map(|device| device.name.clone()) else {
            unreachable!("a group has a live member")
        };
        let founder = self.member(&maker);
        founder.must("makes a group", &GroupCreate::named(&group)).await?;
        let members: Vec<String> =
            self.roster.iter().filter(|name| **name != maker).cloned().collect();
        if members.is_empty() {
            return Ok(());
        }
        let args = GroupAdd { group, members: members.clone() };
        let answer = self.member(&maker).must("adds all others", &args).await?;
        let mails = self.address(&maker, answer, &members, trace)?;
        self.carry(&mails, trace).await
    }

    /// A live member, named by the experiment itself.
    pub(super) fn member(&mut self, name: &str) -> &mut Device {
        self.live
            .iter_mut()
            .find(|device| device.name == name)
            .expect("experiments name live members of their own group")
    }

    /// The names of the live members.
    pub(super) fn live(&self) -> Vec<String> {
        self.live.iter().map(|device| device.name.clone()).collect()
    }

    /// The names of all members, sorted.
    pub(super) fn roster(&self) -> Vec<String> {
        let mut roster = self.roster.clone();
        roster.sort();
        roster
    }

    /// A device with an identity, which all live members know and which knows them; not a member.
    pub(super) async fn outsider(&mut self, name: &str, lab: &mut Lab<'_>) -> Result<Device, Stop> {
        let mut outsider = lab.device(name).await?;
        for member in &mut self.live {
            acquaint(member, &mut outsider).await?;
            acquaint(&mut outsider, member).await?;
        }
        Ok(outsider)
    }

    /// One member adds an outsider, and all are told. What travelled is returned.
    pub(super) async fn add(
        &mut self,
        by: &str,
        newcomer: Device,
        trace: &mut Trace<'_>,
    ) -> Result<Vec<Mail>, Stop> {
        let mails = self.add_untold(by, newcomer, trace).await?;
        self.carry(&mails, trace).await?;
        Ok(mails)
    }

    /// One member adds an outsider; nobody is told yet, the newcomer neither.
    pub(super) async fn add_untold(
        &mut self,
        by: &str,
        newcomer: Device,
        trace: &mut Trace<'_>,
    ) -> Result<Vec<Mail>, Stop> {
        let members = vec![newcomer.name.clone()];
        let args = GroupAdd { group: self.name.clone(), members: members.clone() };
        let what = format!("adds {}", newcomer.name);
        let answer = self.member(by).must(&what, &args).await?;
        self.roster.push(newcomer.name.clone());
        self.live.push(newcomer);
        self.address(by, answer, &members, trace)
    }

    /// One member removes another, and all who remain are told. The removed device leaves the
    /// group's hands and is told nothing.
    pub(super) async fn remove(
        &mut self,
        by: &str,
        who: &str,
        trace: &mut Trace<'_>,
    ) -> Result<(Device, Vec<Mail>), Stop> {
        let args = GroupRemove { group: self.name.clone(), members: vec![who.to_owned()] };
        let answer = self.member(by).must(&format!("removes {who}"), &args).await?;
        self.roster.retain(|name| name != who);
        let at = self.live.iter().position(|device| device.name == who);
        let removed = self.live.remove(at.expect("experiments remove live members"));
        let mails = self.address(by, answer, &[], trace)?;
        self.carry(&mails, trace).await?;
        Ok((removed, mails))
    }

    /// One member replaces its own key material, and all are told.
    pub(super) async fn rotate(
        &mut self,
        by: &str,
        trace: &mut Trace<'_>,
    ) -> Result<Vec<Mail>, Stop> {
        let mails = self.rotate_untold(by, trace).await?;
        self.carry(&mails, trace).await?;
        Ok(mails)
    }

    /// One member replaces its own key material; nobody is told yet.
    pub(super) async fn rotate_untold(
        &mut self,
        by: &str,
        trace: &mut Trace<'_>,
    ) -> Result<Vec<Mail>, Stop> {
        let args = GroupRotate { group: self.name.clone() };
        let answer = self.member(by).must("rotates its keys", &args).await?;
        self.address(by, answer, &[], trace)
    }

    /// One member encrypts a message; nobody has heard it yet.
    pub(super) async fn say(
        &mut self,
        by: &str,
        label: &str,
        lab: &mut Lab<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<GroupSent, Stop> {
        let plaintext = lab.canary();
        let args = GroupEncrypt { group: self.name.clone(), plaintext: Bytes(plaintext.clone()) };
        let what = format!("encrypts {label} for the group");
        let answer = self.member(by).must(&what, &args).await?;
        let mails = self.address(by, answer, &[], trace)?;
        GroupSent::of(by, &self.name, label, plaintext, mails, trace)
    }

    /// One member hears a message as the network would hand it over, key shares first. What it
    /// answers to those is carried on.
    pub(super) async fn hear(
        &mut self,
        who: &str,
        sent: &GroupSent,
        trace: &mut Trace<'_>,
    ) -> Result<Seen, Stop> {
        let mut answers = Vec::new();
        let seen = self.member(who).hear_group(who, sent, &mut answers).await;
        let answer = GroupAnswer { envelopes: answers };
        let mails = self.address(who, answer, &[], trace)?;
        self.carry(&mails, trace).await?;
        Ok(seen)
    }

    /// One member says something and all other live members hear it.
    pub(super) async fn tell(
        &mut self,
        by: &str,
        label: &str,
        lab: &mut Lab<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<GroupSent, Stop> {
        let sent = self.say(by, label, lab, trace).await?;
        for who in self.live().iter().filter(|name| *name != by) {
            self.must_hear(who, label, &sent, trace).await?;
        }
        Ok(sent)
    }

    /// One member hears a message that it must hear for the experiment to go on.
    pub(super) async fn must_hear(
        &mut self,
        who: &str,
        label: &str,
        sent: &GroupSent,
        trace: &mut Trace<'_>,
    ) -> Result<(), Stop> {
        let seen = self.hear(who, sent, trace).await?;
        if seen.is_as_meant() && seen.is_delivered() {
            return Ok(());
        }
        Err(Stop::at(format!("{who} hears {label} of {}", sent.from), seen))
    }

    /// Hands envelopes over until nothing more follows from them.
    pub(super) async fn carry(
        &mut self,
        mails: &[Mail],
        trace: &mut Trace<'_>,
    ) -> Result<(), Stop> {
        let mut queue: VecDeque<Mail> = mails.iter().cloned().collect();
        let mut carried = 0;
        while let Some(mail) = queue.pop_front() {
            if mail.envelope.kind == GroupEnvelopeKind::Message {
                continue;
            }
            for name in &mail.to {
                let group = self.name.clone();
                let Some(device) = self.live.iter_mut().find(|device| device.name == *name) else {
                    continue;
                };
                carried += 1;
                if carried > MOST_CARRIED {
                    let message = format!("{MOST_CARRIED} envelopes followed from one change");
                    return Err(Stop::at("the group settles", Seen::DriverError { message }));
                }
                let answered = device.take_mail(&group, &mail).await;
                let what = || format!("{name} takes the {} of {}", mail.kind(), mail.from);
                let envelopes = answered.map_err(|seen| Stop::at(what(), seen))?;
                let answer = GroupAnswer { envelopes };
                queue.extend(self.address(name, answer, &[], trace)?);
            }
        }
        Ok(())
    }

    /// Who is to get each envelope. Where the candidate does not say: a welcome goes to the
    /// newcomers, a change to all members who were there before, everything else to all others.
    fn address(
        &self,
        from: &str,
        answer: GroupAnswer,
        newcomers: &[String],
        trace: &mut Trace<'_>,
    ) -> Result<Vec<Mail>, Stop> {
        let mut mails = Vec::new();
        for envelope in answer.envelopes {
            let others = self.roster.iter().filter(|name| *name != from);
            let to: Vec<String> = match envelope.kind {
                _ if !envelope.to.is_empty() => envelope.to.clone(),
                GroupEnvelopeKind::Welcome => newcomers.to_vec(),
                GroupEnvelopeKind::Change => {
                    others.filter(|name| !newcomers.contains(name)).cloned().collect()
                }
                GroupEnvelopeKind::Key | GroupEnvelopeKind::Message => others.cloned().collect(),
            };
            let heard = self.live.iter().any(|device| to.contains(&device.name));
            let mail = Mail::new(from, to, envelope);
            mails.push(if heard { mail.kept(trace)? } else { mail });
        }
        Ok(mails)
    }

    /// Gives the devices back.
    pub(super) fn disband(self, lab: &mut Lab<'_>) {
        for device in self.live {
            lab.release([device]);
        }
    }
}

/// Stops where the candidate knows no groups, before any device is asked for.
fn offered(lab: &Lab<'_>) -> Result<(), Stop> {
    let hello = lab.hello();
    if hello.capabilities.iter().any(|name| name == GroupCreate::NAME) {
        return Ok(());
    }
    Err(Stop::not_offered("a group is made", "the driver offers no groups"))
}

/// Lets everybody have prekeys of everybody else.
async fn introduce(devices: &mut [Device]) -> Result<(), Stop> {
    for split in 1..devices.len() {
        let (before, after) = devices.split_at_mut(split);
        let Some(newer) = after.first_mut() else { break };
        for older in before {
            acquaint(older, newer).await?;
            acquaint(newer, older).await?;
        }
    }
    Ok(())
}

/// Hands one device fresh prekeys of another; prekeys serve once.
pub(super) async fn acquaint(whom: &mut Device, of: &mut Device) -> Result<(), Stop> {
    let prekeys = of.publish(1).await?;
    let args = PrekeysImport { peer: of.name.clone(), prekeys };
    let what = format!("{} takes the prekeys of {}", whom.name, of.name);
    let outcome = whom.call(&args).await;
    let seen = Seen::of(&outcome);
    if matches!(outcome, Outcome::Ok(..)) { Ok(()) } else { Err(Stop::at(what, seen)) }
}

/// A member that exists only as an identity and prekeys.
async fn passive(name: &str, live: &mut [Device], lab: &mut Lab<'_>) -> Result<(), Stop> {
    let mut device = lab.device(name).await?;
    for member in live {
        acquaint(member, &mut device).await?;
    }
    lab.release([device]);
    Ok(())
}
