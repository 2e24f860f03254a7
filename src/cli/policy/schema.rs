//! `policy schema`: the JSON Schema of a kind of policy file, for editors.

use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::policy::schema;

/// `policy schema`.
#[derive(Debug, clap::Args)]
pub struct Schema {
    #[arg(value_name = "KIND")]
    kind: schema::Kind,
}

/// Prints it.
///
/// # Errors
/// The terminal is gone.
pub fn run(asked: &Schema, session: &mut Session) -> Result<Exit, Failure> {
    session.terminal.line(schema::text_of(asked.kind).trim_end())?;
    Ok(Exit::Yes)
}

#[cfg(test)]
mod tests {
    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    #[test]
    fn a_schema_is_printed_as_it_is_checked_in_and_of_no_other_kind() {
        let (exit, out, err) = run_line("phohien policy schema agreement");
        assert_eq!((exit, err.as_str()), (Exit::Yes, ""));
        assert_eq!(out, include_str!("../../../deploy/schemas/agreement.schema.json"));
        assert_eq!(run_line("phohien policy schema agreements").0, Exit::Usage);
    }
}
