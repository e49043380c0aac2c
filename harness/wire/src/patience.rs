//! How long a server may take.

use std::time::Duration;

/// How long to wait for a server, and when to stop trusting that it will answer.
///
/// The limit applies to each of three stages on its own: connecting, the preamble, and the answer
/// up to its last byte. A server that sends one byte a second gains nothing by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Limit as long as nothing was measured; no limit is ever longer.
    pub first: Duration,
    /// No limit is shorter, however fast the server was so far.
    pub least: Duration,
    /// Limit of the second try after a timeout, while no other connection is open.
    pub alone: Duration,
    /// How many questions in a row may go unanswered, second tries included, before the line counts
    /// as silent and answers at once. Twice as many where it answered before.
    pub silences: u32,
    /// First pause before a server that refuses connections under load is tried again. The second is
    /// twice, the third four times as long.
    pub pause: Duration,
    /// How long a server may take to notice that connections are over: the pause before a close
    /// without a word is looked at again.
    pub settle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(10),
            least: Duration::from_secs(1),
            alone: Duration::from_secs(5),
            silences: 3,
            pause: Duration::from_millis(250),
            settle: Duration::from_millis(50),
        }
    }
}
