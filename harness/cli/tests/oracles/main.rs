//! What `hallmark server` says of real servers, beside what other scanners say of them.
//!
//! Each server runs on a loopback port for as long as a test needs it. Versions, cipher suites and
//! groups must be those that `sslscan` and `nmap` see, or the difference is listed in
//! [`explained`] with its reason, and the server's own answer, asked for in plain bytes by
//! [`witness`], shows who is right. The same tools on the same servers: `cargo xtask peers`
//! installs them.

#![expect(clippy::print_stdout, reason = "disagreements, and what could not be run, are said")]

mod certificates;
mod compare;
mod explained;
mod hostile;
mod oracle;
mod peers;
mod process;
mod scan;
mod servers;
mod slow_line;
mod targets;
mod whole;
mod witness;
