//! A report as people read it.
//!
//! - [`page`]: one HTML file, without script and without network, for procurement and for print;
//! - [`svg`]: its figures, each with the same data as text;
//! - [`terminal`]: what a run prints while it works and when it is done;
//! - [`compare`]: several candidates side by side, for both.
//!
//! A renderer decides nothing: every verdict comes from the [`Report`](hallmark_model::Report).
//! Everything in a report is text from outside, so each sink has one encoder of its own, and
//! whatever is very long is cut visibly.

pub mod compare;
pub mod page;
pub mod svg;
pub mod terminal;

mod palette;
mod shown;
mod tally;
mod words;

#[cfg(test)]
mod samples;
