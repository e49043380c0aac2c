//! How many connections are open at the same time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Places for connections: several at the same time, or one alone.
#[derive(Debug)]
pub(crate) struct Slots {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    /// How many may be taken.
    width: u32,
    taken: u32,
    /// Whether the only one taken is not to be joined.
    alone: bool,
    /// How many wait to be alone: they go first, or a busy line would never be empty.
    waiting: u32,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    slots: &'a Slots,
}

impl Slots {
    pub(crate) fn new(width: u32) -> Self {
        let state = State { width: width.max(1), taken: 0, alone: false, waiting: 0 };
        Self { state: Mutex::new(state), freed: Notify::new() }
    }

    /// A place beside others.
    pub(crate) async fn one(&self) -> Slot<'_> {
        self.take(|state| {
            let free = !state.alone && state.waiting == 0 && state.taken < state.width;
            if free {
                state.taken += 1;
            }
            free
        })
        .await
    }

    /// A place while no other is taken.
    pub(crate) async fn alone(&self) -> Slot<'_> {
        let _waiting = Waiting::begin(self);
        self.take(|state| {
            let free = state.taken == 0;
            if free {
                state.taken = 1;
                state.alone = true;
            }
            free
        })
        .await
    }

    /// Halves how many places there are: the server does not bear so many.
    pub(crate) fn narrow(&self) {
        let mut state = self.lock();
        state.width = (state.width / 2).max(1);
    }

    async fn take(&self, mut take: impl FnMut(&mut State) -> bool) -> Slot<'_> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable(); // before looking, so that no place is freed unnoticed
            if let Some(slot) = self.try_take(&mut take) {
                return slot;
            }
            freed.await;
        }
    }

    fn try_take(&self, take: &mut impl FnMut(&mut State) -> bool) -> Option<Slot<'_>> {
        // Made only where it is due: a slot gives back what it never took.
        if take(&mut self.lock()) { Some(Slot { slots: self }) } else { None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.slots.lock();
        state.taken = state.taken.saturating_sub(1);
        state.alone = false;
        drop(state);
        self.slots.freed.notify_waiters();
    }
}

/// Somebody who waits to be alone, until served or given up.
struct Waiting<'a>(&'a Slots);

impl<'a> Waiting<'a> {
    fn begin(slots: &'a Slots) -> Self {
        let mut state = slots.lock();
        state.waiting = state.waiting.saturating_add(1);
        Self(slots)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.waiting = state.waiting.saturating_sub(1);
        drop(state);
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::together;

    #[tokio::test]
    async fn never_more_than_the_width() {
        let slots = Slots::new(3);
        let (now, most) = (Cell::new(0), Cell::new(0));
        together((0..20).map(|_| async {
            let _slot = slots.one().await;
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            sleep(Duration::from_millis(10)).await;
            now.set(now.get() - 1);
        }))
        .await;
        assert_eq!(most.get(), 3);
    }

    #[tokio::test]
    async fn alone_is_alone_and_waits_for_its_turn_only() {
        let slots = Slots::new(4);
        let (now, served) = (Cell::new(0_u32), Cell::new(false));
        let ordinary = |_| async {
            let _slot = slots.one().await;
            now.set(now.get() + 1);
            sleep(Duration::from_millis(10)).await;
            now.set(now.get() - 1);
            served.get()
        };
        let alone = async {
            sleep(Duration::from_millis(1)).await;
            let _slot = slots.alone().await;
            let before = now.get();
            sleep(Duration::from_millis(50)).await;
            served.set(true);
            before == 0 && now.get() == 0
        };
        let (others, was_alone) = tokio::join!(together((0..40).map(ordinary)), alone);
        assert!(was_alone);
        assert_eq!(others.iter().filter(|after| !**after).count(), 4, "only those before it");
    }

    #[tokio::test]
    async fn who_gives_up_waiting_blocks_nobody() {
        let slots = Slots::new(2);
        let held = slots.one().await;
        timeout(Duration::from_millis(5), slots.alone()).await.unwrap_err();
        let _second = timeout(Duration::from_millis(5), slots.one()).await.unwrap();
        drop(held);
    }

    #[tokio::test]
    async fn a_narrow_line_still_has_one_place() {
        let slots = Slots::new(8);
        for _ in 0..5 {
            slots.narrow();
        }
        let _only = slots.one().await;
        timeout(Duration::from_millis(5), slots.one()).await.unwrap_err();
    }
}
