//! A server that brings in a reader: what the app does, and whether its user is told.

use hallmark_driver::{
    Outcome,
    protocol::{
        WarningClass,
        ops::{DeviceList, RelaySeenAnswer, RelayTamper},
    },
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
    /// Whether the situation after a restart is one of these.
    #[serde(default)]
    pub not_restarted: bool,
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
    /// Whether it is the play before it, with the same reader, after a restart.
    #[serde(default)]
    pub restarted: bool,
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
    /// What was written, once or twice.
    texts: Vec<String>,
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
    /// Plays before anybody was verified, and after, each with a reader of its own. Nobody attacks what
    /// alice writes to carol: it shows that her app still writes.
    pub(super) async fn play(&self, lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
        let mut hostile = Hostile::open(lab).await?;
        let mut alice = hostile.enter("alice", lab).await?;
        let mut carol = hostile.enter("carol", lab).await?;
        let bob = hostile.enter("bob", lab).await?;
        hostile.meet(&mut alice, &mut carol, (lab, trace)).await?;
        let measured = Measured::default();
        let mut scene = Scene { attack: self, hostile, alice, carol, lab, trace, measured };
        let played = scene.before_and_after(bob).await;
        let Scene { hostile, alice, carol, lab, trace, measured, .. } = scene;
        trace.measured(&measured);
        hostile.end([alice, carol], lab).await;
        played
    }
}

/// An attack while it goes on.
struct Scene<'s, 'l, 't> {
    attack: &'s Attack,
    hostile: Hostile,
    alice: Person,
    /// Whom nobody attacks.
    carol: Person,
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
        let played = self.after_verification().await;
        // What was seen before stands, also where an app lets nobody verify so early.
        self.unless_declined("after verification", played)
    }

    /// Somebody else: what the first attack left behind in alice's app concerns bob.
    async fn after_verification(&mut self) -> Result<(), Stop> {
        self.hostile.tamper(&RelayTamper::Nothing {}).await?;
        let mut dora = self.hostile.enter("dora", self.lab).await?;
        let room = (&mut *self.lab, &mut *self.trace);
        self.hostile.verify(&mut self.alice, &mut dora, room).await?;
        self.against(&mut dora, Trust::Verified).await?;
        self.hostile.dismiss(dora, self.lab).await;
        if self.attack.further == Further::BeforeTheFirstMessage {
            let played = self.first_message().await;
            self.unless_declined("before the first message", played)?;
        }
        Ok(())
    }

    /// What the app declined is not tried. Anything else that stopped the play stops the experiment.
    fn unless_declined(&mut self, when: &str, played: Result<(), Stop>) -> Result<(), Stop> {
        match played {
            Err(Stop::Step(step))
                if matches!(step.seen, Seen::Refused { .. } | Seen::Unsupported { .. }) =>
            {
                let why = format!("{when}: {}: {}", step.what, step.seen);
                self.measured.not_tried.push(why);
                Ok(())
            }
            played => played,
        }
    }

    /// Keys that were compared and not used yet: what the app then fetches may be others.
    async fn first_message(&mut self) -> Result<(), Stop> {
        self.hostile.tamper(&RelayTamper::Nothing {}).await?;
        let mut erin = self.hostile.enter("erin", self.lab).await?;
        hostile::verify(&mut self.alice, &mut erin).await?;
        let act = (self.attack.act)(self.alice.user().to_owned(), erin.user().to_owned());
        self.hostile.tamper(&act).await?;
        let when = "after erin was verified, before the first message".to_owned();
        self.message(&mut erin, Trust::Verified, when, false).await?;
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
        self.message(reader, trust, when.clone(), false).await?;
        if self.attack.further == Further::Restarted {
            self.restarted(reader, trust, &act, format!("{when}, after a restart")).await?;
        }
        Ok(())
    }

    /// The same with an app that has forgotten what it does not store.
    async fn restarted(
        &mut self,
        reader: &mut Person,
        trust: Trust,
        act: &RelayTamper,
        when: String,
    ) -> Result<(), Stop> {
        let before = devices(reader, self.alice.user()).await;
        self.hostile.switch_off(&mut self.alice, self.lab).await?;
        // Once more, so that what it does to the restarted app is counted apart.
        self.hostile.tamper(act).await?;
        self.hostile.switch_on(&mut self.alice, self.lab).await?;
        self.alice.settle_start();
        if before.is_some() && before == devices(reader, self.alice.user()).await {
            return self.message(reader, trust, when, true).await;
        }
        self.measured.not_restarted = true;
        self.measured.not_tried.push(format!("{when}: the app does not resume its device"));
        Ok(())
    }

    async fn message(
        &mut self,
        reader: &mut Person,
        trust: Trust,
        when: String,
        restarted: bool,
    ) -> Result<(), Stop> {
        let mut sent = self.attempt(reader, &when).await?;
        if sent.sent == Seen::Done && !self.reached(&sent, reader) {
            // What the server changed may have come to the app with that message only.
            let again = self.attempt(reader, &format!("{when}, again")).await?;
            sent = sent.then(again);
        }
        let (applied, reaction) = (sent.relay.applied, sent.reaction(self.reached(&sent, reader)));
        self.measured.plays.push(Play { when, trust, applied, restarted, reaction });
        Ok(())
    }

    async fn attempt(&mut self, reader: &mut Person, when: &str) -> Result<Sent, Stop> {
        let room = (&mut *self.lab, &mut *self.trace);
        let people = (&mut self.alice, &mut self.carol);
        let to = (reader.user(), when);
        let sent = Sent::under_attack(&mut self.hostile, people, to, room).await?;
        let alice = self.alice.user();
        let found = reader.app().finds(alice, sent.text(), alice).await;
        self.trace.outcome(format!("{when}: {} looks for it", reader.name()), found.seen, None);
        Ok(sent)
    }

    /// Whether the server's reader got something.
    fn reached(&self, sent: &Sent, reader: &Person) -> bool {
        // Of somebody to whom nobody has written yet, it is not known which devices are genuine.
        let is_known = !self.hostile.genuine(reader.user()).is_empty();
        sent.is_read() || is_known && sent.has_new_reader(&self.hostile, reader.user())
    }
}

impl Sent {
    /// Somebody writes while the server attacks, and looks at the conversation before and after. Then he
    /// writes to a bystander, who must get it: his app still works, and what it had to send has left.
    pub(super) async fn under_attack(
        hostile: &mut Hostile,
        (from, bystander): (&mut Person, &mut Person),
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
        hostile::close(from, bystander, (&mut *lab, &mut *trace)).await?;
        let mut marked = before.clone();
        let with_it = from.news();
        marked.extend(with_it.iter().cloned());
        let looks_odd = shown.look.is_some_and(|look| !from.is_used_to(&look));
        let relay = hostile.seen().await?;
        let evidence = hostile::keep(&relay, when, trace)?;
        let what = format!("{when}: {} writes", from.name());
        trace.outcome_with(what, sent.clone(), Some(evidence), marked);
        // In time is only what says what it is about.
        let in_time = before.iter().any(|warning| warning.class != WarningClass::Other);
        let told = match in_time {
            true => Told::Before,
            false if before.is_empty() && with_it.is_empty() && !looks_odd => Told::Nothing,
            false => Told::WithIt,
        };
        Ok(Self { texts: vec![text], sent, told, relay })
    }

    /// The same after this one, of which the writer knows.
    fn then(mut self, again: Self) -> Self {
        let told = match (self.told, again.told) {
            (Told::Nothing, told) => told,
            _ => Told::Before,
        };
        self.texts.extend(again.texts);
        Self { texts: self.texts, told, ..again }
    }

    /// What was written last.
    pub(super) fn text(&self) -> &str {
        self.texts.last().map_or("", String::as_str)
    }

    /// Whether the server could read any of it.
    pub(super) fn is_read(&self) -> bool {
        self.texts.iter().any(|text| hostile::reads(&self.relay, text))
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
