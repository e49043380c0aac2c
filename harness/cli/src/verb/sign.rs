//! `hallmark sign BUNDLE`: who vouches for it.

use std::path::Path;

use hallmark_bundle::Bundle;
use hallmark_model::{ExitCode, Report};
use hallmark_sign::{Role, Signer, sign_bundle};
use jiff::Timestamp;

use crate::{args, failure::Failure, session::read_file, show::Show};

/// Largest key or chain read, in bytes.
const LARGEST: u64 = 256 * 1024;

pub(super) fn sign(args: &args::Sign, show: &Show) -> Result<ExitCode, Failure> {
    let bundle = Bundle::open(&args.bundle)?;
    if !bundle.report().run.complete {
        let message =
            "the bundle is incomplete: its run was stopped early; only a whole run can be signed";
        return Err(Failure::new(ExitCode::Incomplete, message));
    }
    let signer = signer(&args.key, &args.certificate)?;
    let signed = sign_with(&args.bundle, bundle.report(), &signer, &args.role)?;
    show.result(&format!("signed  {signed}\n"));
    Ok(ExitCode::Ok)
}

/// The signer whose key and chain stand in these files.
pub(super) fn signer(key: &Path, certificate: &Path) -> Result<Signer, Failure> {
    let (key_pem, chain) = (read_file(key, LARGEST)?, read_file(certificate, LARGEST)?);
    Signer::from_pem(&key_pem, &chain).map_err(|error| {
        Failure::usage(format!(
            "cannot sign with {} and {}: {error}",
            key.display(),
            certificate.display()
        ))
    })
}

/// Signs the bundle and says where the signature is.
pub(super) fn sign_with(
    bundle: &Path,
    report: &Report,
    signer: &Signer,
    role: &str,
) -> Result<String, Failure> {
    let role: Role = role.parse().map_err(Failure::usage)?;
    let signed = sign_bundle(bundle, report, signer, &role, Timestamp::now())
        .map_err(|error| Failure::usage(format!("cannot sign {}: {error}", bundle.display())))?;
    Ok(bundle.join(signed.signature).display().to_string())
}
