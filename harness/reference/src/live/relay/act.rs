//! What the malicious server does to what passes, and what it sees.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_driver::{
    protocol::ops::{Content, MessageDecrypt, Prekeys, RelaySeenAnswer, RelayTamper},
    sdk::{Device, Reply},
};

use super::super::{
    account::{self, Listing, user_of},
    letter,
    line::{Carried, Heard, Item, Say},
};
use crate::Messenger;

/// Lines of the log, and texts, that are kept of one act.
const MOST: usize = 1000;

/// The act in force, and what came of it.
pub(super) struct Act {
    what: RelayTamper,
    seen: RelaySeenAnswer,
    recipients: BTreeSet<String>,
    /// Devices whose keys are held here, by the address that they pretend to have.
    fakes: BTreeMap<String, Fake>,
    /// The device with which each user entered last.
    entered: BTreeMap<String, String>,
}

/// A device that does not exist.
struct Fake {
    messenger: Messenger,
    listing: Listing,
    prekeys: Prekeys,
}

impl Default for Act {
    fn default() -> Self {
        Self {
            what: RelayTamper::Nothing {},
            seen: RelaySeenAnswer::default(),
            recipients: BTreeSet::new(),
            fakes: BTreeMap::new(),
            entered: BTreeMap::new(),
        }
    }
}

impl Act {
    pub(super) fn begin(&mut self, what: RelayTamper) {
        self.what = what;
        self.seen = RelaySeenAnswer::default();
        self.recipients.clear();
        self.fakes.clear();
    }

    pub(super) fn seen(&self) -> RelaySeenAnswer {
        let recipients = self.recipients.iter().cloned().collect();
        RelaySeenAnswer { recipients, ..self.seen.clone() }
    }

    /// What an app says before it gets to the server. Some, where the server never hears of it.
    pub(super) fn before(&mut self, who: &str, say: &Say) -> Option<Heard> {
        match say {
            Say::Enter { listing, .. } => {
                self.entered.insert(listing.user().to_owned(), listing.address.clone());
                None
            }
            Say::Put { to, what } => {
                self.look_at(who, to, what);
                let fake =
                    self.fakes.get_mut(to).filter(|_| view(&self.what) == Some(user_of(who)))?;
                let read = fake.read(who, what);
                self.read(read);
                Some(Heard::Done)
            }
            Say::Claim { address } if view(&self.what) == Some(user_of(who)) => {
                let fake = self.fakes.get(address)?;
                Some(Heard::Prekeys { prekeys: Box::new(fake.prekeys.clone()) })
            }
            _ => None,
        }
    }

    /// What the server says, before it gets to the app.
    pub(super) fn after(&mut self, who: &str, say: &Say, heard: Heard) -> Heard {
        if view(&self.what) != Some(user_of(who)) {
            return heard;
        }
        match (self.what.clone(), say, heard) {
            (RelayTamper::GhostDevice { user, .. }, Say::Devices { of }, heard) if *of == user => {
                self.with_ghost(&user, heard)
            }
            (RelayTamper::DeviceKeys { user, .. }, Say::Devices { of }, heard) if *of == user => {
                self.with_other_keys(heard)
            }
            (
                RelayTamper::StrippedMarker { conversation, .. },
                Say::Devices { of },
                Heard::Devices { devices, .. },
            ) if *of == conversation => {
                self.applied(format!("said that {of} does not encrypt"));
                Heard::Devices { devices, encrypts: false }
            }
            (
                RelayTamper::AddedMember { group, user, .. },
                Say::Roster { group: asked },
                Heard::Members { mut members },
            ) if *asked == group => {
                self.applied(format!("said that {user} is in {group}"));
                members.push(user);
                Heard::Members { members }
            }
            (what, Say::Fetch { .. }, Heard::Items { items }) => {
                Heard::Items { items: self.handed_over(&what, items) }
            }
            (_, _, heard) => heard,
        }
    }

    fn with_ghost(&mut self, user: &str, heard: Heard) -> Heard {
        let Heard::Devices { mut devices, encrypts } = heard else { return heard };
        let address = format!("{user}/ghost");
        if let Ok(listing) = self.fake(&address) {
            devices.push(listing);
            self.applied(format!("said that {address} is a device"));
        }
        Heard::Devices { devices, encrypts }
    }

    fn with_other_keys(&mut self, heard: Heard) -> Heard {
        let Heard::Devices { devices, encrypts } = heard else { return heard };
        let faked: Reply<Vec<_>> =
            devices.iter().map(|device| self.fake(&device.address)).collect();
        match faked {
            Ok(faked) if !faked.is_empty() => {
                self.applied(format!("replaced the keys of {} device(s)", faked.len()));
                Heard::Devices { devices: faked, encrypts }
            }
            _ => Heard::Devices { devices, encrypts },
        }
    }

    fn handed_over(&mut self, what: &RelayTamper, items: Vec<Item>) -> Vec<Item> {
        let is_from = |item: &Item, user: &str| user_of(&item.from) == user;
        let mut handed = Vec::new();
        if let RelayTamper::Plaintext { from, text, conversation, .. } = what
            && self.seen.applied == 0
            && let Some(from) = self.entered.get(from)
        {
            let (text, conversation) = (text.clone(), conversation.clone());
            let item = Item { from: from.clone(), what: Carried::Clear { text, conversation } };
            self.applied(format!("wrote in the name of {}", item.from));
            handed.push(item);
        }
        for item in items {
            match what {
                RelayTamper::Sender { from, to, .. } if is_from(&item, from) => {
                    let Some(to) = self.entered.get(to).cloned() else { continue };
                    self.applied(format!("named {to} in the place of {}", item.from));
                    handed.push(Item { from: to, what: item.what });
                }
                RelayTamper::Replay { from, .. } if is_from(&item, from) => {
                    self.applied(format!("handed over something from {} again", item.from));
                    handed.extend([item.clone(), item]);
                }
                _ => handed.push(item),
            }
        }
        handed
    }

    // ---- what is seen ----

    fn look_at(&mut self, who: &str, to: &str, what: &Carried) {
        if view(&self.what).is_some_and(|view| view != user_of(who)) {
            return;
        }
        match what {
            Carried::Sealed { .. } => {
                self.recipients.insert(to.to_owned());
            }
            Carried::Clear { text, .. } => self.read(Some(text.clone())),
        }
    }

    fn read(&mut self, text: Option<String>) {
        if self.seen.read.len() < MOST {
            self.seen.read.extend(text);
        }
    }

    fn applied(&mut self, line: String) {
        self.seen.applied += 1;
        if self.seen.log.len() < MOST {
            self.seen.log.push(line);
        }
    }

    // ---- devices that do not exist ----

    /// The listing of a device at this address whose keys are held here.
    fn fake(&mut self, address: &str) -> Reply<Listing> {
        if let Some(fake) = self.fakes.get(address) {
            return Ok(fake.listing.clone());
        }
        let secret = account::secret(user_of(address), "the interceptor's");
        let (messenger, listing, mut prekeys) = account::device(address, &secret, None)?;
        // As a server hands them out.
        prekeys.one_time_prekeys.truncate(1);
        let fake = Fake { messenger, listing: listing.clone(), prekeys };
        self.fakes.insert(address.to_owned(), fake);
        Ok(listing)
    }
}

impl Fake {
    /// The text in an envelope for this device.
    fn read(&mut self, from: &str, what: &Carried) -> Option<String> {
        let Carried::Sealed { envelope } = what else { return None };
        let decrypt = MessageDecrypt { from: from.to_owned(), envelope: envelope.clone() };
        let opened = self.messenger.message_decrypt(decrypt).ok()?.messages;
        match letter::open(&opened.first()?.plaintext)?.content? {
            Content::Text { text } => Some(text),
            Content::File { name, .. } => Some(name),
        }
    }
}

/// Whose app is lied to.
fn view(act: &RelayTamper) -> Option<&str> {
    match act {
        RelayTamper::Nothing {} => None,
        RelayTamper::GhostDevice { view, .. }
        | RelayTamper::AddedMember { view, .. }
        | RelayTamper::StrippedMarker { view, .. }
        | RelayTamper::DeviceKeys { view, .. }
        | RelayTamper::Sender { view, .. }
        | RelayTamper::Replay { view, .. }
        | RelayTamper::Plaintext { view, .. } => Some(view),
    }
}
