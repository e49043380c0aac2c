//! A figure together with everything that it shows, as text.

use hallmark_model::Figure;

use super::{Element, Svg, cipher_suites, flows, forward_secrecy, table};
use crate::palette::Colour;

/// A figure, and the same as sentences and as a table.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The drawing, where there is something to draw.
    pub svg: Option<Svg>,
    /// The question that it answers.
    pub title: String,
    /// The answer in sentences.
    pub sentences: Vec<String>,
    /// What the table tells, for its caption.
    pub caption: String,
    /// The table's columns; the first names the row.
    pub columns: Vec<String>,
    /// Everything that the figure shows, in rows of as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
    /// What is not drawn or not told, in sentences; empty where everything is.
    pub omissions: Vec<String>,
}

impl Plot {
    /// Draws a figure; `id` must be unique in the page.
    #[must_use]
    pub fn of(id: &str, figure: &Figure) -> Self {
        match figure {
            Figure::ForwardSecrecy(timeline) => forward_secrecy::render(id, timeline),
            Figure::CipherSuites(matrix) => cipher_suites::render(id, matrix),
            Figure::Flows(map) => flows::render(id, map),
            Figure::Table(told) => table::render(told),
        }
    }
}

/// A count as a coordinate: at most a few dozen rows or columns are ever drawn.
pub(super) fn units(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap_or(u16::MAX))
}

pub(super) fn line(x1: f64, y1: f64, x2: f64, y2: f64, colour: Colour, width: f64) -> Element {
    Element::new("line")
        .with("x1", x1)
        .with("y1", y1)
        .with("x2", x2)
        .with("y2", y2)
        .with("stroke", colour)
        .with("stroke-width", width)
}

/// A pattern of slanting lines, for what needs attention: never colour alone.
pub(super) fn hatch(id: String, ground: Colour, stroke: Colour) -> Element {
    Element::new("pattern")
        .with("id", id)
        .with("width", 6.0)
        .with("height", 6.0)
        .with("patternUnits", "userSpaceOnUse")
        .holding(Element::new("rect").with("width", 6.0).with("height", 6.0).with("fill", ground))
        .holding(
            Element::new("path")
                .with("d", "M-1 7L7-1")
                .with("stroke", stroke)
                .with("stroke-width", 1.0),
        )
}
