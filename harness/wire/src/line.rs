//! One question, one connection, one answer.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    Budget, Patience, StartTls, Target,
    connect::Address,
    flight::{End, Reader},
    handshake::{Handshake, Handshaken},
    pace::Pace,
    preamble,
    slots::{Slot, Slots},
    standing::Standing,
};
pub use crate::{
    exclude::{Excluded, exclude},
    reply::{Flight, Hello, Refusal, Reply},
};

/// How often a server that refuses connections under load is tried again.
const LATER: u32 = 3;

/// The line to one server: counts, paces and times every connection.
///
/// Runs inside a Tokio runtime of any kind; starts no tasks. Questions may be put at the same time
/// ([`together`](crate::together)).
///
/// * The first question is put alone, and measures how fast the server is.
/// * A timeout is asked again once, alone and with a long limit, before it is one.
/// * So is a close without a word, after a moment: servers close what they would have answered if
///   there are, or just were, too many connections. Where it does not repeat, fewer are made at a
///   time.
/// * Where connections are refused after one came about, there are pauses, and fewer at a time.
/// * Where nothing was answered several times in a row, the line counts as silent, and all further
///   answers are that of the last question.
#[derive(Debug)]
pub struct Line {
    target: Target,
    budget: Budget,
    patience: Patience,
    address: Address,
    pace: Pace,
    slots: Slots,
    standing: Standing,
    connections: AtomicU32,
}

impl Line {
    /// A line that has not been used yet.
    #[must_use]
    pub fn new(target: Target, budget: Budget) -> Self {
        Self::with_patience(target, budget, Patience::default())
    }

    /// The same, with other limits of time.
    #[must_use]
    pub fn with_patience(target: Target, budget: Budget, patience: Patience) -> Self {
        Self {
            target,
            budget,
            patience,
            address: Address::default(),
            pace: Pace::new(patience),
            slots: Slots::new(budget.in_flight),
            standing: Standing::default(),
            connections: AtomicU32::new(0),
        }
    }

    /// Connects, says the preamble, sends these bytes and reads the first flight up to
    /// `ServerHelloDone` (TLS 1.2 and earlier), the `ServerHello` (TLS 1.3) or a refusal.
    /// Never in parallel beyond the budget.
    ///
    /// The bytes decide how the answer is read: to a hello in SSLv2 form, SSLv2 may answer.
    /// After the answer nothing more is sent: the connection is closed, without an alert.
    pub async fn ask(&self, hello: &[u8]) -> Reply {
        match self.put(&Bytes(hello)).await {
            Ok(flight) => {
                self.standing.note_hello();
                Reply::Flight(Box::new(flight))
            }
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    /// An ordinary handshake by OpenSSL, with verification off and whatever is weak allowed: for
    /// the chain of certificates where it is not in clear, and to see that the server really
    /// completes one. Offers no ALPN. SSLv3 and earlier are not offered.
    ///
    /// # Errors
    ///
    /// Why there was none; [`Refusal::Malformed`] also where OpenSSL itself gave up, with its words.
    pub async fn handshake(&self) -> Result<Handshaken, Refusal> {
        self.handshake_offering(&[]).await
    }

    /// The same, with these protocols offered by ALPN.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn handshake_offering(&self, alpn: &[&str]) -> Result<Handshaken, Refusal> {
        let shaken = self.put(&Handshake { server_name: self.target.sni(), alpn }).await?;
        self.standing.note_hello();
        Ok(shaken)
    }

    /// Connections made so far, also those that the server did not accept.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Whom it leads to.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The address that is talked to, once one was reached.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.found()
    }

    /// Whether the server answered any question with a hello: the control without which no
    /// refusal is a "no" ([`Refusal::is_no`]).
    #[must_use]
    pub fn has_heard_hello(&self) -> bool {
        self.standing.heard_hello()
    }

    /// Why no more questions are put, once too many in a row went unanswered.
    #[must_use]
    pub fn given_up(&self) -> Option<Refusal> {
        self.standing.given_up(self.patience.silences)
    }

    async fn put<Q: Question>(&self, question: &Q) -> Result<Q::Answer, Refusal> {
        let outcome = self.insist(question).await;
        self.standing.note(outcome.as_ref().err());
        outcome
    }

    /// Puts a question until there is an answer to rely on.
    async fn insist<Q: Question>(&self, question: &Q) -> Result<Q::Answer, Refusal> {
        let mut tried = Tried::default();
        let mut outcome = {
            let (_slot, is_first) = self.slot().await;
            tried.undisturbed = is_first;
            self.attempt(question, self.pace.limit(), self.budget.for_first_tries()).await
        };
        loop {
            let Err(refusal) = &outcome else { return outcome };
            match self.again(refusal, tried) {
                Again::No => return outcome,
                Again::Alone => {
                    tried.undisturbed = true;
                    tried.long = true;
                    let is_close = *refusal != Refusal::Timeout;
                    let _slot = self.slots.alone().await;
                    if is_close {
                        sleep(self.patience.settle).await;
                    }
                    let limit = self.pace.long_limit();
                    outcome = self.attempt(question, limit, self.budget.connections).await;
                    if is_close && is_better(&outcome) {
                        self.slots.narrow();
                    }
                }
                Again::Later(pause) => {
                    tried.later = tried.later.saturating_add(1);
                    self.slots.narrow();
                    sleep(pause).await;
                    let _slot = self.slots.one().await;
                    let limit = self.pace.limit();
                    outcome = self.attempt(question, limit, self.budget.connections).await;
                }
            }
        }
    }

    /// Whether a refusal is to be doubted.
    fn again(&self, refusal: &Refusal, tried: Tried) -> Again {
        match refusal {
            Refusal::Timeout if !tried.long => Again::Alone,
            Refusal::Closed | Refusal::Reset if !tried.undisturbed => Again::Alone,
            Refusal::Unreachable(_) | Refusal::NoStartTls(_)
                if self.standing.connected()
                    && tried.later < LATER
                    && self.given_up().is_none() =>
            {
                Again::Later(self.patience.pause.saturating_mul(1 << tried.later))
            }
            _ => Again::No,
        }
    }

    /// A place for a first try. The very first is alone, so that it measures the server and not a
    /// crowd. Says whether it is that.
    async fn slot(&self) -> (Slot<'_>, bool) {
        if !self.standing.contacted() {
            let slot = self.slots.alone().await;
            if !self.standing.contacted() {
                return (slot, true);
            }
        }
        (self.slots.one().await, false)
    }

    /// One connection.
    async fn attempt<Q: Question>(
        &self,
        question: &Q,
        limit: Duration,
        most: u32,
    ) -> Result<Q::Answer, Refusal> {
        if let Some(refusal) = self.given_up() {
            return Err(refusal);
        }
        let begun = Instant::now();
        let mut socket = self.address.connect(&self.target, limit, || self.count(most)).await?;
        self.pace.connected(begun.elapsed());
        if let Some(StartTls::Xmpp) = self.target.starttls {
            let begun = Instant::now();
            timeout(limit, preamble::xmpp(&mut socket, self.target.domain()))
                .await
                .map_err(|_| Refusal::Timeout)??;
            self.pace.answered(begun.elapsed());
        }
        self.standing.note_connected();
        let begun = Instant::now();
        let outcome = question.put(socket, limit).await;
        if !matches!(outcome, Err(Refusal::Timeout)) {
            self.pace.answered(begun.elapsed());
        }
        outcome
    }

    /// Counts a connection before it is made.
    fn count(&self, most: u32) -> Result<(), Refusal> {
        self.connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |made| {
                (made < most).then(|| made.saturating_add(1))
            })
            .map(drop)
            .map_err(|_| Refusal::BudgetSpent)
    }
}

/// Whether a second try, alone, shows that a close meant nothing.
fn is_better<T>(outcome: &Result<T, Refusal>) -> bool {
    match outcome {
        Ok(_) | Err(Refusal::Alert(_) | Refusal::Malformed(_) | Refusal::NotTls(_)) => true,
        Err(_) => false,
    }
}

/// How a question was tried so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    /// While no other connection was open, nor had been just before.
    undisturbed: bool,
    /// Alone and with the long limit.
    long: bool,
    /// How often after a pause.
    later: u32,
}

/// What to do about a refusal.
enum Again {
    /// Believe it.
    No,
    /// Ask once more, alone.
    Alone,
    /// Ask once more after a pause, with fewer at a time.
    Later(Duration),
}

/// What is done with a connection once TLS may begin.
pub(crate) trait Question {
    /// What comes of it.
    type Answer;

    /// Does it, within a limit of time.
    fn put(
        &self,
        socket: TcpStream,
        limit: Duration,
    ) -> impl Future<Output = Result<Self::Answer, Refusal>> + Send;
}

/// A hello as bytes.
struct Bytes<'a>(&'a [u8]);

impl Question for Bytes<'_> {
    type Answer = Flight;

    async fn put(&self, mut socket: TcpStream, limit: Duration) -> Result<Flight, Refusal> {
        let deadline = Instant::now() + limit;
        let mut reader = Reader::of_answer_to(self.0);
        let mut buffer = vec![0; 16 * 1024];
        let sent = timeout_at(deadline, socket.write_all(self.0)).await;
        // A server that closes while it is written to may still have said why.
        let was_cut = !matches!(sent, Ok(Ok(())));
        loop {
            let end = match timeout_at(deadline, socket.read(&mut buffer)).await {
                Ok(Ok(0)) if was_cut => End::Reset,
                Ok(Ok(0)) => End::Closed,
                Ok(Ok(length)) => match reader.push(buffer.get(..length).unwrap_or_default())? {
                    Some(flight) => return Ok(flight),
                    None => continue,
                },
                Ok(Err(_)) => End::Reset,
                Err(_) => End::Silence,
            };
            return Err(reader.ended(end));
        }
    }
}
