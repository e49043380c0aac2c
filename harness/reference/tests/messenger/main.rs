//! The reference messenger, driven as a device.

mod honest;
mod schedules;
mod world;
