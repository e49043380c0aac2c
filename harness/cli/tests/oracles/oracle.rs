//! One server, every scanner.

use std::{
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use crate::{
    compare::{Difference, Seen, compare, compare_orders},
    explained,
    scan::{self, Ours, Target},
    witness,
};

/// One server at a time: scanners judge silence by the clock.
static ALONE: Mutex<()> = Mutex::new(());

/// Scans a server with everything there is and fails on every difference that is not explained,
/// or whose explanation the server itself contradicts.
pub(crate) fn agree(target: &Target) -> Ours {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = scan::hallmark(target);
    let seen = ours.seen();
    let mut table = format!(
        "{}: {} items seen by hallmark in {} connections, {:.2} s\n",
        target.name,
        seen.accepted.len(),
        ours.facts["connections"],
        ours.took.as_secs_f64()
    );
    let mut wrong = 0;
    for (tool, theirs) in [("sslscan", scan::sslscan(target)), ("nmap", scan::nmap(target))] {
        wrong += judge(target, tool, &seen, &theirs, &mut table);
    }
    println!("{table}");
    assert_eq!(wrong, 0, "unexplained differences:\n{table}");
    ours
}

/// Writes the differences down and counts those that are not explained.
fn judge(target: &Target, tool: &str, ours: &Seen, theirs: &Seen, table: &mut String) -> usize {
    let differences = compare(ours, theirs);
    let common = ours.accepted.intersection(&theirs.accepted).count();
    let _ = writeln!(table, "  {tool}: {common} the same, {} different", differences.len());
    let mut wrong = 0;
    let mut before = "";
    for Difference { item, ours } in &differences {
        let answer = witness::ask(target, item);
        let (us, them) = if *ours { ("yes", "no") } else { ("no", "yes") };
        let ours_is_right = answer.accepted == *ours;
        let (is_fine, reason) = match explained::of(tool, item) {
            None => (false, "NOT EXPLAINED"),
            Some(it) if it.ours_is_right == ours_is_right => (true, it.reason),
            Some(_) => (false, "EXPLAINED, BUT THE SERVER SAYS OTHERWISE"),
        };
        wrong += usize::from(!is_fine);
        if reason != before {
            let _ = writeln!(table, "    {reason}");
            before = reason;
        }
        let _ = writeln!(table, "    {item}: hallmark {us}, {tool} {them}, {answer}");
    }
    for version in compare_orders(ours, theirs) {
        wrong += 1;
        let orders = [&ours.orders[&version], &theirs.orders[&version]];
        let _ = writeln!(table, "    order in {version}: NOT EXPLAINED\n      {orders:?}");
    }
    wrong
}
