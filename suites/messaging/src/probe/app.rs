//! Live apps on their server, and a relay that records between them.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use hallmark_driver::{
    Outcome,
    protocol::ops::{
        AccountLogin, Content, ConversationRead, MessageAwait, MessageSend, ServerEndpoint,
        SettingsSet, Shown, ShownAnswer, WorldSet,
    },
};
use hallmark_model::candidate::AppSetting;
use hallmark_runner::{Material, Planted};
use hallmark_wire::Relay;

use super::{Device, Lab, Stop, Trace, push::Gateway};
use crate::{
    facts::{Seen, Sender, Text},
    world::World,
};

/// Why a live app cannot be driven.
pub(super) const NO_SERVER: &str =
    "no server was named: describe it as `product` of the [[messaging]] entry";

/// How long a message may take from one app to the other, in milliseconds.
const ARRIVAL: u64 = 25_000;

/// The apps' server behind a relay, and everybody who has logged in there.
pub(super) struct Stage {
    world: World,
    relay: Relay,
    relayed: BTreeMap<String, SocketAddr>,
    keylogs: Vec<PathBuf>,
    canaries: Vec<Planted>,
    controls: Vec<Planted>,
    pub(super) gateway: Gateway,
}

/// One app of one user.
pub(super) struct App {
    pub(super) user: String,
    pub(super) device: Device,
}

/// How an app gets to its server.
pub(super) struct Way {
    pub(super) server: ServerEndpoint,
    /// Further endpoints, by the setting of the driver that names them.
    pub(super) further: BTreeMap<String, String>,
    pub(super) keylog: Option<PathBuf>,
    /// For a folder per device.
    pub(super) storage: PathBuf,
    /// How users set the app.
    pub(super) settings: BTreeMap<String, AppSetting>,
}

impl Way {
    /// Logs `user` in, on the device that the folder of this name holds, if the app finds itself there.
    pub(super) async fn log_in(
        &self,
        app: &mut Device,
        user: &str,
        display_name: Option<&str>,
        lab: &Lab<'_>,
    ) -> Result<(), Stop> {
        let storage = self.storage.join(&app.name);
        fs::create_dir_all(&storage)
            .map_err(|error| Stop::Stage(format!("failed to make a folder for an app: {error}")))?;
        let world = WorldSet {
            server: Some(self.server.clone()),
            keylog: self.keylog.as_ref().map(|file| file.display().to_string()),
            storage: Some(storage.display().to_string()),
            push_sink: None,
            clock: None,
        };
        app.must("takes the world that it is given", &world).await?;
        for (name, address) in &self.further {
            let set = SettingsSet { name: name.clone(), value: address.clone().into() };
            app.must("takes a setting of the description", &set).await?;
        }
        let login = AccountLogin {
            user: user.to_owned(),
            password: lab.password(user),
            display_name: display_name.map(str::to_owned),
        };
        app.must("logs in", &login).await?;
        for (name, setting) in &self.settings {
            let value = match setting {
                AppSetting::Switch(on) => (*on).into(),
                AppSetting::Number(number) => (*number).into(),
                AppSetting::Text(text) => text.clone().into(),
            };
            let set = SettingsSet { name: name.clone(), value };
            app.must(&format!("is set to {name} = {setting}"), &set).await?;
        }
        Ok(())
    }
}

impl Stage {
    /// Puts the relay before the server, and before every further endpoint that apps talk to.
    pub(super) fn set(world: &World) -> Result<Self, Stop> {
        let failed = |doing: &str| {
            let doing = doing.to_owned();
            move |error: std::io::Error| Stop::Stage(format!("failed to {doing}: {error}"))
        };
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let capture = world.folder.join("apps.pcapng");
        let mut relay = Relay::start(anywhere, world.server, &capture)
            .map_err(failed("record between the apps and their server"))?;
        let mut relayed = BTreeMap::new();
        for (setting, target) in &world.relay {
            let address = relay
                .also(anywhere, *target)
                .map_err(failed("record before a further endpoint of the server"))?;
            relayed.insert(setting.clone(), address);
        }
        Ok(Self {
            world: world.clone(),
            relay,
            relayed,
            keylogs: Vec::new(),
            canaries: Vec::new(),
            controls: Vec::new(),
            gateway: Gateway::open().map_err(failed("listen for push notifications"))?,
        })
    }

    /// Starts an app and logs `user` in, on a device of this name.
    pub(super) async fn enter(
        &mut self,
        user: &str,
        device: &str,
        display_name: Option<&str>,
        lab: &mut Lab<'_>,
    ) -> Result<App, Stop> {
        let keylog = self.world.folder.join(format!("{device}.keylog"));
        let address = self.relay.address();
        let way = Way {
            server: ServerEndpoint {
                host: address.ip().to_string(),
                port: address.port(),
                name: Some(self.world.name.clone()),
                trust_anchor: self.world.roots.clone(),
            },
            further: self.relayed.iter().map(|(name, at)| (name.clone(), at.to_string())).collect(),
            keylog: Some(keylog.clone()),
            storage: self.world.folder.join("apps"),
            settings: self.world.settings.clone(),
        };
        let mut app = lab.blank(device).await?;
        way.log_in(&mut app, user, display_name, lab).await?;
        self.keylogs.push(keylog);
        if !self.controls.iter().any(|control| control.text == user) {
            self.note("the name of an account", user);
        }
        Ok(App { user: user.to_owned(), device: app })
    }

    /// Has what happens pushed to the gateway, as phones do; what the app makes of it.
    pub(super) async fn push_to(&self, app: &mut App) -> Seen {
        let push_sink = Some(self.gateway.url());
        Seen::of(&app.device.call(&WorldSet { push_sink, ..WorldSet::default() }).await)
    }

    /// A text that was sent and that only its readers may see.
    pub(super) fn plant(&mut self, what: &str, text: &str) {
        self.canaries.push(planted(what, text));
    }

    /// A text by which a server tells users and groups apart, and which it may hold: whether it does
    /// is for the reader to know, and that it was found shows that the search works.
    pub(super) fn note(&mut self, what: &str, text: &str) {
        self.controls.push(planted(what, text));
    }

    /// Everything planted so far.
    pub(super) fn canaries(&self) -> impl Iterator<Item = &str> {
        self.canaries.iter().map(|canary| canary.text.as_str())
    }

    /// Ends the recording, and leaves what was recorded for whoever looks for it. Apps are released
    /// before: what they still have to say belongs to the recording.
    pub(super) async fn leave(self, trace: &Trace<'_>) -> Result<(), Stop> {
        let recorded = self.relay.finish().await;
        recorded
            .map_err(|error| Stop::Stage(format!("failed to complete the recording: {error}")))?;
        trace.leave(Material::Capture(self.world.folder.join("apps.pcapng")));
        for keylog in self.keylogs.into_iter().filter(|keylog| keylog.exists()) {
            trace.leave(Material::KeyLog(keylog));
        }
        self.canaries.into_iter().map(Material::Canary).for_each(|canary| trace.leave(canary));
        self.controls.into_iter().map(Material::Control).for_each(|control| trace.leave(control));
        for folder in self.world.storage {
            trace.leave(Material::Storage(folder));
        }
        Ok(())
    }
}

impl App {
    /// Sends, which must succeed for the experiment to go on.
    pub(super) async fn send(
        &mut self,
        conversation: &str,
        label: &str,
        content: Content,
    ) -> Result<(), Stop> {
        let send = MessageSend { conversation: conversation.to_owned(), content };
        self.device.must(&format!("sends {label}"), &send).await.map(drop)
    }

    /// Sends a text; what the app makes of it.
    pub(super) async fn try_send(&mut self, conversation: &str, text: &str) -> Seen {
        let content = Content::Text { text: text.to_owned() };
        let send = MessageSend { conversation: conversation.to_owned(), content };
        Seen::of(&self.device.call(&send).await)
    }

    /// Waits until something that `contains` this is shown.
    pub(super) async fn wait(
        &mut self,
        conversation: &str,
        contains: &str,
    ) -> Outcome<ShownAnswer> {
        let wait = MessageAwait {
            conversation: conversation.to_owned(),
            contains: contains.to_owned(),
            millis: ARRIVAL,
        };
        self.device.call(&wait).await
    }

    /// What is shown in a conversation now.
    pub(super) async fn read(&mut self, conversation: &str) -> Outcome<ShownAnswer> {
        self.device.call(&ConversationRead { conversation: conversation.to_owned() }).await
    }
}

fn planted(what: &str, text: &str) -> Planted {
    Planted { text: text.to_owned(), what: Some(what.to_owned()) }
}

/// What a user sees of `content` by `sender`: its meaning, and the message as shown.
pub(super) fn seen(
    outcome: &Outcome<ShownAnswer>,
    sender: &str,
    content: &Content,
) -> (Seen, Option<Shown>) {
    let Outcome::Ok(answer, _) = outcome else { return (Seen::of(outcome), None) };
    let like = |shown: &&Shown| is_like(&shown.content, content);
    let Some(shown) = answer.messages.iter().find(like) else { return (Seen::NothingShown, None) };
    let seen = Seen::Delivered {
        text: if is_same(&shown.content, content) { Text::AsSent } else { Text::Different },
        sender: if shown.sender == sender { Sender::Right } else { Sender::Wrong },
        position: None,
    };
    (seen, Some(shown.clone()))
}

/// The canary in a message: its text, or its file's name.
pub(super) fn name_of(content: &Content) -> &str {
    match content {
        Content::Text { text } => text,
        Content::File { name, .. } => name,
    }
}

/// By what a message is recognised where it is shown: its text, or the ending of its file's name. Some
/// apps upload files under random names, so that the server does not learn the real ones.
pub(super) fn mark_of(content: &Content) -> &str {
    match content {
        Content::Text { text } => text,
        Content::File { name, .. } => name.rfind('.').map_or(name, |dot| &name[dot..]),
    }
}

fn is_like(shown: &Content, sent: &Content) -> bool {
    match (shown, sent) {
        (Content::File { name, .. }, Content::File { .. }) => name.ends_with(mark_of(sent)),
        (Content::Text { text }, Content::Text { .. }) => text.contains(mark_of(sent)),
        _ => false,
    }
}

/// Of a file, its bytes count: its name and type are the app's to show.
fn is_same(shown: &Content, sent: &Content) -> bool {
    match (shown, sent) {
        (Content::File { body, .. }, Content::File { body: sent, .. }) => body == sent,
        _ => shown == sent,
    }
}
