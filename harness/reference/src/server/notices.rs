//! Presence and notices over a connection without TLS: the fault `plaintext-port`.
//!
//! ```text
//! PRESENCE alice available routing=LABEL
//! NOTICE alice waiting=2 routing=LABEL
//! ```

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    time::Duration,
};

use hallmark_wire::Accepted;

use super::{shop::Shop, timed::Timed};

/// How long a connection may last.
const LIFE: Duration = Duration::from_secs(30);
/// Longest line, in bytes.
const MAX_LINE: u64 = 1024;

/// Answers each presence with a notice.
pub(super) fn serve(client: &Accepted, shop: &Shop) {
    let _ = answer(client, shop);
}

fn answer(client: &Accepted, shop: &Shop) -> io::Result<()> {
    client.stream().set_nodelay(true)?;
    let mut lines = BufReader::new(Timed::new(client.stream(), LIFE));
    let mut line = String::new();
    while lines.by_ref().take(MAX_LINE).read_line(&mut line)? > 0 {
        let words: Vec<_> = line.split_whitespace().collect();
        let said = match words[..] {
            ["PRESENCE", name, _, routing] => {
                format!("NOTICE {name} waiting={} {routing}\r\n", shop.waiting(name))
            }
            _ => "ERROR unknown command\r\n".to_owned(),
        };
        lines.get_mut().write_all(said.as_bytes())?;
        line.clear();
    }
    Ok(())
}
