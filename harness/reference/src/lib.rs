//! The reference candidate: a messenger, its app and its server, with switchable faults.
//!
//! The messenger follows Signal's "The X3DH Key Agreement Protocol" (revision 1) and "The Double
//! Ratchet Algorithm" (revision 1), and passes every check of the messaging suite. Each [`Fault`]
//! breaks it in one place and declares the exact set of checks that it must turn; a fault matrix
//! compares what is declared with what the suite observes. Faults are chosen when the device is
//! made and never cross the driver protocol.
//!
//! [`ReferenceServer`] is a store-and-forward server over TLS, and [`scene::play`] lets two users
//! exchange messages through it while a relay records: what it leaves behind is what the suites
//! for servers and for traffic look at.
//!
//! It is a measuring standard, not a product: keys are erased from memory when they are done with,
//! and lie readable in snapshots and in the state file of a device that is a process of its own.
//!
//! [`LiveApp`] is an app for the messenger with accounts, devices and groups, [`LiveServer`] its server, and
//! [`Interceptor`] the malicious one.
//!
//! The messenger's groups use sender keys, whose distribution follows a secret that every change of the group
//! renews.
//!
//! One deviation from X3DH: the signed prekey is signed with an Ed25519 key of its own instead of
//! XEdDSA under the X25519 identity key. Both public keys together are the identity: both stand
//! in the associated data of every session and in the fingerprint.

mod attachment;
mod content;
mod entropy;
mod faults;
mod fingerprint;
mod frame;
mod group;
mod hello;
mod identity;
mod kdf;
mod live;
mod messenger;
mod offer;
mod ratchet;
mod refused;
pub mod scene;
mod seal;
mod server;
mod session;
mod state_file;
mod store;
mod wire;
mod x3dh;

pub use faults::{Fault, Faults, Turn, Turned, UnknownFault};
pub use live::{Interceptor, LiveApp, LiveServer};
pub use messenger::Messenger;
pub use server::ReferenceServer;

use hallmark_driver::sdk::Device;

/// A fresh device of the reference messenger, with these faults.
#[must_use]
pub fn device(faults: &Faults) -> Box<dyn Device + Send> {
    Box::new(Messenger::new(*faults))
}
