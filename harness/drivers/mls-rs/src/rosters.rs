//! Who was a member in epochs past.
//!
//! The library opens messages of a few epochs past, and names their sender by the place in the
//! tree of that epoch. The place may be empty by now, or another member's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// As many as the library keeps epochs by default.
const KEPT: usize = 3;

/// Names by leaf, by epoch, by group.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rosters(BTreeMap<String, BTreeMap<u64, BTreeMap<u32, String>>>);

impl Rosters {
    /// Keeps the roster of an epoch that is about to end.
    pub(crate) fn keep(&mut self, group: &str, epoch: u64, roster: BTreeMap<u32, String>) {
        let epochs = self.0.entry(group.to_owned()).or_default();
        epochs.insert(epoch, roster);
        while epochs.len() > KEPT {
            epochs.pop_first();
        }
    }

    /// Who had this leaf in that epoch.
    pub(crate) fn name(&self, group: &str, epoch: u64, leaf: u32) -> Option<&str> {
        self.0.get(group)?.get(&epoch)?.get(&leaf).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_epochs_are_kept() {
        let mut rosters = Rosters::default();
        for epoch in 1..=5 {
            rosters.keep("ward", epoch, BTreeMap::from([(0, format!("alice {epoch}"))]));
        }
        assert_eq!(rosters.name("ward", 2, 0), None);
        assert_eq!(rosters.name("ward", 3, 0), Some("alice 3"));
        assert_eq!(rosters.name("ward", 5, 0), Some("alice 5"));
        assert_eq!((rosters.name("ward", 5, 1), rosters.name("theatre", 5, 0)), (None, None));
    }
}
