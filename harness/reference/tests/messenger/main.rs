//! The reference messenger, driven as a device.

mod honest;
mod matrix;
mod probes;
mod schedules;
mod world;
