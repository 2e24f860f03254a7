//! The commands. `mod.rs` says which there are; each lives in the file of its name.
//!
//! | what every command shares | here |
//! |---|---|
//! | exit codes and failures | [`exit`] |
//! | the environment, read once | [`environment`] |
//! | output, escaping, tables, progress | [`terminal`], [`table`], [`progress`] |
//! | sheets and papers to take away | [`sheet`], [`paper`] |
//! | times as people type them | [`when`] |
//! | help in two languages | [`help`] |
//! | where configuration, log and keys are | [`place`] |
//! | an agency's HTTP client that checks what it is told | [`client`] |

pub mod audit;
pub mod call;
pub mod certs;
pub mod check;
pub mod client;
pub mod demo;
pub mod environment;
pub mod evidence;
pub mod exit;
pub mod help;
pub mod keys;
pub mod paper;
pub mod place;
pub mod policy;
pub mod progress;
pub mod receipt;
pub mod rotate;
pub mod serve;
pub mod sheet;
pub mod table;
pub mod terminal;
pub mod trust;
pub mod when;
pub mod witness;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::FromArgMatches as _;

use crate::clock::Clock;
use crate::language::Language;

use environment::Environment;
use exit::Exit;
use exit::Failure;
use terminal::Manner;
use terminal::Terminal;

/// What a command line says.
#[derive(Debug, clap::Parser)]
#[command(name = "phohien", version, disable_help_subcommand = true, subcommand_required = true)]
pub struct Line {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Global {
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value = "auto")]
    color: Color,
    #[arg(long, global = true, value_name = "LANG", value_enum)]
    lang: Option<Lang>,
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Lang {
    Vi,
    En,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Check(check::Check),
    Call(Box<call::Call>),
    #[command(subcommand)]
    Policy(policy::Policy),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand)]
    Receipt(receipt::Receipt),
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    #[command(subcommand)]
    Certs(certs::Certs),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Witness(witness::Witness),
}

/// What a command works with.
#[derive(Debug)]
pub struct Session {
    /// Where it speaks.
    pub terminal: Terminal,
    /// What time it is.
    pub clock: Clock,
    /// The environment, as it was at the start.
    pub environment: Environment,
    /// `--config`, if it was given.
    pub config: Option<PathBuf>,
}

/// Runs one command line, the program's name first, with the process's own streams, clock and environment.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let environment = Environment::read();
    let terminal = Terminal::new(first_manner(&arguments, &environment));
    run_with(arguments, environment, terminal, Clock::system()).into()
}

/// The same with whatever streams, clock and environment one likes.
#[must_use]
pub fn run_with(
    arguments: Vec<OsString>,
    environment: Environment,
    mut terminal: Terminal,
    clock: Clock,
) -> Exit {
    let line = match parse(&arguments, terminal.language(), terminal.color()) {
        Ok(line) => line,
        Err(error) => return help::usage::answer(&error, &mut terminal),
    };
    let mut session = Session { terminal, clock, environment, config: line.global.config };
    dispatch(line.command, &mut session).unwrap_or_else(|failure| {
        session.terminal.fail(&failure);
        failure.exit()
    })
}

fn dispatch(command: Command, session: &mut Session) -> Result<Exit, Failure> {
    match command {
        Command::Demo(demo) => demo::run(&demo, session),
        Command::Serve(serve) => serve::run(&serve, session),
        Command::Check(check) => check::run(&check, session),
        Command::Call(call) => call::run(&call, session),
        Command::Policy(policy) => policy::run(&policy, session),
        Command::Audit(audit) => audit::run(&audit, session),
        Command::Receipt(receipt) => receipt::run(&receipt, session),
        Command::Evidence(evidence) => evidence::run(&evidence, session),
        Command::Certs(certs) => certs::run(&certs, session),
        Command::Keys(keys) => keys::run(&keys, session),
        Command::Witness(witness) => witness::run(&witness, session),
    }
}

fn parse(arguments: &[OsString], language: Language, color: bool) -> Result<Line, clap::Error> {
    let choice = if color { clap::ColorChoice::Always } else { clap::ColorChoice::Never };
    let command = help::in_language(Line::command().color(choice), language);
    Line::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

/// How to speak, before the line was parsed: help and complaints about the line itself must be in the right language already.
fn first_manner(arguments: &[OsString], environment: &Environment) -> Manner {
    let given = |name: &str| option(arguments, name);
    let language = match given("--lang").as_deref() {
        Some("en") => Language::En,
        Some("vi") => Language::Vi,
        Some(_) | None => environment.language,
    };
    let color = |is_terminal: bool| match given("--color").as_deref() {
        Some("always") => true,
        Some("never") => false,
        Some(_) | None => is_terminal && !environment.no_color,
    };
    let json = arguments.iter().any(|argument| argument == "--json");
    Manner {
        language,
        color: color(environment.output_is_terminal),
        error_color: color(environment.error_is_terminal),
        json,
        progress: environment.error_is_terminal && !json,
    }
}

/// The last value of an option, in either spelling.
fn option(arguments: &[OsString], name: &str) -> Option<String> {
    let texts: Vec<&str> = arguments.iter().map(|argument| argument.to_str().unwrap_or_default()).collect();
    let at = texts.iter().rposition(|text| *text == name || text.strip_prefix(name).is_some_and(is_value))?;
    let text = texts.get(at)?;
    let value = if *text == name { texts.get(at + 1)? } else { text.split_once('=')?.1 };
    Some(value.to_owned())
}

fn is_value(rest: &str) -> bool {
    rest.starts_with('=')
}

#[cfg(test)]
mod tests;
