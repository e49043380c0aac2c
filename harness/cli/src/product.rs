//! The world of a live app, as a description names it, and the folder in which it plays.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
};

use hallmark_messaging::World;
use hallmark_model::candidate::Product;

use crate::{failure::Failure, house, session::read_file};

/// Largest file of a root read, in bytes.
const MOST_ROOTS: u64 = 1024 * 1024;

/// A folder beside the bundle for what a run must not keep: captures, key logs, what apps store. It is
/// gone when the run ends; where the run is killed it stays, under the bundle's name.
pub(crate) struct Workplace(PathBuf);

impl Workplace {
    /// The folder `OUT.work`, which must not exist.
    pub(crate) fn beside(out: &Path) -> Result<Self, Failure> {
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(".work");
        let folder = out.with_file_name(name);
        let made = out.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| private(&folder));
        match made {
            Ok(()) => {
                let folder = fs::canonicalize(&folder).unwrap_or(folder);
                Ok(Self(folder))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Failure::usage(format!(
                    "{} is there already, from a run that was killed: it holds key logs and the data of \
                     test accounts; remove it, or choose another --out",
                    folder.display()
                )))
            }
            Err(error) => Err(Failure::usage(format!("cannot make {}: {error}", folder.display()))),
        }
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // A folder that cannot be removed was named in the documentation.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

/// The world of this product; paths start from the folder of the description, `base`.
///
/// # Errors
///
/// The value that is wrong, and why.
pub(crate) fn world<'p>(
    product: &'p Product,
    base: &Path,
    workplace: &Workplace,
) -> Result<World, (&'p str, String)> {
    let (server, host) = endpoint(&product.server)?;
    let mut relay = BTreeMap::new();
    for (setting, at) in &product.relay {
        relay.insert(setting.clone(), endpoint(at)?.0);
    }
    let roots = product.roots.as_deref().map(|file| roots(file, base)).transpose()?;
    let mut storage = Vec::new();
    for folder in &product.storage {
        let path = base.join(folder);
        fs::metadata(&path).map_err(|error| (&folder[..], format!("cannot be read: {error}")))?;
        storage.push(path);
    }
    let name = product.name.clone().unwrap_or(host);
    let settings = product.settings.clone();
    if let Some(both) = product.settings.keys().find(|name| relay.contains_key(*name)) {
        // What a user sets last would lead past whoever stands between.
        return Err((both, "is an endpoint in `relay` already, and no setting".to_owned()));
    }
    Ok(World { server, name, roots, storage, relay, settings, folder: workplace.0.clone() })
}

/// Address and host of `HOST:PORT`.
fn endpoint(text: &str) -> Result<(SocketAddr, String), (&str, String)> {
    let target = house::target(text, None, None).map_err(|message| (text, message))?;
    let mut found = (target.host.as_str(), target.port)
        .to_socket_addrs()
        .map_err(|error| (text, format!("cannot be resolved: {error}")))?;
    let address = found.next().ok_or_else(|| (text, "has no address".to_owned()))?;
    Ok((address, target.host))
}

fn roots<'p>(file: &'p str, base: &Path) -> Result<String, (&'p str, String)> {
    let pem = read_file(&base.join(file), MOST_ROOTS).map_err(|failure| (file, failure.message))?;
    let text = String::from_utf8(pem).map_err(|_| (file, "is not PEM text".to_owned()))?;
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err((file, "holds no certificate in PEM form".to_owned()));
    }
    Ok(text)
}
