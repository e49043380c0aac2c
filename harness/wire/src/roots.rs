//! Roots that somebody trusts, and the chains that lead to them.

use hallmark_model::text;
use openssl::{
    error::ErrorStack,
    stack::Stack,
    x509::{
        X509, X509PurposeId, X509StoreContext,
        store::{X509Store, X509StoreBuilder},
        verify::X509VerifyFlags,
    },
};

/// Most roots that are read from one file: more than any system trusts.
const MOST: usize = 1000;

/// Roots that somebody trusts.
pub struct Roots {
    store: X509Store,
    subjects: Vec<String>,
}

impl Roots {
    /// Reads certificates in PEM.
    ///
    /// # Errors
    ///
    /// With a line for the user, when there is none or one cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let unreadable = |error: ErrorStack| format!("a certificate cannot be read: {error}");
        let certificates = X509::stack_from_pem(pem).map_err(unreadable)?;
        if certificates.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        if certificates.len() > MOST {
            return Err(format!("it holds more than {MOST} certificates"));
        }
        let subject =
            |one: &X509| text::one_line(&format!("{:?}", one.subject_name()).replace('"', ""));
        let subjects = certificates.iter().map(subject).collect();
        Ok(Self { store: store(certificates).map_err(unreadable)?, subjects })
    }

    /// The subjects of the roots, in their order.
    #[must_use]
    pub fn subjects(&self) -> &[String] {
        &self.subjects
    }

    /// Whether the chain, server's certificate first, leads to one of the roots. `None`, or why not.
    /// Dates and names are not looked at: they are judged apart.
    ///
    /// # Errors
    ///
    /// When the chain cannot be read, so that nothing can be said.
    pub fn refuse(&self, chain: &[Vec<u8>]) -> Result<Option<String>, String> {
        let unreadable = |error: ErrorStack| format!("the chain cannot be read: {error}");
        let Some((leaf, others)) = chain.split_first() else {
            return Err("there is no certificate".to_owned());
        };
        let leaf = X509::from_der(leaf).map_err(unreadable)?;
        let mut between = Stack::new().map_err(unreadable)?;
        for der in others {
            between.push(X509::from_der(der).map_err(unreadable)?).map_err(unreadable)?;
        }
        let mut context = X509StoreContext::new().map_err(unreadable)?;
        let verified = context.init(&self.store, &leaf, &between, |context| {
            Ok((context.verify_cert()?, context.error()))
        });
        match verified.map_err(unreadable)? {
            (true, _) => Ok(None),
            (false, error) => Ok(Some(error.error_string().to_owned())),
        }
    }
}

fn store(certificates: Vec<X509>) -> Result<X509Store, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    store.set_flags(X509VerifyFlags::NO_CHECK_TIME)?;
    store.set_purpose(X509PurposeId::SSL_SERVER)?;
    for certificate in certificates {
        store.add_cert(certificate)?;
    }
    Ok(store.build())
}
