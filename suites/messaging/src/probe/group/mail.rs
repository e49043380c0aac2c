//! An envelope of a group on its way, with those who are to get it.

use hallmark_driver::protocol::ops::{GroupEnvelope, GroupEnvelopeKind};
use hallmark_model::EvidenceRef;

use super::super::{Stop, Trace};

/// An envelope that the harness holds.
#[derive(Clone)]
pub(in super::super) struct Mail {
    /// Who made it.
    pub(in super::super) from: String,
    /// Who is to get it.
    pub(in super::super) to: Vec<String>,
    /// The envelope.
    pub(in super::super) envelope: GroupEnvelope,
    /// The same as evidence; none where no live device is to get it.
    pub(in super::super) evidence: Option<EvidenceRef>,
}

impl Mail {
    pub(super) fn new(from: &str, to: Vec<String>, envelope: GroupEnvelope) -> Self {
        Self { from: from.to_owned(), to, envelope, evidence: None }
    }

    /// Kept as evidence.
    pub(super) fn kept(mut self, trace: &mut Trace<'_>) -> Result<Self, Stop> {
        let label = format!("{} to the group: {}", self.from, self.kind());
        self.evidence = Some(trace.keep(label, &self.envelope.body)?);
        Ok(self)
    }

    /// What it is, in a word.
    pub(in super::super) fn kind(&self) -> &'static str {
        match self.envelope.kind {
            GroupEnvelopeKind::Welcome => "welcome",
            GroupEnvelopeKind::Change => "change",
            GroupEnvelopeKind::Key => "key share",
            GroupEnvelopeKind::Message => "message",
        }
    }

    /// Whether it is of this kind and meant for this member.
    pub(in super::super) fn is_for(&self, kind: GroupEnvelopeKind, who: &str) -> bool {
        self.envelope.kind == kind && self.to.iter().any(|name| name == who)
    }

    /// The same envelope, handed over under another name.
    pub(in super::super) fn as_of(&self, from: &str) -> Self {
        Self { from: from.to_owned(), ..self.clone() }
    }

    /// The same envelope with another body.
    pub(in super::super) fn with_body(&self, body: Vec<u8>) -> Self {
        let mut mail = self.clone();
        mail.envelope.body.0 = body;
        mail
    }
}
