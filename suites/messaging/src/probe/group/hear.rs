//! What one device is handed of a group, and what it shows.

use hallmark_driver::{
    Outcome,
    protocol::ops::{
        GroupDecrypt, GroupEnvelope, GroupEnvelopeKind, GroupJoin, GroupProcess, MessagesAnswer,
    },
};
use hallmark_model::EvidenceRef;

use super::{
    super::{Device, Stop, Trace},
    Mail,
};
use crate::facts::{Seen, Sender, Text};

/// A group message on its way.
#[derive(Clone)]
pub(in super::super) struct GroupSent {
    /// Who sent it.
    pub(in super::super) from: String,
    /// In which group.
    pub(in super::super) group: String,
    /// What it says.
    pub(in super::super) plaintext: Vec<u8>,
    /// Key shares and changes that go before it.
    pub(in super::super) before: Vec<Mail>,
    /// The envelope that carries it.
    pub(in super::super) envelope: GroupEnvelope,
    /// That envelope as evidence.
    pub(in super::super) evidence: EvidenceRef,
}

/// What is overheard of key shares for others: enough for the live members of any group.
const MOST_OVERHEARD: usize = 16;

impl GroupSent {
    pub(super) fn of(
        from: &str,
        group: &str,
        label: &str,
        plaintext: Vec<u8>,
        mails: Vec<Mail>,
        trace: &mut Trace<'_>,
    ) -> Result<Self, Stop> {
        let (mut messages, before): (Vec<_>, Vec<_>) =
            mails.into_iter().partition(|m| m.envelope.kind == GroupEnvelopeKind::Message);
        let (Some(message), true) = (messages.pop(), messages.is_empty()) else {
            let message = "`group.encrypt` answered without exactly one message".to_owned();
            let what = format!("{from} encrypts {label} for the group");
            return Err(Stop::at(what, Seen::DriverError { message }));
        };
        let evidence = trace.keep(format!("{from} to {group}: {label}"), &message.envelope.body)?;
        Ok(Self {
            from: from.to_owned(),
            group: group.to_owned(),
            plaintext,
            before,
            envelope: message.envelope,
            evidence,
        })
    }
}

impl Device {
    /// Is handed an envelope as the network would; what it answers, or what was seen instead.
    pub(in super::super) async fn take_mail(
        &mut self,
        group: &str,
        mail: &Mail,
    ) -> Result<Vec<GroupEnvelope>, Seen> {
        let (group, from) = (group.to_owned(), mail.from.clone());
        let envelope = mail.envelope.clone();
        let outcome = match envelope.kind {
            GroupEnvelopeKind::Welcome => self.call(&GroupJoin { group, from, envelope }).await,
            _ => self.call(&GroupProcess { group, from, envelope }).await,
        };
        let seen = Seen::of(&outcome);
        outcome.ok().map(|answer| answer.envelopes).ok_or(seen)
    }

    /// The same, as what was seen.
    pub(in super::super) async fn seen_of_mail(&mut self, group: &str, mail: &Mail) -> Seen {
        match self.take_mail(group, mail).await {
            Ok(_) => Seen::Done,
            Err(seen) => seen,
        }
    }

    /// As the member `who`, is handed a message with the key shares that are meant for it.
    pub(in super::super) async fn hear_group(
        &mut self,
        who: &str,
        sent: &GroupSent,
        answers: &mut Vec<GroupEnvelope>,
    ) -> Seen {
        for mail in sent.before.iter().filter(|mail| mail.to.iter().any(|name| name == who)) {
            match self.take_mail(&sent.group, mail).await {
                Ok(more) => answers.extend(more),
                Err(seen) => return seen,
            }
        }
        self.hear_envelope(sent).await
    }

    /// The same for a copy of a member: what it would answer is lost.
    pub(in super::super) async fn hear_as(&mut self, who: &str, sent: &GroupSent) -> Seen {
        self.hear_group(who, sent, &mut Vec::new()).await
    }

    /// Is handed everything that travelled with a message, for whomever it was meant, and then the
    /// message itself. Only what is shown counts.
    pub(in super::super) async fn overhear(&mut self, sent: &GroupSent) -> Seen {
        for mail in sent.before.iter().take(MOST_OVERHEARD) {
            if let Err(broken @ Seen::Broken { .. }) = self.take_mail(&sent.group, mail).await {
                return broken;
            }
        }
        self.hear_envelope(sent).await
    }

    /// Is handed the message alone.
    pub(in super::super) async fn hear_envelope(&mut self, sent: &GroupSent) -> Seen {
        self.hear_in(&sent.group, sent).await.0
    }

    /// Is handed the message alone as one of this group; also where it was shown instead.
    pub(in super::super) async fn hear_in(
        &mut self,
        group: &str,
        sent: &GroupSent,
    ) -> (Seen, Option<String>) {
        let args = GroupDecrypt {
            group: group.to_owned(),
            from: sent.from.clone(),
            envelope: sent.envelope.clone(),
        };
        match self.call(&args).await {
            Outcome::Ok(answer, _) => {
                let elsewhere = answer.messages.first().and_then(|m| m.conversation.clone());
                (meaning(&answer, sent), elsewhere)
            }
            other => (Seen::of(&other), None),
        }
    }

    /// Is handed the message as one of somebody else. The meaning is still compared with what was
    /// really sent, and by whom.
    pub(in super::super) async fn hear_as_of(&mut self, name: &str, sent: &GroupSent) -> Seen {
        let args = GroupDecrypt {
            group: sent.group.clone(),
            from: name.to_owned(),
            envelope: sent.envelope.clone(),
        };
        match self.call(&args).await {
            Outcome::Ok(answer, _) => meaning(&answer, sent),
            other => Seen::of(&other),
        }
    }

    /// Is handed another body in the place of the message's.
    pub(in super::super) async fn hear_body(&mut self, sent: &GroupSent, body: Vec<u8>) -> Seen {
        let mut altered = sent.clone();
        altered.envelope.body.0 = body;
        self.hear_envelope(&altered).await
    }
}

/// What was shown, compared with what was sent: meaning, not bytes.
pub(in super::super) fn meaning(answer: &MessagesAnswer, sent: &GroupSent) -> Seen {
    match &answer.messages[..] {
        [] => Seen::NothingShown,
        [message] => {
            let text = match message.plaintext.0 == sent.plaintext {
                true => Text::AsSent,
                false => Text::Different,
            };
            let sender = match message.sender == sent.from {
                true => Sender::Right,
                false => Sender::Wrong,
            };
            Seen::Delivered { text, sender, position: message.position }
        }
        _ => Seen::Delivered { text: Text::Different, sender: Sender::Wrong, position: None },
    }
}
