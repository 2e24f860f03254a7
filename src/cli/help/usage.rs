//! A command line that cannot be understood, told in the reader's language; and help and version, which clap hands out the same way.

use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;

use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::shown;
use crate::language::Language;

/// Shows what clap has to say and how the command ends for it.
pub fn answer(error: &clap::Error, terminal: &mut Terminal) -> Exit {
    let result = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => help(error, terminal),
        _ => Err(complaint(error)),
    };
    result.map_or_else(
        |failure| {
            terminal.fail(&failure);
            failure.exit()
        },
        |()| Exit::Yes,
    )
}

fn help(error: &clap::Error, terminal: &mut Terminal) -> Result<(), Failure> {
    let text = error.render();
    let text = if terminal.color() { text.ansi().to_string() } else { text.to_string() };
    let text =
        if terminal.language() == Language::Vi { text.replace("[OPTIONS]", "[TÙY CHỌN]") } else { text };
    terminal.raw(text.as_bytes())
}

/// What is wrong, and the nearest help.
fn complaint(error: &clap::Error) -> Failure {
    let (vi, en) = sentence(error);
    let (hint_vi, hint_en) = hint(error);
    let more = "--help";
    Failure::usage(
        format!("{vi}{hint_vi} Thêm `{more}` để xem cách dùng."),
        format!("{en}{hint_en} Add `{more}` to see how it is used."),
    )
}

fn sentence(error: &clap::Error) -> (String, String) {
    let argument = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            (format!("Không có tham số `{argument}`."), format!("There is no argument `{argument}`."))
        }
        ErrorKind::InvalidSubcommand => {
            let name = context(error, ContextKind::InvalidSubcommand);
            (format!("Không có lệnh `{name}`."), format!("There is no command `{name}`."))
        }
        ErrorKind::MissingRequiredArgument => {
            (format!("Thiếu {argument}."), format!("{argument} is missing."))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            ("Chưa nêu lệnh.".to_owned(), "No command is named.".to_owned())
        }
        ErrorKind::ArgumentConflict => {
            let other = context(error, ContextKind::PriorArg);
            (
                format!("Không dùng `{argument}` cùng với `{other}`."),
                format!("`{argument}` cannot be used with `{other}`."),
            )
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            (format!("`{argument}` thiếu giá trị."), format!("`{argument}` has no value."))
        }
        _ if value.is_empty() => {
            (format!("Dòng lệnh sai ở `{argument}`."), format!("The command line is wrong at `{argument}`."))
        }
        _ => (
            format!("`{value}` không dùng được cho `{argument}`."),
            format!("`{value}` cannot be used for `{argument}`."),
        ),
    }
}

/// What may have been meant.
fn hint(error: &clap::Error) -> (String, String) {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let meant = kinds.into_iter().map(|kind| context(error, kind)).find(|meant| !meant.is_empty());
    let valid = context(error, ContextKind::ValidValue);
    match meant {
        Some(meant) => (format!(" Có phải là `{meant}`?"), format!(" Did you mean `{meant}`?")),
        None if !valid.is_empty() => (format!(" Có thể là: {valid}."), format!(" It may be: {valid}.")),
        None => (String::new(), String::new()),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => shown(text),
        Some(ContextValue::Strings(texts)) => shown(&texts.join(", ")),
        _ => String::new(),
    }
}
