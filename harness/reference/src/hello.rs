//! How the programs of the reference candidate introduce themselves.

use hallmark_driver::protocol::ops::{HelloAnswer, Program};

/// The answer to `hello` of this candidate, without limits.
pub(crate) fn hello(candidate: &str, calling: &str) -> HelloAnswer {
    let program = |name: &str| Program {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sha256: None,
    };
    HelloAnswer {
        protocol: String::new(),
        driver: program("hallmark-reference"),
        candidate: program(candidate),
        family: "reference".to_owned(),
        calling: calling.to_owned(),
        capabilities: Vec::new(),
        limits: [].into(),
    }
}
