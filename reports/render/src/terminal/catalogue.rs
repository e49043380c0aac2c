//! `hallmark list` and `hallmark explain`: what a standard asks, before anything is run.

use hallmark_model::{CheckId, Requirement, Standard};

use super::{Paint, Style, layout::Page};
use crate::words;

/// Every requirement of `standard`, one per entry, clauses and house rules apart.
#[must_use]
pub fn requirement_list(standard: &Standard, style: Style) -> String {
    let mut page = Page::new(style);
    let document = &standard.document;
    page.hang("", 2, &format!("{}/{}  {}", document.id, document.version, document.title));
    for (title, house_rules) in [("Clauses", false), ("House rules", true)] {
        page.gap();
        page.line(&style.paint(Paint::Bold, title));
        for row in standard.requirements.iter().filter(|r| r.is_house_rule() == house_rules) {
            let id = row.id.as_str();
            page.hang(&format!("  {id:<22}  "), 26.max(id.len() + 4), &row.title);
            page.hang(&format!("{:26}", ""), 26, &facets(row));
        }
    }
    page.finish()
}

/// `should · decides · 3 checks`.
fn facets(row: &Requirement) -> String {
    let how = if row.is_declared_only() {
        "declaration only".to_owned()
    } else {
        words::count(row.checks.len(), "check", "checks")
    };
    let level = words::level(row.level).to_lowercase();
    format!("{level}; {}; {how}", words::gate(row.gate, row.blocks()).to_lowercase())
}

/// One requirement: its clause, why it matters, and how it is decided.
#[must_use]
pub fn explain_requirement(row: &Requirement, style: Style) -> String {
    let mut page = Page::new(style);
    let id = style.paint(Paint::Bold, row.id.as_str());
    page.hang(&format!("{id}  "), row.id.as_str().len() + 2, &row.title);
    page.gap();
    page.field("asks", &row.clause.paraphrase);
    page.field("level", words::level(row.level));
    page.field("document", &row.clause.document);
    page.field("published", &row.clause.published);
    page.field("place", &row.clause.reference);
    if let Some(url) = &row.clause.url {
        page.copyable("read at", url);
    }
    page.field("source", words::provenance(row.provenance));
    page.field("counts", words::gate(row.gate, row.blocks()));
    page.gap();
    page.field("why", &row.why);
    page.field("remedy", &row.remedy);
    page.gap();
    let kinds: Vec<_> = row.evidence.iter().map(|kind| words::evidence(*kind)).collect();
    page.field("evidence", &kinds.join("; or "));
    if row.is_declared_only() {
        page.field("decided", "by a declaration: a named person, a document and a last day");
    }
    for (index, check) in row.checks.iter().enumerate() {
        page.field(if index == 0 { "decided" } else { "" }, &format!("by check {check}"));
    }
    if !row.is_declared_only() {
        page.copyable("try", &format!("hallmark run --only {}", row.id));
    }
    page.finish()
}

/// One check: what it tests (`title`, from its suite) and the requirements that it decides.
#[must_use]
pub fn explain_check(check: &CheckId, title: &str, standard: &Standard, style: Style) -> String {
    let mut page = Page::new(style);
    let id = style.paint(Paint::Bold, check.as_str());
    page.hang(&format!("{id}  "), check.as_str().len() + 2, title);
    page.gap();
    page.field("suite", words::suite(check.suite()));
    let mut rows = standard.decided_by(check).peekable();
    if rows.peek().is_none() {
        page.field("decides", "no requirement of this standard");
    }
    for row in rows {
        page.field("decides", &format!("{}  {}", row.id, row.title));
        page.field("", &row.why);
    }
    page.copyable("try", &format!("hallmark run --only {check}"));
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_list_of_a_standard() {
        insta::assert_snapshot!(requirement_list(&samples::standard(), Style::PLAIN));
    }

    #[test]
    fn an_explained_requirement() {
        let standard = samples::standard();
        let explained: Vec<_> = standard
            .requirements
            .iter()
            .map(|row| explain_requirement(row, Style::PLAIN))
            .collect();
        insta::assert_snapshot!(explained.join("\n---\n"));
    }

    #[test]
    fn an_explained_check() {
        let standard = samples::standard();
        let (known, other) = (samples::check("rollback"), samples::check("nothing-asks"));
        insta::assert_snapshot!(format!(
            "{}\n---\n{}",
            explain_check(&known, "Restoring a later state", &standard, Style::PLAIN),
            explain_check(&other, "A check that no row names", &standard, Style::PLAIN),
        ));
    }
}
