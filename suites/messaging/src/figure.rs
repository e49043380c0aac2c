//! What a report shows of the facts: the forward-secrecy timeline, the windows that were measured,
//! how far a thief gets afterwards, and what rests on the driver's word alone.

mod recovery;
mod windows;
mod word;

use hallmark_model::{
    CheckId, Figure, Suite,
    figure::{Fate, ForwardSecrecy, Lane, Mark},
};

use crate::{
    facts::{Experiment, MessagingFacts, Seen},
    probe::{HealsMeasured, WindowMeasured},
};

/// How many positions each side of the leak shows.
const SPAN: i32 = 7;

/// The figures of the suite.
#[must_use]
pub fn figures(facts: &MessagingFacts) -> Vec<Figure> {
    let tables = [windows::table(facts), recovery::table(facts), word::table(facts)];
    let tables = tables.into_iter().flatten().map(Figure::Table);
    timeline(facts).into_iter().chain(tables).collect()
}

/// An experiment that ran to its end with its controls intact.
fn sound<'a>(facts: &'a MessagingFacts, name: &str) -> Option<&'a Experiment> {
    let id = CheckId::of(Suite::Messaging, name);
    facts.experiments.iter().find(|e| e.id == id).filter(|e| is_sound(e))
}

/// Who was tested.
fn candidate(facts: &MessagingFacts) -> String {
    let candidate = &facts.driver.hello.candidate;
    hallmark_model::text::one_line(&format!("{} {}", candidate.name, candidate.version))
}

fn cells<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn timeline(facts: &MessagingFacts) -> Option<Figure> {
    let of = |name| sound(facts, name);
    let (rollback, window, heals) = (of("rollback"), of("undelivered-window"), of("ratchet-heals"));
    if rollback.is_none() && window.is_none() && heals.is_none() {
        return None;
    }
    let mut sentences = Vec::new();
    let lanes = vec![
        delivered(rollback, &mut sentences),
        undelivered(window, &mut sentences),
        afterwards(heals, &mut sentences),
    ];
    Some(Figure::ForwardSecrecy(ForwardSecrecy {
        subject: candidate(facts),
        unit: "receiving chain".to_owned(),
        lanes,
        sentences,
    }))
}

/// Whether the experiment ran to its end with its controls intact.
fn is_sound(experiment: &Experiment) -> bool {
    experiment.stopped.is_none() && experiment.control.iter().all(|step| step.seen.is_as_meant())
}

fn lane(label: &str, positions: impl Iterator<Item = i32>, fate: impl Fn(i32) -> Fate) -> Lane {
    let marks = positions.map(|position| Mark { position, fate: fate(position) }).collect();
    Lane { label: label.to_owned(), marks }
}

/// Messages that were read before the leak. Observed at once and three round trips later.
fn delivered(rollback: Option<&Experiment>, sentences: &mut Vec<String>) -> Lane {
    let fates: Vec<Fate> =
        rollback.iter().flat_map(|e| &e.outcome).map(|s| fate(&s.seen)).collect();
    sentences.push(
        match &fates[..] {
            [] => "Whether stolen state opens messages already read was not observed.",
            fates if fates.contains(&Fate::Open) => "Stolen state opens messages already read.",
            fates if fates.contains(&Fate::Unknown) => {
                "Whether stolen state opens messages already read could not be told."
            }
            _ => "Stolen state does not open messages already read.",
        }
        .to_owned(),
    );
    let at = |position| match (position, &fates[..]) {
        (0, [now, ..]) => *now,
        (-3, [_, late, ..]) => *late,
        _ => Fate::Unknown,
    };
    lane("read before the leak", [-3, 0].into_iter(), at)
}

/// Messages sent before the leak that never arrived.
fn undelivered(window: Option<&Experiment>, sentences: &mut Vec<String>) -> Lane {
    let measured: Option<WindowMeasured> = window.and_then(|e| e.measured().ok());
    sentences.push(match &measured {
        None => "How long an undelivered message stays readable was not observed.".to_owned(),
        Some(m) => match m.gone_at {
            Some(gone) => format!(
                "A message that never arrived stays readable through {} further receiving chains \
                 and is gone at {gone}.",
                m.readable_through
            ),
            None => format!(
                "A message that never arrived was still readable after {} further receiving chains.",
                m.readable_through
            ),
        },
    });
    let at = |position: i32| {
        let further = u64::from(position.unsigned_abs());
        match &measured {
            Some(m) if further <= m.readable_through => Fate::Open,
            Some(m) if m.gone_at.is_some_and(|gone| further >= gone) => Fate::Closed,
            _ => Fate::Unknown,
        }
    };
    lane("sent before the leak, never arrived", -SPAN..=0, at)
}

/// Messages sent after the leak.
fn afterwards(heals: Option<&Experiment>, sentences: &mut Vec<String>) -> Lane {
    let measured: Option<HealsMeasured> = heals.and_then(|e| e.measured().ok());
    sentences.push(match &measured {
        None => "Whether the ratchet leaves a thief behind was not observed.".to_owned(),
        Some(m) => match m.healed_after {
            Some(n) => format!("A copy of the state reads no more after {n} honest round trip(s)."),
            None => format!("A copy of the state still read after {} honest round trips.", m.tried),
        },
    });
    let at = |position: i32| {
        let round = u64::from(position.unsigned_abs());
        match &measured {
            Some(m) if m.healed_after.is_some_and(|n| round >= n) => Fate::Closed,
            Some(m) if round <= m.tried => Fate::Open,
            _ => Fate::Unknown,
        }
    };
    lane("sent after the leak", 1..=SPAN, at)
}

fn fate(seen: &Seen) -> Fate {
    match seen {
        Seen::Delivered { .. } => Fate::Open,
        Seen::Refused { .. } => Fate::Closed,
        _ => Fate::Unknown,
    }
}
