//! A figure that is a table: nothing is drawn.

use hallmark_model::figure::Table;

use super::Plot;
use crate::{shown::Shown, words};

/// Rows and columns of the table. A table with more says so.
const TOLD: usize = 1000;
const COLUMNS: usize = 12;

pub(super) fn render(table: &Table) -> Plot {
    let line = |text: &String| Shown::line(text).as_str().to_owned();
    let told = table.rows.iter().take(TOLD);
    let cells = |row: &Vec<String>| row.iter().take(COLUMNS).map(line).collect();
    let mut omissions = Vec::new();
    if table.rows.len() > TOLD {
        omissions.push(format!(
            "The table shows the first {TOLD} of {}; the facts file has them all.",
            words::count(table.rows.len(), "row", "rows")
        ));
    }
    Plot {
        svg: None,
        title: line(&table.title),
        sentences: table.sentences.iter().map(line).collect(),
        caption: line(&table.title),
        columns: table.columns.iter().take(COLUMNS).map(line).collect(),
        rows: told.map(cells).collect(),
        omissions,
    }
}
