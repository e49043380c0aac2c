//! What a server answers.

use std::fmt;

use hallmark_model::text;
use hallmark_tls::{
    AlertDescription,
    messages::{ServerHello, ServerKeyExchange},
    ssl2::Ssl2ServerHello,
};

/// What a hello was answered with.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The first flight of a server, as far as it is in clear.
    Flight(Box<Flight>),
    /// No hello.
    Refused(Refusal),
}

impl Reply {
    /// The flight, or why there is none.
    ///
    /// # Errors
    ///
    /// The refusal.
    pub fn into_result(self) -> Result<Box<Flight>, Refusal> {
        match self {
            Self::Flight(flight) => Ok(flight),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

/// The first flight of a server.
#[derive(Clone, Debug)]
pub struct Flight {
    /// The hello.
    pub hello: Hello,
    /// DER of each certificate, in the order sent; empty where it is not in clear.
    pub certificates: Vec<Vec<u8>>,
    /// Ephemeral parameters, where there are any in clear. Forms that are not read (explicit curves,
    /// parameters of SRP or PSK) are in `raw` only.
    pub key_exchange: Option<ServerKeyExchange>,
    /// Everything that was received from the first byte of TLS on.
    pub raw: Vec<u8>,
}

impl Flight {
    /// The hello of SSLv3 and later.
    #[must_use]
    pub fn server_hello(&self) -> Option<&ServerHello> {
        match &self.hello {
            Hello::Tls(hello) => Some(hello),
            Hello::Ssl2(_) => None,
        }
    }
}

/// Either form of hello.
#[derive(Clone, Debug)]
pub enum Hello {
    /// SSLv3 and later.
    Tls(ServerHello),
    /// SSLv2.
    Ssl2(Ssl2ServerHello),
}

/// Why there was no hello. None of these but an alert or a close is a "no": see
/// [`Refusal::is_no`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A fatal alert, or a warning followed by a close.
    Alert(AlertDescription),
    /// The server closed without a word.
    Closed,
    /// The server reset the connection after the hello.
    Reset,
    /// Nothing came in time; asked twice, the second time alone and with a long limit.
    Timeout,
    /// Bytes that are not TLS: the first of them, at most 64.
    NotTls(Vec<u8>),
    /// It began as TLS and could not be read further.
    Malformed(String),
    /// The preamble failed: the server offers no STARTTLS, or refused it.
    NoStartTls(String),
    /// No connection came about.
    Unreachable(String),
    /// The budget is spent.
    BudgetSpent,
}

impl Refusal {
    /// Whether it says no to what was offered: an alert, a close or a reset after the hello. Many
    /// servers close instead of sending an alert.
    ///
    /// A no is worth something only where the same line got a hello elsewhere
    /// ([`Line::has_heard_hello`](crate::Line::has_heard_hello)): a server that closes every
    /// connection says nothing about what it supports. That control is up to the caller.
    /// Everything else is unknown, a timeout above all.
    #[must_use]
    pub fn is_no(&self) -> bool {
        match self {
            Self::Alert(_) | Self::Closed | Self::Reset => true,
            Self::Timeout
            | Self::NotTls(_)
            | Self::Malformed(_)
            | Self::NoStartTls(_)
            | Self::Unreachable(_)
            | Self::BudgetSpent => false,
        }
    }

    /// Whether it concerns the server as a whole, so that another question gets no better answer.
    #[must_use]
    pub fn is_of_the_line(&self) -> bool {
        matches!(self, Self::NoStartTls(_) | Self::Unreachable(_) | Self::BudgetSpent)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(alert) => write!(f, "alert {}", alert.name()),
            Self::Closed => f.write_str("closed without an answer"),
            Self::Reset => f.write_str("connection reset after the hello"),
            Self::Timeout => f.write_str("no answer in time, asked twice"),
            Self::NotTls(bytes) => {
                write!(f, "not TLS: {}", text::one_line(&bytes.escape_ascii().to_string()))
            }
            Self::Malformed(why) => write!(f, "malformed answer: {why}"),
            Self::NoStartTls(why) => write!(f, "no STARTTLS: {why}"),
            Self::Unreachable(why) => write!(f, "no connection: {why}"),
            Self::BudgetSpent => f.write_str("the budget of connections is spent"),
        }
    }
}

impl std::error::Error for Refusal {}
