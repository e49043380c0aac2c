//! The matrix of protocol versions and cipher suites: what does a server accept?

use hallmark_model::figure::{CipherSuiteMatrix, MatrixRow, Offer};

use super::{
    Drawing, Element, Svg,
    plot::{Plot, hatch, line, units},
};
use crate::{palette, shown::Shown, words};

/// Rows drawn; the table tells the rest.
const DRAWN: usize = 40;
/// Rows of the table. A figure with more says so.
const TOLD: usize = 1000;

const NAMES: f64 = 360.0;
const COLUMN: f64 = 76.0;
const ROW: f64 = 26.0;
const TOP: f64 = 40.0;
const MARGIN: f64 = 12.0;

pub(super) fn render(id: &str, matrix: &CipherSuiteMatrix) -> Plot {
    let title = format!("Which cipher suites does {} accept?", Shown::line(&matrix.subject));
    let sentences: Vec<_> =
        matrix.sentences.iter().map(|s| Shown::passage(s).as_str().to_owned()).collect();
    let description = format!(
        "{} Every cell is listed in the table that follows the figure.",
        sentences.join(" ")
    );
    let rows: Vec<_> = matrix.suites.iter().flat_map(|row| cells(matrix, row)).collect();
    let mut omissions = Vec::new();
    if matrix.suites.len() > DRAWN {
        let rest = words::count(matrix.suites.len() - DRAWN, "cipher suite", "cipher suites");
        omissions
            .push(format!("The drawing shows the first {DRAWN}; {rest} are only in the table."));
    }
    if rows.len() > TOLD {
        omissions.push(format!(
            "The table shows the first {TOLD} of {} cells; the facts file has them all.",
            rows.len()
        ));
    }
    Plot {
        svg: Some(draw(id, &title, &description, matrix)),
        title,
        sentences,
        caption: "Cipher suites in the server's order, by version".to_owned(),
        columns: ["Cipher suite", "Version", "Seen", "If the server's key leaks later"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.into_iter().take(TOLD).collect(),
        omissions,
    }
}

/// The row of each cell that says something.
fn cells(matrix: &CipherSuiteMatrix, row: &MatrixRow) -> Vec<Vec<String>> {
    let suite = Shown::line(&row.suite).as_str().to_owned();
    matrix
        .versions
        .iter()
        .zip(&row.cells)
        .filter(|(_, offer)| **offer != Offer::Refused)
        .map(|(version, offer)| {
            let version = Shown::line(version).as_str().to_owned();
            vec![suite.clone(), version, seen(*offer).to_owned(), leak(row.ephemeral).to_owned()]
        })
        .collect()
}

fn seen(offer: Offer) -> &'static str {
    match offer {
        Offer::Accepted => "accepted",
        Offer::Refused => "refused",
        Offer::Unknown => "not observed",
    }
}

fn leak(ephemeral: Option<bool>) -> &'static str {
    match ephemeral {
        Some(true) => "recorded sessions stay closed",
        Some(false) => "recorded sessions open",
        None => "not known",
    }
}

fn draw(id: &str, title: &str, description: &str, matrix: &CipherSuiteMatrix) -> Svg {
    let rows = &matrix.suites[..matrix.suites.len().min(DRAWN)];
    let width = NAMES + units(matrix.versions.len()) * COLUMN + MARGIN;
    let width = width.max(620.0);
    let bottom = TOP + units(rows.len()) * ROW;
    let mut drawing = Drawing::new(id, title, description, width, bottom + 44.0);
    let open = hatch(drawing.id("open"), palette::OPEN, palette::TEXT);
    drawing.draw(Element::new("defs").holding(open));
    for (index, version) in matrix.versions.iter().enumerate() {
        let label = Element::text(centre(index), TOP - 14.0, Shown::line(version).as_str())
            .with("text-anchor", "middle")
            .with("font-weight", "bold")
            .with("fill", palette::TEXT);
        drawing.draw(label);
    }
    for (index, row) in rows.iter().enumerate() {
        draw_row(&mut drawing, row, TOP + units(index) * ROW, width);
    }
    drawing.draw(line(MARGIN, bottom, width - MARGIN, bottom, palette::TEXT, 2.0));
    draw_legend(&mut drawing, bottom + 24.0);
    drawing.finish()
}

fn draw_row(drawing: &mut Drawing, row: &MatrixRow, top: f64, width: f64) {
    drawing.draw(line(MARGIN, top, width - MARGIN, top, palette::BORDER, 1.0));
    let name = Shown::line(&row.suite);
    let label = Element::text(MARGIN, top + 18.0, name.as_str())
        .with("font-size", 12.0)
        .with("fill", palette::TEXT);
    drawing.draw(label);
    for (index, offer) in row.cells.iter().enumerate() {
        let mark = mark(drawing, *offer, row.ephemeral, centre(index), top + ROW / 2.0);
        drawing.draw(mark);
    }
}

fn centre(column: usize) -> f64 {
    NAMES + (units(column) + 0.5) * COLUMN
}

/// Accepted is a full disc, or a hatched diamond without forward secrecy; refused a short dash;
/// unknown an empty dashed square.
fn mark(drawing: &Drawing, offer: Offer, ephemeral: Option<bool>, x: f64, y: f64) -> Element {
    match (offer, ephemeral) {
        (Offer::Accepted, Some(false)) => Element::new("path")
            .with("d", format!("M{x:.1} {:.1}l10 10l-10 10l-10-10z", y - 10.0))
            .with("fill", drawing.fill("open"))
            .with("stroke", palette::TEXT)
            .with("stroke-width", 2.0),
        (Offer::Accepted, _) => Element::new("circle")
            .with("cx", x)
            .with("cy", y)
            .with("r", 8.0)
            .with("fill", palette::CLOSED),
        (Offer::Refused, _) => line(x - 4.0, y, x + 4.0, y, palette::BORDER, 2.0),
        (Offer::Unknown, _) => Element::new("rect")
            .with("x", x - 7.0)
            .with("y", y - 7.0)
            .with("width", 14.0)
            .with("height", 14.0)
            .with("fill", palette::PAPER)
            .with("stroke", palette::TEXT)
            .with("stroke-width", 2.0)
            .with("stroke-dasharray", "3 2"),
    }
}

fn draw_legend(drawing: &mut Drawing, y: f64) {
    let entries = [
        (Offer::Accepted, Some(true), "accepted", 24.0),
        (Offer::Accepted, Some(false), "accepted, no forward secrecy", 130.0),
        (Offer::Refused, None, "refused", 370.0),
        (Offer::Unknown, None, "not observed", 466.0),
    ];
    for (offer, ephemeral, words, x) in entries {
        let shape = mark(drawing, offer, ephemeral, x, y);
        drawing.draw(shape);
        drawing.draw(Element::text(x + 18.0, y + 5.0, words).with("fill", palette::TEXT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_matrix() {
        let plot = render("matrix", &samples::matrix());
        insta::assert_snapshot!(plot.svg.as_ref().unwrap().to_string().replace("><", ">\n<"));
        insta::assert_debug_snapshot!(plot.rows);
    }

    #[test]
    fn what_is_not_drawn_is_said() {
        let mut matrix = samples::matrix();
        matrix.suites = std::iter::repeat_n(matrix.suites[0].clone(), 1200).collect();
        let plot = render("m", &matrix);
        insta::assert_snapshot!(plot.omissions.join("\n"));
        assert_eq!(plot.rows.len(), TOLD);
    }
}
