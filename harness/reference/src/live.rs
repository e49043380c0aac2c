//! The live app: users with accounts and devices who write to each other over a server, and the malicious
//! server that can stand in between.
//!
//! Each device has a messenger of its own and is vouched for by a signature under the key of its account,
//! which follows from the account's password. An app pins the account key that it sees first, writes to
//! devices that this key vouches for and to no others, never in clear, and to the members that members
//! named. What a server says about any of it is not believed; each fault of the app believes one thing.
//!
//! App and server talk over TCP without TLS: what a malicious server can do begins where TLS ends.

mod account;
mod app;
mod hall;
mod kept;
mod letter;
mod line;
mod relay;
mod server;

pub use app::LiveApp;
pub use relay::Interceptor;
pub use server::LiveServer;
