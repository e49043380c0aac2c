//! Where experiments get their devices.

use std::time::{Duration, Instant};

use hallmark_driver::{
    Connect, Connection, Outcome,
    protocol::ops::{Envelope, HelloAnswer, IdentityCreate, Operation, Prekeys, Program, Reset},
};
use hallmark_model::{selection::Depth, text};
use hallmark_runner::{ProbeError, Seed};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{
    Live,
    device::{Device, Sent},
    trace::{Stop, Trace},
};
use crate::{
    facts::Seen,
    world::{Interception, World},
};

/// The largest integer that every JSON reader keeps exactly (RFC 8259, section 6).
const LARGEST_SEED: u64 = (1 << 53) - 1;

/// A supply of devices of one candidate. One process is one device; a process that is done with
/// is reset and used again, one that broke is not.
pub(super) struct Lab<'a> {
    connect: &'a dyn Connect,
    live: Option<&'a Live>,
    interceptor: Option<String>,
    idle: Vec<Connection>,
    hello: HelloAnswer,
    isolation: Vec<String>,
    seed: Seed,
    experiment: Seed,
    rng: ChaCha20Rng,
    devices: u32,
    began: Instant,
    /// How thoroughly.
    pub(super) depth: Depth,
}

/// Two devices with a session, each of which has heard the other.
pub(super) struct Pair {
    pub(super) alice: Device,
    pub(super) bob: Device,
}

impl<'a> Lab<'a> {
    pub(super) async fn open(
        connect: &'a dyn Connect,
        live: Option<&'a Live>,
        seed: Seed,
        depth: Depth,
    ) -> Result<Self, ProbeError> {
        let first = connect
            .connect()
            .await
            .map_err(|unreachable| ProbeError::Unreachable(unreachable.to_string()))?;
        Ok(Self {
            connect,
            live,
            interceptor: None,
            hello: first.hello().clone(),
            isolation: first.isolation(),
            idle: vec![first],
            seed,
            experiment: seed,
            rng: ChaCha20Rng::seed_from_u64(seed.0),
            devices: 0,
            began: Instant::now(),
            depth,
        })
    }

    /// Starts an experiment: its random choices depend on the seed and its name alone.
    pub(super) fn begin(&mut self, experiment: &str) {
        self.experiment = self.seed.derive(experiment);
        self.rng = ChaCha20Rng::seed_from_u64(self.experiment.0);
        self.devices = 0;
        self.began = Instant::now();
    }

    /// Whether the experiment has had its time: a slow candidate must not make a sweep endless.
    pub(super) fn out_of_time(&self) -> bool {
        let minutes = match self.depth {
            Depth::Quick => 1,
            Depth::Full => 10,
            Depth::Exhaustive => 240,
        };
        self.began.elapsed() > Duration::from_secs(60 * minutes)
    }

    pub(super) fn hello(&self) -> &HelloAnswer {
        &self.hello
    }

    /// The server of a live app, where one was named.
    pub(super) fn world(&self) -> Option<&'a World> {
        self.live.map(|live| &live.world)
    }

    /// Name and version of the interceptor, where one was started.
    pub(super) fn interceptor(&self) -> Option<&str> {
        self.interceptor.as_deref()
    }

    /// A process that stands before the app's server as a malicious server, where that is allowed.
    pub(super) async fn intercept(&mut self) -> Result<Device, Stop> {
        const WHAT: &str = "a malicious server stands between the apps and their server";
        let connect = match self.live.map(|live| &live.interception) {
            None => return Err(Stop::not_offered(WHAT, super::app::NO_SERVER)),
            Some(Interception::NotDescribed) => {
                let reason =
                    "no interceptor was named: describe it as `interceptor` of the product";
                return Err(Stop::not_offered(WHAT, reason));
            }
            Some(Interception::NotAllowed) => {
                let reason = "needs --intrusive: accounts of the test are attacked";
                return Err(Stop::not_offered(WHAT, reason));
            }
            Some(Interception::Allowed(connect)) => connect,
        };
        // That the interceptor does not run says nothing about the candidate.
        let failed = |message: String| Stop::at(WHAT, Seen::DriverError { message });
        let connection =
            connect.connect().await.map_err(|error| failed(text::one_line(&error.to_string())))?;
        let Program { name, version, .. } = &connection.hello().candidate;
        self.interceptor = Some(text::one_line(&format!("{name} {version}")));
        Ok(Device::new("the malicious server", connection))
    }

    /// Stops before any device is started where the driver does not list an operation.
    pub(super) fn offers<O: Operation>(&self, what: &str) -> Result<(), Stop> {
        if self.has::<O>() {
            return Ok(());
        }
        Err(Stop::not_offered(what, format!("the driver does not list `{}`", O::NAME)))
    }

    pub(super) fn isolation(&self) -> &[String] {
        &self.isolation
    }

    /// Name, version and protocol family of the candidate.
    pub(super) fn candidate(&self) -> String {
        let candidate = &self.hello.candidate;
        text::one_line(&format!("{} {} ({})", candidate.name, candidate.version, self.hello.family))
    }

    /// A device without identity, to restore states into.
    pub(super) async fn blank(&mut self, name: &str) -> Result<Device, Stop> {
        self.devices += 1;
        let derived = self.experiment.derive(&format!("{name}{}", self.devices)).0;
        let seed = Some(derived & LARGEST_SEED);
        while let Some(mut connection) = self.idle.pop() {
            match connection.call(&Reset { seed }).await {
                Outcome::Ok(..) => return Ok(Device::new(name, connection)),
                // Not every candidate can start over; a fresh process always can.
                _ => drop(connection.end().await),
            }
        }
        let mut connection = self.connect.connect().await?;
        match connection.call(&Reset { seed }).await {
            Outcome::Ok(..) | Outcome::Unsupported(_) => Ok(Device::new(name, connection)),
            other => Err(Stop::at(format!("{name} is reset"), Seen::of(&other))),
        }
    }

    /// A device without identity in a process that never held another state.
    pub(super) async fn fresh_process(&mut self, name: &str) -> Result<Device, Stop> {
        self.devices += 1;
        let derived = self.experiment.derive(&format!("{name}{}", self.devices)).0;
        let mut connection = self.connect.connect().await?;
        match connection.call(&Reset { seed: Some(derived & LARGEST_SEED) }).await {
            Outcome::Ok(..) | Outcome::Unsupported(_) => Ok(Device::new(name, connection)),
            other => Err(Stop::at(format!("{name} is reset"), Seen::of(&other))),
        }
    }

    /// A device with an identity of its own.
    pub(super) async fn device(&mut self, name: &str) -> Result<Device, Stop> {
        // A live app has its identity from logging in: no process is started to learn that.
        self.offers::<IdentityCreate>(&format!("{name} creates an identity"))?;
        let mut device = self.blank(name).await?;
        device.create().await?;
        Ok(device)
    }

    /// Whether the driver lists an operation.
    pub(super) fn has<O: Operation>(&self) -> bool {
        self.hello.capabilities.iter().any(|name| name == O::NAME)
    }

    /// Takes devices back.
    pub(super) fn release<const N: usize>(&mut self, devices: [Device; N]) {
        for device in devices {
            let connection = device.into_connection();
            if connection.broken().is_none() {
                self.idle.push(connection);
            }
        }
    }

    /// Two devices, each of which has heard the other.
    pub(super) async fn pair(&mut self, trace: &mut Trace<'_>) -> Result<Pair, Stop> {
        let alice = self.device("alice").await?;
        let bob = self.device("bob").await?;
        self.introduce(alice, bob, trace).await
    }

    /// Lets alice start a session with bob, and each hear the other.
    pub(super) async fn introduce(
        &mut self,
        mut alice: Device,
        mut bob: Device,
        trace: &mut Trace<'_>,
    ) -> Result<Pair, Stop> {
        let prekeys = bob.publish(1).await?;
        let setup = meet(&mut alice, "bob", hand_out(prekeys, 0), trace).await?;
        bob.must_take("alice", &setup).await?;
        let mut pair = Pair { alice, bob };
        pair.there(self, trace).await?;
        pair.back(self, trace).await?;
        pair.there(self, trace).await?;
        Ok(pair)
    }

    /// A message that nobody could guess: 24 letters and digits, about 124 bits.
    pub(super) fn canary(&mut self) -> Vec<u8> {
        format!("canary-{}", self.word(24)).into_bytes()
    }

    /// So many letters and digits, five bits each.
    pub(super) fn word(&mut self, letters: usize) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        (0..letters).map(|_| char::from(LETTERS[(self.rng.next_u32() % 32) as usize])).collect()
    }

    /// The password of a user of this run, the same on each of his devices.
    pub(super) fn password(&self, user: &str) -> String {
        format!("{:016x}", self.experiment.derive(&format!("password of {user}")).0)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.rng.next_u64() % bound).unwrap_or(0)
    }

    pub(super) async fn close(self) {
        for connection in self.idle {
            connection.end().await;
        }
    }
}

impl Pair {
    /// Alice sends, Bob hears it.
    pub(super) async fn there(
        &mut self,
        lab: &mut Lab<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<Sent, Stop> {
        exchange(&mut self.alice, &mut self.bob, &lab.canary(), trace).await
    }

    /// Bob sends, Alice hears it.
    pub(super) async fn back(
        &mut self,
        lab: &mut Lab<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<Sent, Stop> {
        exchange(&mut self.bob, &mut self.alice, &lab.canary(), trace).await
    }
}

async fn exchange(
    from: &mut Device,
    to: &mut Device,
    plaintext: &[u8],
    trace: &mut Trace<'_>,
) -> Result<Sent, Stop> {
    let sent = from.send(&to.name.clone(), "a message", plaintext, trace).await?;
    to.must_receive("a message", &sent).await?;
    Ok(sent)
}

/// Starts a session that must start for the experiment to go on.
pub(super) async fn meet(
    device: &mut Device,
    peer: &str,
    prekeys: Prekeys,
    trace: &mut Trace<'_>,
) -> Result<Vec<Envelope>, Stop> {
    let what = format!("{} starts a session with {peer}", device.name);
    device.meet(peer, prekeys, trace).await?.map_err(|seen| Stop::at(what, seen))
}

/// Prekeys of `device` for so many sessions, each as a server hands them out. Where what is
/// published has no one-time prekeys, it may serve once as a whole: then each is published afresh.
pub(super) async fn offers<const N: usize>(device: &mut Device) -> Result<[Prekeys; N], Stop> {
    let first = device.publish(u32::try_from(N).unwrap_or(u32::MAX)).await?;
    let enough = first.one_time_prekeys.len() >= N;
    let mut offers: [Prekeys; N] = std::array::from_fn(|at| hand_out(first.clone(), at));
    if !enough {
        for offer in offers.iter_mut().skip(1) {
            *offer = hand_out(device.publish(1).await?, 0);
        }
    }
    Ok(offers)
}

/// The prekeys as a server hands them out: with the one-time prekey of this number, if there is
/// one, and no other.
pub(super) fn hand_out(mut prekeys: Prekeys, one_time: usize) -> Prekeys {
    prekeys.one_time_prekeys =
        prekeys.one_time_prekeys.into_iter().skip(one_time).take(1).collect();
    prekeys
}
