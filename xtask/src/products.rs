//! `cargo xtask product NAME`: a whole product on this machine's loopback, from its server to its apps,
//! through one `hallmark run`.

mod certificate;
mod server;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::workspace;
use server::{Running, Server};

/// A product: a server, and the driver of an app for it.
struct Product {
    name: &'static str,
    /// For the report.
    title: &'static str,
    server: Server,
    /// In `harness/drivers`.
    driver: &'static str,
    /// In `harness/drivers` too: the malicious server, where the app has secrets from an honest one.
    interceptor: Option<&'static str>,
}

const PRODUCTS: [Product; 4] = [
    Product {
        name: "xmpp-omemo",
        title: "Prosody and slixmpp with OMEMO",
        server: Server::Prosody,
        driver: "xmpp-omemo",
        interceptor: Some("xmpp-relay"),
    },
    Product {
        name: "xmpp-plain",
        title: "Prosody and slixmpp without OMEMO",
        server: Server::Prosody,
        driver: "xmpp-plain",
        interceptor: None,
    },
    Product {
        name: "matrix",
        title: "Synapse and matrix-nio with encrypted rooms",
        server: Server::Synapse,
        driver: "matrix-nio",
        interceptor: Some("matrix-relay"),
    },
    Product {
        name: "matrix-plain",
        title: "Synapse and matrix-nio without encryption",
        server: Server::Synapse,
        driver: "matrix-nio-plain",
        interceptor: None,
    },
];

/// The exit code of `hallmark run`, or 2 and the reason on stderr where it did not come to that.
/// `further` are arguments for it; among them `--out` may say where the bundle goes.
pub(crate) fn chore(name: &str, further: &[&str]) -> u8 {
    let Some(product) = PRODUCTS.iter().find(|product| product.name == name) else {
        let names: Vec<_> = PRODUCTS.iter().map(|product| product.name).collect();
        eprintln!("there is no product `{name}`; there are {}", names.join(", "));
        return 2;
    };
    match product.run(further) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("failed to run {name}: {why}");
            2
        }
    }
}

impl Product {
    fn run(&self, further: &[&str]) -> Result<u8, String> {
        let folder = Folder::make(self.name).map_err(|error| format!("no folder: {error}"))?;
        let server = self.server.start(&folder.0)?;
        let description = folder.0.join("hallmark.toml");
        fs::write(&description, self.description(&server)).map_err(|error| error.to_string())?;
        let program = workspace::hallmark();
        if !program.exists() {
            let path = program.display();
            return Err(format!(
                "{path} is not there; `cargo build --release --workspace` makes it"
            ));
        }
        let mut run = server::child(program);
        run.current_dir(workspace::root()).arg("run").arg("-c").arg(&description).args(further);
        if !further.contains(&"--out") {
            run.arg("--out").arg(workspace::root().join("target/products").join(self.name));
        }
        let ended = run
            .stdin(Stdio::null())
            .status()
            .map_err(|error| format!("setpriv cannot be run (Debian: util-linux): {error}"))?;
        drop(server);
        ended.code().and_then(|code| u8::try_from(code).ok()).ok_or_else(|| ended.to_string())
    }

    /// What a buyer would write in `hallmark.toml`.
    fn description(&self, server: &Running) -> String {
        let Running { endpoint, starttls, name, roots, storage, relay, .. } = server;
        let manifest = |name: &str| {
            let folder = workspace::root().join("harness/drivers").join(name);
            folder.join("driver.toml").display().to_string()
        };
        let interceptor =
            self.interceptor.map(|name| format!("interceptor = {:?}\n", manifest(name)));
        let starttls = starttls.map(|word| format!("starttls = {word:?}\n")).unwrap_or_default();
        let relay: Vec<_> =
            relay.iter().map(|(setting, at)| format!("{setting} = {at:?}")).collect();
        format!(
            "schema = 1\nstandard = \"nhs-im\"\n\n[candidate]\nname = {:?}\nversion = {:?}\n\n\
             [[server]]\nendpoint = {endpoint:?}\n{starttls}name = {name:?}\nroots = {roots:?}\n\n\
             [[messaging]]\ndriver = {:?}\n\n[messaging.product]\nserver = {endpoint:?}\n\
             name = {name:?}\nroots = {roots:?}\nstorage = [{storage:?}]\nrelay = {{ {} }}\n{}",
            self.title,
            self.server.version(),
            manifest(self.driver),
            relay.join(", "),
            interceptor.unwrap_or_default(),
        )
    }
}

/// A folder for one run, gone afterwards; named after the process, so that runs side by side do not meet.
struct Folder(PathBuf);

impl Folder {
    fn make(name: &str) -> io::Result<Self> {
        let all = workspace::root().join("target/products");
        fs::create_dir_all(&all)?;
        forget_the_dead(&all);
        let folder = all.join(format!("{name}.{}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed before the next run.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes the folders of runs that were killed: those whose process is no more.
fn forget_the_dead(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some((product, pid)) = name.to_str().and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        let Ok(pid) = pid.parse::<u32>() else { continue };
        let ours = PRODUCTS.iter().any(|known| known.name == product);
        if ours && !Path::new("/proc").join(pid.to_string()).exists() {
            // A run beside this one may remove it too; what stays is removed before the next run.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
