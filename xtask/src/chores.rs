//! Chores that are one cargo command.

use crate::steps::Step;

/// Asks the fault matrix to break each check in turn.
pub(crate) const SABOTAGE_VARIABLE: &str = "HALLMARK_SABOTAGE";

/// Whether the fault matrix breaks each check in turn.
pub(crate) enum Sabotage {
    Yes,
    No,
}

/// What to do with generated files.
pub(crate) enum Generated {
    Write,
    Compare,
}

/// Every fault turns exactly the checks that it declares.
pub(crate) fn fault_matrix(sabotage: Sabotage) -> Step {
    let step = Step::cargo(&[
        "test",
        "--release",
        "--workspace",
        "--test",
        "fault_matrix",
        "--",
        "--nocapture",
    ]);
    match sabotage {
        Sabotage::Yes => step.with(SABOTAGE_VARIABLE, "1"),
        Sabotage::No => step,
    }
}

/// Accepts what the tests print now.
pub(crate) fn bless() -> Step {
    Step::cargo(&["test", "--release", "--workspace"])
        .with("INSTA_UPDATE", "always")
        .with("HALLMARK_BLESS", "1")
}

/// Writes or compares the published schemas.
pub(crate) fn generate(generated: Generated) -> Step {
    let step = Step::cargo(&["test", "--release", "-p", "hallmark-bundle", "schema"]);
    match generated {
        Generated::Write => step.with("HALLMARK_BLESS", "1"),
        Generated::Compare => step,
    }
}
