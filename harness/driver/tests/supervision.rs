//! Drivers that misbehave, as processes: each way is an outcome of its own, and none leaves
//! anything behind.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use hallmark_driver::{
    Breakage, Connection, Deadlines, Ended, Ending, Farewell, Guard, Launch, Outcome, Unreachable,
    protocol::{Bytes, ops},
};

const GUARD: &str = env!("CARGO_BIN_EXE_hallmark-driver-guard");
const FAKE: &str = env!("CARGO_BIN_EXE_hallmark-fake-driver");

fn fake(mode: &str, after: u32, marker: &str) -> Launch {
    Launch {
        name: mode.to_owned(),
        program: FAKE.into(),
        args: [mode, &after.to_string(), marker].map(Into::into).into(),
        deadlines: Deadlines { hello: Duration::from_secs(20), operation: Duration::from_secs(20) },
        guard: Guard::at(GUARD),
        network: hallmark_driver::Network::None,
        secrets: hallmark_driver::Secrets::default(),
        note: None,
    }
}

/// Gives a driver little time; its `hello` still gets enough for a busy machine.
fn hurried(mode: &str, after: u32, millis: u64) -> Launch {
    let mut launch = fake(mode, after, "");
    launch.deadlines.operation = Duration::from_millis(millis);
    launch
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A connection whose driver has said hello, and misbehaves from now on.
async fn after_hello(launch: &Launch) -> Connection {
    launch.connect().await.unwrap()
}

/// Processes whose command line has this text; the test's own do not.
fn processes(marker: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(marker))
        .collect()
}

/// Waits until it holds, up to this long.
fn within(time: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < time {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    holds()
}

fn marker(test: &str) -> String {
    format!("hallmark-test-{test}-{}", std::process::id())
}

/// Home of a driver that says `surroundings` in its hello.
fn surroundings(connection: &Connection) -> serde_json::Value {
    serde_json::from_str(&connection.hello().calling).unwrap()
}

#[test]
fn every_way_to_misbehave_is_an_outcome_of_its_own() {
    let modes = [
        "right",
        "wrong",
        "silent",
        "late",
        "garbage",
        "oversized",
        "exit",
        "crash",
        "crash-mid-operation",
        "close-stdout",
        "half-line",
        "wrong-id",
        "string-id",
        "two-kinds",
        "no-kind",
        "two-in-one",
        "noisy",
        "slow",
    ];
    runtime().block_on(async {
        let mut table = Vec::new();
        for mode in modes {
            let times_out = matches!(mode, "silent" | "late" | "half-line");
            let launch = if times_out { hurried(mode, 1, 500) } else { fake(mode, 1, "") };
            let mut connection = after_hello(&launch).await;
            let first = connection.call(&ops::Ping {}).await.to_string();
            let second = connection.call(&ops::Ping {}).await.to_string();
            let again = if first == second { "and again".to_owned() } else { second };
            let Ended { ending, .. } = connection.end_by(Farewell::Silence).await;
            // How these end depends on when they meet the closed pipe.
            let ending = match (mode, ending) {
                ("oversized" | "late", ending) => {
                    assert!(ending.is_some());
                    "not alive".to_owned()
                }
                (_, ending) => ending.map_or_else(|| "alive".to_owned(), |e| e.to_string()),
            };
            table.push(format!("{mode:20} {first}\n{:20} {again}; {ending}", ""));
        }
        insta::assert_snapshot!(table.join("\n"));
    });
}

#[test]
fn a_driver_that_does_not_say_hello_is_unreachable() {
    let modes = [
        "wrong-id",
        "garbage",
        "exit",
        "crash",
        "close-stdout",
        "two-kinds",
        "string-id",
        "flood-before-read",
        "silent",
        "never-read",
    ];
    runtime().block_on(async {
        let mut table = Vec::new();
        for mode in modes {
            let mut launch = fake(mode, 0, "");
            if matches!(mode, "silent" | "never-read") {
                launch.deadlines.hello = Duration::from_millis(500);
            }
            let Err(error) = launch.connect().await else { panic!("{mode} said hello") };
            table.push(format!("{mode:20} {error}"));
        }
        insta::assert_snapshot!(table.join("\n"));
    });
}

#[test]
fn a_program_that_cannot_be_started_is_told_from_a_driver_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    let start = |program: &Path| {
        let mut launch = fake("right", 0, "");
        launch.program = program.into();
        launch
    };
    runtime().block_on(async {
        let mut table = Vec::new();
        for program in [Path::new("hallmark-no-such-program"), &folder.path().join("none"), &script]
        {
            let error = start(program).connect().await.err().unwrap();
            assert!(matches!(error, Unreachable::Start { .. }), "{error:?}");
            table.push(error.to_string());
        }
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        table.push(start(&script).connect().await.err().unwrap().to_string());
        let mut no_guard = fake("right", 0, "");
        no_guard.guard = Guard::at(folder.path().join("no-guard"));
        table.push(no_guard.connect().await.err().unwrap().to_string());
        let shown = table.join("\n").replace(&folder.path().display().to_string(), "FOLDER");
        insta::assert_snapshot!(shown.replace(FAKE, "FAKE"));
    });
}

#[test]
fn a_line_of_a_gibibyte_is_cut_short_promptly_and_in_little_memory() {
    runtime().block_on(async {
        let mut connection = after_hello(&fake("oversized", 1, "")).await;
        let start = Instant::now();
        let outcome = connection.call(&ops::Ping {}).await;
        assert!(matches!(outcome, Outcome::Broken(Breakage::Oversized(_))), "{outcome}");
        let ended = connection.end_by(Farewell::Silence).await;
        assert!(ended.ending.is_some());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 256 * 1024, "peak of {peak} kB");
    });
}

#[test]
fn a_late_answer_is_not_taken_for_a_later_one() {
    runtime().block_on(async {
        let mut connection = after_hello(&hurried("late", 1, 300)).await;
        assert!(matches!(
            connection.call(&ops::Ping {}).await,
            Outcome::Broken(Breakage::TimedOut(_))
        ));
        tokio::time::sleep(Duration::from_millis(800)).await;
        let later = connection.call(&ops::Reset::default()).await;
        assert!(matches!(later, Outcome::Broken(Breakage::TimedOut(_))), "{later}");

        // The same when it is our caller who loses patience.
        let mut connection = after_hello(&fake("late", 1, "")).await;
        let impatient = Duration::from_millis(100);
        let call = tokio::time::timeout(impatient, connection.call(&ops::Ping {})).await;
        assert!(call.is_err());
        tokio::time::sleep(Duration::from_millis(800)).await;
        let later = connection.call(&ops::Reset::default()).await;
        assert!(matches!(later, Outcome::Broken(Breakage::Closed)), "{later}");
    });
}

#[test]
fn an_answer_that_nobody_asked_for_breaks_the_connection() {
    runtime().block_on(async {
        let mut connection = after_hello(&fake("two-lines", 1, "")).await;
        let first = connection.call(&ops::Ping {}).await;
        // Both lines may or may not be there when the first is read; the second is never taken.
        let second = connection.call(&ops::Ping {}).await;
        assert_eq!(first.to_string(), "ok");
        assert!(matches!(second, Outcome::Broken(Breakage::Garbage(_))), "{second}");
    });
}

#[test]
fn a_large_request_to_a_driver_that_does_not_read_times_out() {
    runtime().block_on(async {
        let mut launch = fake("never-read", 0, "");
        launch.deadlines.hello = Duration::from_millis(300);
        assert!(matches!(launch.connect().await, Err(Unreachable::Hello(_))));

        let mut connection = after_hello(&hurried("silent", 1, 500)).await;
        let plaintext = Bytes(vec![7; 8 * 1024 * 1024]);
        let request = ops::MessageEncrypt { peer: "bob".to_owned(), plaintext };
        let outcome = connection.call(&request).await;
        assert!(matches!(outcome, Outcome::Broken(Breakage::TimedOut(_))), "{outcome}");
        assert!(connection.end_by(Farewell::Silence).await.ending.is_some());

        // Longer than the protocol allows: not sent, and the connection lives.
        let mut connection = after_hello(&fake("right", 0, "")).await;
        let plaintext = Bytes(vec![7; 13 * 1024 * 1024]);
        let request = ops::MessageEncrypt { peer: "bob".to_owned(), plaintext };
        assert!(matches!(connection.call(&request).await, Outcome::Error(_)));
        assert_eq!(connection.call(&ops::Ping {}).await.to_string(), "ok");
    });
}

#[test]
fn the_last_words_of_a_driver_are_kept() {
    runtime().block_on(async {
        let mut connection = after_hello(&fake("exit", 1, "")).await;
        let outcome = connection.call(&ops::Ping {}).await;
        assert_eq!(outcome.to_string(), "the driver crashed: exit status 3");
        let ended = connection.end_by(Farewell::Shutdown).await;
        assert_eq!(ended.ending, Some(Ending::Exited(3)));
        assert_eq!(ended.last_words.as_deref(), Some("giving up: no database"));
    });
}

#[test]
fn a_driver_that_outlives_its_input_is_killed() {
    let marker = marker("eof");
    runtime().block_on(async {
        for farewell in [Farewell::Silence, Farewell::Shutdown] {
            let connection = after_hello(&fake("ignore-stdin-eof", 0, &marker)).await;
            assert_eq!(connection.end_by(farewell).await.ending, Some(Ending::Killed));
        }
        let connection = after_hello(&fake("right", 0, &marker)).await;
        assert_eq!(connection.end_by(Farewell::Silence).await.ending, Some(Ending::Exited(0)));
    });
    assert_eq!(processes(&marker), [""; 0]);
}

#[test]
fn grandchildren_end_with_the_driver() {
    let marker = marker("grandchild");
    runtime().block_on(async {
        let connection = after_hello(&fake("fork-grandchild", 0, &marker)).await;
        let there = within(Duration::from_secs(5), || {
            processes(&marker).iter().any(|line| line.contains("sleeper"))
        });
        assert!(there, "no grandchild to begin with: {:?}", processes(&marker));
        connection.end().await;
        assert_eq!(processes(&marker), [""; 0]);

        // A driver that ends by itself, while its grandchild holds the pipes open.
        let mut connection = after_hello(&fake("fork-and-exit", 1, &marker)).await;
        let outcome = connection.call(&ops::Ping {}).await;
        assert_eq!(outcome.to_string(), "the driver crashed: exit status 0");
        connection.end().await;
        assert_eq!(processes(&marker), [""; 0]);
    });
}

#[test]
fn dropping_a_connection_ends_everything_and_removes_the_private_folder() {
    let marker = marker("drop");
    let home = runtime().block_on(async {
        let connection = after_hello(&fake("surroundings", 0, &marker)).await;
        let home = surroundings(&connection)["home"].as_str().unwrap().to_owned();
        assert!(Path::new(&home).is_dir());
        assert!(!processes(&marker).is_empty());
        drop(connection);
        home
    });
    assert!(within(Duration::from_secs(3), || processes(&marker).is_empty()));
    assert!(within(Duration::from_secs(3), || !Path::new(&home).exists()));
}

#[test]
fn a_driver_sees_little_of_us() {
    runtime().block_on(async {
        let connection = after_hello(&fake("surroundings", 0, "")).await;
        let said = surroundings(&connection);
        let allowed: Vec<_> =
            hallmark_driver::guard::ENVIRONMENT.iter().copied().chain(["HOME", "TMPDIR"]).collect();
        for name in said["variables"].as_array().unwrap() {
            assert!(allowed.contains(&name.as_str().unwrap()), "{name}");
        }
        // CARGO_MANIFEST_DIR is set for every test, so there was something to hide.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert_eq!(said["mode"], "700");
        assert_eq!(said["temporary"], said["home"]);
        assert_eq!(said["working"], said["home"]);
        insta::assert_snapshot!(connection.isolation().join("\n"));
        connection.end().await;
    });
}

/// Starts a process that holds a driver with a grandchild, and waits until all are there. Private
/// folders are made in `temporary`.
fn held(marker: &str, temporary: &Path) -> std::process::Child {
    let mut holder = Command::new(FAKE)
        .env("TMPDIR", temporary)
        .args(["hold", GUARD, FAKE, "fork-grandchild", "0", marker])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    let all = ["hold ", "driver-guard", "fork-grandchild", "sleeper"];
    assert!(
        within(Duration::from_secs(5), || {
            let lines = processes(marker);
            all.iter().all(|name| lines.iter().any(|line| line.contains(name)))
        }),
        "not all were there: {:?}",
        processes(marker)
    );
    holder
}

#[test]
fn killing_us_leaves_no_process_behind() {
    let marker = marker("orphan");
    let temporary = tempfile::tempdir().unwrap();
    let folders = || fs::read_dir(temporary.path()).unwrap().count();
    let mut holder = held(&marker, temporary.path());
    assert_eq!(folders(), 1);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(
        within(Duration::from_secs(3), || processes(&marker).is_empty()),
        "left behind: {:?}",
        processes(&marker)
    );
    assert_eq!(folders(), 0);
}

/// The guard of what `held` started.
fn guard_of(marker: &str) -> rustix::process::Pid {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            (line.contains(" driver-guard watch ") && line.contains(marker)).then_some(pid)
        })
        .find_map(rustix::process::Pid::from_raw)
        .unwrap()
}

#[test]
fn a_guard_that_is_told_to_end_leaves_nothing_behind() {
    use rustix::process::{Signal, kill_process};
    let marker = marker("told");
    let temporary = tempfile::tempdir().unwrap();
    let mut holder = held(&marker, temporary.path());
    kill_process(guard_of(&marker), Signal::TERM).unwrap();
    let only_the_holder = || processes(&marker).iter().all(|line| line.contains(" hold "));
    assert!(within(Duration::from_secs(3), only_the_holder), "{:?}", processes(&marker));
    holder.kill().unwrap();
    holder.wait().unwrap();

    // Killed outright it cannot clean up, but the driver itself dies with it.
    let mut holder = held(&marker, temporary.path());
    kill_process(guard_of(&marker), Signal::KILL).unwrap();
    let driver_gone = || {
        let lines = processes(&marker);
        lines.iter().all(|line| line.contains(" hold ") || line.contains(" sleeper "))
    };
    assert!(within(Duration::from_secs(3), driver_gone), "{:?}", processes(&marker));
    holder.kill().unwrap();
    holder.wait().unwrap();
    // The one process that this leaves is ours to end.
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|pid| pid.parse::<i32>().ok()) else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(&marker) {
            let _ = rustix::process::Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}
