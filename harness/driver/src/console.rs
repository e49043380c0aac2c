//! Operations by hand, behind `hallmark driver run`: a person types lines, and sees the answers.
//!
//! A line is `[DEVICE:] OPERATION [KEY=VALUE …]` or `[DEVICE:] OPERATION {JSON}`. Arguments are
//! read as the operation's own type wants them, so that a mistake is told before anything is sent;
//! answers are read as strictly as anywhere else.

mod line;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    pin::Pin,
    time::{Duration, Instant},
};

use hallmark_model::text;
use serde_json::Value;

use crate::{
    connect::Connect,
    connection::{Connection, Unreachable},
    outcome::Outcome,
    protocol::{
        Warning,
        ops::{self, ByName, Operation},
    },
};
use line::Line;

/// The device that is meant where a line names none.
pub const FIRST: &str = "device";

/// Longest text of an answer that is shown whole, in characters.
const SHOWN: usize = 4000;

/// Devices of one driver, by the names that the user gave them.
pub struct Console<'a> {
    driver: &'a dyn Connect,
    devices: BTreeMap<String, Connection>,
    /// The last answer of each that was `ok`.
    answers: BTreeMap<String, Value>,
    first: String,
}

/// What a line came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// To be printed.
    Text(String),
    /// A mistake in the line; nothing was sent.
    Mistake(String),
    /// The user wants to stop.
    Quit,
}

impl<'a> Console<'a> {
    /// Starts these devices, at least one.
    ///
    /// # Errors
    ///
    /// When one cannot be had.
    pub async fn open(driver: &'a dyn Connect, names: &[String]) -> Result<Self, Unreachable> {
        let first = names.first().map_or(FIRST, String::as_str).to_owned();
        let mut devices = BTreeMap::new();
        devices.insert(first.clone(), driver.connect().await?);
        for name in names.iter().skip(1) {
            devices.insert(name.clone(), driver.connect().await?);
        }
        Ok(Self { driver, devices, answers: BTreeMap::new(), first })
    }

    /// Who is there, for the start.
    #[must_use]
    pub fn greeting(&self) -> String {
        let Some(device) = self.devices.get(&self.first) else { return String::new() };
        let hello = device.hello();
        let names: Vec<_> = self.devices.keys().map(String::as_str).collect();
        text::within(
            &format!(
                "{} {} ({}), {}; devices: {}; `help` says what to type",
                hello.candidate.name,
                hello.candidate.version,
                hello.family,
                device.version(),
                names.join(", ")
            ),
            SHOWN,
        )
    }

    /// Carries out a line; `folder` is where paths of `@FILE` start.
    pub async fn line(&mut self, typed: &str, folder: &Path) -> Said {
        let line = match Line::read(typed, &self.first) {
            Ok(Some(line)) => line,
            Ok(None) => return Said::Text(String::new()),
            Err(mistake) => return Said::Mistake(mistake),
        };
        match line.op.as_str() {
            "help" => return help(&line.rest),
            "ops" => return self.operations(&line.device),
            "quit" | "exit" => return Said::Quit,
            _ => {}
        }
        let args = match line.arguments(folder, &self.answers) {
            Ok(args) => args,
            Err(mistake) => return Said::Mistake(mistake),
        };
        if let Some(mistake) = ops::by_name(&line.op, Fits(&args)).flatten() {
            return Said::Mistake(format!("{mistake}; `help {}` lists its arguments", line.op));
        }
        if !self.devices.contains_key(&line.device) {
            match self.driver.connect().await {
                Ok(connection) => drop(self.devices.insert(line.device.clone(), connection)),
                Err(unreachable) => return Said::Mistake(unreachable.to_string()),
            }
        }
        let Some(connection) = self.devices.get_mut(&line.device) else {
            return Said::Mistake("there is no such device".to_owned());
        };
        let start = Instant::now();
        let Some(asked) = ops::by_name(&line.op, Ask { connection, args }) else {
            let words = text::one_line(&line.op);
            return Said::Mistake(format!("there is no operation `{words}`; `ops` lists them"));
        };
        let outcome = asked.await;
        let took = start.elapsed();
        let warnings = connection.warnings().to_vec();
        let shown = show(&outcome, &warnings, took);
        if connection.broken().is_some() {
            // The next line for this name gets a new one.
            self.devices.remove(&line.device);
        }
        if let Outcome::Ok(value, _) = outcome {
            self.answers.insert(line.device, value);
        }
        Said::Text(shown)
    }

    /// Ends all devices.
    pub async fn end(self) {
        for device in self.devices.into_values() {
            device.end().await;
        }
    }

    fn operations(&self, device: &str) -> Said {
        let mut shown = String::new();
        for name in ops::NAMES {
            let control = matches!(*name, "hello" | "ping" | "reset" | "shutdown");
            let offered = self.devices.get(device).is_some_and(|device| {
                device.hello().capabilities.iter().any(|listed| listed == name)
            });
            let mark = if control || offered { "offered" } else { "not listed" };
            let _ = writeln!(shown, "{name:<22}{mark}");
        }
        Said::Text(shown)
    }
}

/// Why arguments are not those of the operation.
struct Fits<'a>(&'a Value);

impl ByName for Fits<'_> {
    type Output = Option<String>;

    fn with<O: Operation + 'static>(self) -> Option<String> {
        let error = serde_path_to_error::deserialize::<_, O>(self.0).err()?;
        let path = error.path().to_string();
        let reason = error.into_inner();
        Some(match path.as_str() {
            "." => reason.to_string(),
            path => format!("argument `{path}`: {reason}"),
        })
    }
}

/// Asks, and gives the answer back as a value.
struct Ask<'a> {
    connection: &'a mut Connection,
    args: Value,
}

impl<'a> ByName for Ask<'a> {
    type Output = Pin<Box<dyn Future<Output = Outcome<Value>> + 'a>>;

    fn with<O: Operation + 'static>(self) -> Self::Output {
        Box::pin(async move {
            match serde_json::from_value::<O>(self.args) {
                Ok(args) => {
                    let outcome = self.connection.call(&args).await;
                    outcome.map(|answer| serde_json::to_value(answer).unwrap_or_default())
                }
                Err(error) => Outcome::Error(crate::protocol::Fault { message: error.to_string() }),
            }
        })
    }
}

fn show(outcome: &Outcome<Value>, warnings: &[Warning], took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    let mut shown = match outcome {
        Outcome::Ok(value, _) if value.as_object().is_some_and(serde_json::Map::is_empty) => {
            format!("ok  ({millis:.1} ms)\n")
        }
        Outcome::Ok(value, _) => format!("ok  ({millis:.1} ms)\n{}", tree(value)),
        other => format!("{other}  ({millis:.1} ms)\n"),
    };
    for Warning { class, text } in warnings {
        let _ = writeln!(shown, "warning ({class}): {}", text::one_line(text));
    }
    shown
}

/// Indented, one leaf a line, safe for a terminal.
fn tree(value: &Value) -> String {
    let written = serde_json::to_string_pretty(value).unwrap_or_default();
    let lines: Vec<_> =
        written.lines().map(|line| format!("  {}\n", text::within(line, SHOWN))).collect();
    lines.concat()
}

const HELP: &str = "\
[DEVICE:] OPERATION [KEY=VALUE …]   asks a device; a name that is new starts one more
[DEVICE:] OPERATION {JSON}          the same, with the arguments as they stand on the line
  KEY=TEXT            a text or a number, quoted where it has spaces: name=\"Alice A.\"
  KEY=text:TEXT       bytes, written as text
  KEY=b64:BASE64      bytes, as base64
  KEY=@FILE           bytes or text of a file
  KEY=A,B             a list of names
  KEY={JSON}          anything
  KEY=$DEVICE/PATH    from the last answer of a device: envelope=$alice/envelopes/0
help OPERATION        what it does, and its arguments
ops                   all operations, and which of them the driver lists
quit                  ends; so does the end of input
";

fn help(op: &str) -> Said {
    if op.is_empty() {
        return Said::Text(HELP.to_owned());
    }
    let Some((_, args, answer)) = ops::schemas().into_iter().find(|(name, _, _)| *name == op)
    else {
        let words = text::one_line(op);
        return Said::Mistake(format!("there is no operation `{words}`; `ops` lists them"));
    };
    let mut shown = String::new();
    for (title, schema) in [("arguments", args.to_value()), ("answer", answer.to_value())] {
        if let Some(description) = schema["description"].as_str() {
            let _ = writeln!(shown, "{description}");
        }
        let none = serde_json::Map::new();
        let fields = schema["properties"].as_object().unwrap_or(&none);
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        if fields.is_empty() {
            let _ = writeln!(shown, "no {title}");
        } else {
            let _ = writeln!(shown, "{title}");
        }
        for (name, field) in fields {
            let need =
                if required.contains(&Value::from(name.as_str())) { "" } else { " (optional)" };
            let kind = line::kind(&schema, field).name();
            let about = field["description"].as_str().unwrap_or_default();
            let _ = writeln!(shown, "  {name:<16} {kind}{need}: {about}");
        }
    }
    Said::Text(shown)
}
