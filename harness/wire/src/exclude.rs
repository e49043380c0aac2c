//! What a server accepts, and in which order, found from its picks.
//!
//! Everything here takes `ask`, which puts one question – a list of offers – and names the server's
//! pick. It works for cipher suites, groups and signature schemes alike.

use hallmark_tls::CipherSuite;

use crate::{Refusal, together};

/// Most offers in one hello that every server bears. Some refuse, or even ignore, longer ones.
const CHUNK: usize = 64;

/// What exclusion found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excluded<T = CipherSuite> {
    /// What the server accepted: `lanes`, one after the other.
    pub accepted: Vec<T>,
    /// Offers that never got a clear answer, with the reason.
    pub unknown: Vec<(Vec<T>, Refusal)>,
    /// What was accepted by lane, each in the order of the server's picks.
    pub lanes: Vec<Vec<T>>,
}

impl<T> Default for Excluded<T> {
    fn default() -> Self {
        Self { accepted: Vec::new(), unknown: Vec::new(), lanes: Vec::new() }
    }
}

/// Finds every one of `offers` that the server accepts, by exclusion in interleaved lanes: what the
/// server picks is taken out, until it refuses. `ask` puts one question and names the pick.
///
/// Costs one connection for each offer that is accepted, and one for each lane. Where a lane of more
/// than 64 offers is refused at once, it is asked again in parts of 64: some servers bear no more.
///
/// Returns what was accepted, each lane in the server's order, and what could not be told. That
/// the rest was refused means something only if the server accepted anything anywhere.
pub async fn exclude<T, F>(offers: &[T], lanes: usize, ask: impl Fn(Vec<T>) -> F) -> Excluded<T>
where
    T: Copy + Eq,
    F: Future<Output = Result<T, Refusal>>,
{
    let found =
        together(interleaved(offers, lanes).into_iter().map(|lane| whole(lane, &ask))).await;
    let mut excluded = Excluded::default();
    for (accepted, unknown) in found {
        excluded.accepted.extend_from_slice(&accepted);
        if !accepted.is_empty() {
            excluded.lanes.push(accepted);
        }
        excluded.unknown.extend(unknown);
    }
    excluded
}

/// Splits offers so that each lane has a share of every kind. No lane is empty, no offer twice.
fn interleaved<T: Copy + Eq>(offers: &[T], lanes: usize) -> Vec<Vec<T>> {
    let mut distinct = Vec::with_capacity(offers.len());
    for offer in offers {
        if !distinct.contains(offer) {
            distinct.push(*offer);
        }
    }
    let lanes = lanes.clamp(1, distinct.len().max(1));
    let lane = |first| distinct.iter().skip(first).step_by(lanes).copied().collect::<Vec<_>>();
    (0..lanes).map(lane).filter(|lane| !lane.is_empty()).collect()
}

type Found<T> = (Vec<T>, Vec<(Vec<T>, Refusal)>);

/// A lane, in parts where it is too long for the server.
async fn whole<T, F>(lane: Vec<T>, ask: &impl Fn(Vec<T>) -> F) -> Found<T>
where
    T: Copy + Eq,
    F: Future<Output = Result<T, Refusal>>,
{
    let mut accepted = Vec::new();
    let refusal = run(lane.clone(), ask, &mut accepted).await;
    let is_too_long = accepted.is_empty()
        && lane.len() > CHUNK
        && refusal.as_ref().is_none_or(|(_, refusal)| !refusal.is_of_the_line());
    if !is_too_long {
        return (accepted, refusal.into_iter().collect());
    }
    let mut unknown = Vec::new();
    for chunk in lane.chunks(CHUNK) {
        unknown.extend(run(chunk.to_vec(), ask, &mut accepted).await);
    }
    (accepted, unknown)
}

/// One chain of questions, until the server says no. Returns what is left where it says anything
/// else.
async fn run<T, F>(
    mut offers: Vec<T>,
    ask: &impl Fn(Vec<T>) -> F,
    accepted: &mut Vec<T>,
) -> Option<(Vec<T>, Refusal)>
where
    T: Copy + Eq,
    F: Future<Output = Result<T, Refusal>>,
{
    while !offers.is_empty() {
        match ask(offers.clone()).await {
            Ok(pick) => match offers.iter().position(|offer| *offer == pick) {
                Some(position) => accepted.push(offers.remove(position)),
                None => return Some((offers, unoffered())),
            },
            Err(refusal) if refusal.is_no() => return None,
            Err(refusal) => return Some((offers, refusal)),
        }
    }
    None
}

fn unoffered() -> Refusal {
    Refusal::Malformed("the server chose what was not offered".to_owned())
}

/// Whose order decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The server's: it picked the same from a list and from its reverse.
    Server,
    /// The client's: both times the first of the list.
    Client,
    /// Neither: the server has favourites that depend on the client's order.
    Mixed,
    /// Fewer than two to choose from.
    NoChoice,
    /// The server did not pick.
    Unknown(Refusal),
}

/// Finds out whose order decides among what the server accepts: two questions, at the same time.
pub async fn preference<T, F>(accepted: &[T], ask: impl Fn(Vec<T>) -> F) -> Preference
where
    T: Copy + Eq,
    F: Future<Output = Result<T, Refusal>>,
{
    let [first, .., last] = accepted else { return Preference::NoChoice };
    let reversed = accepted.iter().rev().copied().collect();
    let picks = together([ask(accepted.to_vec()), ask(reversed)]).await;
    match picks.as_slice() {
        [Ok(forward), Ok(backward)] => {
            if !accepted.contains(forward) || !accepted.contains(backward) {
                Preference::Unknown(unoffered())
            } else if forward == backward {
                Preference::Server
            } else if forward == first && backward == last {
                Preference::Client
            } else {
                Preference::Mixed
            }
        }
        [Err(refusal), _] | [_, Err(refusal)] => Preference::Unknown(refusal.clone()),
        _ => Preference::NoChoice,
    }
}

/// Merges lanes, each in the server's order, into one in the server's order, by asking for the first
/// of each lane again and again. Means something only where the order is the server's.
///
/// Costs at most one connection for each offer; none where there is one lane.
///
/// # Errors
///
/// When the server does not pick one of them.
pub async fn merge<T, F>(lanes: &[Vec<T>], ask: impl Fn(Vec<T>) -> F) -> Result<Vec<T>, Refusal>
where
    T: Copy + Eq,
    F: Future<Output = Result<T, Refusal>>,
{
    let mut lanes: Vec<&[T]> = lanes.iter().map(Vec::as_slice).collect();
    let mut merged = Vec::new();
    loop {
        lanes.retain(|lane| !lane.is_empty());
        if let [] | [_] = lanes.as_slice() {
            merged.extend(lanes.into_iter().flatten());
            return Ok(merged);
        }
        let pick = ask(lanes.iter().filter_map(|lane| lane.first().copied()).collect()).await?;
        let lane =
            lanes.iter_mut().find(|lane| lane.first() == Some(&pick)).ok_or_else(unoffered)?;
        merged.push(pick);
        *lane = lane.get(1..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use hallmark_tls::AlertDescription;
    use proptest::prelude::*;

    use super::*;

    const NO: Refusal = Refusal::Alert(AlertDescription(40));

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    /// A server with an order of its own.
    fn ordered(order: &[u16]) -> impl Fn(Vec<u16>) -> std::future::Ready<Result<u16, Refusal>> {
        |offers| {
            let pick = order.iter().copied().find(|value| offers.contains(value));
            std::future::ready(pick.ok_or(NO))
        }
    }

    proptest! {
        #[test]
        fn finds_exactly_what_is_accepted(
            offers in proptest::collection::hash_set(0..400_u16, 0..200),
            order in proptest::collection::hash_set(0..400_u16, 0..40),
            lanes in 0..12_usize,
        ) {
            let (offers, order) = (Vec::from_iter(offers), Vec::from_iter(order));
            let asked = Cell::new(0);
            let server = ordered(&order);
            let ask = |offers: Vec<u16>| {
                asked.set(asked.get() + 1);
                server(offers)
            };
            let found = wait(exclude(&offers, lanes, ask));
            let expected: Vec<_> = order.iter().filter(|value| offers.contains(value)).collect();
            prop_assert_eq!(&found.unknown, &[]);
            prop_assert_eq!(found.accepted.len(), expected.len());
            prop_assert!(expected.iter().all(|value| found.accepted.contains(value)));
            let chunks = offers.len().div_ceil(64) + lanes;
            prop_assert!(asked.get() <= found.accepted.len() + lanes.max(1) + chunks);
            let merged = wait(merge(&found.lanes, ordered(&order))).unwrap();
            prop_assert!(merged.iter().eq(expected));
        }
    }

    #[test]
    fn a_lane_is_a_share_of_everything() {
        assert_eq!(interleaved(&[1, 2, 3, 4, 5, 1], 2), [vec![1, 3, 5], vec![2, 4]]);
        assert_eq!(interleaved(&[1, 2], 8), [vec![1], vec![2]]);
        assert_eq!(interleaved::<u16>(&[], 8), Vec::<Vec<u16>>::new());
        assert_eq!(interleaved(&[1, 2], 0), [vec![1, 2]]);
    }

    #[test]
    fn what_was_not_clearly_refused_is_unknown() {
        // Answers until there are three left.
        let ask = |offers: Vec<u16>| async move {
            if offers.len() > 3 { Ok(offers[0]) } else { Err(Refusal::Timeout) }
        };
        let found = wait(exclude(&[1, 2, 3, 4, 5], 1, ask));
        assert_eq!(found.accepted, [1, 2]);
        assert_eq!(found.unknown, [(vec![3, 4, 5], Refusal::Timeout)]);
    }

    #[test]
    fn a_choice_that_was_not_offered_ends_the_lane() {
        let ask =
            |offers: Vec<u16>| async move { Ok(if offers.len() > 2 { offers[1] } else { 99 }) };
        let found = wait(exclude(&[1, 2, 3], 1, ask));
        assert_eq!(found.accepted, [2]);
        assert_eq!(found.unknown, [(vec![1, 3], unoffered())]);
        assert_eq!(wait(merge(&[vec![1], vec![2]], |_| async { Ok(3) })), Err(unoffered()));
        assert_eq!(
            wait(preference(&[1, 2], |_| async { Ok(3) })),
            Preference::Unknown(unoffered())
        );
    }

    #[test]
    fn long_lists_are_asked_in_parts_where_they_are_refused() {
        for refusal in [NO, Refusal::Timeout] {
            let lengths = RefCell::new(Vec::new());
            let ask = |offers: Vec<u16>| {
                lengths.borrow_mut().push(offers.len());
                let answer = if offers.len() > 64 {
                    Err(refusal.clone())
                } else {
                    offers.into_iter().find(|value| value % 70 == 69).ok_or(NO)
                };
                async { answer }
            };
            let offers: Vec<_> = (0..150).collect();
            let found = wait(exclude(&offers, 1, ask));
            assert_eq!((found.accepted, found.unknown), (vec![69, 139], vec![]));
            assert_eq!(*lengths.borrow(), [150, 64, 64, 63, 22, 21]);
        }
    }

    #[test]
    fn a_line_that_is_gone_is_not_asked_in_parts() {
        let asked = Cell::new(0);
        let offers: Vec<u16> = (0..150).collect();
        let found = wait(exclude(&offers, 1, |_| {
            asked.set(asked.get() + 1);
            async { Err(Refusal::BudgetSpent) }
        }));
        assert_eq!(found.unknown, [(offers.clone(), Refusal::BudgetSpent)]);
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn whose_order_decides() {
        assert_eq!(wait(preference(&[3, 1, 2], ordered(&[1, 2, 3]))), Preference::Server);
        assert_eq!(
            wait(preference(&[3, 1, 2], |list| async move { Ok(list[0]) })),
            Preference::Client
        );
        // Prefers 3 where the client does, otherwise its own order.
        let favourite = |list: Vec<u16>| async move { Ok(if list[0] == 3 { 3 } else { 1 }) };
        assert_eq!(wait(preference(&[3, 1, 2], favourite)), Preference::Mixed);
        assert_eq!(wait(preference(&[3], favourite)), Preference::NoChoice);
        let silent = |_| async { Err(Refusal::Timeout) };
        assert_eq!(wait(preference(&[3, 1], silent)), Preference::Unknown(Refusal::Timeout));
    }
}
