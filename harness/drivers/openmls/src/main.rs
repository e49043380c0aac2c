//! Driver for OpenMLS, on stdin and stdout.

use std::io;

use hallmark_driver::sdk::serve;
use hallmark_driver_openmls::OpenMlsDevice;

fn main() -> io::Result<()> {
    serve(&mut OpenMlsDevice::default(), io::stdin().lock(), io::stdout().lock())
}
