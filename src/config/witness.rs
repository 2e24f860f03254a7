//! `witness.toml`: whose logs a witness cosigns, where it is asked, where it remembers.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::Placed;
use crate::diagnostic::table::Table;
use crate::id::Origin;
use crate::listener::tls::TlsFiles;
use crate::tlog::note::VerifierKey;
use crate::tlog::witness::Logs;

use super::read::File;
use super::read::optional_section;
use super::read::whole;
use super::socket::not_empty;
use super::socket::tls_files;

/// Where a witness listens by default: this machine alone.
pub const LISTEN: &str = "127.0.0.1:9465";

/// What a witness is told, after checking.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name it cosigns under.
    pub name: Origin,
    /// The folder of its key and its memory.
    pub state: PathBuf,
    /// Where it is asked.
    pub listen: SocketAddr,
    /// The logs it knows.
    pub logs: Logs,
    /// With certificates: whose; none: plain HTTP.
    pub tls: Option<TlsFiles>,
}

/// Reads the file.
///
/// # Errors
/// All faults at once; a file that cannot be read is one of them.
pub fn read(path: &Path) -> Result<Settings, Faults> {
    let File { name, text, base } = File::open(path)?;
    read_text(&name, &text, base)
}

/// Reads the file's text; paths in it are relative to `base`.
///
/// # Errors
/// All faults at once.
pub fn read_text(name: &str, text: &str, base: &Path) -> Result<Settings, Faults> {
    whole(name, text, |table, faults| settings(table, faults, base))
}

fn settings(table: &mut Table<'_>, faults: &mut Faults, base: &Path) -> Option<Settings> {
    let name = table.required::<Origin>("name", faults);
    let state = table.required::<String>("state", faults);
    let listen = table.optional::<SocketAddr>("listen", faults);
    let logs = logs(table, faults);
    let plain = !table.has("tls");
    let tls = optional_section(table, "tls", faults, |table, faults| tls_files(table, base, faults));
    let listen = match listen {
        Some(listen) => listen.value,
        None => LISTEN.parse().ok()?,
    };
    Some(Settings {
        name: name?.value,
        state: base.join(state?.value),
        listen,
        logs: logs?,
        // What was asked for and has faults is not the same as nothing.
        tls: if plain { None } else { Some(tls?) },
    })
}

fn logs(table: &mut Table<'_>, faults: &mut Faults) -> Option<Logs> {
    let written = not_empty(table, "logs", faults)?;
    let mut keys = Vec::new();
    for Placed { value, place } in written {
        match value.parse::<VerifierKey>() {
            Ok(key) => keys.push(key),
            Err(why) => {
                let fault = Fault::new(Code::WrongValue, why.to_string()).at(place);
                faults.push(fault.label("a log's verification key is what its gateway writes to log.vkey"));
            }
        }
    }
    Some(Logs::new(keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../deploy/witness.toml");

    #[test]
    fn the_sample_is_read_and_listens_on_this_machine_alone() {
        let settings = read_text("witness.toml", GOOD, Path::new("/etc/phohien")).unwrap();
        assert!(settings.listen.ip().is_loopback() && settings.tls.is_none());
        assert_eq!(settings.logs.origins().count(), 1);
    }

    #[test]
    fn a_witness_of_no_log_or_of_a_damaged_key_is_a_fault() {
        let line = GOOD.lines().find(|line| line.starts_with("logs")).unwrap();
        for (logs, part) in
            [("logs = []", "`logs` is empty"), ("logs = [\"x+1+y\"]", "the key"), ("", "`logs`")]
        {
            let told = read_text("witness.toml", &GOOD.replace(line, logs), Path::new("")).unwrap_err();
            assert!(told.render(false).contains(part), "{part}: {}", told.render(false));
        }
    }
}
