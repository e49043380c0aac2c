//! A client that offers what it is told to, and says what it was answered.

use std::{
    io::Read,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use hallmark_reference::{Fault, Faults, ReferenceServer};
use openssl::{
    nid::Nid,
    ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslVersion},
    x509::X509,
};
use tempfile::TempDir;

/// A server and the folder it lives in.
pub(crate) struct World {
    pub(crate) server: ReferenceServer,
    _folder: TempDir,
}

/// A server with these faults.
pub(crate) fn server(faults: &[Fault]) -> World {
    let folder = tempfile::tempdir().unwrap();
    let faults: Faults = faults.iter().copied().collect();
    World { server: ReferenceServer::start(&faults, folder.path()).unwrap(), _folder: folder }
}

/// What was agreed.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) version: &'static str,
    pub(crate) suite: String,
    pub(crate) curve: Option<Nid>,
    pub(crate) leaf: X509,
    /// As sent, the leaf first.
    pub(crate) chain: Vec<X509>,
}

/// Offers; nothing, if the server refuses. OpenSSL itself forbids nothing.
pub(crate) fn offer(
    address: SocketAddr,
    terms: impl FnOnce(&mut SslContextBuilder),
) -> Option<Agreed> {
    let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
    context.set_security_level(0);
    context.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
    terms(&mut context);
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut stream = Ssl::new(&context.build()).unwrap().connect(stream).ok()?;
    // To the end: what a server sends after the handshake is read as well.
    let _ = stream.shutdown();
    let _ = stream.read_to_end(&mut Vec::new());
    let ssl = stream.ssl();
    let chain: Vec<_> = ssl.peer_cert_chain().unwrap().iter().map(ToOwned::to_owned).collect();
    let curve = ssl.peer_tmp_key().ok().and_then(|key| key.ec_key().ok()?.group().curve_name());
    Some(Agreed {
        version: ssl.version_str(),
        suite: ssl.current_cipher().unwrap().standard_name().unwrap().to_owned(),
        curve,
        leaf: ssl.peer_certificate().unwrap(),
        chain,
    })
}

/// Offers this version only.
pub(crate) fn version(address: SocketAddr, version: SslVersion) -> Option<Agreed> {
    offer(address, |context| {
        context.set_min_proto_version(Some(version)).unwrap();
        context.set_max_proto_version(Some(version)).unwrap();
        context.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    })
}

/// Offers TLS 1.2 with these suites only.
pub(crate) fn suites(address: SocketAddr, list: &str) -> Option<Agreed> {
    offer(address, |context| {
        context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        context.set_cipher_list(list).unwrap();
    })
}

/// Offers TLS 1.2 with these groups only.
pub(crate) fn groups(address: SocketAddr, list: &str) -> Option<Agreed> {
    offer(address, |context| {
        context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        context.set_groups_list(list).unwrap();
    })
}

/// Offers TLS 1.2 with these signature schemes only.
pub(crate) fn signatures(address: SocketAddr, list: &str) -> Option<Agreed> {
    offer(address, |context| {
        context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        context.set_cipher_list("ECDHE").unwrap();
        context.set_sigalgs_list(list).unwrap();
    })
}
