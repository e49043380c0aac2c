//! Tries to change a group by envelopes that must not change it.

use serde::{Deserialize, Serialize};

use super::{
    super::{Device, Stop, Trace},
    Mail, View,
};
use crate::facts::Seen;

/// Every try of an experiment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Attempts {
    /// In the order in which they were made.
    pub attempts: Vec<Attempt>,
}

/// One envelope that must not change the group.
#[derive(Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// What was handed over.
    pub what: String,
    /// What came of it.
    pub seen: Seen,
    /// Whether the member's view of the group is another afterwards (members, epoch or
    /// authenticator), and not the one to which the unaltered envelope would have led.
    pub view_changed: bool,
}

impl Attempts {
    /// Hands an envelope over and looks whether the device's view of the group changed.
    pub(in super::super) async fn hand(
        &mut self,
        what: impl Into<String>,
        device: &mut Device,
        group: &str,
        mail: &Mail,
        trace: &mut Trace<'_>,
    ) -> Result<(), Stop> {
        self.hand_altered(what, device, group, mail, None, trace).await
    }

    /// The same with an altered envelope; `honest` is the view to which the unaltered one leads.
    pub(in super::super) async fn hand_altered(
        &mut self,
        what: impl Into<String>,
        device: &mut Device,
        group: &str,
        mail: &Mail,
        honest: Option<&View>,
        trace: &mut Trace<'_>,
    ) -> Result<(), Stop> {
        let what = what.into();
        let before = device.view(group).await?;
        let seen = device.seen_of_mail(group, mail).await;
        trace.outcome(what.clone(), seen.clone(), mail.evidence.clone());
        if matches!(seen, Seen::Broken { .. } | Seen::DriverError { .. }) {
            return Err(Stop::at(what, seen));
        }
        let after = device.view(group).await?;
        let view_changed = after != before && (honest.is_none() || after.as_ref() != honest);
        self.attempts.push(Attempt { what, seen, view_changed });
        Ok(())
    }
}
