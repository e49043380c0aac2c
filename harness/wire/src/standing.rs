//! What a line has learnt about its server's manners.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Refusal;

/// What became of earlier connections.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether one question was put to its end, whatever came of it.
    contacted: bool,
    /// Whether a connection came about, including its preamble.
    connected: bool,
    /// Whether any answer came.
    answered: bool,
    /// Whether a hello came.
    heard_hello: bool,
    /// Questions without an answer, since the last answer.
    unanswered: u32,
    /// What came of the last of them.
    last: Option<Refusal>,
}

impl Standing {
    pub(crate) fn contacted(&self) -> bool {
        self.lock().contacted
    }

    pub(crate) fn connected(&self) -> bool {
        self.lock().connected
    }

    pub(crate) fn heard_hello(&self) -> bool {
        self.lock().heard_hello
    }

    pub(crate) fn note_connected(&self) {
        self.lock().connected = true;
    }

    pub(crate) fn note_hello(&self) {
        self.lock().heard_hello = true;
    }

    /// What came of a question in the end: nothing, if it was answered.
    pub(crate) fn note(&self, refusal: Option<&Refusal>) {
        let mut state = self.lock();
        state.contacted = true;
        match refusal {
            Some(Refusal::BudgetSpent) => {}
            Some(refusal @ (Refusal::Timeout | Refusal::Unreachable(_))) => {
                state.unanswered = state.unanswered.saturating_add(1);
                state.last = Some(refusal.clone());
            }
            _ => {
                state.answered = true;
                state.unanswered = 0;
            }
        }
    }

    /// The answer to every further question, once too many in a row went unanswered.
    pub(crate) fn given_up(&self, silences: u32) -> Option<Refusal> {
        let state = self.lock();
        let enough = if state.answered { silences.saturating_mul(2) } else { silences };
        (state.unanswered >= enough.max(1)).then(|| state.last.clone()).flatten()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
