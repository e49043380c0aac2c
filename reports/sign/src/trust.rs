//! The roots that whoever verifies brings along, and chains up to them.

use jiff::Timestamp;
use openssl::{
    error::ErrorStack,
    stack::Stack,
    x509::{
        X509, X509PurposeId, X509StoreContext,
        store::{X509Store, X509StoreBuilder},
        verify::X509VerifyParam,
    },
};

use crate::certificate;

/// Why roots cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not PEM certificates.
    #[error("the trusted roots are not certificates in PEM form: {0}")]
    NotPem(String),
    /// No certificate in it.
    #[error("the file of trusted roots holds no certificate")]
    Empty,
    /// OpenSSL refuses one.
    #[error("the trusted roots cannot be used: {0}")]
    OpenSsl(String),
}

/// Roots, as of one moment.
pub(crate) struct Trust {
    store: X509Store,
}

/// A chain that leads to a trusted root.
pub(crate) struct Anchored {
    /// Subject of the root, fit to print.
    pub(crate) root: String,
}

/// OpenSSL's security level 2: 112 bits, so no SHA-1 and no RSA below 2048 bits in any
/// certificate of the chain.
const AUTH_LEVEL: i32 = 2;

impl Trust {
    /// Reads PEM roots, to be used as if it were `now`.
    pub(crate) fn from_pem(pem: &[u8], now: Timestamp) -> Result<Self, TrustError> {
        let roots = X509::stack_from_pem(pem).map_err(|e| TrustError::NotPem(words(&e)))?;
        if roots.is_empty() {
            return Err(TrustError::Empty);
        }
        let store = build(roots, now).map_err(|e| TrustError::OpenSsl(words(&e)))?;
        Ok(Self { store })
    }

    pub(crate) fn store(&self) -> &X509Store {
        &self.store
    }

    /// Builds a chain from `signer` over `others` to a root.
    ///
    /// The error says in OpenSSL's words why there is none.
    pub(crate) fn anchor(&self, signer: &X509, others: &[X509]) -> Result<Anchored, String> {
        let mut stack = Stack::new().map_err(|e| words(&e))?;
        for other in others {
            stack.push(other.clone()).map_err(|e| words(&e))?;
        }
        X509StoreContext::new()
            .and_then(|mut context| {
                context.init(&self.store, signer, &stack, |context| {
                    if !context.verify_cert()? {
                        return Ok(Err(context.error().error_string().to_owned()));
                    }
                    let root = context.chain().and_then(|chain| chain.iter().last());
                    let root = root
                        .and_then(|root| certificate::from_openssl(&root.to_owned()).ok())
                        .map(|root| certificate::subject(&root));
                    Ok(Ok(Anchored { root: root.unwrap_or_default() }))
                })
            })
            .map_err(|e| words(&e))?
    }
}

fn build(roots: Vec<X509>, now: Timestamp) -> Result<X509Store, ErrorStack> {
    let mut parameters = X509VerifyParam::new()?;
    parameters.set_time(now.as_second());
    parameters.set_auth_level(AUTH_LEVEL);
    // What `openssl cms -verify` asks for when it is not told otherwise.
    parameters.set_purpose(X509PurposeId::SMIME_SIGN)?;
    let mut store = X509StoreBuilder::new()?;
    store.set_param(&parameters)?;
    for root in roots {
        store.add_cert(root)?;
    }
    Ok(store.build())
}

/// The reasons of an OpenSSL error, without its numbers and source lines.
pub(crate) fn words(stack: &ErrorStack) -> String {
    let reasons: Vec<_> = stack
        .errors()
        .iter()
        .filter_map(|error| match (error.reason(), error.data()) {
            (Some(reason), Some(data)) => Some(format!("{reason} ({data})")),
            (reason, _) => reason.map(str::to_owned),
        })
        .collect();
    if reasons.is_empty() { "no reason given".to_owned() } else { reasons.join("; ") }
}
