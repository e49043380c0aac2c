//! The traffic suite: what recordings of the line, and folders in which a candidate stores things,
//! contradict.
//!
//! A recording can contradict encryption and never prove it: bytes that look random are *opaque*,
//! not encrypted, and a text that is not found may only not have been sent. So every absence needs
//! its positive twin, a control that is found in the same place. Four rooms, as in every suite:
//!
//! * [`facts`] – what was recorded, as plain data;
//! * [`probe`] – reading and searching, which judges nothing;
//! * [`checks`] – pure functions from facts and policy to findings;
//! * `tests` – each check turned by hand-made facts, and recordings of real messengers.

pub mod checks;
pub mod facts;
pub mod figure;
pub mod probe;

#[cfg(test)]
mod tests;

pub use checks::Traffic;
pub use probe::Recorded;
