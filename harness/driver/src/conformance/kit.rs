//! Rows, and how an outcome becomes one.

use hallmark_model::text;

use super::report::{Row, Status};
use crate::{
    connection::Connection,
    outcome::Outcome,
    protocol::{Class, Fault, Operation, Refusal, Unsupported, Warning},
};

/// Said of steps after one that broke the connection.
const NOT_REACHED: &str = "not reached: the connection broke off in an earlier step";

/// Collects the rows of a report.
#[derive(Default)]
pub(super) struct Kit {
    pub(super) rows: Vec<Row>,
}

impl Kit {
    pub(super) fn ok(&mut self, step: impl Into<String>, op: &'static str) {
        self.add(step, op, Status::Ok, String::new());
    }

    pub(super) fn broken(
        &mut self,
        step: impl Into<String>,
        op: &'static str,
        message: impl Into<String>,
    ) {
        self.add(step, op, Status::Broken, message.into());
    }

    pub(super) fn missing(
        &mut self,
        step: impl Into<String>,
        op: &'static str,
        message: impl Into<String>,
    ) {
        self.add(step, op, Status::Missing, message.into());
    }

    pub(super) fn note(
        &mut self,
        step: impl Into<String>,
        op: &'static str,
        message: impl Into<String>,
    ) {
        self.add(step, op, Status::Note, message.into());
    }

    /// A row that is ok if there are no problems.
    pub(super) fn judge(&mut self, step: impl Into<String>, op: &'static str, problems: &[String]) {
        match problems {
            [] => self.ok(step, op),
            problems => self.broken(step, op, problems.join("; ")),
        }
    }

    fn add(&mut self, step: impl Into<String>, op: &'static str, status: Status, message: String) {
        // What a driver said stands in many messages.
        let message = text::one_line(&message);
        self.rows.push(Row { step: step.into(), op, status, message });
    }

    /// Whether the step can be tried; else there is a row that says why not.
    pub(super) fn can_try<O: Operation>(&mut self, device: &Connection, step: &str) -> bool {
        if !device.can::<O>() {
            self.missing(step, O::NAME, "not offered: `hello` does not list it");
        } else if device.broken().is_some() {
            self.missing(step, O::NAME, NOT_REACHED);
        } else {
            return true;
        }
        false
    }

    /// Asks for something honest that the device offers. `look` names what is wrong with the
    /// answer.
    pub(super) async fn honest<O: Operation>(
        &mut self,
        device: &mut Connection,
        step: &str,
        args: &O,
        look: impl FnOnce(&O::Answer) -> Vec<String>,
    ) -> Option<O::Answer> {
        if !self.can_try::<O>(device, step) {
            return None;
        }
        match device.call(args).await {
            Outcome::Ok(answer, warnings) => {
                self.judge(step, O::NAME, &look(&answer));
                self.warned(step, O::NAME, &warnings);
                Some(answer)
            }
            other => {
                self.broken(step, O::NAME, against(&other));
                None
            }
        }
    }

    /// Asks for what the candidate may do or refuse, as it sees fit; all else is wrong.
    pub(super) async fn either<O: Operation>(
        &mut self,
        device: &mut Connection,
        step: &str,
        args: &O,
    ) -> Option<O::Answer> {
        if !self.can_try::<O>(device, step) {
            return None;
        }
        match device.call(args).await {
            Outcome::Ok(answer, _) => {
                self.ok(step, O::NAME);
                Some(answer)
            }
            Outcome::Refused(_) => {
                self.ok(step, O::NAME);
                None
            }
            other => {
                self.broken(step, O::NAME, against(&other));
                None
            }
        }
    }

    /// Asks for what must be refused, in this class.
    pub(super) async fn refused<O: Operation>(
        &mut self,
        device: &mut Connection,
        step: &str,
        args: &O,
        wanted: Class,
    ) {
        if !self.can_try::<O>(device, step) {
            return;
        }
        match device.call(args).await {
            Outcome::Refused(Refusal { class, .. }) if class == wanted => self.ok(step, O::NAME),
            Outcome::Refused(Refusal { class, .. }) => {
                let words = format!("it is refused as `{class}`, usual is `{wanted}`");
                self.note(step, O::NAME, words);
            }
            Outcome::Ok(..) => {
                let words = format!("it answers `ok`, expected `refused` as `{wanted}`");
                self.broken(step, O::NAME, words);
            }
            Outcome::Error(Fault { message }) => {
                let words = format!(
                    "it answers `error` ({message}), expected `refused` as `{wanted}`: the \
                     candidate decides this, the driver did not fail"
                );
                self.broken(step, O::NAME, words);
            }
            other => self.broken(step, O::NAME, against(&other)),
        }
    }

    /// What the candidate shows its user where everybody is honest.
    fn warned(&mut self, step: &str, op: &'static str, warnings: &[Warning]) {
        for (index, Warning { class, text }) in warnings.iter().enumerate() {
            if text.trim().is_empty() {
                let words = format!("field `warnings[{index}].text` is empty, expected a sentence");
                self.broken(step, op, words);
            } else {
                self.note(step, op, format!("it warns its user of honest peers ({class}: {text})"));
            }
        }
    }

    /// The same of an operation of the control group, which every device offers.
    pub(super) async fn control<O: Operation>(
        &mut self,
        device: &mut Connection,
        step: &str,
        args: &O,
    ) {
        if device.broken().is_some() {
            self.missing(step, O::NAME, NOT_REACHED);
            return;
        }
        match device.call(args).await {
            Outcome::Ok(..) => self.ok(step, O::NAME),
            other => self.broken(step, O::NAME, against(&other)),
        }
    }
}

/// Why an outcome other than `ok` will not do where everything asked was honest.
pub(super) fn against<T>(outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Ok(..) => "`ok`".to_owned(),
        Outcome::Refused(Refusal { class, detail }) => {
            let detail = detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
            format!("refused an honest request ({class}{detail}), expected `ok`")
        }
        Outcome::Unsupported(Unsupported { reason }) => {
            format!("`hello` lists it, yet it answers `unsupported` ({reason}), expected `ok`")
        }
        Outcome::Error(Fault { message }) => {
            format!("the driver says that it failed ({message}), expected `ok`")
        }
        Outcome::Broken(breakage) => breakage.to_string(),
    }
}

/// A problem if there is one, for chaining.
pub(super) fn problem(is: bool, words: impl FnOnce() -> String) -> Vec<String> {
    if is { vec![words()] } else { Vec::new() }
}
