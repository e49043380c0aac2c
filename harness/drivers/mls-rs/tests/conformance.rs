//! The driver keeps the protocol, as `hallmark driver check` sees it.

use hallmark_driver::{conformance::check, connect::Builtin};
use hallmark_driver_mls_rs::MlsRsDevice;

#[tokio::test]
async fn the_driver_keeps_the_protocol() {
    let report = check(&Builtin::new("mls-rs", || Box::new(MlsRsDevice::default()))).await;
    assert!(report.is_conformant(), "{report:#?}");
}

#[test]
fn the_manifest_states_the_version_that_is_driven() {
    let manifest = include_str!("../driver.toml");
    let candidate = hallmark_driver::sdk::Device::hello(&MlsRsDevice::default()).candidate;
    let stated = format!("name = \"{}\", version = \"{}\"", candidate.name, candidate.version);
    assert!(manifest.contains(&stated), "{stated}");
    let workspace = include_str!("../../../../Cargo.toml");
    let pinned = format!("{} = {{ version = \"={}\"", candidate.name, candidate.version);
    assert!(workspace.contains(&pinned), "{pinned}");
}
