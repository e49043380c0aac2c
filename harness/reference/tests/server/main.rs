//! The reference server, asked by clients of its own kind: what each fault switches on is really
//! there, and is not there without it.

mod client;
mod faults;
mod honest;
