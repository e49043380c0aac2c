//! What the drivers of MLS libraries written in Rust share.
//!
//! RFC 9420 leaves much to the application: which identities are trusted, who may change a group,
//! what a conversation of two is. [`MlsDevice`] is one plain application; behind it stands any
//! [`Library`]. What the application decides is in [`CALLING`], so that a reader of the report can
//! tell its decisions from the library's.

mod device;
mod library;
mod people;
mod sessions;
mod suite;

pub use device::MlsDevice;
pub use library::{Accept, Change, Commit, Invitation, Kind, Library, Member, Text, View};
pub use suite::{PREFERRED, Suite};

/// What the application that calls the library decides, in words for `hello`.
pub const CALLING: &str = "Members are authenticated by basic credentials; a name stands for one \
    signature key, which is trusted when it is first seen, and a name that shows another key is \
    refused. The sender of a message is the credential of the leaf that signed it. A key package \
    serves once. A commit takes effect on its maker at once. External commits and proposals that \
    stand alone are refused. Welcomes carry the ratchet tree. Past epochs, the window for messages \
    out of order and padding are the library's defaults. A conversation of two is a group of two, \
    made anew with every session. Every operation loads the group from the library's storage and \
    writes it back.";
