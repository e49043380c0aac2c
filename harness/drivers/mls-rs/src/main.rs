//! Driver for mls-rs, on stdin and stdout.

use std::io;

use hallmark_driver::sdk::serve;
use hallmark_driver_mls_rs::MlsRsDevice;

fn main() -> io::Result<()> {
    serve(&mut MlsRsDevice::default(), io::stdin().lock(), io::stdout().lock())
}
