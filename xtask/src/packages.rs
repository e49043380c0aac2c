//! Debian packages, installed without starting a service.

use std::path::Path;

use crate::steps::Step;

/// Runs a command while a `policy-rc.d` forbids service starts. It is a shell script because a
/// shell's traps remove that file also when the user interrupts us.
const GUARD: &str = include_str!("without-services.sh");

/// Where Debian's maintainer scripts look for permission to start a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

const INSTALL: &str = "apt-get update && apt-get install --yes --no-install-recommends \"$@\"";

/// Whether packages can be installed here, or why not.
pub(crate) fn installer() -> Result<(), &'static str> {
    if Step::new("apt-get", &["--version"]).output().is_none() {
        Err("there is no apt-get on this system")
    } else if Step::new("id", &["-u"]).output().as_deref() != Some("0") {
        Err("installing packages needs root")
    } else {
        Ok(())
    }
}

/// Installs packages.
pub(crate) fn install(packages: &[&str]) -> bool {
    let mut command = vec!["sh", "-c", INSTALL, "apt-get"];
    command.extend(packages);
    without_services(Path::new(POLICY), &command).with("DEBIAN_FRONTEND", "noninteractive").status()
}

fn without_services(policy: &Path, command: &[&str]) -> Step {
    let policy = policy.to_string_lossy();
    let mut arguments = vec!["-c", GUARD, "without-services", &*policy];
    arguments.extend(command);
    Step::new("sh", &arguments).named(&format!("without services: {}", command.join(" ")))
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::PathBuf};

    use super::*;

    /// A path of its own for each test, removed before and after.
    struct Policy(PathBuf);

    impl Policy {
        fn new(test: &str) -> Self {
            let name = format!("hallmark-xtask-{}-{test}", std::process::id());
            let path = env::temp_dir().join(name);
            let _ = fs::remove_file(&path);
            Self(path)
        }

        fn run(&self, script: &str) -> bool {
            let policy = self.0.to_string_lossy().into_owned();
            without_services(&self.0, &["sh", "-c", script, "sh", &policy]).status()
        }
    }

    impl Drop for Policy {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn starts_are_forbidden_during_and_allowed_after() {
        let policy = Policy::new("during");
        assert!(policy.run("\"$1\"; test $? = 101"));
        assert!(!policy.0.exists());
    }

    #[test]
    fn the_policy_goes_also_after_failure_and_interruption() {
        let policy = Policy::new("failure");
        assert!(!policy.run("test -x \"$1\" && exit 7"));
        assert!(!policy.0.exists());
        assert!(!policy.run("kill -TERM $PPID; sleep 0.2"));
        assert!(!policy.0.exists());
    }

    #[test]
    fn a_policy_that_was_there_stays_as_it_was() {
        let policy = Policy::new("there");
        fs::write(&policy.0, "mine").expect("written");
        assert!(policy.run("true"));
        assert_eq!(fs::read_to_string(&policy.0).expect("still there"), "mine");
    }
}
