//! The writable memory of processes, as Linux shows it to whoever may trace them (proc(5)).

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    os::unix::fs::FileExt,
};

use super::{Looked, Search};

/// What is read of a list of mappings, in bytes.
const MOST_MAPS: u64 = 16 << 20;

/// The least that can be unreadable.
const PAGE: u64 = 4096;

/// A writable mapping: where it begins, and where it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapping {
    start: u64,
    end: u64,
}

/// Searches every writable mapping of these processes.
pub(super) async fn search(processes: &[u32], mut search: Search<'_>) -> Looked {
    let mut refused = None;
    for pid in processes {
        match one(*pid, &mut search).await {
            Ok(true) => {}
            Ok(false) => break,
            // It ended since it was listed, and its memory with it.
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                search.cut("the memory of one of its processes cannot be read");
                refused = Some(error);
            }
        }
    }
    match refused {
        Some(error) if search.seen.bytes == 0 => Looked::NotReadable {
            reason: format!("the memory of the candidate's process cannot be read: {error}"),
        },
        _ => Looked::Searched(search.finish()),
    }
}

fn is_gone(error: &io::Error) -> bool {
    const ESRCH: i32 = 3;
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH)
}

/// One process; `false` when the bounds of the search are reached.
async fn one(pid: u32, search: &mut Search<'_>) -> io::Result<bool> {
    let mut maps = Vec::new();
    File::open(format!("/proc/{pid}/maps"))?.take(MOST_MAPS).read_to_end(&mut maps)?;
    if maps.len() as u64 >= MOST_MAPS {
        search.cut("a process has more mappings than are listed here");
    }
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut last = None;
    for mapping in writable(&maps) {
        if last != Some(mapping.start) {
            search.searcher.gap();
        }
        last = Some(mapping.end);
        search.seen.parts += 1;
        if !whole(&memory, mapping, search).await? {
            return Ok(false);
        }
    }
    search.searcher.gap();
    Ok(true)
}

/// One mapping; what of it cannot be read is stepped over and said.
async fn whole(memory: &File, mapping: Mapping, search: &mut Search<'_>) -> io::Result<bool> {
    let mut at = mapping.start;
    while at < mapping.end {
        let read = |space: &mut [u8]| {
            let left = usize::try_from(mapping.end - at).unwrap_or(usize::MAX);
            let most = space.len().min(left);
            let count = memory.read_at(&mut space[..most], at)?;
            at += count as u64;
            Ok(count)
        };
        let done = search.run(read).await;
        match done {
            Ok(true) if at >= mapping.end => return Ok(true),
            Ok(false) => return Ok(false),
            Err(error) if is_gone(&error) => return Err(error),
            // The address space is gone, or the page cannot be had.
            Ok(true) => {
                search.cut("a mapping ended before its end");
                return Ok(true);
            }
            Err(_) => {
                search.cut("some pages of its writable memory cannot be read");
                search.searcher.gap();
                at = (at / PAGE + 1) * PAGE;
            }
        }
    }
    Ok(true)
}

/// The writable mappings in a list; those of devices are left out, because reading them may do
/// something.
fn writable(maps: &[u8]) -> impl Iterator<Item = Mapping> {
    maps.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = String::from_utf8_lossy(line);
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let rights = fields.next()?;
        let path = fields.nth(3).unwrap_or_default();
        let ours = |path: &str| path.starts_with("/dev/shm/") || path == "/dev/zero";
        if !rights.contains('w') || (path.starts_with("/dev/") && !ours(path)) {
            return None;
        }
        let number = |text| u64::from_str_radix(text, 16).ok();
        let (start, end) = (number(start)?, number(end)?);
        (start < end).then_some(Mapping { start, end })
    })
}

#[cfg(test)]
mod tests {
    use std::{
        hint::black_box,
        io::{BufRead, BufReader},
        process::{Command, Stdio},
    };

    use proptest::prelude::*;

    use super::{
        super::patterns::{Class, Encoding, Patterns},
        *,
    };

    #[test]
    fn writable_mappings_that_are_no_devices() {
        let maps = b"55d0a000-55d0b000 r-xp 00000000 fe:01 42  /usr/bin/cat\n\
            55d0b000-55d0c000 rw-p 00001000 fe:01 42  /usr/bin/cat\n\
            7f0000000000-7f0000001000 rw-s 00000000 00:05 9  /dev/dri/card0\n\
            7f0000002000-7f0000003000 rw-s 00000000 00:05 9  /dev/shm/x (deleted)\n\
            7f0000003000-7f0000004000 rw-s 00000000 00:05 9  /dev/zero (deleted)\n\
            7f0000004000-7f0000004000 rw-p 00000000 00:00 0\n\
            7ffc1000-7ffc2000 rw-p 00000000 00:00 0  [stack]\nnonsense\n\xff-\xff rw-p\n";
        let found: Vec<_> = writable(maps).map(|mapping| mapping.start).collect();
        assert_eq!(
            found,
            [0x55d0_b000, 0x7f00_0000_2000, 0x7f00_0000_3000, 0x7ffc_1000]
        );
    }

    proptest! {
        #[test]
        fn no_list_makes_it_panic(maps in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = writable(&maps).count();
        }
    }

    /// Says to this very program, started once more, to hold the secrets.
    const HOLDS: &str = "HALLMARK_TEST_HOLDS_SECRETS";

    fn secret(n: u8) -> Vec<u8> {
        (0..32_u8).map(|at| at.wrapping_mul(37) ^ black_box(n) ^ 0xa5).collect()
    }

    /// The searching process is not searched itself: what it looks for stands in its own memory.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_secret_on_the_heap_is_found_and_an_erased_one_is_not() {
        if std::env::var_os(HOLDS).is_some() {
            return hold();
        }
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", &name])
            .env(HOLDS, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains(HOLDS)));
        let patterns = Patterns::of(&[
            (Class::CurrentChainKey, secret(1)),
            (Class::MessageKey, secret(2)),
            (Class::PreviousChainKey, secret(3)),
        ]);
        let found = search(&[child.id()], Search::begin(&patterns)).await;
        drop(child.stdin.take());
        child.wait().unwrap();
        let Looked::Searched(found) = found else { panic!("{found:?}") };
        assert!(found.bytes > 0 && found.parts > 0, "{found:?}");
        assert!(found.cut.is_none(), "{found:?}");
        assert_eq!(found.current_chain_key.total(), 1, "{found:?}");
        assert_eq!(found.message_keys.total(), 0, "{found:?}");
        assert_eq!(found.previous_chain_keys.0.get(&Encoding::HexLower), Some(&1), "{found:?}");
    }

    #[cfg(target_os = "linux")]
    #[expect(clippy::print_stdout, reason = "the parent waits for it")]
    fn hold() {
        let kept = black_box(secret(1));
        let mut erased = secret(2);
        black_box(&mut erased).fill(0);
        black_box(&mut erased);
        let written: String = secret(3).iter().map(|byte| format!("{byte:02x}")).collect();
        let written = black_box(written.into_boxed_str());
        println!("{HOLDS}");
        // Until the parent has seen enough.
        let _ = io::stdin().read(&mut [0]);
        drop((kept, erased, written));
    }

    #[tokio::test]
    async fn a_process_that_is_no_more_holds_nothing() {
        let patterns = Patterns::of(&[(Class::MessageKey, vec![9; 32])]);
        let found = search(&[u32::MAX], Search::begin(&patterns)).await;
        let Looked::Searched(found) = found else { panic!("{found:?}") };
        assert_eq!((found.bytes, found.message_keys.total()), (0, 0));
    }
}
