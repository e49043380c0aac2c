//! Finding and killing every process below a guard.

use rustix::process::{Pid, Signal};

/// Every process that is now below `pid`, itself left out; none where they cannot be listed.
#[cfg(target_os = "linux")]
pub(crate) fn below(pid: u32) -> Option<Vec<u32>> {
    let found = linux::descendants(i32::try_from(pid).ok()?)?;
    Some(found.into_iter().map(|pid| pid.as_raw_nonzero().get().unsigned_abs()).collect())
}

/// Every process that is now below `pid`, itself left out; none where they cannot be listed.
#[cfg(not(target_os = "linux"))]
pub(crate) fn below(_pid: u32) -> Option<Vec<u32>> {
    None
}

/// Kills every descendant of this process that can be found now; more may appear meanwhile, so
/// the caller repeats until no child is left. `driver` leads the driver's process group, which is
/// all that can be killed where descendants cannot be listed.
pub(super) fn kill(driver: u32) {
    #[cfg(target_os = "linux")]
    if let Some(descendants) = linux::descendants(rustix::process::getpid().as_raw_nonzero().get())
    {
        for pid in descendants {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        return;
    }
    if let Some(group) = i32::try_from(driver).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{collections::HashMap, fs};

    use rustix::process::Pid;

    /// By walking `/proc`: the subreaper keeps every process below it, also those that were
    /// forked twice or started a session of their own. None where there is no `/proc`.
    pub(super) fn descendants(of: i32) -> Option<Vec<Pid>> {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for (pid, parent) in processes()? {
            children.entry(parent).or_default().push(pid);
        }
        let mut found = Vec::new();
        let mut open = vec![of];
        while let Some(pid) = open.pop() {
            for child in children.remove(&pid).unwrap_or_default() {
                open.push(child);
                found.extend(Pid::from_raw(child));
            }
        }
        Some(found)
    }

    /// Every process with its parent.
    fn processes() -> Option<Vec<(i32, i32)>> {
        let entries = fs::read_dir("/proc").ok()?.flatten();
        let found: Vec<_> = entries
            .filter_map(|entry| {
                let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
                // As bytes: the name in it is the process's own choice.
                let stat = fs::read(entry.path().join("stat")).ok()?;
                Some((pid, parent(&stat)?))
            })
            .collect();
        (!found.is_empty()).then_some(found)
    }

    /// The fourth field of `/proc/PID/stat` (proc(5)): the second, a name in parentheses, may hold
    /// anything, so counting starts at the last parenthesis.
    pub(super) fn parent(stat: &[u8]) -> Option<i32> {
        let name_end = stat.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
        rest.split_ascii_whitespace().nth(1)?.parse().ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_parent_is_found_behind_any_name() {
            assert_eq!(parent(b"7 (cat) S 3 7 7 0"), Some(3));
            assert_eq!(parent(b"7 (a) R 1 (b) c) S 42 7 7 0"), Some(42));
            assert_eq!(parent(b"7 (\xff\xfe) Z 5 7"), Some(5));
            assert_eq!(parent(b""), None);
            assert_eq!(parent(b"7 (cat"), None);
            assert_eq!(parent(b"7 (cat) S"), None);
        }

        #[test]
        fn our_parent_is_in_the_list() {
            let us = rustix::process::getpid().as_raw_nonzero().get();
            let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
            let found = processes().unwrap_or_default().into_iter().find(|(pid, _)| *pid == us);
            assert_eq!(found.map(|(_, parent)| parent), parent);
        }
    }
}
