//! Killed without warning, a run leaves nothing that looks whole, and nobody behind.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::outside::{hallmark, program, run};

/// Processes whose command line holds `mark`.
fn alive(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(mark).then_some(format!("{pid}: {line}"))
        })
        .collect()
}

fn describe(folder: &Path, mark: &str) {
    let driver = program("hallmark-fake-driver");
    fs::write(
        folder.join("driver.toml"),
        format!(
            "name = \"fake\"\nprotocol = \"hallmark-driver/1\"\ncommand = [\"{}\", \"right\", \
             \"{mark}\"]\nlicence = \"MIT\"\ncandidate = {{ name = \"fake\", version = \"1\" }}\n",
            driver.display()
        ),
    )
    .unwrap();
    fs::write(
        folder.join("hallmark.toml"),
        "schema = 1\n[candidate]\nname = \"fake\"\nversion = \"1\"\n[[messaging]]\ndriver = \
         \"./driver.toml\"\n",
    )
    .unwrap();
}

#[test]
fn twenty_kills_leave_no_whole_bundle_and_no_child() {
    let folder = tempfile::tempdir().unwrap();
    let mark = format!("mark-{}", std::process::id());
    describe(folder.path(), &mark);

    // How long a whole run takes, and that its children can be seen at all.
    let started = Instant::now();
    let whole = run(folder.path(), &["run", "--out", "whole", "--seed", "1", "-q"]);
    let whole_run = started.elapsed();
    assert!([1, 3].contains(&whole.code), "{}{}", whole.out, whole.err);
    let mut seen_alive = false;

    for moment in 0..20u32 {
        let out = format!("killed-{moment}");
        let mut child = hallmark(folder.path(), &["run", "--out", &out, "--seed", "1", "-q"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Moments spread over the run by the golden ratio: neither regular nor repeated.
        let part = (f64::from(moment) * 0.618_034).fract();
        thread::sleep(whole_run.mul_f64(part));
        seen_alive |= alive(&mark).len() > 1;
        child.kill().unwrap();
        child.wait().unwrap();

        let bundle = folder.path().join(&out);
        if bundle.join("report.json").exists() {
            let verified = run(folder.path(), &["verify", &out]);
            assert_eq!(verified.code, 7, "{out}: {}", verified.out);
            let text = fs::read_to_string(bundle.join("report.json")).unwrap();
            let report: serde_json::Value = serde_json::from_str(&text).unwrap();
            if report["run"]["complete"] == true {
                // Killed after the last record: then everything must be there.
                let rechecked = run(folder.path(), &["recheck", &out]);
                assert_eq!(rechecked.code, 0, "{out}: {}", rechecked.out);
            }
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while !alive(&mark).is_empty() {
            assert!(Instant::now() < deadline, "left behind: {:?}", alive(&mark));
            thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(seen_alive, "control: no driver was ever seen running");
}
