//! Help in two languages. The texts stand in tables, by the path of what they are about, and are put into clap's commands before a
//! line is parsed; a test holds that nothing is without its text in either language, and that every example can be parsed.

pub mod arguments;
pub mod commands;
pub mod usage;

use clap::Arg;
use clap::ArgAction;
use clap::Command;

use crate::language::Language;

use arguments::Meaning;
use commands::COMMANDS;
use commands::Page;

/// The commands with all their texts in one language.
#[must_use]
pub fn in_language(command: Command, language: Language) -> Command {
    page(command, "", language)
}

fn page(command: Command, path: &str, language: Language) -> Command {
    let words = Words::of(language);
    let path = path.to_owned();
    let mut command = framed(command, &path, &words, language);
    command = command.mut_args(|argument| described(argument, &path, &words, language));
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let below = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(name, |sub| page(sub, &below, language));
    }
    command
}

/// A command with its own text and headings.
fn framed(command: Command, path: &str, words: &Words, language: Language) -> Command {
    let about = of_page(path).map(|page| page.about(language)).unwrap_or_default();
    let examples = of_page(path).map(|page| page.examples).unwrap_or_default();
    let examples: String = examples.iter().map(|example| format!("  {example}\n")).collect();
    let template =
        format!("{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}{{after-help}}", words.usage);
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help(words.help);
    let command = command.about(about).long_about(None).disable_help_flag(true).arg(help.display_order(999));
    let command = if path.is_empty() { with_version(command, words) } else { command };
    command
        .help_template(template)
        .subcommand_help_heading(words.commands)
        .subcommand_value_name(words.command)
        .after_help(format!("{}:\n{}", words.examples, examples.trim_end()))
}

fn with_version(command: Command, words: &Words) -> Command {
    let version =
        Arg::new("version").short('V').long("version").action(ArgAction::Version).help(words.version);
    command.disable_version_flag(true).arg(version.display_order(999))
}

fn described(argument: Arg, path: &str, words: &Words, language: Language) -> Arg {
    let own = matches!(argument.get_id().as_str(), "help" | "version");
    let heading = match argument.is_positional() {
        true => words.arguments,
        false if own || argument.is_global_set() => words.common,
        false => words.options,
    };
    let text = of_argument(path, argument.get_id().as_str()).map(|meaning| match language {
        Language::Vi => meaning.vi,
        Language::En => meaning.en,
    });
    let takes_values = argument.get_action().takes_values();
    let argument = argument.help_heading(heading);
    let argument =
        if takes_values { argument.hide_default_value(true).hide_possible_values(true) } else { argument };
    match text {
        Some(text) if !own => argument.help(text),
        Some(_) | None => argument,
    }
}

/// The page of a command by its path, such as `audit list`; the empty path is the program.
fn of_page(path: &str) -> Option<&'static Page> {
    COMMANDS.iter().find(|page| page.path == path)
}

/// An argument's texts: those for this very command, else those it has everywhere.
fn of_argument(path: &str, id: &str) -> Option<Meaning> {
    let of = |path: &str| arguments::all().find(|meaning| meaning.path == path && meaning.id == id);
    of(path).or_else(|| of(""))
}

/// Words of the help's frame.
struct Words {
    usage: &'static str,
    commands: &'static str,
    command: &'static str,
    arguments: &'static str,
    options: &'static str,
    common: &'static str,
    examples: &'static str,
    help: &'static str,
    version: &'static str,
}

impl Words {
    fn of(language: Language) -> Self {
        match language {
            Language::Vi => Self {
                usage: "Cách dùng",
                commands: "Lệnh",
                command: "LỆNH",
                arguments: "Tham số",
                options: "Tùy chọn",
                common: "Tùy chọn chung",
                examples: "Ví dụ",
                help: "Hiện trợ giúp này",
                version: "Hiện phiên bản",
            },
            Language::En => Self {
                usage: "Usage",
                commands: "Commands",
                command: "COMMAND",
                arguments: "Arguments",
                options: "Options",
                common: "Common options",
                examples: "Example",
                help: "Show this help",
                version: "Show the version",
            },
        }
    }
}
