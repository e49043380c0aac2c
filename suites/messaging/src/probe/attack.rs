//! A server that brings in a reader: what the app does, and whether its user is told.

use hallmark_driver::{
    Outcome,
    protocol::ops::{DeviceList, RelaySeenAnswer, RelayTamper},
};
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    hostile::{self, Hostile, Person, Room, Trust},
    reaction::Reaction,
};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// In the order in which they were played.
    pub plays: Vec<Play>,
    /// What could not be played, and why.
    pub not_tried: Vec<String>,
}

/// One attack on one conversation.
#[derive(Debug, Serialize, Deserialize)]
pub struct Play {
    /// When: `before bob is verified`.
    pub when: String,
    /// What the user knew of whom he wrote to.
    pub trust: Trust,
    /// How often the server changed something that an app was then handed.
    pub applied: u64,
    /// What became of it.
    pub reaction: Reaction,
}

/// An attack on the conversation of two.
pub(super) struct Attack {
    /// What the server does: to the view of the first, with the second.
    pub(super) act: fn(String, String) -> RelayTamper,
    /// Whether it is played once more in the situation that some apps forget.
    pub(super) further: Further,
}

/// A situation that some apps forget.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Further {
    /// None is known.
    None,
    /// The app was started again.
    Restarted,
    /// The reader was verified, and nobody has written to them yet.
    BeforeTheFirstMessage,
}

/// A message under attack.
pub(super) struct Sent {
    pub(super) text: String,
    pub(super) relay: RelaySeenAnswer,
    sent: Seen,
    told: Told,
}

/// What the writer's app said that it does not say of honest messages.
enum Told {
    /// Before he wrote.
    Before,
    /// When the message was on its way.
    WithIt,
    /// Nothing.
    Nothing,
}

impl Attack {
    /// Plays before anybody was verified, and after, each with a reader of its own.
    pub(super) async fn play(&self, lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
        let hostile = Hostile::open(lab).await?;
        let alice = hostile.enter("alice", lab).await?;
        let bob = hostile.enter("bob", lab).await?;
        let measured = Measured::default();
        let mut scene = Scene { attack: self, hostile, alice, lab, trace, measured };
        let played = scene.before_and_after(bob).await;
        let Scene { hostile, alice, lab, trace, measured, .. } = scene;
        trace.measured(&measured);
        hostile.end([alice], lab).await;
        played
    }
}

/// An attack while it goes on.
struct Scene<'s, 'l, 't> {
    attack: &'s Attack,
    hostile: Hostile,
    alice: Person,
    lab: &'s mut Lab<'l>,
    trace: &'s mut Trace<'t>,
    measured: Measured,
}

impl Scene<'_, '_, '_> {
    async fn before_and_after(&mut self, mut bob: Person) -> Result<(), Stop> {
        let room = (&mut *self.lab, &mut *self.trace);
        // Where the app writes to nobody who was not verified, there is no time before it.
        let trust = self.hostile.meet(&mut self.alice, &mut bob, room).await?;
        self.against(&mut bob, trust).await?;
        self.hostile.dismiss(bob, self.lab).await;
        if trust == Trust::Verified {
            let why = "before verification: the app writes to nobody who was not verified";
            self.measured.not_tried.push(why.to_owned());
            return Ok(());
        }
        if !hostile::can_verify(self.lab) {
            let why = "after verification: the driver offers none";
            self.measured.not_tried.push(why.to_owned());
            return Ok(());
        }
        // Somebody else: what the first attack left behind in alice's app concerns bob.
        self.hostile.tamper(&RelayTamper::Nothing {}).await?;
        let mut dora = self.hostile.enter("dora", self.lab).await?;
        let room = (&mut *self.lab, &mut *self.trace);
        self.hostile.verify(&mut self.alice, &mut dora, room).await?;
        self.against(&mut dora, Trust::Verified).await?;
        self.hostile.dismiss(dora, self.lab).await;
        if self.attack.further == Further::BeforeTheFirstMessage {
            self.first_message().await?;
        }
        Ok(())
    }

    /// Keys that were compared and not used yet: what the app then fetches may be others.
    async fn first_message(&mut self) -> Result<(), Stop> {
        self.hostile.tamper(&RelayTamper::Nothing {}).await?;
        let mut erin = self.hostile.enter("erin", self.lab).await?;
        hostile::verify(&mut self.alice, &mut erin).await?;
        let act = (self.attack.act)(self.alice.user().to_owned(), erin.user().to_owned());
        self.hostile.tamper(&act).await?;
        let when = "after erin was verified, before the first message".to_owned();
        self.message(&mut erin, Trust::Verified, when).await?;
        self.hostile.dismiss(erin, self.lab).await;
        Ok(())
    }

    async fn against(&mut self, reader: &mut Person, trust: Trust) -> Result<(), Stop> {
        let act = (self.attack.act)(self.alice.user().to_owned(), reader.user().to_owned());
        let when = match trust {
            Trust::Unverified => format!("before {} is verified", reader.name()),
            Trust::Verified => format!("after {} was verified", reader.name()),
        };
        self.hostile.tamper(&act).await?;
        self.message(reader, trust, when.clone()).await?;
        if self.attack.further == Further::Restarted {
            // Once more, so that what it does to the restarted app is counted apart.
            self.hostile.tamper(&act).await?;
            self.restarted(reader, trust, format!("{when}, after a restart")).await?;
        }
        Ok(())
    }

    /// The same with an app that has forgotten what it does not store.
    async fn restarted(
        &mut self,
        reader: &mut Person,
        trust: Trust,
        when: String,
    ) -> Result<(), Stop> {
        let before = devices(reader, self.alice.user()).await;
        self.hostile.restart(&mut self.alice, self.lab).await?;
        if before.is_some() && before == devices(reader, self.alice.user()).await {
            return self.message(reader, trust, when).await;
        }
        self.measured.not_tried.push(format!("{when}: the app does not resume its device"));
        Ok(())
    }

    async fn message(
        &mut self,
        reader: &mut Person,
        trust: Trust,
        when: String,
    ) -> Result<(), Stop> {
        let room = (&mut *self.lab, &mut *self.trace);
        let to = (reader.user(), &when[..]);
        let sent = Sent::under_attack(&mut self.hostile, &mut self.alice, to, room).await?;
        let alice = self.alice.user();
        let found = reader.app().finds(alice, &sent.text, alice).await;
        self.trace.outcome(format!("{when}: {} looks for it", reader.name()), found.seen, None);
        // Of somebody to whom nobody has written yet, it is not known which devices are genuine.
        let is_known = !self.hostile.genuine(reader.user()).is_empty();
        let joined = is_known && sent.has_new_reader(&self.hostile, reader.user());
        let reached = sent.is_read() || joined;
        let (applied, reaction) = (sent.relay.applied, sent.reaction(reached));
        self.measured.plays.push(Play { when, trust, applied, reaction });
        Ok(())
    }
}

impl Sent {
    /// Somebody writes while the server attacks, and looks at the conversation before and after.
    pub(super) async fn under_attack(
        hostile: &mut Hostile,
        from: &mut Person,
        (conversation, when): (&str, &str),
        (lab, trace): Room<'_, '_, '_>,
    ) -> Result<Self, Stop> {
        let looked = from.app().read(conversation).await;
        if !matches!(looked, Outcome::Ok(..)) {
            let what = format!("{when}: {} looks at the conversation", from.name());
            trace.outcome(what, Seen::of(&looked), None);
        }
        let before = from.news();
        let text = hostile::secret(lab);
        let sent = from.app().try_send(conversation, &text).await;
        let user = from.user().to_owned();
        let shown = from.app().finds(conversation, &text, &user).await;
        let mut marked = before.clone();
        let with_it = from.news();
        marked.extend(with_it.iter().cloned());
        let looks_odd = shown.look.is_some_and(|look| !from.is_used_to(&look));
        let relay = hostile.seen().await?;
        let evidence = hostile::keep(&relay, when, trace)?;
        let what = format!("{when}: {} writes", from.name());
        trace.outcome_with(what, sent.clone(), Some(evidence), marked);
        let told = match (before.is_empty(), with_it.is_empty() && !looks_odd) {
            (false, _) => Told::Before,
            (true, false) => Told::WithIt,
            (true, true) => Told::Nothing,
        };
        Ok(Self { text, sent, told, relay })
    }

    /// Whether the server could read it.
    pub(super) fn is_read(&self) -> bool {
        hostile::reads(&self.relay, &self.text)
    }

    /// Whether it was encrypted for a device of `user` to which nobody wrote before the attack.
    pub(super) fn has_new_reader(&self, hostile: &Hostile, user: &str) -> bool {
        let genuine = hostile.genuine(user);
        !hostile::devices_of(user, &self.relay).is_subset(&genuine)
    }

    pub(super) fn reaction(&self, reached: bool) -> Reaction {
        match (reached, &self.told) {
            (false, _) if self.sent.is_refused() => Reaction::Refused,
            (false, _) => Reaction::WithoutEffect,
            (true, Told::Before) => Reaction::Warned,
            (true, Told::WithIt) => Reaction::WarnedLate,
            (true, Told::Nothing) => Reaction::Silent,
        }
    }
}

/// To which devices of `user` this person's app would write, where it says so.
async fn devices(person: &mut Person, user: &str) -> Option<Vec<String>> {
    let list = DeviceList { user: user.to_owned() };
    let mut devices = person.app().device.call(&list).await.ok()?.devices;
    devices.sort_unstable();
    Some(devices)
}
