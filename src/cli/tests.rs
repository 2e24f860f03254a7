use super::*;

use std::io;
use std::sync::Arc;
use std::sync::Mutex;

use crate::clock::Timestamp;

/// A session whose output is lost.
pub(super) fn session() -> Session {
    Session {
        terminal: Terminal::over(Manner::default(), Box::new(io::sink()), Box::new(io::sink())),
        clock: Clock::by_hand("2026-11-23T02:30:00Z".parse::<Timestamp>().unwrap()),
        environment: Environment::default(),
        config: None,
    }
}

/// Arguments of one command, parsed as it parses them.
pub(super) fn line<A: clap::Args>(options: &str) -> A {
    let command = A::augment_args(clap::Command::new("test").no_binary_name(true));
    A::from_arg_matches(&command.try_get_matches_from(options.split_whitespace()).unwrap()).unwrap()
}

/// What a stream was given.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a command line; gives the exit code and what was said on both streams.
pub(super) fn run_line(text: &str) -> (Exit, String, String) {
    let arguments: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
    let environment = Environment::default();
    let (out, err) = (Heard::default(), Heard::default());
    let manner = first_manner(&arguments, &environment);
    let terminal = Terminal::over(manner, Box::new(out.clone()), Box::new(err.clone()));
    let exit = run_with(arguments, environment, terminal, Clock::by_hand(Timestamp::UNIX_EPOCH));
    (exit, out.text(), err.text())
}

/// Every command with its path, the program itself first.
fn every_command(language: Language) -> Vec<(String, clap::Command)> {
    fn collect(command: &clap::Command, path: &str, all: &mut Vec<(String, clap::Command)>) {
        all.push((path.to_owned(), command.clone()));
        for sub in command.get_subcommands() {
            let below = format!("{path} {}", sub.get_name());
            collect(sub, below.trim(), all);
        }
    }
    let mut all = Vec::new();
    collect(&help::in_language(Line::command(), language), "", &mut all);
    all
}

#[test]
fn every_command_and_every_argument_has_its_text_in_both_languages() {
    let (vi, en) = (every_command(Language::Vi), every_command(Language::En));
    assert!(vi.len() > 15, "{} commands", vi.len());
    for ((path, vi), (_, en)) in vi.iter().zip(&en) {
        let about =
            |command: &clap::Command| command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about(vi).is_empty() && about(vi) != about(en), "`{path}` lacks a text: {}", about(vi));
        for (vi, en) in vi.get_arguments().zip(en.get_arguments()) {
            let text = |arg: &clap::Arg| arg.get_help().map(ToString::to_string).unwrap_or_default();
            let lacks = text(vi).is_empty() || text(en).is_empty() || text(vi) == text(en);
            assert!(!lacks, "`{path}` {}: {} / {}", vi.get_id(), text(vi), text(en));
        }
    }
}

#[test]
fn no_text_of_the_help_is_about_something_that_is_not_there() {
    let all = every_command(Language::En);
    for page in help::commands::COMMANDS {
        assert!(all.iter().any(|(path, _)| path == page.path), "`{}`", page.path);
    }
    for meaning in help::arguments::all() {
        let here = |(place, command): &(String, clap::Command)| {
            (meaning.path.is_empty() || place == meaning.path)
                && command.get_arguments().any(|arg| arg.get_id() == meaning.id)
        };
        assert!(all.iter().any(here), "{meaning:?}");
    }
}

#[test]
fn every_help_has_an_example_and_every_example_is_understood() {
    for page in help::commands::COMMANDS {
        assert!(!page.examples.is_empty(), "`{}` has no example", page.path);
        for example in page.examples {
            let words: Vec<OsString> =
                example.split_whitespace().map(|word| word.trim_matches('\'').into()).collect();
            let told = parse(&words, Language::En, false);
            assert!(told.is_ok(), "{example}: {}", told.unwrap_err());
            assert!(example.starts_with(&format!("phohien {}", page.path)), "{example}");
        }
    }
}

#[test]
fn help_speaks_the_language_that_was_asked_for() {
    let (exit, vi, _) = run_line("phohien --lang vi audit list --help");
    assert_eq!(exit, Exit::Yes);
    for word in ["Cách dùng: phohien audit list [TÙY CHỌN]", "Tùy chọn:", "Ví dụ:\n  phohien audit list"]
    {
        assert!(vi.contains(word), "{word} is missing from\n{vi}");
    }
    let (_, en, _) = run_line("phohien audit list --help --lang=en");
    for word in ["Usage: phohien audit list [OPTIONS]", "Options:", "Example:\n  phohien audit list"] {
        assert!(en.contains(word), "{word} is missing from\n{en}");
    }
    for word in ["Usage", "Options", "Commands", "possible values", "default:"] {
        assert!(!vi.contains(word), "{word} is in\n{vi}");
    }
}

#[test]
fn a_line_that_cannot_be_understood_is_told_in_the_readers_language_and_ends_with_two() {
    let (exit, out, err) = run_line("phohien --lang vi audit lst");
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.starts_with("Không có lệnh `lst`. Có phải là `list`?"), "{err}");
    let (_, _, err) = run_line("phohien --lang en audit list --outcme x");
    assert!(err.starts_with("There is no argument `--outcme`. Did you mean `--outcome`?"), "{err}");
    let (_, _, err) = run_line("phohien --lang en audit list --outcome perhaps");
    assert!(
        err.starts_with("`perhaps` cannot be used for `--outcome <OUTCOME>`. It may be: opened, "),
        "{err}"
    );
    let (exit, _, err) = run_line("phohien --lang en");
    assert!(exit == Exit::Usage && err.starts_with("No command is named."), "{err}");
}

#[test]
fn with_json_even_a_complaint_is_an_object() {
    let (exit, _, err) = run_line("phohien audit list --json --log no/such/folder");
    let object: serde_json::Value = serde_json::from_str(&err).unwrap();
    assert_eq!(
        (exit, object["exit"].as_u64(), object["error"].as_str()),
        (Exit::CouldNot, Some(3), Some("log-unreadable"))
    );
    let (_, _, err) = run_line("phohien audit lst --json");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&err).unwrap()["error"], "usage");
}

#[test]
fn what_was_typed_cannot_take_over_the_terminal() {
    let (_, _, err) = run_line("phohien \u{1b}[2J\u{202e}");
    assert!(!err.contains(['\u{1b}', '\u{202e}']), "{err}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let (exit, out, _) = run_line("phohien --version");
    assert_eq!((exit, out), (Exit::Yes, format!("phohien {}\n", env!("CARGO_PKG_VERSION"))));
}

/// Every command and every option that names a file or folder to read, where there is none.
const MISSING: &[&str] = &[
    "check /no/such",
    "check /no/such/gateway.toml policies",
    "--config /no/such check",
    "--config /no/such serve",
    "--config /no/such keys new",
    "--config /no/such keys rotate",
    "--config /no/such witness serve",
    "--config /no/such policy access",
    "policy explain --policies /no/such --agency H31.01.01 GET https://x/dan-cu/1 --purpose x",
    "policy access --policies /no/such",
    "policy diff /no/such policies",
    "policy diff policies /no/such",
    "policy replay /no/such --since 7d --log /no/such",
    "policy unused --policies /no/such --since 90d --log /no/such",
    "policy suspend agreement TT-2026-001 --reason x --policies /no/such",
    "policy resume agreement TT-2026-001 --reason x --policies /no/such",
    "policy sign /no/such/agreements/TT-1.toml --cert /no/such --key /no/such",
    "policy verify /no/such/agreements/TT-1.toml --anchors /no/such",
    "policy verify policies/agreements/TT-2026-001.toml --anchors /no/such",
    "policy verify policies/agreements/TT-2026-001.toml --anchors /no/such --crl /no/such",
    "audit list --log /no/such --index /no/such --keys /no/such",
    "audit count --by agency --log /no/such --index /no/such --keys /no/such",
    "audit tail --log /no/such --index /no/such --keys /no/such",
    "audit show 1 --log /no/such",
    "audit export --format jsonl -o /no/such/x --log /no/such --index /no/such --keys /no/such",
    "audit export --tiles /no/such/x --log /no/such",
    "audit verify /no/such",
    "audit evidence 0199a1c2-0000-7000-8000-000000000000 -o /no/such/x --log /no/such",
    "audit disclose 0199a1c2-0000-7000-8000-000000000000 answer --log /no/such --keys /no/such",
    "audit refusal 0199a1c2-0000-7000-8000-000000000000 --log /no/such",
    "audit reindex --log /no/such --index /no/such --keys /no/such",
    "--config /no/such audit forget 2026-10 --order /no/such --signature /no/such --signature /no/such",
    "receipt verify /no/such --trust /no/such",
    "receipt fetch --after 0 --gateway https://127.0.0.1:1 --cert /no/such --key /no/such --cacert /no/such",
    "evidence verify /no/such --trust /no/such",
    "certs check /no/such --anchors /no/such --policies policies",
    "certs check policies/README.md --anchors /no/such --policies policies",
    "keys show --log /no/such",
    "keys show --witness /no/such",
    "witness status --log /no/such",
    "call https://127.0.0.1:1/x --cert /no/such --key /no/such --cacert /no/such",
];

#[test]
fn what_cannot_be_read_ends_every_command_with_three() {
    let ended = MISSING.iter().map(|line| (line, run_line(&format!("phohien --lang en {line}"))));
    let others: Vec<_> = ended.filter(|(_, (exit, ..))| *exit != Exit::CouldNot).collect();
    assert!(others.is_empty(), "{others:#?}");
    // No command that reads is left out.
    let names = |command: &clap::Command| {
        command.get_arguments().any(|argument| {
            let value = argument.get_value_names().unwrap_or_default();
            value.iter().any(|name| matches!(name.as_str(), "FILE" | "DIR" | "PATH" | "OLD" | "NEW"))
        })
    };
    for (path, _) in every_command(Language::En).iter().filter(|(_, command)| names(command)) {
        // These make what they name.
        let writes = ["", "demo", "certs dev"].contains(&path.as_str());
        assert!(writes || MISSING.iter().any(|line| line.contains(path.as_str())), "`{path}`");
    }
}
