//! Changes of a group's members and keys, and how one becomes a member.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hallmark_driver::{
    protocol::ops::GroupEnvelope,
    sdk::{Declined, Reply},
};

use super::{
    Epoch, Group, MAX_MEMBERS, Member, PAST_EPOCHS, PAST_EPOCHS_FAULTY, Us, hash, next_of,
    open_once, seal_once,
    sender::{Receiving, Sending},
    wire::{Change, Invitation, Signed, Welcome, envelope},
};
use crate::{
    entropy::Entropy,
    faults::{Fault, Faults},
    identity::{PublicIdentity, agree, public},
    kdf::{Key, hkdf},
    refused::Refused,
    store::Store,
    x3dh::PeerPrekeys,
};

/// Somebody to be made a member.
pub(crate) struct Invited {
    pub(crate) name: String,
    pub(crate) identity: PublicIdentity,
    pub(crate) prekeys: PeerPrekeys,
}

/// What a change is to do beside renewing our leaf key.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) add: Vec<Invited>,
    pub(crate) remove: Vec<String>,
}

/// What somebody else's change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Processed {
    /// We are a member; these are new.
    Member { added: Vec<String> },
    /// We are not any more.
    Removed,
}

impl Group {
    /// Changes the group: the change for those who are members already, welcomes for the others.
    pub(crate) fn change(
        &mut self,
        us: Us<'_>,
        plan: &Plan,
        entropy: &mut Entropy,
        faults: Faults,
    ) -> Reply<Vec<GroupEnvelope>> {
        self.check_plan(us, plan)?;
        let rotates = plan.add.is_empty() && plan.remove.is_empty();
        let idle = rotates && faults.has(Fault::RotateWithoutEffect);
        let leaf = if idle { self.leaf.clone() } else { entropy.key()? };
        let (ephemeral, fresh) = (entropy.key()?, entropy.key()?);
        let removed: BTreeSet<String> = plan.remove.iter().cloned().collect();
        let shares = self
            .members
            .iter()
            .filter(|(name, _)| !removed.contains(*name) && (idle || *name != us.name))
            .map(|(name, member)| {
                let key = self.share_key_of(&ephemeral, &member.leaf, name)?;
                Ok((name.clone(), seal_once(&key, &self.transcript.0, &fresh.0)?.into()))
            })
            .collect::<Reply<BTreeMap<_, _>>>()?;
        let change = Change {
            group: self.id.clone(),
            from: us.name.to_owned(),
            epoch: self.epoch,
            transcript: self.transcript.clone(),
            member: Member::of(us.identity.public(), &leaf),
            added: plan.add.iter().map(|one| (one.name.clone(), one.member())).collect(),
            removed,
            ephemeral: public(&ephemeral),
            shares,
        };
        let others: Vec<_> = self.members.keys().filter(|name| *name != us.name).cloned().collect();
        let told = !others.is_empty() || rotates;
        let (announced, bytes) = envelope(&change, &us.identity.signing, others)?;
        let secret = self.apply(us.name, change, &bytes, &fresh, faults);
        self.leaf = leaf;
        let mut envelopes: Vec<_> = told.then_some(announced).into_iter().collect();
        for invited in &plan.add {
            envelopes.push(self.welcome(us, invited, &secret, entropy, faults)?);
        }
        Ok(envelopes)
    }

    fn check_plan(&self, us: Us<'_>, plan: &Plan) -> Result<(), Refused> {
        if plan.remove.iter().any(|name| !self.members.contains_key(name)) {
            return Err(Refused::NotMember("one of those to be removed is not a member"));
        }
        if plan.remove.iter().any(|name| name == us.name) {
            return Err(Refused::Policy("a device does not remove itself"));
        }
        let names = plan.add.iter().map(|one| &one.name);
        self.check_added(names)
    }

    fn check_added<'a>(&self, mut names: impl Iterator<Item = &'a String>) -> Result<(), Refused> {
        let mut count = self.members.len();
        let known = names.any(|name| {
            count += 1;
            self.members.contains_key(name)
        });
        if known {
            return Err(Refused::Policy("one of those to be added is a member already"));
        }
        if count > MAX_MEMBERS {
            return Err(Refused::Policy("the group has as many members as it may have"));
        }
        Ok(())
    }

    /// Applies somebody else's change. `peers` knows who is called what.
    pub(crate) fn process_change(
        &mut self,
        us: Us<'_>,
        from: &str,
        envelope: &GroupEnvelope,
        peers: &Store,
        faults: Faults,
    ) -> Result<Processed, Refused> {
        let signed = Signed::<Change>::read(envelope)?;
        let change = &signed.content;
        let is_foreign = change.from == from && !self.members.contains_key(from);
        if is_foreign && faults.has(Fault::AcceptForeignChange) {
            self.members.insert(change.from.clone(), change.member.clone());
            return Ok(Processed::Member { added: vec![change.from.clone()] });
        }
        self.check_origin(&change.group, &change.from, from)?;
        let known = &self.member(from)?.identity;
        let is_signed = signed.is_signed_by(&known.signing) && change.member.identity == *known;
        if !is_signed && !faults.has(Fault::UnauthenticatedGroupControl) {
            return Err(Refused::Unsigned("the change is not signed by the member who made it"));
        }
        if faults.has(Fault::AcceptStaleChange) && change.epoch < self.epoch {
            self.recounted += 1;
            return Ok(Processed::Member { added: Vec::new() });
        }
        self.check_place(change.epoch, &change.transcript)?;
        if change.removed.contains(from)
            || change.removed.iter().any(|name| !self.members.contains_key(name))
        {
            return Err(Refused::Policy("the change removes who cannot be removed by it"));
        }
        self.check_added(change.added.keys())?;
        for (name, member) in &change.added {
            peers.check_sender(name, &member.identity, Faults::NONE)?;
        }
        if change.removed.contains(us.name) {
            return Ok(Processed::Removed);
        }
        let share = change.shares.get(us.name);
        let share = share.ok_or(Refused::Unknown("the change holds no secret for this device"))?;
        let key = self.share_key_of(&self.leaf, &change.ephemeral, us.name)?;
        let fresh = open_once(&key, &self.transcript.0, share)?;
        let fresh = <[u8; 32]>::try_from(fresh)
            .map_err(|_| Refused::Malformed("the secret of the change has not 32 bytes"))?;
        let added = change.added.keys().cloned().collect();
        self.apply(us.name, signed.content, signed.bytes, &Key(fresh), faults);
        Ok(Processed::Member { added })
    }

    /// The key under which a change's secret is sealed for one member.
    fn share_key_of(&self, secret: &Key, public: &Key, name: &str) -> Result<Key, Refused> {
        let shared = agree(secret, public, "leaf key", Faults::NONE)?;
        let info = [b"Hallmark reference group share", name.as_bytes()].concat();
        Ok(Key(hkdf(&self.transcript.0, &shared, &info)))
    }

    /// Goes on to the epoch that a change begins; its secret.
    fn apply(
        &mut self,
        us: &str,
        change: Change,
        bytes: &[u8],
        fresh: &Key,
        faults: Faults,
    ) -> Key {
        let rotates = change.added.is_empty() && change.removed.is_empty();
        let keeps_sender_key = !change.removed.is_empty() && faults.has(Fault::NoRekeyOnRemoval);
        self.transcript = hash(b"change", &[&self.transcript.0, bytes]);
        let info = [b"Hallmark reference group epoch", &self.transcript.0[..]].concat();
        let secret = Key(hkdf(&self.next.0, &fresh.0, &info));
        self.epoch += 1;
        self.next = next_of(&secret);
        for epoch in &mut self.epochs {
            epoch.senders.retain(|name, _| !change.removed.contains(name));
            for (name, theirs) in &mut epoch.senders {
                // Who rotates declares void what a copy of its state could go on with.
                theirs.close(rotates && *name == change.from);
            }
        }
        self.members.retain(|name, _| !change.removed.contains(name));
        self.members.extend(change.added);
        self.members.insert(change.from, change.member);
        let others = self.members.keys().filter(|name| *name != us);
        self.epochs.push_back(Epoch::begin(self.epoch, &secret, others));
        let past =
            if faults.has(Fault::KeepGroupEpochs) { PAST_EPOCHS_FAULTY } else { PAST_EPOCHS };
        while self.epochs.len() > past + 1 {
            self.epochs.pop_front();
        }
        if !keeps_sender_key {
            self.sending = Sending::begin(self.epoch, &secret, us);
        }
        secret
    }

    /// The welcome for somebody who was just added.
    fn welcome(
        &self,
        us: Us<'_>,
        invited: &Invited,
        secret: &Key,
        entropy: &mut Entropy,
        faults: Faults,
    ) -> Reply<GroupEnvelope> {
        let shares_history = faults.has(Fault::ShareGroupHistory);
        let invitation = Invitation {
            name: self.name.clone(),
            group: self.id.clone(),
            epoch: self.epoch,
            transcript: self.transcript.clone(),
            members: self.members.clone(),
            secret: secret.clone(),
            history: if shares_history { self.history.clone() } else { Vec::new() },
        };
        let ephemeral = entropy.key()?;
        let PeerPrekeys { signed, one_time } = &invited.prekeys;
        let mut secrets = vec![agree(&ephemeral, &signed.public, "signed prekey", Faults::NONE)?];
        if let Some(one_time) = one_time {
            let secret = agree(&ephemeral, &one_time.public, "one-time prekey", Faults::NONE)?;
            secrets.push(secret);
        }
        let plaintext = serde_json::to_vec(&invitation).map_err(Declined::error)?;
        let welcome = Welcome {
            from: us.name.to_owned(),
            to: invited.name.clone(),
            signed_prekey: signed.id,
            one_time_prekey: one_time.as_ref().map(|key| key.id),
            ephemeral: public(&ephemeral),
            sealed: seal_once(&welcome_key(&secrets), invited.name.as_bytes(), &plaintext)?.into(),
        };
        Ok(envelope(&welcome, &us.identity.signing, vec![invited.name.clone()])?.0)
    }

    /// Becomes a member; which one-time prekey that used up.
    pub(crate) fn join(
        us: Us<'_>,
        name: &str,
        from: &str,
        envelope: &GroupEnvelope,
        store: &Store,
    ) -> Result<(Self, Option<u64>), Refused> {
        let signed = Signed::<Welcome>::read(envelope)?;
        let welcome = &signed.content;
        if welcome.to != us.name {
            return Err(Refused::Unknown("the welcome is for somebody else"));
        }
        if welcome.from != from {
            return Err(Refused::Unsigned("the welcome is signed by another than its sender"));
        }
        let prekeys = store.prekeys(welcome.signed_prekey, welcome.one_time_prekey)?;
        let leaf = prekeys.signed.clone();
        let secrets = [Some(prekeys.signed), prekeys.one_time]
            .into_iter()
            .flatten()
            .map(|secret| agree(secret, &welcome.ephemeral, "ephemeral key", Faults::NONE))
            .collect::<Result<Vec<_>, _>>()?;
        let plaintext = open_once(&welcome_key(&secrets), us.name.as_bytes(), &welcome.sealed)?;
        let invitation: Invitation = serde_json::from_slice(&plaintext)
            .map_err(|_| Refused::Malformed("the invitation cannot be read"))?;
        if invitation.name != name {
            return Err(Refused::Unknown("the welcome is for another group"));
        }
        let vouching = invitation.members.get(from);
        let vouching = vouching.ok_or(Refused::NotMember("who welcomes us is not a member"))?;
        if !signed.is_signed_by(&vouching.identity.signing) {
            return Err(Refused::Unsigned("the welcome is not signed by the member who sent it"));
        }
        if invitation.members.get(us.name) != Some(&Member::of(us.identity.public(), &leaf)) {
            return Err(Refused::NotMember("the welcome makes another a member in our name"));
        }
        if invitation.members.len() > MAX_MEMBERS {
            return Err(Refused::Policy("the group has more members than it may have"));
        }
        for (name, member) in invitation.members.iter().filter(|(name, _)| *name != us.name) {
            store.check_sender(name, &member.identity, Faults::NONE)?;
        }
        Ok((Self::joined(us, invitation, leaf), welcome.one_time_prekey))
    }

    fn joined(us: Us<'_>, invitation: Invitation, leaf: Key) -> Self {
        let Invitation { name, group, epoch, transcript, members, secret, history } = invitation;
        let mut past: BTreeMap<u64, Epoch> = BTreeMap::new();
        for old in history.into_iter().filter(|old| old.epoch < epoch && old.sender != us.name) {
            let number = old.epoch;
            let epoch =
                past.entry(number).or_insert_with(|| Epoch { number, senders: BTreeMap::new() });
            let theirs = epoch.senders.entry(old.sender).or_insert_with(|| Receiving::begin(None));
            theirs.renew(old.number, old.key, Faults::NONE);
        }
        let others = members.keys().filter(|name| *name != us.name);
        let current = Epoch::begin(epoch, &secret, others);
        Self {
            id: group,
            name,
            epoch,
            transcript,
            leaf,
            next: next_of(&secret),
            sending: Sending::begin(epoch, &secret, us.name),
            sent: 0,
            epochs: past.into_values().chain([current]).collect::<VecDeque<_>>(),
            members,
            history: Vec::new(),
            recounted: 0,
        }
    }
}

impl Invited {
    /// Its signed prekey is its first leaf key.
    fn member(&self) -> Member {
        Member { identity: self.identity.clone(), leaf: self.prekeys.signed.public.clone() }
    }
}

fn welcome_key(secrets: &[[u8; 32]]) -> Key {
    Key(hkdf(&[0; 32], secrets.as_flattened(), b"Hallmark reference group welcome"))
}
