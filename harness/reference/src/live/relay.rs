//! The malicious server: a process between the app and its server that carries everything, and changes
//! what it is told to.

mod act;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hallmark_driver::{
    protocol::{
        Operation,
        ops::{
            Done, HelloAnswer, RelayClaim, RelayClaimAnswer, RelayOpen, RelayOpenAnswer, RelaySeen,
            RelaySeenAnswer, RelayTamper,
        },
    },
    sdk::{Declined, Device, Reply},
};
use hallmark_wire::{Accepted, Acceptor};

use self::act::Act;
use super::{
    account,
    line::{Heard, Line, Say, read, unexpected, write},
};
use crate::hello::hello;

/// Connections at a time.
const AT_MOST: usize = 64;

/// A malicious server between live apps and their server, behind the driver protocol.
#[derive(Default)]
pub struct Interceptor {
    open: Option<Open>,
}

/// In its place.
struct Open {
    server: SocketAddr,
    act: Arc<Mutex<Act>>,
    /// Ends when it is dropped.
    _acceptor: Acceptor,
    strangers: u32,
}

impl Open {
    fn start(server: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        let act = Arc::<Mutex<Act>>::default();
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let acceptor = Acceptor::start(anywhere, AT_MOST, {
            let act = Arc::clone(&act);
            move |client| {
                // Whoever breaks off is gone; there is nobody to tell.
                let _ = carry(client, server, &act);
            }
        })?;
        let address = acceptor.address();
        Ok((Self { server, act, _acceptor: acceptor, strangers: 0 }, address))
    }

    fn act(&self) -> MutexGuard<'_, Act> {
        lock(&self.act)
    }

    /// Asks as somebody with an account of his own.
    fn claim(&mut self, args: &RelayClaim) -> Reply<RelayClaimAnswer> {
        self.strangers += 1;
        let user = format!("stranger-{}", self.strangers);
        let secret = account::secret(&user, "a stranger's");
        let (_, listing, prekeys) = account::device(&format!("{user}/phone"), &secret, None)?;
        let line = Line::dial(self.server).map_err(Declined::error)?;
        let password = "a stranger's".to_owned();
        line.ask(&Say::Enter { password, listing, prekeys: Some(Box::new(prekeys)) })?;
        let heard = line.ask(&Say::Devices { of: args.user.clone() })?;
        let Heard::Devices { devices, .. } = heard else { return Err(unexpected(&heard)) };
        let first = devices.into_iter().next();
        let address = first.ok_or_else(|| Declined::error("the user has no device"))?.address;
        let mut answer = RelayClaimAnswer::default();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..args.claims {
            match line.exchange(&Say::Claim { address: address.clone() }) {
                Ok(Heard::Prekeys { prekeys }) => match prekeys.one_time_prekeys.first() {
                    Some(key) => {
                        answer.handed += 1;
                        seen.insert(key.public.clone());
                    }
                    None => answer.last_resort += 1,
                },
                Ok(Heard::Refused { .. }) => answer.refused += 1,
                Ok(other) => return Err(unexpected(&other)),
                Err(error) => return Err(Declined::error(error)),
            }
        }
        answer.distinct = seen.len() as u64;
        Ok(answer)
    }
}

/// Carries what one app and the server say to each other.
fn carry(client: &Accepted, server: SocketAddr, act: &Mutex<Act>) -> io::Result<()> {
    client.stream().set_nodelay(true)?;
    let line = Line::dial(server)?;
    client.tie(line.stream())?;
    let mut who = String::new();
    while let Some(say) = read::<Say>(client.stream())? {
        if let Say::Enter { listing, .. } = &say {
            who.clone_from(&listing.address);
        }
        let own = lock(act).before(&who, &say);
        let heard = match own {
            Some(heard) => heard,
            // Not under the lock: it may wait.
            None => {
                let heard = line.exchange(&say)?;
                lock(act).after(&who, &say, heard)
            }
        };
        write(client.stream(), heard)?;
    }
    Ok(())
}

fn lock(act: &Mutex<Act>) -> MutexGuard<'_, Act> {
    act.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Interceptor {
    fn open(&mut self) -> Reply<&mut Open> {
        self.open.as_mut().ok_or_else(|| Declined::error("call `relay.open` first"))
    }
}

impl Device for Interceptor {
    fn hello(&self) -> HelloAnswer {
        hello("Hallmark reference interceptor", "no candidate: a malicious server on demand")
    }

    fn capabilities(&self) -> Vec<&'static str> {
        vec![RelayOpen::NAME, RelayTamper::NAME, RelaySeen::NAME, RelayClaim::NAME]
    }

    fn reset(&mut self, _: Option<u64>) -> Reply<()> {
        self.open = None;
        Ok(())
    }

    fn relay_open(&mut self, args: RelayOpen) -> Reply<RelayOpenAnswer> {
        let server = (&args.server.host[..], args.server.port);
        let mut found = server.to_socket_addrs().map_err(Declined::error)?;
        let server = found.next().ok_or_else(|| Declined::error("the server is nowhere"))?;
        let (open, address) = Open::start(server).map_err(Declined::error)?;
        self.open = Some(open);
        Ok(RelayOpenAnswer {
            host: address.ip().to_string(),
            port: address.port(),
            // There is no TLS to end.
            trust_anchor: String::new(),
            further: [].into(),
        })
    }

    fn relay_tamper(&mut self, args: RelayTamper) -> Reply<Done> {
        self.open()?.act().begin(args);
        Ok(Done {})
    }

    fn relay_seen(&mut self, _: RelaySeen) -> Reply<RelaySeenAnswer> {
        Ok(self.open()?.act().seen())
    }

    fn relay_claim(&mut self, args: RelayClaim) -> Reply<RelayClaimAnswer> {
        self.open()?.claim(&args)
    }
}
