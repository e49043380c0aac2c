//! The reference messenger, driven as a device.

mod circle;
mod gatherings;
mod groups;
mod honest;
mod schedules;
mod world;
