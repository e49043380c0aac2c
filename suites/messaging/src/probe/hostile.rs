//! Live apps before a malicious server. What is recorded here is an attack, and no app's everyday
//! traffic: nothing of it is left for the traffic suite.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use hallmark_driver::{
    Outcome,
    protocol::{
        Class, Warning, WarningClass,
        ops::{
            AccountLogin, Content, RelayClaim, RelayClaimAnswer, RelayOpen, RelayOpenAnswer,
            RelaySeen, RelaySeenAnswer, RelayTamper, Reset, ServerEndpoint, Shown, ShownAnswer,
            VerifyConfirm, VerifyStart,
        },
    },
};
use hallmark_model::{EvidenceRef, text};
use serde::{Deserialize, Serialize};

use super::{
    Device, Lab, Stop, Trace,
    app::{self, App, Way},
};
use crate::facts::{Seen, Sender, Text};

/// Lines of the interceptor's log that are kept of one act.
const MOST_LINES: usize = 40;

/// Devices that are remembered.
const MOST_DEVICES: usize = 1000;

/// A malicious server between the apps and their real one.
pub(super) struct Hostile {
    relay: Device,
    way: Way,
    /// Devices for which anybody encrypted while nobody was attacked: `user/device`.
    genuine: BTreeSet<String>,
}

/// A user of the live app, on one device.
pub(super) struct Person {
    app: App,
    /// What the app says beside honest messages too.
    known: Vec<Warning>,
    /// What it said and nobody has looked at yet.
    unheard: Vec<Warning>,
    /// How the app shows honest messages of its own user.
    looks: Vec<Look>,
}

/// What a user knows of whom he writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Nothing was compared: the app trusts what it saw first.
    Unverified,
    /// Fingerprints were compared, on both sides.
    Verified,
}

/// How a message is shown, besides what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) encrypted: Option<bool>,
    verified: Option<bool>,
    marks: Vec<String>,
}

/// An honest message that arrived: how it is shown to whom it was written.
pub(super) struct Letter {
    pub(super) look: Look,
}

/// Where an experiment gets what it needs, and where it writes down what it sees.
pub(super) type Room<'r, 'l, 't> = (&'r mut Lab<'l>, &'r mut Trace<'t>);

/// What was shown, and how.
pub(super) struct Found {
    pub(super) seen: Seen,
    pub(super) look: Option<Look>,
}

impl Hostile {
    pub(super) async fn open(lab: &mut Lab<'_>) -> Result<Self, Stop> {
        let Some(world) = lab.world() else {
            return Err(Stop::not_offered("an app talks to its server", app::NO_SERVER));
        };
        lab.offers::<AccountLogin>("an app logs in to its server")?;
        let mut relay = lab.intercept().await?;
        let server = ServerEndpoint {
            host: world.server.ip().to_string(),
            port: world.server.port(),
            name: Some(world.name.clone()),
            trust_anchor: world.roots.clone(),
        };
        let further = world.relay.iter().map(|(name, at)| (name.clone(), at.to_string())).collect();
        let opened = relay.must("takes its place", &RelayOpen { server, further }).await?;
        if !is_here(&opened) {
            let message = "the interceptor names an address that is not this machine's loopback";
            let seen = Seen::DriverError { message: message.to_owned() };
            return Err(Stop::at("a malicious server takes its place", seen));
        }
        let way = Way {
            server: ServerEndpoint {
                host: opened.host,
                port: opened.port,
                name: Some(world.name.clone()),
                trust_anchor: Some(opened.trust_anchor),
            },
            further: opened.further,
            keylog: None,
            storage: world.folder.join("attacks").join(lab.word(12)),
            settings: world.settings.clone(),
        };
        Ok(Self { relay, way, genuine: BTreeSet::new() })
    }

    /// A user with an account of this name and some letters, on a first device.
    pub(super) async fn enter(&self, name: &str, lab: &mut Lab<'_>) -> Result<Person, Stop> {
        let user = format!("{name}-{}", lab.word(12));
        self.enter_as(&user, name, lab).await
    }

    /// The same user on another device.
    pub(super) async fn enter_as(
        &self,
        user: &str,
        device: &str,
        lab: &mut Lab<'_>,
    ) -> Result<Person, Stop> {
        let mut device = lab.blank(device).await?;
        self.way.log_in(&mut device, user, None, lab).await?;
        let app = App { user: user.to_owned(), device };
        Ok(Person { app, known: Vec::new(), unheard: Vec::new(), looks: Vec::new() })
    }

    /// Ends the app, as a phone does every night.
    pub(super) async fn switch_off(
        &self,
        person: &mut Person,
        lab: &mut Lab<'_>,
    ) -> Result<(), Stop> {
        let fresh = lab.fresh_process(person.name()).await?;
        let old = std::mem::replace(&mut person.app.device, fresh);
        old.into_connection().end().await;
        Ok(())
    }

    /// Starts it again on what it stored.
    pub(super) async fn switch_on(
        &self,
        person: &mut Person,
        lab: &mut Lab<'_>,
    ) -> Result<(), Stop> {
        let App { user, device } = &mut person.app;
        self.way.log_in(device, user, None, lab).await
    }

    /// Leaves while the server is still there.
    pub(super) async fn dismiss(&self, mut person: Person, lab: &mut Lab<'_>) {
        // An app that cannot start over is not used again.
        drop(person.app.device.call(&Reset { seed: None }).await);
        lab.release([person.app.device]);
    }

    /// Everybody leaves, and then the server ends.
    pub(super) async fn end<const N: usize>(self, people: [Person; N], lab: &mut Lab<'_>) {
        for person in people {
            self.dismiss(person, lab).await;
        }
        self.relay.into_connection().end().await;
    }

    // ---- the attack ----

    pub(super) async fn tamper(&mut self, act: &RelayTamper) -> Result<(), Stop> {
        self.relay.must(in_words(act), act).await.map(drop)
    }

    /// What was done and seen since the last act began.
    pub(super) async fn seen(&mut self) -> Result<RelaySeenAnswer, Stop> {
        self.relay.must("says what it saw", &RelaySeen {}).await
    }

    pub(super) async fn claim(
        &mut self,
        user: &str,
        claims: u32,
    ) -> Result<RelayClaimAnswer, Stop> {
        let claim = RelayClaim { user: user.to_owned(), claims };
        self.relay.must("asks for prekeys as a stranger", &claim).await
    }

    /// Devices for which anybody encrypted while nobody was attacked.
    pub(super) fn genuine(&self, of: &str) -> BTreeSet<String> {
        self.genuine.iter().filter(|device| owner(device) == of).cloned().collect()
    }

    // ---- the control ----

    /// Two users write to each other, and the server attacks nobody. Where an app writes to nobody who
    /// was not verified, they verify each other first.
    pub(super) async fn meet(
        &mut self,
        one: &mut Person,
        two: &mut Person,
        (lab, trace): Room<'_, '_, '_>,
    ) -> Result<Trust, Stop> {
        self.tamper(&RelayTamper::Nothing {}).await?;
        let trust = match self.try_write(one, two, (lab, trace)).await? {
            Ok(_) => Trust::Unverified,
            Err(Seen::Refused { .. }) if can_verify(lab) => {
                verify(one, two).await?;
                self.write(one, two, (lab, trace)).await?;
                Trust::Verified
            }
            Err(seen) => return Err(Stop::at(writes(one, two), seen)),
        };
        self.write(two, one, (lab, trace)).await?;
        Ok(trust)
    }

    /// The users of both compare fingerprints; then they write to each other again.
    pub(super) async fn verify(
        &mut self,
        one: &mut Person,
        two: &mut Person,
        (lab, trace): Room<'_, '_, '_>,
    ) -> Result<(), Stop> {
        self.tamper(&RelayTamper::Nothing {}).await?;
        verify(one, two).await?;
        self.write(one, two, (lab, trace)).await?;
        self.write(two, one, (lab, trace)).await.map(drop)
    }

    /// An honest message that must arrive, and that the server must not be able to read.
    pub(super) async fn write(
        &mut self,
        from: &mut Person,
        to: &mut Person,
        (lab, trace): Room<'_, '_, '_>,
    ) -> Result<Letter, Stop> {
        let what = writes(from, to);
        self.try_write(from, to, (lab, trace)).await?.map_err(|seen| Stop::at(what, seen))
    }

    /// The same to a group that both are in.
    pub(super) async fn write_to_group(
        &mut self,
        group: &str,
        (from, to): (&mut Person, &mut Person),
        (lab, trace): Room<'_, '_, '_>,
    ) -> Result<Letter, Stop> {
        let text = secret(lab);
        let sent = from.app.try_send(group, &text).await;
        if sent != Seen::Done {
            return Err(Stop::at(format!("{} writes to the group", from.name()), sent));
        }
        self.honest(&text, (from, group), (to, group), trace).await
    }

    async fn try_write(
        &mut self,
        from: &mut Person,
        to: &mut Person,
        (lab, trace): Room<'_, '_, '_>,
    ) -> Result<Result<Letter, Seen>, Stop> {
        let text = secret(lab);
        let (theirs, ours) = (from.app.user.clone(), to.app.user.clone());
        let sent = from.app.try_send(&ours, &text).await;
        if sent != Seen::Done {
            return Ok(Err(sent));
        }
        self.honest(&text, (from, &ours), (to, &theirs), trace).await.map(Ok)
    }

    /// A text that nobody attacked arrives; what the apps say and show with it is what honest messages
    /// look like.
    async fn honest(
        &mut self,
        text: &str,
        (from, ours): (&mut Person, &str),
        (to, theirs): (&mut Person, &str),
        trace: &mut Trace<'_>,
    ) -> Result<Letter, Stop> {
        let look = arrives(text, from, (to, theirs), trace).await?;
        from.looks.extend(from.app.finds(ours, text, &from.app.user.clone()).await.look);
        from.settle();
        to.settle();
        let relay = self.seen().await?;
        if reads(&relay, text) {
            let reason =
                "the app does not encrypt: its server reads honest messages without an attack";
            return Err(Stop::not_offered("messages are hidden from the server", reason));
        }
        let room = MOST_DEVICES.saturating_sub(self.genuine.len());
        self.genuine.extend(relay.recipients.into_iter().take(room));
        Ok(Letter { look })
    }
}

/// An honest message ends the attack's time: whatever the server handed over before it, the reader's app
/// has taken in, and whatever the writer's app had to send before it has left. What the apps say meanwhile
/// is not taken for what they say of honest messages. Returns what it says.
pub(super) async fn close(
    from: &mut Person,
    to: &mut Person,
    (lab, trace): Room<'_, '_, '_>,
) -> Result<String, Stop> {
    let text = secret(lab);
    let sent = from.app.try_send(&to.app.user, &text).await;
    if sent != Seen::Done {
        return Err(Stop::at(writes(from, to), sent));
    }
    let conversation = from.app.user.clone();
    arrives(&text, from, (to, &conversation), trace).await?;
    Ok(text)
}

/// Waits until an honest text is shown.
async fn arrives(
    text: &str,
    from: &Person,
    (to, conversation): (&mut Person, &str),
    trace: &mut Trace<'_>,
) -> Result<Look, Stop> {
    let what = format!("{} is shown an honest message by {}", to.name(), from.name());
    let content = Content::Text { text: text.to_owned() };
    let outcome = to.app.wait(conversation, text).await;
    let (seen, shown) = app::seen(&outcome, &from.app.user, &content);
    let Some(shown) = shown.filter(|_| seen.is_as_meant()) else {
        return Err(Stop::at(what, seen));
    };
    trace.control(what, seen);
    Ok(Look::of(&shown))
}

impl Person {
    /// As the harness calls the device.
    pub(super) fn name(&self) -> &str {
        &self.app.device.name
    }

    pub(super) fn user(&self) -> &str {
        &self.app.user
    }

    pub(super) fn app(&mut self) -> &mut App {
        &mut self.app
    }

    /// What the app has said up to now is what it says of honest messages.
    fn settle(&mut self) {
        for warning in self.app.device.take_warnings() {
            if !self.known.contains(&warning) {
                self.known.push(warning);
            }
        }
    }

    /// What the app says when it is started tells of nothing, unless it says what it is about.
    pub(super) fn settle_start(&mut self) {
        let said = self.app.device.take_warnings();
        let (other, telling): (Vec<_>, _) =
            said.into_iter().partition(|warning| warning.class == WarningClass::Other);
        self.known.extend(other);
        self.unheard.extend(telling);
    }

    /// What the app has said since, and does not say of honest messages. That something could not be
    /// read tells nobody that others can.
    pub(super) fn news(&mut self) -> Vec<Warning> {
        let mut news = std::mem::take(&mut self.unheard);
        news.extend(self.app.device.take_warnings());
        news.retain(|warning| {
            let telling =
                !matches!(warning.class, WarningClass::Undecryptable | WarningClass::NewSession);
            telling && !self.known.contains(warning)
        });
        news
    }

    /// Whether this is how one's own honest messages are shown.
    pub(super) fn is_used_to(&self, look: &Look) -> bool {
        self.looks.contains(look)
    }
}

impl App {
    /// What is shown of a text now. Apps look at what the server has for them before they answer.
    pub(super) async fn finds(&mut self, conversation: &str, text: &str, sender: &str) -> Found {
        let outcome = self.read(conversation).await;
        let shown = shown(&outcome, text);
        let seen = match shown.first() {
            Some(shown) => Seen::Delivered {
                text: Text::AsSent,
                sender: if shown.sender == sender { Sender::Right } else { Sender::Wrong },
                position: None,
            },
            None => Seen::of(&outcome),
        };
        Found { seen, look: shown.first().map(|shown| Look::of(shown)) }
    }
}

impl Look {
    pub(super) fn of(shown: &Shown) -> Self {
        Self { encrypted: shown.encrypted, verified: shown.verified, marks: shown.marks.clone() }
    }
}

/// The messages that say this.
pub(super) fn shown<'s>(outcome: &'s Outcome<ShownAnswer>, text: &str) -> Vec<&'s Shown> {
    let Outcome::Ok(answer, _) = outcome else { return Vec::new() };
    let says =
        |shown: &&Shown| matches!(&shown.content, Content::Text { text: said } if said == text);
    answer.messages.iter().filter(says).collect()
}

/// Whether the server could read a text.
pub(super) fn reads(relay: &RelaySeenAnswer, text: &str) -> bool {
    relay.read.iter().any(|read| read.contains(text))
}

/// Devices of `user` for which a message was encrypted.
pub(super) fn devices_of(user: &str, relay: &RelaySeenAnswer) -> BTreeSet<String> {
    let devices = relay.recipients.iter().take(MOST_DEVICES);
    devices.filter(|device| owner(device) == user).cloned().collect()
}

/// Whether apps that go where the interceptor says stay on this machine.
fn is_here(opened: &RelayOpenAnswer) -> bool {
    let host = opened.host.parse::<IpAddr>();
    let further = opened.further.values().map(|at| at.parse::<SocketAddr>().map(|at| at.ip()));
    std::iter::once(host)
        .chain(further)
        .all(|ip| ip.is_ok_and(|ip| ip.to_canonical().is_loopback()))
}

/// A text that nobody could guess.
pub(super) fn secret(lab: &mut Lab<'_>) -> String {
    format!("canary-{}", lab.word(24))
}

/// Keeps what the server did, in its own words.
pub(super) fn keep(
    relay: &RelaySeenAnswer,
    label: &str,
    trace: &mut Trace<'_>,
) -> Result<EvidenceRef, Stop> {
    let lines: Vec<_> =
        relay.log.iter().take(MOST_LINES).map(|line| text::one_line(line)).collect();
    trace.keep(format!("what the malicious server did: {label}"), lines.join("\n").as_bytes())
}

pub(super) fn can_verify(lab: &Lab<'_>) -> bool {
    lab.has::<VerifyStart>() && lab.has::<VerifyConfirm>()
}

/// The users of both compare what they are shown.
pub(super) async fn verify(one: &mut Person, two: &mut Person) -> Result<(), Stop> {
    let start = |peer: &Person| VerifyStart { peer: peer.app.user.clone() };
    let first = one.app.device.must("starts to verify", &start(two)).await?.fingerprint;
    let second = two.app.device.must("starts to verify", &start(one)).await?.fingerprint;
    if first != second {
        let detail = Some("both are shown different fingerprints".to_owned());
        let what = format!("{} and {} compare", one.name(), two.name());
        return Err(Stop::at(what, Seen::Refused { class: Class::Other, detail }));
    }
    let confirm = |peer: &Person| VerifyConfirm { peer: peer.app.user.clone(), matches: true };
    one.app.device.must("verifies", &confirm(two)).await?;
    two.app.device.must("verifies", &confirm(one)).await?;
    Ok(())
}

fn writes(from: &Person, to: &Person) -> String {
    format!("{} writes to {}", from.name(), to.name())
}

/// `user` of `user/device`.
fn owner(recipient: &str) -> &str {
    recipient.split_once('/').map_or("", |(user, _)| user)
}

fn in_words(act: &RelayTamper) -> &'static str {
    match act {
        RelayTamper::Nothing {} => "attacks nobody",
        RelayTamper::GhostDevice { .. } => "adds a device to a person",
        RelayTamper::AddedMember { .. } => "adds a member to a group",
        RelayTamper::StrippedMarker { .. } => "hides that a conversation is encrypted",
        RelayTamper::DeviceKeys { .. } => "replaces a person's keys",
        RelayTamper::Sender { .. } => "names another sender",
        RelayTamper::Replay { .. } => "hands over messages again",
        RelayTamper::Plaintext { .. } => "hands over plaintext",
    }
}
