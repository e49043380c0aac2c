//! The forward-secrecy timeline: if the keys leak now, which messages open?

use std::collections::BTreeSet;

use hallmark_model::figure::{Fate, ForwardSecrecy, Lane};

use super::{
    Drawing, Element, Svg,
    plot::{Plot, hatch, line, units},
};
use crate::{palette, shown::Shown, words};

/// Positions drawn on each side of the leak; the table tells the rest.
const DRAWN_EACH_SIDE: usize = 8;
/// Lanes drawn; the table tells the rest.
const DRAWN_LANES: usize = 8;
/// Rows of the table. A figure with more says so.
const TOLD: usize = 1000;

const COLUMN: f64 = 58.0;
const MARGIN: f64 = 20.0;
const LEAST_WIDTH: f64 = 560.0;
const TOP: f64 = 34.0;
const LANE: f64 = 84.0;

pub(super) fn render(id: &str, figure: &ForwardSecrecy) -> Plot {
    let subject = Shown::line(&figure.subject);
    let title = format!("If the keys of {subject} leak now, which messages open?");
    let columns = Columns::of(&figure.lanes);
    let sentences: Vec<_> =
        figure.sentences.iter().map(|s| Shown::passage(s).as_str().to_owned()).collect();
    let description = format!(
        "{} {}",
        sentences.join(" "),
        "Every mark is listed in the table that follows the figure."
    );
    let marks: usize = figure.lanes.iter().map(|lane| lane.marks.len()).sum();
    let mut omissions = Vec::new();
    if columns.left_out > 0 || figure.lanes.len() > DRAWN_LANES {
        omissions.push(format!(
            "The drawing shows the positions nearest to the leak; {} and {} are only in the table.",
            words::count(columns.left_out, "position", "positions"),
            words::count(figure.lanes.len().saturating_sub(DRAWN_LANES), "lane", "lanes"),
        ));
    }
    if marks > TOLD {
        omissions.push(format!(
            "The table shows the first {TOLD} of {marks} marks; the facts file has them all."
        ));
    }
    Plot {
        svg: Some(draw(id, &title, &description, figure, &columns)),
        title,
        sentences,
        caption: format!("Position counted in: {}", Shown::line(&figure.unit)),
        columns: ["Messages", "Position", "With the leaked keys"].map(str::to_owned).to_vec(),
        rows: rows(&figure.lanes),
        omissions,
    }
}

fn rows(lanes: &[Lane]) -> Vec<Vec<String>> {
    lanes
        .iter()
        .flat_map(|lane| lane.marks.iter().map(move |mark| (lane, mark)))
        .take(TOLD)
        .map(|(lane, mark)| {
            let lane = Shown::line(&lane.label).as_str().to_owned();
            vec![lane, place(mark.position), fate(mark.fate).to_owned()]
        })
        .collect()
}

/// A position in words.
fn place(position: i32) -> String {
    match position {
        0 => "at the leak".to_owned(),
        before if before < 0 => format!("{} before the leak", before.unsigned_abs()),
        after => format!("{after} after the leak"),
    }
}

/// The fate in words, for the table and the legend.
fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Closed => "stays closed",
        Fate::Open => "opens",
        Fate::Unknown => "not observed",
    }
}

/// The fate in one word, for a mark.
fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Closed => "closed",
        Fate::Open => "opens",
        Fate::Unknown => "unknown",
    }
}

/// The positions that are drawn. They stand at equal distances, in order: a window of a thousand
/// messages and one of three are both legible, and a break in the numbering is marked.
struct Columns {
    positions: Vec<i32>,
    left_out: usize,
}

impl Columns {
    fn of(lanes: &[Lane]) -> Self {
        let all: BTreeSet<i32> = lanes
            .iter()
            .flat_map(|lane| &lane.marks)
            .map(|mark| mark.position)
            .chain([0])
            .collect();
        let before = all.range(..0).rev().take(DRAWN_EACH_SIDE);
        let mut positions: Vec<_> = before.copied().collect();
        positions.reverse();
        positions.extend(all.range(0..).take(DRAWN_EACH_SIDE + 1));
        Self { left_out: all.len() - positions.len(), positions }
    }

    fn width(&self) -> f64 {
        (units(self.positions.len()) * COLUMN + 2.0 * MARGIN).max(LEAST_WIDTH)
    }

    fn x(&self, index: usize) -> f64 {
        MARGIN + (units(index) + 0.5) * COLUMN
    }

    fn x_of(&self, position: i32) -> Option<f64> {
        self.positions.binary_search(&position).ok().map(|index| self.x(index))
    }
}

fn draw(
    id: &str,
    title: &str,
    description: &str,
    figure: &ForwardSecrecy,
    columns: &Columns,
) -> Svg {
    let lanes = &figure.lanes[..figure.lanes.len().min(DRAWN_LANES)];
    let bottom = TOP + units(lanes.len()) * LANE;
    let mut drawing = Drawing::new(id, title, description, columns.width(), bottom + 92.0);
    let open = hatch(drawing.id("open"), palette::OPEN, palette::TEXT);
    drawing.draw(Element::new("defs").holding(open));
    draw_leak(&mut drawing, columns, bottom);
    for (index, lane) in lanes.iter().enumerate() {
        draw_lane(&mut drawing, lane, TOP + units(index) * LANE, columns);
    }
    draw_axis(&mut drawing, columns, &figure.unit, bottom);
    draw_legend(&mut drawing, bottom + 76.0);
    drawing.finish()
}

fn draw_lane(drawing: &mut Drawing, lane: &Lane, top: f64, columns: &Columns) {
    let label = Shown::line(&lane.label);
    drawing.draw(
        Element::text(MARGIN, top + 16.0, label.as_str())
            .with("font-weight", "bold")
            .with("fill", palette::TEXT),
    );
    let y = top + 42.0;
    drawing.draw(line(MARGIN, y, columns.width() - MARGIN, y, palette::BORDER, 1.0));
    for mark in &lane.marks {
        if let Some(x) = columns.x_of(mark.position) {
            let shape = shape(drawing, mark.fate, x, y);
            drawing.draw(shape);
            drawing.draw(
                Element::text(x, y + 28.0, word(mark.fate))
                    .with("text-anchor", "middle")
                    .with("font-size", 12.0)
                    .with("fill", palette::TEXT),
            );
        }
    }
}

/// Closed is a full disc, open a hatched diamond, unknown an empty dashed square.
fn shape(drawing: &Drawing, fate: Fate, x: f64, y: f64) -> Element {
    let edge = |element: Element| element.with("stroke", palette::TEXT).with("stroke-width", 2.0);
    match fate {
        Fate::Closed => Element::new("circle")
            .with("cx", x)
            .with("cy", y)
            .with("r", 10.0)
            .with("fill", palette::CLOSED),
        Fate::Open => edge(
            Element::new("path")
                .with("d", format!("M{x:.1} {:.1}l13 13l-13 13l-13-13z", y - 13.0))
                .with("fill", drawing.fill("open")),
        ),
        Fate::Unknown => edge(
            Element::new("rect")
                .with("x", x - 9.0)
                .with("y", y - 9.0)
                .with("width", 18.0)
                .with("height", 18.0)
                .with("fill", palette::PAPER)
                .with("stroke-dasharray", "3 2"),
        ),
    }
}

fn draw_leak(drawing: &mut Drawing, columns: &Columns, bottom: f64) {
    let Some(x) = columns.x_of(0) else { return };
    drawing.draw(line(x, 22.0, x, bottom, palette::LEAK, 2.0).with("stroke-dasharray", "7 4"));
    drawing.draw(
        Element::text(x, 14.0, "keys leak here")
            .with("text-anchor", "middle")
            .with("font-weight", "bold")
            .with("fill", palette::LEAK),
    );
}

fn draw_axis(drawing: &mut Drawing, columns: &Columns, unit: &str, bottom: f64) {
    let y = bottom + 6.0;
    drawing.draw(line(MARGIN, y, columns.width() - MARGIN, y, palette::TEXT, 2.0));
    for (index, position) in columns.positions.iter().enumerate() {
        let x = columns.x(index);
        drawing.draw(line(x, y, x, y + 6.0, palette::TEXT, 2.0));
        let number = match position {
            0 => "leak".to_owned(),
            before if *before < 0 => format!("−{}", before.unsigned_abs()),
            after => format!("+{after}"),
        };
        drawing.draw(
            Element::text(x, y + 22.0, &number)
                .with("text-anchor", "middle")
                .with("fill", palette::TEXT),
        );
        let next = columns.positions.get(index + 1);
        if next.is_some_and(|next| i64::from(*next) - i64::from(*position) > 1) {
            drawing.draw(
                Element::text(x + COLUMN / 2.0, y + 22.0, "…")
                    .with("text-anchor", "middle")
                    .with("fill", palette::TEXT),
            );
        }
    }
    let caption = format!("Position, counted in: {}", Shown::line(unit));
    drawing.draw(
        Element::text(MARGIN, y + 42.0, &caption)
            .with("font-size", 12.0)
            .with("fill", palette::SECONDARY),
    );
}

fn draw_legend(drawing: &mut Drawing, y: f64) {
    for (fate_shown, x) in [(Fate::Closed, 34.0), (Fate::Open, 190.0), (Fate::Unknown, 310.0)] {
        let shape = shape(drawing, fate_shown, x, y);
        drawing.draw(shape);
        drawing
            .draw(Element::text(x + 20.0, y + 5.0, fate(fate_shown)).with("fill", palette::TEXT));
    }
}

#[cfg(test)]
mod tests {
    use hallmark_model::figure::Mark;
    use proptest::prelude::*;

    use super::*;
    use crate::samples;

    fn any_figure() -> impl Strategy<Value = ForwardSecrecy> {
        let fate = prop_oneof![Just(Fate::Closed), Just(Fate::Open), Just(Fate::Unknown)];
        let mark = (any::<i32>(), fate).prop_map(|(position, fate)| Mark { position, fate });
        let lane = (any::<String>(), proptest::collection::vec(mark, 0..30))
            .prop_map(|(label, marks)| Lane { label, marks });
        (any::<String>(), any::<String>(), proptest::collection::vec(lane, 0..12)).prop_map(
            |(subject, unit, lanes)| ForwardSecrecy {
                subject,
                unit,
                lanes,
                sentences: vec!["It opens.".to_owned()],
            },
        )
    }

    proptest! {
        #[test]
        fn every_value_is_in_the_text(figure in any_figure()) {
            let plot = render("f", &figure);
            let marks: Vec<_> =
                figure.lanes.iter().flat_map(|l| l.marks.iter().map(move |m| (l, m))).collect();
            prop_assert_eq!(plot.rows.len(), marks.len());
            for ((lane, mark), row) in marks.into_iter().zip(&plot.rows) {
                let [label, position, told] = &row[..] else { panic!("three columns") };
                prop_assert!(position.contains(&mark.position.unsigned_abs().to_string())
                    || mark.position == 0 && position == "at the leak");
                prop_assert_eq!(position.contains("before"), mark.position < 0);
                prop_assert_eq!(told, fate(mark.fate));
                prop_assert_eq!(label, &hallmark_model::text::one_line(&lane.label));
            }
        }

        #[test]
        fn labels_never_become_markup(figure in any_figure()) {
            let svg = render("f", &figure).svg.unwrap().to_string();
            for tag in svg.split('<').skip(1) {
                let known = ["svg", "title", "desc", "defs", "pattern", "rect", "path", "text",
                    "circle", "line", "/"].iter().any(|name| tag.starts_with(name));
                prop_assert!(known, "{}", tag);
            }
        }
    }

    #[test]
    fn a_timeline() {
        let plot = render("timeline", &samples::timeline());
        insta::assert_snapshot!(plot.svg.as_ref().unwrap().to_string().replace("><", ">\n<"));
        insta::assert_debug_snapshot!(plot.rows);
    }

    #[test]
    fn what_is_not_drawn_is_said() {
        let marks =
            (-2000..2000).map(|position| Mark { position, fate: Fate::Closed }).collect::<Vec<_>>();
        let figure = ForwardSecrecy {
            lanes: vec![Lane { label: "delivered".into(), marks }],
            ..samples::timeline()
        };
        let plot = render("f", &figure);
        insta::assert_snapshot!(plot.omissions.join("\n"));
        assert!(plot.svg.unwrap().to_string().len() < 20_000);
    }
}
