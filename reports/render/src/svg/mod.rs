//! Figures as SVG: typed, escaped, byte-stable.
//!
//! Every figure has a title and a description of its own, and never says more than the text
//! beside it: [`Plot`] carries both.

pub mod bar;
mod cipher_suites;
mod flows;
mod forward_secrecy;
mod plot;
mod table;

use std::fmt;

pub use self::plot::Plot;
use crate::{palette::Colour, shown::Shown};

/// Finished markup of one figure, safe to stand in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Only [`Drawing::finish`] makes one, and it escapes everything.
impl askama::filters::HtmlSafe for Svg {}

/// The value of an attribute.
pub(crate) enum Value {
    /// A length or coordinate, written with at most one decimal.
    Number(f64),
    /// A word of our own.
    Word(&'static str),
    /// Anything else, escaped.
    Text(String),
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Colour> for Value {
    fn from(colour: Colour) -> Self {
        Self::Text(colour.to_string())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Fixed decimals, so that the same data give the same bytes everywhere.
            Self::Number(number) => {
                let fixed = format!("{number:.1}");
                f.write_str(fixed.strip_suffix(".0").unwrap_or(&fixed))
            }
            Self::Word(word) => f.write_str(word),
            Self::Text(text) => escape(text, f),
        }
    }
}

/// One element.
pub(crate) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, Value)>,
    text: Option<String>,
    children: Vec<Element>,
}

impl Element {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), text: None, children: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    pub(crate) fn holding(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// A line of text whose baseline starts at `x`, `y`.
    pub(crate) fn text(x: f64, y: f64, text: &str) -> Self {
        let mut element = Self::new("text").with("x", x).with("y", y);
        element.text = Some(Shown::line(text).as_str().to_owned());
        element
    }

    fn words(name: &'static str, id: String, text: &str) -> Self {
        let mut element = Self::new(name).with("id", id);
        element.text = Some(Shown::passage(text).as_str().to_owned());
        element
    }

    fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        write!(out, "<{}", self.name)?;
        for (name, value) in &self.attributes {
            write!(out, " {name}=\"{value}\"")?;
        }
        if self.text.is_none() && self.children.is_empty() {
            return out.write_str("/>");
        }
        out.write_char('>')?;
        if let Some(text) = &self.text {
            escape(text, out)?;
        }
        self.children.iter().try_for_each(|child| child.write(out))?;
        write!(out, "</{}>", self.name)
    }
}

/// A figure in the making.
pub(crate) struct Drawing {
    id: String,
    title: String,
    description: String,
    width: f64,
    height: f64,
    elements: Vec<Element>,
}

impl Drawing {
    /// `id` must be unique in the page; the ids inside the figure derive from it.
    pub(crate) fn new(id: &str, title: &str, description: &str, width: f64, height: f64) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            width,
            height,
            elements: Vec::new(),
        }
    }

    pub(crate) fn draw(&mut self, element: Element) {
        self.elements.push(element);
    }

    /// An id for a pattern of this figure.
    pub(crate) fn id(&self, part: &str) -> String {
        format!("{}-{part}", self.id)
    }

    /// The value of `fill` that refers to such a pattern.
    pub(crate) fn fill(&self, part: &str) -> String {
        format!("url(#{})", self.id(part))
    }

    pub(crate) fn finish(self) -> Svg {
        let (title, description) = (self.id("title"), self.id("desc"));
        let mut root = Element::new("svg")
            .with("xmlns", "http://www.w3.org/2000/svg")
            .with(
                "viewBox",
                format!("0 0 {} {}", Value::from(self.width), Value::from(self.height)),
            )
            .with("width", self.width)
            .with("height", self.height)
            .with("role", "img")
            .with("aria-labelledby", format!("{title} {description}"))
            .with("font-family", "Arial, sans-serif")
            .with("font-size", 14.0)
            .holding(Element::words("title", title, &self.title))
            .holding(Element::words("desc", description, &self.description));
        root.children.extend(self.elements);
        let mut markup = String::new();
        // Writing to a string does not fail.
        let _ = root.write(&mut markup);
        Svg(markup)
    }
}

/// Escapes for text and for quoted attributes, in SVG and in HTML alike.
fn escape(text: &str, out: &mut (impl fmt::Write + ?Sized)) -> fmt::Result {
    for c in text.chars() {
        match c {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            '\'' => out.write_str("&#39;")?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drawn(text: &str) -> String {
        let mut drawing = Drawing::new("f", text, text, 100.0, 50.25);
        drawing.draw(Element::text(1.0, 2.25, text).with("data-note", text.to_owned()));
        drawing.finish().to_string()
    }

    #[test]
    fn markup_is_plain_and_fixed() {
        insta::assert_snapshot!(drawn("a < b & \"c\""));
    }

    proptest! {
        #[test]
        fn text_never_becomes_markup(text in any::<String>()) {
            let shape = |svg: &str| (svg.matches('<').count(), svg.matches('"').count());
            prop_assert_eq!(shape(&drawn(&text)), shape(&drawn("x")));
        }
    }
}
