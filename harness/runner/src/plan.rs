//! What a run will do.

use hallmark_model::{CheckId, Selection, Standard, selection::BadSelector};

use crate::{CheckInfo, Prober, Scene, Suite};

/// One suite's share of a run.
pub struct Work<'a> {
    /// The suite.
    pub suite: &'a dyn Suite,
    /// How it reaches the candidate.
    pub prober: &'a dyn Prober,
    /// Its selected checks.
    pub checks: Vec<CheckId>,
}

/// What a run will do, in order.
pub struct Plan<'a> {
    /// Everyday work of the candidate, played before the first probe.
    pub scenes: Vec<&'a dyn Scene>,
    /// The suites that have something to do.
    pub work: Vec<Work<'a>>,
    /// Checks that were selected, and that no prober was handed anything for.
    pub left_out: Vec<CheckId>,
    /// Every check that the house knows, for titles.
    pub catalogue: Vec<CheckInfo>,
}

/// Why there is nothing to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A selector cannot be read.
    #[error(transparent)]
    Selector(#[from] BadSelector),
    /// Nothing is left.
    #[error("the selection matches no check; `hallmark list` shows what there is")]
    NothingSelected,
    /// What is left has nothing to look at.
    #[error("nothing was handed in that {0} could look at")]
    NothingHandedIn(CheckId),
}

impl<'a> Plan<'a> {
    /// Chooses the checks of each suite.
    ///
    /// # Errors
    ///
    /// When a selector cannot be read or nothing is selected.
    pub fn new(
        suites: &[(&'a dyn Suite, &'a dyn Prober)],
        catalogue: Vec<CheckInfo>,
        selection: &Selection,
        standard: &Standard,
    ) -> Result<Self, PlanError> {
        let mut work = Vec::new();
        let mut left_out = Vec::new();
        for &(suite, prober) in suites {
            let available: Vec<_> = suite.checks().into_iter().map(|check| check.id).collect();
            let chosen = selection.choose(&available, standard)?;
            let (checks, without): (Vec<_>, Vec<_>) =
                chosen.into_iter().partition(|check| prober.covers(check));
            left_out.extend(without);
            if !checks.is_empty() {
                work.push(Work { suite, prober, checks });
            }
        }
        if work.is_empty() {
            return Err(match left_out.first() {
                Some(check) => PlanError::NothingHandedIn(check.clone()),
                None => PlanError::NothingSelected,
            });
        }
        Ok(Self { scenes: Vec::new(), work, left_out, catalogue })
    }

    /// The same, with a scene to play first.
    #[must_use]
    pub fn after(mut self, scene: &'a dyn Scene) -> Self {
        self.scenes.push(scene);
        self
    }

    /// How many checks will be decided.
    #[must_use]
    pub fn checks(&self) -> usize {
        self.work.iter().map(|work| work.checks.len()).sum()
    }
}
