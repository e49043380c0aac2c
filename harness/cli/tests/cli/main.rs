//! The binary from outside: what a person, a program and a gate see.

mod bad_input;
mod demo;
mod golden;
mod kill;
mod outside;
mod peers;
mod recordings;
mod words;
