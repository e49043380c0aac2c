//! What the library stores, as it stands in a snapshot.

use hallmark_driver::{
    protocol::Bytes,
    sdk::{Declined, Reply},
};
use mls_rs::{
    GroupStateStorage,
    mls_rs_codec::{MlsDecode, MlsEncode},
    storage_provider::{
        KeyPackageData,
        in_memory::{InMemoryGroupStateStorage, InMemoryKeyPackageStorage},
    },
};
use mls_rs_core::group::{EpochRecord, GroupState};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// The library's own storage in memory.
#[derive(Clone, Default)]
pub(crate) struct Storage {
    pub(crate) groups: InMemoryGroupStateStorage,
    pub(crate) key_packages: InMemoryKeyPackageStorage,
}

/// The same, as data.
#[derive(Serialize, Deserialize)]
struct Kept {
    groups: Vec<KeptGroup>,
    key_packages: Vec<(Bytes, Bytes)>,
}

/// A group, and the past epochs of it that are kept, oldest first.
#[derive(Serialize, Deserialize)]
struct KeptGroup {
    id: Bytes,
    state: Bytes,
    epochs: Vec<(u64, Bytes)>,
}

impl Storage {
    fn keep(&self) -> Reply<Kept> {
        let mut ids = self.groups.stored_groups();
        ids.sort_unstable();
        let groups = ids.iter().map(|id| self.keep_group(id)).collect::<Reply<_>>()?;
        let mut key_packages = Vec::new();
        for (id, data) in self.key_packages.key_packages() {
            let data = data.mls_encode_to_vec().map_err(Declined::error)?;
            key_packages.push((Bytes(id), Bytes(data)));
        }
        key_packages.sort_unstable();
        Ok(Kept { groups, key_packages })
    }

    fn keep_group(&self, id: &[u8]) -> Reply<KeptGroup> {
        let state = self.groups.state(id).map_err(Declined::error)?;
        let state = state.ok_or_else(|| Declined::error("a group without a state"))?;
        let mut epochs = Vec::new();
        let mut next = self.groups.max_epoch_id(id).map_err(Declined::error)?;
        while let Some(number) = next {
            let Some(epoch) = self.groups.epoch(id, number).map_err(Declined::error)? else {
                break;
            };
            epochs.push((number, Bytes(epoch.to_vec())));
            next = number.checked_sub(1);
        }
        epochs.reverse();
        Ok(KeptGroup { id: id.into(), state: Bytes(state.to_vec()), epochs })
    }

    fn of(kept: Kept) -> Reply<Self> {
        let mut storage = Self::default();
        for KeptGroup { id, state, epochs } in kept.groups {
            let state = GroupState { id: id.0, data: state.0.into() };
            let epochs =
                epochs.into_iter().map(|(id, data)| EpochRecord { id, data: data.0.into() });
            let epochs = epochs.collect();
            storage.groups.write(state, epochs, Vec::new()).map_err(Declined::error)?;
        }
        for (id, data) in kept.key_packages {
            let data = KeyPackageData::mls_decode(&mut &*data).map_err(Declined::error)?;
            storage.key_packages.insert(id.0, data);
        }
        Ok(storage)
    }
}

impl Serialize for Storage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = self.keep().map_err(|declined| ser::Error::custom(format!("{declined:?}")))?;
        kept.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Storage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kept = Kept::deserialize(deserializer)?;
        Self::of(kept).map_err(|declined| de::Error::custom(format!("{declined:?}")))
    }
}
