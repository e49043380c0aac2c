//! What the library stores, as it stands in a snapshot.

use std::collections::HashMap;

use hallmark_driver::{
    protocol::Bytes,
    sdk::{Declined, Reply},
};
use openmls_memory_storage::MemoryStorage;
use openmls_traits::OpenMlsProvider;
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};

use crate::crypto::Crypto;

/// Everything in the library's storage, by its own keys.
pub(crate) type Values = HashMap<Vec<u8>, Vec<u8>>;

/// Algorithms, randomness and storage for one client.
#[derive(Default)]
pub(crate) struct Provider {
    crypto: Crypto,
    storage: MemoryStorage,
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Crypto;
    type RandProvider = Crypto;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        &self.storage
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Crypto {
        &self.crypto
    }
}

impl Provider {
    /// A copy of everything stored.
    pub(crate) fn values(&self) -> Reply<Values> {
        let values = self.storage.values.read();
        values.map(|values| values.clone()).map_err(|_| poisoned())
    }

    /// Puts back what was stored.
    pub(crate) fn put_back(&self, values: Values) -> Reply<()> {
        *self.storage.values.write().map_err(|_| poisoned())? = values;
        Ok(())
    }
}

fn poisoned() -> Declined {
    Declined::error("the library panicked while it wrote to its storage")
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.storage.values.read().map_err(|_| S::Error::custom("poisoned"))?;
        let mut items: Vec<(&[u8], &[u8])> =
            values.iter().map(|(key, value)| (&**key, &**value)).collect();
        items.sort_unstable();
        serializer.collect_seq(
            items.into_iter().map(|(key, value)| (Bytes::from(key), Bytes::from(value))),
        )
    }
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items: Vec<(Bytes, Bytes)> = Vec::deserialize(deserializer)?;
        let provider = Self::default();
        let values = items.into_iter().map(|(key, value)| (key.0, value.0)).collect();
        provider.put_back(values).map_err(|_| serde::de::Error::custom("poisoned"))?;
        Ok(provider)
    }
}
