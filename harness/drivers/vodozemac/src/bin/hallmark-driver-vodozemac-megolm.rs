//! Driver for vodozemac's Megolm sessions, on stdin and stdout.

use std::io;

use hallmark_driver::sdk::serve;
use hallmark_driver_vodozemac::MegolmDevice;

fn main() -> io::Result<()> {
    serve(&mut MegolmDevice::default(), io::stdin().lock(), io::stdout().lock())
}
