//! What the listeners negotiate, and the app with them.

use openssl::{
    error::ErrorStack,
    ssl::{
        SslContext, SslContextBuilder, SslMethod, SslOptions, SslSessionCacheMode, SslVerifyMode,
        SslVersion,
    },
};

use super::certificate::Minted;
use crate::faults::{Fault, Faults};

/// Cipher suites of TLS 1.2: ephemeral, authenticated encryption.
const SUITES: &str = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:\
                      ECDHE-RSA-AES128-GCM-SHA256";
/// Cipher suites of TLS 1.3.
const SUITES_13: &str =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
/// The only suites that TLS 1.0 has in common with those that are ephemeral.
const SUITES_10: &str = "ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA";
const GROUPS: &str = "X25519MLKEM768:X25519:P-256:P-384";
const SIGNATURES: &str = "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:\
                          RSA+SHA256:RSA+SHA384:RSA+SHA512";

/// A listener that speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// Messages.
    Main,
    /// Attachments.
    Media,
}

/// What may be negotiated.
struct Terms {
    versions: (SslVersion, SslVersion),
    suites: String,
    groups: String,
    signatures: String,
    /// What OpenSSL itself forbids: with faults, nothing.
    security_level: u32,
}

impl Terms {
    fn of(listener: Listener, faults: Faults) -> Self {
        let mut terms = Self {
            versions: (SslVersion::TLS1_2, SslVersion::TLS1_3),
            suites: SUITES.to_owned(),
            groups: GROUPS.to_owned(),
            signatures: SIGNATURES.to_owned(),
            security_level: if faults.is_empty() { 2 } else { 0 },
        };
        match listener {
            Listener::Main => terms.main(faults),
            Listener::Media => terms.media(faults),
        }
        terms
    }

    /// More than is right, besides what is right.
    fn main(&mut self, faults: Faults) {
        let mut also = |fault, list: fn(&mut Self) -> &mut String, what| {
            if faults.has(fault) {
                let list = list(self);
                list.push(':');
                list.push_str(what);
            }
        };
        also(Fault::Tls10, |terms| &mut terms.suites, SUITES_10);
        also(Fault::StaticRsa, |terms| &mut terms.suites, "AES256-GCM-SHA384");
        also(Fault::NullCipher, |terms| &mut terms.suites, "ECDHE-RSA-NULL-SHA");
        also(Fault::WeakGroup, |terms| &mut terms.groups, "P-224");
        also(Fault::Sha1Handshake, |terms| &mut terms.signatures, "RSA+SHA1");
        if faults.has(Fault::Tls10) {
            self.versions.0 = SslVersion::TLS1;
        }
    }

    /// The wrong thing only, so that it is what a capture shows.
    fn media(&mut self, faults: Faults) {
        let [old, fixed, open] = [Fault::MediaTls10, Fault::MediaStaticRsa, Fault::MediaNullCipher]
            .map(|fault| faults.has(fault));
        if !(old || fixed || open) {
            return;
        }
        let version = if old { SslVersion::TLS1 } else { SslVersion::TLS1_2 };
        self.versions = (version, version);
        let suites = match (fixed, open) {
            (true, true) => "NULL-SHA",
            (false, true) => "ECDHE-RSA-NULL-SHA",
            (true, false) if old => "AES256-SHA",
            (true, false) => "AES256-GCM-SHA384",
            (false, false) => SUITES_10,
        };
        self.suites = suites.to_owned();
    }

    fn apply(&self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        context.set_security_level(self.security_level);
        context.set_min_proto_version(Some(self.versions.0))?;
        context.set_max_proto_version(Some(self.versions.1))?;
        context.set_cipher_list(&self.suites)?;
        context.set_ciphersuites(SUITES_13)?;
        context.set_groups_list(&self.groups)?;
        context.set_sigalgs_list(&self.signatures)?;
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        context.set_options(
            SslOptions::NO_TICKET | SslOptions::NO_COMPRESSION | SslOptions::NO_RENEGOTIATION,
        );
        Ok(())
    }
}

/// The side of the server. Nothing is ever resumed: no tickets, no cache.
pub(super) fn server(
    listener: Listener,
    faults: Faults,
    minted: &Minted,
) -> Result<SslContext, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_server())?;
    Terms::of(listener, faults).apply(&mut context)?;
    context.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
    context.set_num_tickets(0)?;
    context.set_certificate(&minted.leaf)?;
    context.set_private_key(&minted.key)?;
    for certificate in &minted.chain {
        context.add_extra_chain_cert(certificate.clone())?;
    }
    Ok(context.build())
}

/// The side of the app, which compares the server's key itself.
pub(crate) fn client(
    listener: Listener,
    faults: Faults,
    log: impl Fn(&str) + Send + Sync + 'static,
) -> Result<SslContext, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    Terms::of(listener, faults).apply(&mut context)?;
    context.set_verify(SslVerifyMode::NONE);
    context.set_keylog_callback(move |_, line| log(line));
    Ok(context.build())
}
