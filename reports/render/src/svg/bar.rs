//! The result bar: one half of the answer as a stacked bar.

use super::{Drawing, Element, Svg};
use crate::{palette, tally::Tally, words};

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 28.0;

/// A part of the bar.
pub(crate) struct Part {
    /// What it counts, in words.
    pub(crate) label: &'static str,
    /// How many.
    pub(crate) count: usize,
    style: PartStyle,
}

#[derive(Clone, Copy)]
enum PartStyle {
    Pass,
    Fail,
    Undetermined,
    Declared,
    NotApplicable,
}

impl PartStyle {
    /// The pattern of the part: never colour alone.
    fn fill(self, drawing: &Drawing) -> String {
        match self {
            Self::Pass => palette::PASS.to_string(),
            Self::Fail => drawing.fill("fail"),
            Self::Undetermined => drawing.fill("undetermined"),
            Self::Declared => drawing.fill("declared"),
            Self::NotApplicable => palette::PAPER.to_string(),
        }
    }
}

/// The parts of a bar, in its order.
pub(crate) fn parts(tally: &Tally) -> [Part; 5] {
    let part = |label, count, style| Part { label, count, style };
    [
        part("pass", tally.pass, PartStyle::Pass),
        part("fail", tally.fail, PartStyle::Fail),
        part("not determined", tally.undetermined, PartStyle::Undetermined),
        part("declared, not tested", tally.declared, PartStyle::Declared),
        part("not applicable", tally.not_applicable, PartStyle::NotApplicable),
    ]
}

/// Draws the bar; `None` where no row decides.
pub(crate) fn render(id: &str, title: &str, tally: &Tally) -> Option<Svg> {
    let total = tally.deciding();
    if total == 0 {
        return None;
    }
    let shown: Vec<_> = parts(tally).into_iter().filter(|part| part.count > 0).collect();
    let told: Vec<_> = shown.iter().map(|part| format!("{} {}", part.count, part.label)).collect();
    let description =
        format!("{}: {}.", words::count(total, "requirement", "requirements"), told.join(", "));
    let mut drawing = Drawing::new(id, title, &description, WIDTH, HEIGHT);
    drawing.draw(patterns(&drawing));
    let mut x = 1.0;
    for part in shown {
        let width = (WIDTH - 2.0) * share(part.count, total);
        let segment = Element::new("rect")
            .with("x", x)
            .with("y", 1.0)
            .with("width", width)
            .with("height", HEIGHT - 2.0)
            .with("fill", part.style.fill(&drawing))
            .with("stroke", palette::TEXT)
            .with("stroke-width", 2.0);
        drawing.draw(segment);
        x += width;
    }
    Some(drawing.finish())
}

fn share(count: usize, total: usize) -> f64 {
    let number = |rows| f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
    number(count) / number(total)
}

fn patterns(drawing: &Drawing) -> Element {
    let tile = |part: &str, ground: palette::Colour| {
        Element::new("pattern")
            .with("id", drawing.id(part))
            .with("width", 8.0)
            .with("height", 8.0)
            .with("patternUnits", "userSpaceOnUse")
            .holding(
                Element::new("rect").with("width", 8.0).with("height", 8.0).with("fill", ground),
            )
    };
    let stroke = |d: &'static str, colour: palette::Colour| {
        Element::new("path").with("d", d).with("stroke", colour).with("stroke-width", 2.0)
    };
    Element::new("defs")
        .holding(tile("fail", palette::FAIL).holding(stroke("M-2 10L10-2", palette::PAPER)))
        .holding(
            tile("undetermined", palette::PAPER).holding(
                Element::new("circle")
                    .with("cx", 4.0)
                    .with("cy", 4.0)
                    .with("r", 2.0)
                    .with("fill", palette::TEXT),
            ),
        )
        .holding(tile("declared", palette::PAPER).holding(stroke("M0 4H8", palette::CLOSED)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(counts: [usize; 5]) -> Tally {
        let [pass, fail, undetermined, declared, not_applicable] = counts;
        Tally { pass, fail, undetermined, declared, not_applicable, ..Tally::default() }
    }

    #[test]
    fn a_bar_of_every_part() {
        insta::assert_snapshot!(render("bar", "Clauses", &tally([9, 2, 1, 3, 1])).unwrap());
    }

    #[test]
    fn nothing_decided_draws_nothing() {
        assert_eq!(render("bar", "Clauses", &tally([0; 5])), None);
    }

    proptest! {
        #[test]
        fn every_count_is_told(counts in proptest::array::uniform5(0usize..300)) {
            let tally = tally(counts);
            if let Some(svg) = render("bar", "Clauses", &tally) {
                let svg = svg.to_string();
                for part in parts(&tally).iter().filter(|part| part.count > 0) {
                    let told = format!("{} {}", part.count, part.label);
                    prop_assert!(svg.contains(&told));
                }
            }
        }
    }
}
