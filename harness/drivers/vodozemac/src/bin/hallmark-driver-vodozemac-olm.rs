//! Driver for vodozemac's Olm sessions, on stdin and stdout.

use std::io;

use hallmark_driver::sdk::serve;
use hallmark_driver_vodozemac::OlmDevice;

fn main() -> io::Result<()> {
    serve(&mut OlmDevice::default(), io::stdin().lock(), io::stdout().lock())
}
