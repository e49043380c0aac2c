//! From rows to an exit code.

use hallmark_model::{
    CheckId, ExitCode, Overlay, Verdict,
    candidate::{FailOn, GateSettings},
    report::Row,
};

/// Which rows the gate looks at.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Every blocking row of the standard: the whole candidate.
    Standard,
    /// Only rows that these checks help to decide, and of those rows only these checks: one
    /// suite, or a selection.
    Checks(&'a [CheckId]),
}

/// The exit code that the blocking rows ask for.
///
/// A waived row keeps its verdict, and the headline counts it; only the gate lets it through.
#[must_use]
pub fn gate(rows: &[Row], scope: Scope<'_>, settings: &GateSettings) -> ExitCode {
    ExitCode::most_telling(
        rows.iter()
            .filter(|row| row.blocks())
            .filter(|row| !row.overlays.iter().any(|o| matches!(o, Overlay::Waived { .. })))
            .filter_map(|row| Some((row, in_scope(row, scope)?)))
            .map(|(row, verdict)| code(row, verdict, settings)),
    )
}

/// The verdict of the row within the scope; none where the scope leaves nothing of it.
fn in_scope(row: &Row, scope: Scope<'_>) -> Option<Verdict> {
    match scope {
        Scope::Standard => Some(row.verdict),
        Scope::Checks(checks) => {
            let mut verdicts = row
                .checks
                .iter()
                .filter(|check| checks.contains(&check.id))
                .map(|check| check.verdict)
                .peekable();
            verdicts.peek()?;
            Some(Verdict::of_checks(verdicts))
        }
    }
}

fn code(row: &Row, verdict: Verdict, settings: &GateSettings) -> ExitCode {
    let shut_on = |kind| settings.fail_on.contains(&kind);
    let answered = row.overlays.iter().any(|overlay| overlay.answers(verdict));
    match verdict {
        Verdict::Fail => ExitCode::NotMet,
        Verdict::Warn if shut_on(FailOn::Warn) => ExitCode::NotMet,
        Verdict::Inconclusive | Verdict::Error if shut_on(FailOn::Inconclusive) => {
            ExitCode::NotDetermined
        }
        Verdict::NotTested if shut_on(FailOn::NotTested) && !answered => ExitCode::NotDetermined,
        _ => ExitCode::Ok,
    }
}
