//! The flow encryption map: which traffic was encrypted, and which was not?

use hallmark_model::figure::{FlowMap, Protection, Stream};

use super::{
    Drawing, Element, Svg,
    plot::{Plot, hatch, line, units},
};
use crate::{
    palette::{self, Colour},
    shown::Shown,
    words,
};

/// Rows drawn; the table tells the rest.
const DRAWN: usize = 24;
/// Rows of the table. A figure with more says so.
const TOLD: usize = 1000;

const WIDTH: f64 = 680.0;
const MARGIN: f64 = 12.0;
const TOP: f64 = 12.0;
const ROW: f64 = 46.0;
/// Width of the longest bar.
const BAR: f64 = WIDTH - 2.0 * MARGIN;
/// Width of a bar of no bytes, so that it is seen at all.
const LEAST: f64 = 8.0;

/// Every kind, in the order of the legend.
const KINDS: [Protection; 5] = [
    Protection::Readable,
    Protection::NotAssessed,
    Protection::Encrypted,
    Protection::Opened,
    Protection::Infrastructure,
];

pub(super) fn render(id: &str, map: &FlowMap) -> Plot {
    let title = format!("What of {} was encrypted?", Shown::line(&map.subject));
    let sentences: Vec<_> =
        map.sentences.iter().map(|s| Shown::passage(s).as_str().to_owned()).collect();
    let description = format!(
        "{} Every destination is listed in the table that follows the figure.",
        sentences.join(" ")
    );
    let mut omissions = Vec::new();
    if map.streams.len() > DRAWN {
        let rest = words::count(map.streams.len() - DRAWN, "row", "rows");
        omissions.push(format!(
            "The drawing shows the first {DRAWN} rows; {rest} are only in the table."
        ));
    }
    if map.streams.len() > TOLD {
        omissions.push(format!(
            "The table shows the first {TOLD} of {} rows; the facts file has every flow.",
            map.streams.len()
        ));
    }
    Plot {
        svg: Some(draw(id, &title, &description, map)),
        title,
        sentences,
        caption: "Recorded traffic by destination".to_owned(),
        columns: ["Destination", "Protocol", "Protection", "Flows", "Bytes"]
            .map(str::to_owned)
            .to_vec(),
        rows: map.streams.iter().take(TOLD).map(row).collect(),
        omissions,
    }
}

fn row(stream: &Stream) -> Vec<String> {
    vec![
        Shown::line(&stream.destination).as_str().to_owned(),
        Shown::line(&stream.protocol).as_str().to_owned(),
        told(stream.protection).to_owned(),
        stream.flows.to_string(),
        stream.bytes.to_string(),
    ]
}

fn told(protection: Protection) -> &'static str {
    match protection {
        Protection::Readable => "readable by anyone on the way",
        Protection::NotAssessed => "opaque, not assessed",
        Protection::Infrastructure => "network housekeeping",
        Protection::Encrypted => "encrypted",
        Protection::Opened => "encrypted, opened with the logged keys",
    }
}

fn draw(id: &str, title: &str, description: &str, map: &FlowMap) -> Svg {
    let streams = &map.streams[..map.streams.len().min(DRAWN)];
    let bottom = TOP + units(streams.len()) * ROW;
    let mut drawing = Drawing::new(id, title, description, WIDTH, bottom + 62.0);
    let patterns = Element::new("defs")
        .holding(hatch(drawing.id("readable"), palette::OPEN, palette::TEXT))
        .holding(hatch(drawing.id("opened"), palette::PAPER, palette::CLOSED));
    drawing.draw(patterns);
    let most = streams.iter().map(|stream| stream.bytes).max().unwrap_or(0);
    for (index, stream) in streams.iter().enumerate() {
        draw_stream(&mut drawing, stream, most, TOP + units(index) * ROW);
    }
    drawing.draw(line(MARGIN, bottom, WIDTH - MARGIN, bottom, palette::TEXT, 2.0));
    for (index, kind) in KINDS.into_iter().enumerate() {
        let (x, y) = (MARGIN + units(index % 3) * 226.0, bottom + 12.0 + units(index / 3) * 24.0);
        let swatch = bar(&drawing, kind, x, y, 22.0);
        drawing.draw(swatch);
        let words = Element::text(x + 30.0, y + 13.0, short(kind)).with("fill", palette::TEXT);
        drawing.draw(words);
    }
    drawing.finish()
}

/// The legend's words.
fn short(protection: Protection) -> &'static str {
    match protection {
        Protection::Readable => "readable on the way",
        Protection::NotAssessed => "opaque, not assessed",
        Protection::Infrastructure => "network housekeeping",
        Protection::Encrypted => "encrypted",
        Protection::Opened => "encrypted, opened here",
    }
}

fn draw_stream(drawing: &mut Drawing, stream: &Stream, most: u64, top: f64) {
    let label = format!(
        "{}: {}, {}",
        Shown::line(&stream.destination),
        Shown::line(&stream.protocol),
        flows_and_bytes(stream)
    );
    drawing.draw(Element::text(MARGIN, top + 15.0, &label).with("fill", palette::TEXT));
    let width = length(stream.bytes, most);
    let shape = bar(drawing, stream.protection, MARGIN, top + 21.0, width);
    drawing.draw(shape);
}

fn flows_and_bytes(stream: &Stream) -> String {
    let plural = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let flows = plural(stream.flows, "flow", "flows");
    format!("{flows}, {}", plural(stream.bytes, "byte", "bytes"))
}

/// By the logarithm: a destination of a hundred bytes is as visible as one of a million.
fn length(bytes: u64, most: u64) -> f64 {
    let magnitude = |bytes: u64| f64::from(u64::BITS - bytes.leading_zeros());
    if most == 0 {
        return LEAST;
    }
    LEAST + (BAR - LEAST) * magnitude(bytes) / magnitude(most)
}

fn bar(drawing: &Drawing, protection: Protection, x: f64, y: f64, width: f64) -> Element {
    let fill = match protection {
        Protection::Readable => drawing.fill("readable"),
        Protection::NotAssessed | Protection::Infrastructure => palette::PAPER.to_string(),
        Protection::Encrypted => palette::CLOSED.to_string(),
        Protection::Opened => drawing.fill("opened"),
    };
    let edge: Colour = match protection {
        Protection::Infrastructure => palette::BORDER,
        _ => palette::TEXT,
    };
    let element = Element::new("rect")
        .with("x", x)
        .with("y", y)
        .with("width", width)
        .with("height", 16.0)
        .with("fill", fill)
        .with("stroke", edge)
        .with("stroke-width", 2.0);
    match protection {
        Protection::NotAssessed => element.with("stroke-dasharray", "3 2"),
        _ => element,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples;

    #[test]
    fn a_map() {
        let plot = render("map", &samples::flow_map());
        insta::assert_snapshot!(plot.svg.as_ref().unwrap().to_string().replace("><", ">\n<"));
        insta::assert_debug_snapshot!(plot.rows);
    }

    #[test]
    fn what_is_not_drawn_is_said() {
        let mut map = samples::flow_map();
        map.streams = std::iter::repeat_n(map.streams[0].clone(), 1200).collect();
        let plot = render("m", &map);
        insta::assert_snapshot!(plot.omissions.join("\n"));
        assert_eq!(plot.rows.len(), TOLD);
    }

    proptest! {
        #[test]
        fn bars_fit_and_grow(a in any::<u64>(), b in any::<u64>()) {
            let most = a.max(b);
            prop_assert!((LEAST..=BAR).contains(&length(a, most)));
            prop_assert!(a > b || length(a, most) <= length(b, most));
        }
    }
}
