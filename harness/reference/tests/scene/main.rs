//! The scene: what is said in it arrives, and leaves the traces that it should.

#![expect(clippy::print_stdout, reason = "what could not be run is told to people")]

mod capture;
mod faults;
mod honest;
mod tshark;
mod world;
