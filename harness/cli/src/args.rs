//! The command line, defined once: help, parsing and the exit-code table come from here.

use std::{path::PathBuf, str::FromStr};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use hallmark_model::{
    ExitCode,
    candidate::FailOn,
    selection::{Depth, Selection},
};
use hallmark_render::terminal::ProgressMode;
use hallmark_runner::Seed;

/// Tells whether a messaging app or server may carry patient information.
#[derive(Parser)]
#[command(name = "hallmark", version, after_help = exit_codes(), max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// How the process speaks.
#[derive(ClapArgs)]
pub(crate) struct Common {
    /// How progress is shown on standard error
    #[arg(long, global = true, value_enum, default_value_t, value_name = "HOW")]
    pub(crate) progress: ShowProgress,
    /// Whether colour is used; `NO_COLOR` and `CLICOLOR_FORCE` are honoured
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
    /// No progress and no remarks
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum ShowProgress {
    #[default]
    Auto,
    Bar,
    Lines,
    None,
}

impl From<ShowProgress> for ProgressMode {
    fn from(progress: ShowProgress) -> Self {
        match progress {
            ShowProgress::Auto => Self::Auto,
            ShowProgress::Bar => Self::Bar,
            ShowProgress::Lines => Self::Lines,
            ShowProgress::None => Self::None,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Run the whole flow on the embedded reference candidate: no network, no set-up
    Demo(Demo),
    /// Run every suite that the candidate's description allows, and write a signed-ready bundle
    Run(Run),
    /// Test one TLS server: versions, cipher suites, groups, certificates
    Server(Server),
    /// Examine captured traffic and stores: what was encrypted, and what was found
    Traffic(Traffic),
    /// Test the end-to-end encryption of one messenger through a driver
    Messaging(Messaging),
    /// Recompute every verdict of a bundle from its facts, without the candidate
    Recheck(Recheck),
    /// Lay several bundles side by side: which candidate meets what, and where they differ
    Compare(Compare),
    /// Sign a bundle with a key and certificate chain in PEM files
    Sign(Sign),
    /// Find out whether a bundle is what was signed, and by whom
    Verify(Verify),
    /// List requirements, checks, standards or drivers
    List(List),
    /// Explain a requirement or a check
    Explain(Explain),
    /// Tools for the authors of drivers
    #[command(subcommand)]
    Driver(Driver),
    /// Print a published JSON Schema
    Schema(Schema),
}

/// What is run, and how thoroughly.
#[derive(ClapArgs)]
pub(crate) struct Choice {
    /// Only checks matching these globs, over requirement and check ids
    #[arg(long, value_delimiter = ',', value_name = "SELECTOR")]
    only: Vec<String>,
    /// No checks matching these globs, over requirement and check ids
    #[arg(long, value_delimiter = ',', value_name = "SELECTOR")]
    skip: Vec<String>,
    /// How thoroughly
    #[arg(long, value_enum, default_value_t, value_name = "DEPTH")]
    depth: ChosenDepth,
    /// For everything random, hexadecimal; a random one if absent
    #[arg(long, value_name = "HEX")]
    pub(crate) seed: Option<Seed>,
    /// Standard to judge against
    #[arg(long, value_name = "ID")]
    pub(crate) standard: Option<String>,
    /// Verdicts that keep the gate shut, besides fail, which always does
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT")]
    fail_on: Vec<ShutOn>,
    /// Folder for the bundle; it must not exist yet, or be empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// What is printed, or written to a file: text, json or html; repeatable [default: text]
    #[arg(long, value_name = "FORMAT[=PATH]")]
    format: Vec<Output>,
    /// A nonce given by the buyer, which proves that the run is fresh
    #[arg(long, value_name = "NONCE")]
    pub(crate) challenge: Option<String>,
    /// The run is made by a party independent of the vendor
    #[arg(long)]
    pub(crate) independent: bool,
}

/// A result in one format, for standard output or for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) form: Form,
    pub(crate) path: Option<PathBuf>,
}

/// How the result of a run can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
    Html,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = match text.split_once('=') {
            Some((_, "")) => return Err("the path after `=` is missing".to_owned()),
            Some((name, path)) => (name, Some(PathBuf::from(path))),
            None => (text, None),
        };
        let form = match name {
            "text" => Form::Text,
            "json" => Form::Json,
            "html" => Form::Html,
            _ => return Err("there are text, json and html".to_owned()),
        };
        Ok(Self { form, path })
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ChosenDepth {
    Quick,
    #[default]
    Full,
    Exhaustive,
}

#[derive(Clone, Copy, ValueEnum)]
enum ShutOn {
    Fail,
    Warn,
    Inconclusive,
    NotTested,
}

impl Choice {
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            only: self.only.clone(),
            skip: self.skip.clone(),
            depth: match self.depth {
                ChosenDepth::Quick => Depth::Quick,
                ChosenDepth::Full => Depth::Full,
                ChosenDepth::Exhaustive => Depth::Exhaustive,
            },
        }
    }

    /// What is to be printed or written; text on standard output where nothing was asked for.
    pub(crate) fn outputs(&self) -> Vec<Output> {
        asked_for(&self.format)
    }

    /// What the command line says about the gate, if anything.
    pub(crate) fn fail_on(&self) -> Option<Vec<FailOn>> {
        let kinds = self.fail_on.iter().map(|kind| match kind {
            ShutOn::Fail => FailOn::Fail,
            ShutOn::Warn => FailOn::Warn,
            ShutOn::Inconclusive => FailOn::Inconclusive,
            ShutOn::NotTested => FailOn::NotTested,
        });
        Some(kinds.collect()).filter(|kinds: &Vec<_>| !kinds.is_empty())
    }
}

/// Text on standard output where nothing was asked for.
fn asked_for(format: &[Output]) -> Vec<Output> {
    match format {
        [] => vec![Output { form: Form::Text, path: None }],
        asked => asked.to_vec(),
    }
}

#[derive(ClapArgs)]
pub(crate) struct Demo {
    /// Switch on a deliberate defect of the reference candidate; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) fault: Vec<String>,
    /// List the faults, one a line, name first; with `--format json` what each must turn
    #[arg(long)]
    pub(crate) list_faults: bool,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

#[derive(ClapArgs)]
pub(crate) struct Run {
    /// The candidate's description
    #[arg(short, long, default_value = "hallmark.toml", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Also run intrusive checks: attacks on test accounts; off this machine only with [authorisation]
    #[arg(long)]
    pub(crate) intrusive: bool,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

#[derive(ClapArgs)]
pub(crate) struct Server {
    /// The server; brackets around an IPv6 address
    #[arg(value_name = "HOST:PORT")]
    pub(crate) endpoint: String,
    /// Protocol in which TLS is asked for first: xmpp
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) starttls: Option<String>,
    /// Name that the certificate must be for, sent as SNI and as the XMPP domain [default: HOST]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// PEM file with the roots that the server's clients trust; without it trust is not tested
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

#[derive(ClapArgs)]
pub(crate) struct Traffic {
    /// Capture files, pcap or pcapng, in the order in which they were recorded
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Key log (SSLKEYLOGFILE) that opens recorded sessions; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) keylog: Vec<PathBuf>,
    /// Text that was sent as a message and must not be found anywhere; repeatable
    #[arg(long, value_name = "TEXT")]
    pub(crate) canary: Vec<String>,
    /// Text that must be found, or the absence of canaries means nothing; repeatable
    #[arg(long, value_name = "TEXT")]
    pub(crate) control: Vec<String>,
    /// Folder with what the server or the app stores; repeatable
    #[arg(long, value_name = "DIR")]
    pub(crate) storage: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

#[derive(ClapArgs)]
pub(crate) struct Messaging {
    /// Path of a driver.toml, the name of a driver, or attach:ADDRESS
    pub(crate) driver: String,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

#[derive(ClapArgs)]
pub(crate) struct Recheck {
    /// Folder of the bundle
    pub(crate) bundle: PathBuf,
    /// Format of the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
pub(crate) struct Compare {
    /// Folders of the bundles, two to eight
    #[arg(required = true, value_name = "BUNDLE")]
    pub(crate) bundles: Vec<PathBuf>,
    /// What is printed, or written to a file: text, json or html; repeatable [default: text]
    #[arg(long, value_name = "FORMAT[=PATH]")]
    format: Vec<Output>,
}

impl Compare {
    /// What is to be printed or written.
    pub(crate) fn outputs(&self) -> Vec<Output> {
        asked_for(&self.format)
    }
}

#[derive(ClapArgs)]
pub(crate) struct Sign {
    /// Folder of the bundle
    pub(crate) bundle: PathBuf,
    /// PEM file with the private key
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// PEM file with the signer's certificate and its intermediates, without the root
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: PathBuf,
    /// In which role the signer signs
    #[arg(long, default_value = "vendor", value_name = "ROLE")]
    pub(crate) role: String,
}

#[derive(ClapArgs)]
pub(crate) struct Verify {
    /// Folder of the bundle
    pub(crate) bundle: PathBuf,
    /// PEM file with the roots that you trust; without it nothing is ever verified
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// Format of the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
pub(crate) struct List {
    /// What to list
    #[arg(value_enum, default_value_t)]
    pub(crate) what: Listed,
    /// Standard whose requirements are listed
    #[arg(long, default_value = "nhs-im", value_name = "ID")]
    pub(crate) standard: String,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Listed {
    #[default]
    Requirements,
    Checks,
    Standards,
    Drivers,
}

#[derive(ClapArgs)]
pub(crate) struct Explain {
    /// Id of a requirement or of a check
    pub(crate) id: String,
    /// Standard in which it is looked up
    #[arg(long, default_value = "nhs-im", value_name = "ID")]
    pub(crate) standard: String,
}

#[derive(Subcommand)]
pub(crate) enum Driver {
    /// Hold a conversation with a driver and say which field of which answer is wrong
    Check {
        /// Path of a driver.toml, the name of a driver, or attach:ADDRESS
        driver: String,
        /// Another driver of the same protocol: the two write to each other instead
        #[arg(long, value_name = "DRIVER")]
        with: Option<String>,
    },
    /// Begin a driver: a folder with a toy that keeps the protocol, and the steps from there
    New {
        /// Name of the driver and of its folder
        name: String,
        /// Language in which it is written
        #[arg(long, value_enum, value_name = "LANGUAGE")]
        lang: Language,
        /// Where the folder is made
        #[arg(long, default_value = ".", value_name = "DIR")]
        dir: PathBuf,
    },
    /// Try operations by hand: one a line on standard input; `help` says how
    Run {
        /// Path of a driver.toml, the name of a driver, or attach:ADDRESS
        driver: String,
        /// Name of a device to start with; repeatable. Further ones start when they are named
        #[arg(long, value_name = "NAME")]
        device: Vec<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Language {
    Rust,
    Python,
    Node,
}

impl From<Language> for hallmark_driver::scaffold::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::Rust => Self::Rust,
            Language::Python => Self::Python,
            Language::Node => Self::Node,
        }
    }
}

#[derive(ClapArgs)]
pub(crate) struct Schema {
    /// Name of the schema; without one, the names are listed
    pub(crate) name: Option<String>,
}

fn exit_codes() -> String {
    let rows = ExitCode::TABLE
        .iter()
        .map(|(code, name, meaning)| format!("  {:>3}  {name:<16}  {meaning}", code.code()));
    format!("Exit codes:\n{}", rows.collect::<Vec<_>>().join("\n"))
}
