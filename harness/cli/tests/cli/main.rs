//! The binary from outside: what a person, a program and a gate see.

mod bad_input;
mod compare;
mod demo;
mod drivers;
mod golden;
mod intrusive;
mod kill;
mod liars;
mod outside;
mod peers;
mod recordings;
mod words;
