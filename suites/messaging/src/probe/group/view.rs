//! How a member sees the group.

use hallmark_driver::{
    Outcome,
    protocol::{Bytes, ops::GroupInfo},
};

use super::{
    super::{Device, Stop},
    Group,
};
use crate::facts::Seen;

/// A member's view: members who agree on the group's state have equal views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct View {
    /// Counts the changes, where the protocol does.
    pub(in super::super) epoch: Option<u64>,
    /// Stands for the whole state, where the protocol has such a thing.
    pub(in super::super) authenticator: Option<Bytes>,
    /// Names, sorted.
    pub(in super::super) members: Vec<String>,
}

impl Device {
    /// How this device sees the group; none where it sees no such group.
    pub(in super::super) async fn view(&mut self, group: &str) -> Result<Option<View>, Stop> {
        match self.call(&GroupInfo { group: group.to_owned() }).await {
            Outcome::Ok(info, _) => {
                let mut members = info.members;
                members.sort();
                Ok(Some(View { epoch: info.epoch, authenticator: info.authenticator, members }))
            }
            Outcome::Refused(_) => Ok(None),
            other => Err(Stop::at(format!("{} describes the group", self.name), Seen::of(&other))),
        }
    }
}

impl Group {
    /// How this member sees the group; stops where it sees none.
    pub(in super::super) async fn view(&mut self, who: &str) -> Result<View, Stop> {
        let group = self.name.clone();
        let view = self.member(who).view(&group).await?;
        let message = "the member refuses to describe its own group".to_owned();
        let none = || Stop::at(format!("{who} describes the group"), Seen::DriverError { message });
        view.ok_or_else(none)
    }
}
