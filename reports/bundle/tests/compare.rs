//! Bundles side by side: what is grouped where, and that no stranger's report can upset it.

mod sample;

use hallmark_bundle::{
    CompareError, Comparison,
    compare::{Contradiction, Entry, Group, Laid, MOST, Signer},
    schema,
};
use hallmark_model::{
    Headline, Overlay, Report, Verdict,
    report::{Counts, Row},
    requirement::{Gate, Level},
};
use proptest::{prelude::*, sample::select};
use sample::{complete, incomplete};
use serde_json::Value;

fn of(reports: &[Report]) -> Result<Comparison, CompareError> {
    let entries: Vec<_> = reports
        .iter()
        .enumerate()
        .map(|(n, report)| Entry { bundle: format!("bundle-{n}"), report, signers: vec![] })
        .collect();
    Comparison::of(&entries)
}

/// A report of these rows: id, gate, verdict, whether it is declared.
fn report(rows: &[(&str, Gate, Verdict, bool)]) -> Report {
    let mut report = complete();
    let (tested, declared) = (report.requirements[0].clone(), report.requirements[1].clone());
    report.requirements = rows
        .iter()
        .map(|(id, gate, verdict, is_declared)| {
            let mut row = Row { id: id.parse().unwrap(), gate: *gate, ..tested.clone() };
            row.verdict = *verdict;
            row.checks[0].verdict = *verdict;
            row.checks[0].why = format!("because of {verdict}");
            if *is_declared {
                row.overlays.clone_from(&declared.overlays);
            }
            row
        })
        .collect();
    settled(report)
}

/// The same with headline and counts as its rows give them.
fn settled(mut report: Report) -> Report {
    report.headline = Headline::of(&report.requirements, report.run.complete);
    report.counts = Counts::of(&report.requirements);
    report
}

/// Group and id of each row, in order.
fn order(comparison: &Comparison) -> Vec<(Group, &str)> {
    comparison.rows.iter().map(|row| (row.group, row.id.as_str())).collect()
}

#[test]
fn rows_that_differ_come_first_then_what_nobody_determined() {
    use Gate::{Block, Report as Only};
    use Verdict::{Error, Fail, Inconclusive, NotApplicable, NotTested, Pass, Warn};
    let a = report(&[
        ("D/SAME-1", Block, Pass, false),
        ("D/OPEN-1", Block, NotTested, false),
        ("D/OPEN-2", Only, NotTested, false),
        ("D/WARN-1", Block, Pass, false),
        ("D/SIDE-1", Only, Pass, false),
        ("D/FAIL-1", Block, Pass, false),
        ("D/WORD-1", Block, NotTested, true),
        ("D/NONE-1", Block, NotApplicable, false),
        ("D/FAIL-2", Block, Fail, false),
    ]);
    let b = report(&[
        ("D/SAME-1", Block, Pass, false),
        ("D/OPEN-1", Block, Inconclusive, false),
        ("D/OPEN-2", Only, Error, false),
        ("D/WARN-1", Block, Warn, false),
        ("D/SIDE-1", Only, Fail, false),
        ("D/FAIL-1", Block, Fail, false),
        ("D/WORD-1", Block, NotTested, false),
        ("D/NONE-1", Block, NotTested, false),
        ("D/FAIL-2", Block, Fail, false),
    ]);
    let comparison = of(&[a, b]).unwrap();
    assert!(comparison.same_standard);
    assert_eq!(
        order(&comparison),
        [
            (Group::Differ, "D/FAIL-1"),
            (Group::Differ, "D/WARN-1"),
            (Group::Differ, "D/WORD-1"),
            (Group::Differ, "D/NONE-1"),
            (Group::Differ, "D/SIDE-1"),
            (Group::NobodyDetermined, "D/OPEN-1"),
            (Group::Alike, "D/FAIL-2"),
            (Group::Alike, "D/SAME-1"),
            (Group::Alike, "D/OPEN-2"),
        ]
    );
    assert_eq!(comparison.group(Group::Differ).count(), 5);
}

#[test]
fn a_column_says_what_rests_on_words_and_what_is_not_known() {
    let a = report(&[
        ("D/A-1", Gate::Report, Verdict::NotTested, false),
        ("D/A-2", Gate::Block, Verdict::NotTested, false),
        ("D/A-3", Gate::Block, Verdict::NotTested, true),
        ("D/A-4", Gate::Block, Verdict::Inconclusive, true),
        ("D/A-5", Gate::Block, Verdict::Pass, true),
        ("D/A-6", Gate::Block, Verdict::Fail, false),
    ]);
    let comparison = of(&[a.clone(), settled(complete())]).unwrap();
    let column = &comparison.candidates[0];
    let declared: Vec<_> =
        column.declared.iter().map(|d| (d.requirement.id.as_str(), d.answers)).collect();
    assert_eq!(declared, [("D/A-3", true), ("D/A-4", false), ("D/A-5", false)]);
    let open: Vec<_> = column
        .not_determined
        .iter()
        .map(|open| {
            let ids: Vec<_> = open.requirements.iter().map(|row| row.id.as_str()).collect();
            (open.reason.as_str(), ids)
        })
        .collect();
    assert_eq!(
        open,
        [
            ("because of not-tested", vec!["D/A-2", "D/A-1"]),
            ("because of inconclusive", vec!["D/A-4"]),
        ]
    );
    let counts = column.counts.house_rules;
    assert_eq!((counts.met, counts.failed, counts.declared, counts.not_determined), (1, 1, 1, 2));
    assert_eq!(column.headline, a.headline);
    let row = comparison.rows.iter().find(|row| row.id.as_str() == "D/A-3").unwrap();
    let cell = row.cells[0].as_ref().unwrap();
    assert!(matches!(cell.overlays[..], [Laid::Declared { answers: true, .. }]));
    assert_eq!(row.cells[1], None);
}

#[test]
fn a_row_that_nobody_answered_says_who_could() {
    let mut silent = complete();
    silent.requirements[1].overlays.clear();
    let comparison = of(&[settled(silent), complete()]).unwrap();
    let reasons = &comparison.candidates[0].not_determined;
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].reason.contains("only a person can answer it"), "{reasons:?}");
    assert!(comparison.candidates[1].not_determined.is_empty());
}

#[test]
fn other_editions_are_compared_by_id_and_it_is_said() {
    let mut other = complete();
    other.standard.version = "2".into();
    other.requirements[0].title = "Reworded".into();
    other.requirements[1].level = Level::Should;
    let comparison = of(&[complete(), settled(other)]).unwrap();
    assert!(!comparison.same_standard);
    assert!(comparison.rows.iter().all(|row| !row.same_demand));
    assert_eq!(comparison.rows[0].title, complete().requirements[0].title);
    assert!(of(&[complete(), complete()]).unwrap().rows.iter().all(|row| row.same_demand));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    assert_eq!(of(&[complete()]), Err(CompareError::Number(1)));
    assert_eq!(of(&vec![complete(); MOST + 1]), Err(CompareError::Number(MOST + 1)));
    assert!(of(&vec![complete(); MOST]).is_ok());
    assert_eq!(of(&[complete(), incomplete()]), Err(CompareError::Incomplete("bundle-1".into())));
    let contradiction = |change: &dyn Fn(&mut Report)| {
        let mut spoiled = complete();
        change(&mut spoiled);
        match of(&[spoiled, complete()]) {
            Err(CompareError::Contradiction { bundle, contradiction }) => (bundle, contradiction),
            other => panic!("{other:?}"),
        }
    };
    let (bundle, twice) = contradiction(&|r| r.requirements[1].id = r.requirements[0].id.clone());
    assert_eq!(bundle, "bundle-0");
    assert!(matches!(twice, Contradiction::Twice(_)));
    let (_, row) = contradiction(&|r| r.requirements[1].verdict = Verdict::Pass);
    assert!(matches!(row, Contradiction::Row { given: Verdict::NotTested, .. }));
    let (_, headline) = contradiction(&|r| r.requirements[1].overlays.clear());
    assert_eq!(headline, Contradiction::Headline);
}

#[test]
fn a_comparison_fits_its_schema() {
    let all = schema::named();
    let (_, schema) = all.iter().find(|(name, _)| *name == "compare").unwrap();
    let schema = jsonschema::draft202012::new(schema).unwrap();
    let signers = vec![Signer { subject: "CN=X".into(), role: "vendor".into() }];
    let (a, b) = (complete(), report(&[("D/A-1", Gate::Block, Verdict::Fail, true)]));
    let entry = |report| Entry { bundle: "x".into(), report, signers: signers.clone() };
    let value = serde_json::to_value(Comparison::of(&[entry(&a), entry(&b)]).unwrap()).unwrap();
    assert!(schema.is_valid(&value), "{:?}", schema.validate(&value));
    let back: Comparison = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(back).unwrap(), value);
    let mut more = value;
    more["rows"][0]["better"] = Value::Bool(true);
    assert!(!schema.is_valid(&more));
}

/// Every place in a value, as a pointer.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, v)| places(v, format!("{at}/{name}"), found));
        }
        Value::Array(entries) => {
            entries.iter().enumerate().for_each(|(n, v)| places(v, format!("{at}/{n}"), found));
        }
        _ => {}
    }
    found.push(at);
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::String),
        Just(Value::Array(vec![])),
        select(&Verdict::ALL[..]).prop_map(|v| Value::String(v.id().to_owned())),
        select(&["D/A-1", "SAMPLE/FS-1", "block", "report", "meets", "must"][..])
            .prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn an_altered_report_never_makes_it_panic(
        changes in proptest::collection::vec((any::<usize>(), any_value()), 1..4),
        settle in any::<bool>(),
    ) {
        let mut value = serde_json::to_value(complete()).unwrap();
        for (at, to) in changes {
            let mut all = Vec::new();
            places(&value, String::new(), &mut all);
            if let Some(place) = value.pointer_mut(&all[at % all.len()]) {
                *place = to;
            }
        }
        if let Ok(altered) = serde_json::from_value::<Report>(value) {
            let altered = if settle { settled(altered) } else { altered };
            for pair in [[altered.clone(), complete()], [complete(), altered.clone()]] {
                match of(&pair) {
                    Ok(comparison) => {
                        for row in &comparison.rows {
                            prop_assert_eq!(row.cells.len(), 2);
                            prop_assert!(row.cells.iter().any(Option::is_some));
                        }
                        for report in &pair {
                            prop_assert!(report.run.complete);
                        }
                    }
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_bundles_decides_no_group(
        verdicts in proptest::collection::vec(
            (select(&Verdict::ALL[..]), any::<bool>(), select(&Verdict::ALL[..]), any::<bool>(), any::<bool>()),
            1..12,
        )
    ) {
        let ids: Vec<_> = (0..verdicts.len()).map(|n| format!("D/A-{n}")).collect();
        let gate = |blocks: bool| if blocks { Gate::Block } else { Gate::Report };
        let a: Vec<_> = ids.iter().zip(&verdicts).map(|(id, v)| (id.as_str(), gate(v.4), v.0, v.1)).collect();
        let b: Vec<_> = ids.iter().zip(&verdicts).map(|(id, v)| (id.as_str(), gate(v.4), v.2, v.3)).collect();
        let (a, b) = (report(&a), report(&b));
        let (one, other) = (of(&[a.clone(), b.clone()]).unwrap(), of(&[b, a]).unwrap());
        prop_assert_eq!(order(&one), order(&other));
        for row in &one.rows {
            let same = row.cells[0] == row.cells[1];
            prop_assert!(!(same && row.group == Group::Differ), "{row:?}");
        }
    }
}

/// Overlays are told by what they are, not by how many there are.
#[test]
fn a_waiver_is_a_difference_and_changes_no_verdict() {
    let bare = report(&[("D/A-1", Gate::Block, Verdict::Fail, false)]);
    let mut waived = bare.clone();
    waived.requirements[0].overlays = vec![Overlay::Waived {
        reason: "replaced next month".into(),
        owner: "B. Person".into(),
        approved_by: "C. Person".into(),
        expires: jiff::civil::date(2027, 1, 31),
    }];
    let comparison = of(&[bare, settled(waived)]).unwrap();
    assert_eq!(order(&comparison), [(Group::Differ, "D/A-1")]);
    assert_eq!(comparison.candidates[0].headline, comparison.candidates[1].headline);
    assert_eq!(comparison.candidates[1].waived.len(), 1);
}
