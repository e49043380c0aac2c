//! A device's state as bytes: JSON of the library's own unencrypted pickles.

use std::ops::{Deref, DerefMut};

use hallmark_driver::{
    protocol::{Bytes, ops::StateAnswer},
    sdk::{Declined, Reply},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use vodozemac::{
    megolm::{GroupSession, GroupSessionPickle, InboundGroupSession, InboundGroupSessionPickle},
    olm::{Account, AccountPickle, Session, SessionPickle},
};

/// Writes a state.
pub(crate) fn snapshot(state: &impl Serialize) -> Reply<StateAnswer> {
    match serde_json::to_vec(state) {
        Ok(bytes) => Ok(StateAnswer { state: Bytes(bytes) }),
        Err(error) => Err(Declined::error(format!("failed to write the state: {error}"))),
    }
}

/// Reads a state back.
pub(crate) fn restore<S: DeserializeOwned>(state: &Bytes) -> Reply<S> {
    serde_json::from_slice(state)
        .map_err(|error| Declined::error(format!("failed to read the state back: {error}")))
}

/// Something of the library's that is written as its pickle.
pub(crate) struct Kept<T>(pub(crate) T);

/// What the library can pickle.
pub(crate) trait Pickled: From<Self::Pickle> {
    type Pickle: Serialize + DeserializeOwned;

    fn pickled(&self) -> Self::Pickle;
}

macro_rules! pickled {
    ($($type:ty => $pickle:ty;)*) => {
        $(impl Pickled for $type {
            type Pickle = $pickle;

            fn pickled(&self) -> $pickle {
                self.pickle()
            }
        })*
    };
}

pickled! {
    Account => AccountPickle;
    Session => SessionPickle;
    GroupSession => GroupSessionPickle;
    InboundGroupSession => InboundGroupSessionPickle;
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Kept<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Pickled> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.pickled().serialize(serializer)
    }
}

impl<'de, T: Pickled> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(T::from(T::Pickle::deserialize(deserializer)?)))
    }
}
