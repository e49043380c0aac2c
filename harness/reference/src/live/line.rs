//! What app and server say to each other, in frames.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use hallmark_driver::{
    protocol::ops::{Envelope, Prekeys},
    sdk::{Declined, Reply},
};
use serde::{Deserialize, Serialize};

use super::account::Listing;
use crate::frame::{self, Head};

/// How long anything may take, besides waiting for messages on purpose.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an app asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "op")]
pub(super) enum Say {
    /// I am this device. The first password of an account is its password from then on.
    Enter { password: String, listing: Listing, prekeys: Option<Box<Prekeys>> },
    /// Which devices has this user?
    Devices { of: String },
    /// Prekeys of this device, one of the one-time ones among them while there are any.
    Claim { address: String },
    /// Deliver this.
    Put { to: String, what: Carried },
    /// What is there for me? Wait so long where there is nothing.
    Fetch { millis: u64 },
    /// Forget this device of mine.
    Forget { address: String },
    /// These are the group's members.
    Enrol { group: String, members: Vec<String> },
    /// Who are the group's members?
    Roster { group: String },
}

/// What the server answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "answer")]
pub(super) enum Heard {
    /// Done.
    Done,
    /// These, and whether their user's app encrypts.
    Devices { devices: Vec<Listing>, encrypts: bool },
    /// These.
    Prekeys { prekeys: Box<Prekeys> },
    /// These, oldest first.
    Items { items: Vec<Item> },
    /// These.
    Members { members: Vec<String> },
    /// No.
    Refused { why: String },
}

/// What the server hands over.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// `user/device`, as the server says.
    pub(super) from: String,
    /// What.
    pub(super) what: Carried,
}

/// What a server carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub(super) enum Carried {
    /// For one device.
    Sealed {
        /// From its peer's messenger.
        envelope: Envelope,
    },
    /// For everybody to read. No honest app says this.
    Clear {
        /// As written.
        text: String,
        /// Where the recipient finds it.
        conversation: String,
    },
}

/// A connection to the server.
#[derive(Debug)]
pub(super) struct Line(TcpStream);

impl Line {
    pub(super) fn dial(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.0
    }

    pub(super) fn exchange(&self, say: &Say) -> io::Result<Heard> {
        let waits = match say {
            Say::Fetch { millis } => Duration::from_millis(*millis),
            _ => Duration::ZERO,
        };
        self.0.set_read_timeout(Some(PATIENCE.saturating_add(waits)))?;
        write(&self.0, say)?;
        read(&self.0)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The same; a refusal is an error.
    pub(super) fn ask(&self, say: &Say) -> Reply<Heard> {
        match self.exchange(say) {
            Ok(Heard::Refused { why }) => {
                Err(Declined::error(format!("the server refused: {why}")))
            }
            Ok(heard) => Ok(heard),
            Err(error) => Err(Declined::error(format!("the server cannot be talked to: {error}"))),
        }
    }
}

/// The other side said something that does not answer the question.
pub(super) fn unexpected(heard: &Heard) -> Declined {
    Declined::error(format!("the server answered {heard:?}"))
}

pub(super) fn write<T: Serialize>(mut to: &TcpStream, say: T) -> io::Result<()> {
    frame::write(&mut to, &Head { routing: String::new(), say }, &[])
}

/// None, where the other side has said all it had to say.
pub(super) fn read<T: serde::de::DeserializeOwned>(mut from: &TcpStream) -> io::Result<Option<T>> {
    Ok(frame::read::<T>(&mut from)?.map(|(head, _)| head.say))
}
