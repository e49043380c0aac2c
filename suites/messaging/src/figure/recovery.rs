//! After a theft: how far does the thief get, level by level?

use hallmark_model::figure::Table;

use super::{candidate, cells, sound};
use crate::{
    facts::{MessagingFacts, Seen},
    probe::{ConversationMeasured, GroupHealingMeasured as GroupHealing, HealsMeasured, Noticed},
};

pub(super) fn table(facts: &MessagingFacts) -> Option<Table> {
    let mut rows = Vec::new();
    if let Some(m) = sound(facts, "ratchet-heals").and_then(|e| e.measured::<HealsMeasured>().ok())
    {
        let reads = match m.healed_after {
            Some(n) => format!("locked out after {n} honest round trip(s)"),
            None => format!("still reads after {} honest round trips", m.tried),
        };
        rows.push(cells(["the ratchet", "a copied state follows the traffic", &reads]));
        if let Some(seen) = &m.impersonation {
            let heard = match seen {
                Seen::Delivered { .. } => "accepted as the victim's".to_owned(),
                other => other.to_string(),
            };
            let what = "the copy, once locked out, sends on the old session";
            rows.push(cells(["the ratchet", what, &heard]));
        }
    }
    if let Some(m) =
        sound(facts, "conversation-heals").and_then(|e| e.measured::<ConversationMeasured>().ok())
    {
        let grade = m.noticed().map_or("could not be told", Noticed::words);
        let what = "the thief opens a new session with the copied identity";
        rows.push(cells(["the conversation", what, &format!("who is told: {grade}")]));
    }
    let groups = sound(facts, "group-healing").and_then(|e| e.measured::<GroupHealing>().ok());
    for group in groups.into_iter().flat_map(|m| m.groups) {
        let level = format!("a group of {}", group.size);
        let reads = |reads| if reads { "the copy still reads" } else { "the copy is locked out" };
        let others = "another member replaces its keys";
        if group.size > 2 {
            rows.push(cells([&level, others, reads(group.reads_after_anothers)]));
        }
        let own = "the victim replaces its own keys";
        rows.push(cells([&level, own, reads(group.reads_after_own)]));
    }
    if rows.is_empty() {
        return None;
    }
    Some(Table {
        title: format!("After the state of {} was stolen once: who is heard?", candidate(facts)),
        columns: cells(["Level", "What the thief does", "Outcome"]),
        rows,
        sentences: vec![
            "A thief who has the identity key can open new conversations whatever the ratchet \
             does; only a warning or a new identity key ends that."
                .to_owned(),
        ],
    })
}
