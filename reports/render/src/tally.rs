//! How many rows of one half ended how.

use hallmark_model::{Overlay, Verdict, report::Row};

/// One half of the answer in numbers. Every deciding row is counted once; a headline rests on
/// these rows alone, so rows that are only reported are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Met by a test, with or without a warning.
    pub(crate) pass: usize,
    /// Of those, met with a warning.
    pub(crate) warnings: usize,
    /// Not met.
    pub(crate) fail: usize,
    /// Neither met nor failed, and nobody declared it.
    pub(crate) undetermined: usize,
    /// Not tested; a named person declares it.
    pub(crate) declared: usize,
    /// Does not concern the candidate.
    pub(crate) not_applicable: usize,
    /// Rows that are only reported, whatever their verdict.
    pub(crate) reported: usize,
    /// Of those, not met.
    pub(crate) reported_fail: usize,
}

impl Tally {
    /// Counts the rows of one half.
    pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a Row>, house_rules: bool) -> Self {
        let mut tally = Self::default();
        for row in rows.into_iter().filter(|row| row.is_house_rule() == house_rules) {
            tally.add(row);
        }
        tally
    }

    fn add(&mut self, row: &Row) {
        if !row.blocks() {
            self.reported += 1;
            self.reported_fail += usize::from(row.verdict == Verdict::Fail);
            return;
        }
        match row.verdict {
            Verdict::Pass | Verdict::PassEquivalent => self.pass += 1,
            Verdict::Warn => {
                self.pass += 1;
                self.warnings += 1;
            }
            Verdict::Fail => self.fail += 1,
            Verdict::NotApplicable => self.not_applicable += 1,
            verdict if is_declared(row, verdict) => self.declared += 1,
            _ => self.undetermined += 1,
        }
    }

    /// How many rows decide.
    pub(crate) fn deciding(&self) -> usize {
        self.pass + self.fail + self.undetermined + self.declared + self.not_applicable
    }
}

/// Whether somebody's word stands where no test does.
fn is_declared(row: &Row, verdict: Verdict) -> bool {
    row.overlays.iter().any(|overlay: &Overlay| overlay.answers(verdict))
}
