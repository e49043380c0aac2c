//! Three users of the live app talk to each other on their server, as users do, while a relay records.
//!
//! What they write is left for the traffic suite, which looks for it under TLS and in the server's
//! stores. Names and titles are no messages: where they are found is for the reader to know.

use hallmark_driver::{
    Outcome,
    protocol::{
        Bytes,
        ops::{
            BackupExport, Content, DeviceList, GroupAdd, GroupCreate, GroupRemove,
            IdentityFingerprint, Operation, Reset, VerifyConfirm, VerifyStart,
        },
    },
};
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    app::{self, App, Stage},
    search,
};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Messages and files that arrived as they were sent.
    pub arrived: u64,
    /// Of these, those that the app showed as encrypted end to end.
    pub shown_encrypted: u64,
    /// Those that it showed as not encrypted.
    pub shown_clear: u64,
    /// Whether one who was removed from the group was shown the next message.
    pub leaver_reads: Option<bool>,
    /// Whether a second device of the reader was shown the next message.
    pub second_device_reads: Option<bool>,
    /// Whether the reader of a file was shown the name under which it was sent.
    pub file_name_arrives: Option<bool>,
    /// Size of a backup, in bytes.
    pub backup: Option<u64>,
    /// Encodings in which a message stands readable in the backup.
    pub readable_in_backup: Vec<String>,
    /// Push notifications that the server sent. None: the app asks for none.
    #[serde(default)]
    pub pushed: Option<u64>,
    /// Encodings in which a message stands readable in them.
    #[serde(default)]
    pub readable_in_push: Vec<String>,
    /// What the app shows beside messages: shields and marks, each once.
    pub marks: Vec<String>,
    /// Steps that the driver does not offer.
    pub not_offered: Vec<String>,
}

/// The conversation while it goes on.
struct Play<'p, 'l, 't> {
    lab: &'p mut Lab<'l>,
    trace: &'p mut Trace<'t>,
    stage: Stage,
    measured: Measured,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let Some(world) = lab.world().cloned() else {
        return Err(Stop::not_offered("an app talks to its server", app::NO_SERVER));
    };
    lab.offers::<hallmark_driver::protocol::ops::AccountLogin>("an app logs in to its server")?;
    let stage = Stage::set(&world)?;
    let mut play = Play { lab, trace, stage, measured: Measured::default() };
    let ended = play.all().await;
    let Play { trace, stage, measured, .. } = play;
    trace.measured(&measured);
    // What was sent may contradict encryption even where the conversation came to a halt.
    stage.leave(trace).await?;
    ended
}

impl Play<'_, '_, '_> {
    async fn all(&mut self) -> Result<(), Stop> {
        let mut alice = self.enter("alice", true).await?;
        let mut bob = self.enter("bob", false).await?;
        let mut carol = self.enter("carol", false).await?;
        let pushes = self.push(&mut bob).await && self.push(&mut carol).await;

        self.text(&mut alice, &mut [&mut bob], None, "a message to bob").await?;
        self.text(&mut bob, &mut [&mut alice], None, "an answer to alice").await?;
        self.file(&mut alice, &mut bob).await?;
        self.group(&mut alice, &mut bob, &mut carol).await?;
        self.second_device(&mut alice, &mut bob).await?;
        self.verification(&mut alice, &bob).await?;
        self.backup(&mut bob).await?;
        if pushes {
            self.pushed();
        }
        for app in [alice, bob, carol] {
            self.leave(app).await;
        }
        Ok(())
    }

    /// Logs out, so that the recording of this app's connections has an end.
    async fn leave(&mut self, mut app: App) {
        // An app that cannot start over is not used again.
        drop(app.device.call(&Reset { seed: None }).await);
        self.lab.release([app.device]);
    }

    async fn enter(&mut self, name: &str, named: bool) -> Result<App, Stop> {
        let user = format!("{name}-{}", self.lab.word(12));
        let shown = named.then(|| format!("{name} {}", self.lab.word(24)));
        let app = self.stage.enter(&user, name, shown.as_deref(), self.lab).await?;
        if let Some(shown) = shown {
            self.stage.note("a display name", &shown);
        }
        Ok(app)
    }

    /// `from` writes to the first reader, or to the group; all readers are shown it.
    async fn text(
        &mut self,
        from: &mut App,
        to: &mut [&mut App],
        group: Option<&str>,
        label: &str,
    ) -> Result<(), Stop> {
        let text = self.secret();
        self.content(from, to, group, label, Content::Text { text }).await
    }

    async fn file(&mut self, from: &mut App, to: &mut App) -> Result<(), Stop> {
        let (name, body) = (format!("{}.txt", self.lab.word(24)), self.secret());
        let content = Content::File {
            name: name.clone(),
            media_type: "text/plain".to_owned(),
            body: Bytes(body.clone().into_bytes()),
        };
        let first = self.content(from, &mut [to], None, "a file to bob", content).await;
        if self.optional("files", first)? {
            self.stage.plant("the body of a file", &body);
        }
        Ok(())
    }

    async fn group(
        &mut self,
        alice: &mut App,
        bob: &mut App,
        carol: &mut App,
    ) -> Result<(), Stop> {
        let (group, title) = (format!("ward-{}", self.lab.word(12)), self.secret());
        let create = GroupCreate { group: group.clone(), title: Some(title.clone()) };
        let made = alice.device.must("makes a group", &create).await;
        if !self.optional("groups", made.map(drop))? {
            return Ok(());
        }
        self.stage.note("a group's title", &title);
        let members = vec![bob.user.clone(), carol.user.clone()];
        alice.device.must("adds two members", &GroupAdd { group: group.clone(), members }).await?;
        let name = Some(group.as_str());
        self.text(alice, &mut [bob, carol], name, "a message to the group").await?;
        self.text(carol, &mut [alice, bob], name, "an answer to the group").await?;

        let members = vec![carol.user.clone()];
        let removed = GroupRemove { group: group.clone(), members };
        let removed = alice.device.must("removes carol", &removed).await;
        if !self.optional("removal from groups", removed.map(drop))? {
            return Ok(());
        }
        let text = self.secret();
        let content = Content::Text { text: text.clone() };
        let label = "a message to the group without carol";
        self.content(alice, &mut [bob], name, label, content.clone()).await?;
        // Bob has it: whatever the server still hands to carol is on its way or with her. A message
        // that she is shown closes the wait.
        self.text(alice, &mut [carol], None, "a message to carol").await?;
        let (seen, _) = app::seen(&carol.read(&group).await, &alice.user, &content);
        self.measured.leaver_reads = Some(seen.is_delivered());
        self.trace.outcome("carol, who was removed, reads the next message", seen, None);
        Ok(())
    }

    async fn second_device(&mut self, alice: &mut App, bob: &mut App) -> Result<(), Stop> {
        let entered = self.stage.enter(&bob.user, "bob-tablet", None, self.lab).await;
        let mut tablet = match entered {
            Ok(tablet) => tablet,
            Err(stop) => return self.optional("a second device", Err(stop)).map(drop),
        };
        let listed = alice.device.call(&DeviceList { user: bob.user.clone() }).await;
        let text = self.secret();
        let content = Content::Text { text: text.clone() };
        self.content(alice, &mut [bob], None, "a message to both devices of bob", content.clone())
            .await?;
        let (seen, _) = app::seen(&tablet.wait(&alice.user, &text).await, &alice.user, &content);
        self.measured.second_device_reads = Some(seen.is_delivered());
        let what = match listed.ok() {
            Some(list) => format!("bob's second device reads ({} are listed)", list.devices.len()),
            None => "bob's second device reads".to_owned(),
        };
        self.trace.outcome(what, seen, None);
        self.leave(tablet).await;
        Ok(())
    }

    async fn verification(&mut self, alice: &mut App, bob: &App) -> Result<(), Stop> {
        let peer = bob.user.clone();
        self.step(alice, "shows a fingerprint", &IdentityFingerprint { peer: peer.clone() }).await;
        if self.step(alice, "starts to verify bob", &VerifyStart { peer: peer.clone() }).await {
            let confirm = VerifyConfirm { peer, matches: true };
            self.step(alice, "verifies bob", &confirm).await;
        }
        Ok(())
    }

    async fn backup(&mut self, bob: &mut App) -> Result<(), Stop> {
        match bob.device.call(&BackupExport {}).await {
            Outcome::Ok(answer, _) => {
                self.measured.backup = Some(answer.backup.len() as u64);
                self.measured.readable_in_backup = self.readable_in(&[&answer.backup]);
                self.trace.outcome("bob exports a backup", Seen::Done, None);
            }
            other => self.missing("backups", Seen::of(&other)),
        }
        Ok(())
    }

    /// Asks for push notifications; whether the app does.
    async fn push(&mut self, app: &mut App) -> bool {
        let seen = self.stage.push_to(app).await;
        let pushes = seen == Seen::Done;
        if !pushes {
            self.missing("push notifications", seen);
        }
        pushes
    }

    /// What the server told the push gateway.
    fn pushed(&mut self) {
        let taken = self.stage.gateway.taken();
        let bodies: Vec<_> = taken.iter().map(Vec::as_slice).collect();
        self.measured.pushed = Some(bodies.len() as u64);
        self.measured.readable_in_push = self.readable_in(&bodies);
        drop(taken);
        let what = "the server sends push notifications";
        self.trace.outcome(what, Seen::Done, None);
    }

    /// The encodings in which something that was written stands in one of these.
    fn readable_in(&self, places: &[&[u8]]) -> Vec<String> {
        let mut found: Vec<_> = places
            .iter()
            .flat_map(|place| {
                let found = |text: &str| search::encodings_found(place, text.as_bytes());
                self.stage.canaries().flat_map(found).collect::<Vec<_>>()
            })
            .map(str::to_owned)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A step that many apps do not have; whether it was done.
    async fn step<O: Operation>(&mut self, app: &mut App, what: &str, args: &O) -> bool {
        let outcome = app.device.call(args).await;
        let done = matches!(outcome, Outcome::Ok(..));
        if done {
            self.trace.outcome(format!("{} {what}", app.device.name), Seen::Done, None);
        } else {
            self.missing(what, Seen::of(&outcome));
        }
        done
    }

    async fn content(
        &mut self,
        from: &mut App,
        to: &mut [&mut App],
        group: Option<&str>,
        label: &str,
        content: Content,
    ) -> Result<(), Stop> {
        let first = to.first().map(|app| app.user.clone()).unwrap_or_default();
        let conversation = group.unwrap_or(&first).to_owned();
        from.send(&conversation, label, content.clone()).await?;
        self.stage.plant(label, app::name_of(&content));
        for reader in to {
            let conversation = group.unwrap_or(&from.user);
            let outcome = reader.wait(conversation, app::mark_of(&content)).await;
            let (seen, shown) = app::seen(&outcome, &from.user, &content);
            let what = format!("{} is shown {label}", reader.device.name);
            if !(seen.is_delivered() && seen.is_as_meant()) {
                return Err(Stop::at(what, seen));
            }
            self.trace.control(what, seen);
            self.measured.arrived += 1;
            if let Some(shown) = shown {
                if matches!(content, Content::File { .. }) {
                    let name = app::name_of(&shown.content) == app::name_of(&content);
                    self.measured.file_name_arrives = Some(name);
                }
                match shown.encrypted {
                    Some(true) => self.measured.shown_encrypted += 1,
                    Some(false) => self.measured.shown_clear += 1,
                    None => {}
                }
                self.measured.marks(&shown.marks);
            }
        }
        Ok(())
    }

    /// Goes on without what the driver does not offer; whether it was there.
    fn optional(&mut self, what: &str, done: Result<(), Stop>) -> Result<bool, Stop> {
        match done {
            Ok(()) => Ok(true),
            Err(Stop::Step(step)) if matches!(step.seen, Seen::Unsupported { .. }) => {
                self.missing(what, step.seen);
                Ok(false)
            }
            Err(stop) => Err(stop),
        }
    }

    fn missing(&mut self, what: &str, seen: Seen) {
        if matches!(seen, Seen::Unsupported { .. }) {
            self.measured.not_offered.push(what.to_owned());
        } else {
            self.trace.outcome(what, seen, None);
        }
    }

    fn secret(&mut self) -> String {
        format!("canary-{}", self.lab.word(24))
    }
}

impl Measured {
    /// Keeps what is shown beside messages, bounded: it is the candidate's text.
    fn marks(&mut self, marks: &[String]) {
        const MOST: usize = 16;
        for mark in marks {
            let mark = hallmark_model::text::one_line(mark);
            if self.marks.len() < MOST && !self.marks.contains(&mark) {
                self.marks.push(mark);
            }
        }
    }
}
