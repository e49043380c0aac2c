//! Both drivers keep the protocol, as `hallmark driver check` sees it.

use hallmark_driver::{conformance::check, connect::Builtin};
use hallmark_driver_vodozemac::{MegolmDevice, OlmDevice};

#[tokio::test]
async fn the_olm_driver_keeps_the_protocol() {
    let report = check(&Builtin::new("olm", || Box::new(OlmDevice::default()))).await;
    assert!(report.is_conformant(), "{report:#?}");
}

#[tokio::test]
async fn the_megolm_driver_keeps_the_protocol() {
    let report = check(&Builtin::new("megolm", || Box::new(MegolmDevice::default()))).await;
    assert!(report.is_conformant(), "{report:#?}");
}
