//! What the server keeps: accounts, devices, groups, and what waits to be fetched. In memory.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hallmark_driver::protocol::ops::{OneTimePrekey, Prekeys};

use super::{
    account::{Listing, user_of},
    line::{Carried, Heard, Item, Say},
};

/// Accounts, and groups.
const MOST: usize = 10_000;
/// Devices of one account.
const MOST_DEVICES: usize = 100;
/// Items that wait for one device.
const MOST_WAITING: usize = 1000;
/// How long anybody may wait.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Hall {
    inside: Mutex<Inside>,
    /// Something was put somewhere.
    put: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    /// Nobody waits any more.
    closed: bool,
    accounts: BTreeMap<String, Account>,
    groups: BTreeMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Account {
    password: String,
    devices: BTreeMap<String, Home>,
}

/// Of one device.
#[derive(Debug)]
struct Home {
    listing: Listing,
    prekeys: Prekeys,
    one_time: VecDeque<OneTimePrekey>,
    waiting: VecDeque<Item>,
}

impl Hall {
    /// Answers one who said before who he is: his address.
    pub(super) fn answer(&self, who: &mut Option<String>, say: Say) -> Heard {
        let answered = match (say, who.clone()) {
            (Say::Enter { password, listing, prekeys }, _) => {
                let address = listing.address.clone();
                let entered = self.inside().enter(password, listing, prekeys.map(|keys| *keys));
                entered.inspect(|_| *who = Some(address))
            }
            (say, Some(who)) => self.for_somebody(&who, say),
            (_, None) => Err("nobody said who this is".to_owned()),
        };
        answered.unwrap_or_else(|why| Heard::Refused { why })
    }

    fn for_somebody(&self, who: &str, say: Say) -> Result<Heard, String> {
        match say {
            Say::Enter { .. } => Err("one connection is of one device".to_owned()),
            Say::Devices { of } => Ok(self.inside().devices(&of)),
            Say::Claim { address } => self.inside().claim(&address),
            Say::Put { to, what } => {
                let heard = self.inside().put(who, &to, what)?;
                self.put.notify_all();
                Ok(heard)
            }
            Say::Fetch { millis } => self.fetch(who, Duration::from_millis(millis)),
            Say::Forget { address } => self.inside().forget(who, &address),
            Say::Enrol { group, members } => self.inside().enrol(group, members),
            Say::Roster { group } => {
                let members = self.inside().groups.get(&group).cloned().unwrap_or_default();
                Ok(Heard::Members { members })
            }
        }
    }

    /// Lets nobody wait any more.
    pub(super) fn close(&self) {
        self.inside().closed = true;
        self.put.notify_all();
    }

    /// Ends with the first item, or with the time.
    fn fetch(&self, who: &str, patience: Duration) -> Result<Heard, String> {
        let until = Instant::now() + patience.min(MOST_PATIENCE);
        let mut inside = self.inside();
        loop {
            let items: Vec<_> = inside.home(who)?.waiting.drain(..).collect();
            let left = until.saturating_duration_since(Instant::now());
            if !items.is_empty() || left.is_zero() || inside.closed {
                return Ok(Heard::Items { items });
            }
            let waited = self.put.wait_timeout(inside, left);
            inside = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn enter(
        &mut self,
        password: String,
        listing: Listing,
        prekeys: Option<Prekeys>,
    ) -> Result<Heard, String> {
        let is_new = !self.accounts.contains_key(listing.user());
        if is_new && self.accounts.len() >= MOST {
            return Err("there are too many accounts".to_owned());
        }
        let account = self
            .accounts
            .entry(listing.user().to_owned())
            .or_insert_with(|| Account { password: password.clone(), devices: BTreeMap::new() });
        if account.password != password {
            return Err("the password is wrong".to_owned());
        }
        let is_full = account.devices.len() >= MOST_DEVICES;
        match (account.devices.get_mut(&listing.address), prekeys) {
            (Some(home), None) => home.listing = listing,
            (None, None) => return Err("a new device has prekeys".to_owned()),
            (_, Some(_)) if is_full => {
                return Err("the account has too many devices".to_owned());
            }
            (_, Some(mut prekeys)) => {
                let one_time = std::mem::take(&mut prekeys.one_time_prekeys).into();
                let address = listing.address.clone();
                let home = Home { listing, prekeys, one_time, waiting: VecDeque::new() };
                account.devices.insert(address, home);
            }
        }
        Ok(Heard::Done)
    }

    fn devices(&self, of: &str) -> Heard {
        let account = self.accounts.get(of);
        let devices = account.iter().flat_map(|account| account.devices.values());
        Heard::Devices {
            devices: devices.map(|home| home.listing.clone()).collect(),
            encrypts: true,
        }
    }

    fn claim(&mut self, address: &str) -> Result<Heard, String> {
        let home = self.home(address)?;
        let mut prekeys = home.prekeys.clone();
        prekeys.one_time_prekeys.extend(home.one_time.pop_front());
        Ok(Heard::Prekeys { prekeys: Box::new(prekeys) })
    }

    fn put(&mut self, from: &str, to: &str, what: Carried) -> Result<Heard, String> {
        let waiting = &mut self.home(to)?.waiting;
        if waiting.len() >= MOST_WAITING {
            return Err("too much waits for this device".to_owned());
        }
        waiting.push_back(Item { from: from.to_owned(), what });
        Ok(Heard::Done)
    }

    fn forget(&mut self, who: &str, address: &str) -> Result<Heard, String> {
        if user_of(who) != user_of(address) {
            return Err("the device is another user's".to_owned());
        }
        let account = self.accounts.get_mut(user_of(address));
        let gone = account.and_then(|account| account.devices.remove(address));
        gone.map(|_| Heard::Done).ok_or_else(|| "there is no such device".to_owned())
    }

    fn enrol(&mut self, group: String, members: Vec<String>) -> Result<Heard, String> {
        if self.groups.len() >= MOST {
            return Err("there are too many groups".to_owned());
        }
        self.groups.insert(group, members);
        Ok(Heard::Done)
    }

    fn home(&mut self, address: &str) -> Result<&mut Home, String> {
        self.accounts
            .get_mut(user_of(address))
            .and_then(|account| account.devices.get_mut(address))
            .ok_or_else(|| "there is no such device".to_owned())
    }
}
