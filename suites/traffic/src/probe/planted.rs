//! Planted texts: from the user's words to ids, and from hits to facts.

use hallmark_capture::{Canary, Hit, Hunter};
use hallmark_model::Sha256;
use hallmark_runner::Planted as Text;
use ring::digest;

use crate::facts::{self, Layer, Place, Planted, Side};

/// What will be looked for.
pub(super) struct Texts {
    pub(super) canaries: Vec<Named>,
    pub(super) controls: Vec<Named>,
    /// Texts that cannot be looked for.
    pub(super) problems: Vec<String>,
}

/// A text with its id, and what it was planted as.
pub(super) struct Named {
    pub(super) canary: Canary,
    what: Option<String>,
}

/// Names texts in the order given.
pub(super) fn texts(canaries: &[Text], controls: &[Text]) -> Texts {
    let mut problems = Vec::new();
    let mut named = |kind: &str, texts: &[Text]| -> Vec<Named> {
        let name = |(n, Text { text, what }): (usize, &Text)| {
            Canary::new(format!("{kind}-{}", n + 1), text.as_str())
                .inspect_err(|error| problems.push(format!("not looked for: {error}")))
                .map(|canary| Named { canary, what: what.clone() })
                .ok()
        };
        texts.iter().enumerate().filter_map(name).collect()
    };
    let (canaries, controls) = (named("canary", canaries), named("control", controls));
    Texts { canaries, controls, problems }
}

/// What was found of each text, canaries first.
pub(super) struct Found {
    found: Vec<Vec<facts::Found>>,
    more: Vec<u64>,
}

impl Found {
    pub(super) fn new(texts: usize) -> Self {
        Self { found: vec![Vec::new(); texts], more: vec![0; texts] }
    }

    pub(super) fn in_transit(&mut self, hunter: &Hunter) {
        self.add(hunter, 0);
    }

    pub(super) fn at_rest(&mut self, hunters: &[Hunter]) {
        (0..).zip(hunters).for_each(|(storage, hunter)| self.add(hunter, storage));
    }

    fn add(&mut self, hunter: &Hunter, storage: u64) {
        let texts = self.found.iter_mut().zip(&mut self.more).enumerate();
        for (text, (found, more)) in texts {
            let before = found.len();
            let hits = hunter.hits().iter().filter(|hit| hit.canary == text);
            found.extend(hits.map(|hit| told(hit, storage)));
            let listed = (found.len() - before) as u64;
            *more = more.saturating_add(hunter.total(text).saturating_sub(listed));
        }
    }

    /// The facts on canaries and on controls.
    pub(super) fn facts(
        self,
        canaries: &[Named],
        controls: &[Named],
    ) -> (Vec<Planted>, Vec<Planted>) {
        let all = canaries.iter().chain(controls).zip(self.found.into_iter().zip(self.more));
        let mut planted = all.map(|(Named { canary, what }, (found, more))| Planted {
            id: canary.id().to_owned(),
            what: what.clone(),
            sha256: sha256(canary.text().as_bytes()),
            found,
            more,
        });
        let of_canaries = planted.by_ref().take(canaries.len()).collect();
        (of_canaries, planted.collect())
    }
}

fn told(hit: &Hit, storage: u64) -> facts::Found {
    let place = match &hit.place {
        hallmark_capture::Place::Flow { flow, side, layer } => Place::Flow {
            flow: *flow,
            side: match side {
                hallmark_capture::Side::Client => Side::Client,
                hallmark_capture::Side::Server => Side::Server,
            },
            layer: match layer {
                hallmark_capture::Layer::Raw => Layer::Raw,
                hallmark_capture::Layer::Decrypted => Layer::Decrypted,
            },
        },
        hallmark_capture::Place::File(path) => Place::File { storage, path: path.clone() },
        hallmark_capture::Place::FileName(path) => Place::Name { storage, path: path.clone() },
    };
    facts::Found { place, encoding: hit.encoding.to_owned(), offset: hit.offset }
}

pub(super) fn sha256(bytes: &[u8]) -> Sha256 {
    let mut digest = [0; 32];
    digest.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    Sha256::from_bytes(digest)
}
