//! Lets the server write in the name of a person, in clear, into an encrypted conversation.

use hallmark_driver::protocol::ops::RelayTamper;
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    hostile::{self, Hostile},
};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How often the server handed over plaintext.
    pub applied: u64,
    /// How it was shown, where it was.
    pub shown: Option<Clear>,
}

/// How plaintext is shown.
#[derive(Debug, Serialize, Deserialize)]
pub struct Clear {
    /// Whether as encrypted, where the app says which.
    pub encrypted: Option<bool>,
    /// Whether with other marks than an encrypted message, or with a warning.
    pub stands_out: bool,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut hostile = Hostile::open(lab).await?;
    let mut alice = hostile.enter("alice", lab).await?;
    let mut bob = hostile.enter("bob", lab).await?;
    hostile.meet(&mut alice, &mut bob, (lab, trace)).await?;
    let honest = hostile.write(&mut alice, &mut bob, (lab, trace)).await?;

    let text = hostile::secret(lab);
    let act = RelayTamper::Plaintext {
        view: bob.user().to_owned(),
        from: alice.user().to_owned(),
        text: text.clone(),
        conversation: alice.user().to_owned(),
    };
    hostile.tamper(&act).await?;
    hostile::close(&mut alice, &mut bob, (lab, trace)).await?;
    let found = bob.app().finds(alice.user(), &text, alice.user()).await;
    let warnings = bob.news();
    let shown = found.look.map(|look| Clear {
        encrypted: look.encrypted,
        stands_out: look != honest.look || !warnings.is_empty(),
    });
    let relay = hostile.seen().await?;
    let evidence = hostile::keep(&relay, "plaintext", trace)?;
    let what = "bob looks for what alice did not write";
    trace.outcome_with(what, found.seen, Some(evidence), warnings);
    trace.measured(&Measured { applied: relay.applied, shown });
    hostile.end([alice, bob], lab).await;
    Ok(())
}
