//! How fast a server answers, and what limit follows from it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::Patience;

/// What was measured so far.
#[derive(Debug)]
pub(crate) struct Pace {
    patience: Patience,
    measured: Mutex<Measured>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// Time to connect, smoothed as in RFC 6298.
    connecting: Option<Duration>,
    /// Time to answer: the longest, forgotten slowly.
    answering: Option<Duration>,
}

impl Pace {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, measured: Mutex::default() }
    }

    /// A connection came about after this time.
    pub(crate) fn connected(&self, after: Duration) {
        let mut measured = self.lock();
        measured.connecting = Some(match measured.connecting {
            Some(before) => smoothed(before, after),
            None => after,
        });
    }

    /// An answer, whatever it was, was complete after this time.
    pub(crate) fn answered(&self, after: Duration) {
        let mut measured = self.lock();
        measured.answering = Some(match measured.answering {
            Some(before) => smoothed(before, after).max(after),
            None => after,
        });
    }

    /// How long each stage of an ordinary try may take.
    pub(crate) fn limit(&self) -> Duration {
        let Patience { first, least, .. } = self.patience;
        let Measured { connecting, answering } = *self.lock();
        let Some(answering) = answering else { return first };
        let connecting = connecting.unwrap_or_default().saturating_mul(8);
        connecting.saturating_add(answering.saturating_mul(4)).max(least).min(first)
    }

    /// How long each stage of a second try may take.
    pub(crate) fn long_limit(&self) -> Duration {
        if self.lock().answering.is_none() {
            return self.patience.first;
        }
        self.limit().max(self.patience.alone)
    }

    fn lock(&self) -> MutexGuard<'_, Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn smoothed(before: Duration, now: Duration) -> Duration {
    before.saturating_mul(7).saturating_add(now) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_limit_follows_what_was_measured() {
        let pace = Pace::new(Patience::default());
        assert_eq!((pace.limit(), pace.long_limit()), (millis(10_000), millis(10_000)));
        pace.connected(millis(40));
        assert_eq!(pace.limit(), millis(10_000), "nothing was answered yet");
        pace.answered(millis(42));
        assert_eq!((pace.limit(), pace.long_limit()), (millis(1_000), millis(5_000)));
        pace.answered(millis(400));
        assert_eq!(pace.limit(), millis(8 * 40 + 4 * 400));
        pace.answered(millis(1_700));
        assert_eq!((pace.limit(), pace.long_limit()), (millis(7_120), millis(7_120)));
        pace.answered(millis(9_000));
        assert_eq!((pace.limit(), pace.long_limit()), (millis(10_000), millis(10_000)));
    }

    #[test]
    fn a_slow_answer_is_forgotten_in_time() {
        let pace = Pace::new(Patience::default());
        pace.connected(millis(1));
        pace.answered(millis(9_000));
        for _ in 0..40 {
            pace.answered(millis(5));
        }
        assert_eq!(pace.limit(), millis(1_000));
    }
}
