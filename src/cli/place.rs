//! Where things are. `--config`, else `PHOHIEN_CONFIG`, else `./gateway.toml`, else `/etc/phohien/gateway.toml`; an option that names
//! a folder stands in for all of them, so that nothing needs to be configured to look at a folder.
//!
//! Only the names of folders are taken from the configuration here, and nothing else in it is judged: whoever looks at a log must not
//! be kept from it by a fault in another section. `check` and `serve` judge the whole file.

use std::path::Path;
use std::path::PathBuf;

use super::Session;
use super::exit::Failure;
use super::terminal::shown;
use crate::audit::index::place::Place;
use crate::audit::index::postgres::address::Address;
use crate::config::index::FOLDER;

/// Where the configuration is looked for last.
const SYSTEM: &str = "/etc/phohien/gateway.toml";

/// A folder that the configuration names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// The log.
    Log,
    /// The policies.
    Policies,
    /// The keys.
    Keys,
    /// The certificates.
    Certs,
}

impl Folder {
    /// The key in the configuration.
    fn key(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Policies => "policies",
            Self::Keys => "keys",
            Self::Certs => "certs",
        }
    }
}

/// The configuration, if there is one: the first of the places above that was named or is there.
#[must_use]
pub fn configuration(session: &Session) -> Option<PathBuf> {
    let named = session.config.clone().or_else(|| session.environment.config.clone());
    named.or_else(|| {
        [Path::new("gateway.toml"), Path::new(SYSTEM)]
            .into_iter()
            .find(|path| path.is_file())
            .map(Path::to_owned)
    })
}

/// The configuration, which this command cannot do without.
///
/// # Errors
/// There is none.
pub fn need_configuration(session: &Session) -> Result<PathBuf, Failure> {
    configuration(session).ok_or_else(|| {
        Failure::usage(
            "Không tìm thấy tệp cấu hình. Hãy nêu bằng `--config TỆP`.",
            "No configuration was found. Name it with `--config FILE`.",
        )
    })
}

/// A folder: the one that was named, else the configuration's.
///
/// # Errors
/// None was named, and there is no configuration that names it.
pub fn folder(session: &Session, given: Option<&Path>, folder: Folder) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let key = folder.key();
    let Some(file) = configuration(session) else {
        return Err(Failure::usage(
            format!("Chưa nêu thư mục. Hãy nêu bằng `--{key} DIR`, hoặc nêu cấu hình bằng `--config TỆP`."),
            format!(
                "No folder was named. Name it with `--{key} DIR`, or a configuration with `--config FILE`."
            ),
        ));
    };
    let text = std::fs::read_to_string(&file).map_err(|cause| Failure::unreadable(&file, cause))?;
    named_in(&text, key).map(|named| file.parent().unwrap_or(Path::new("")).join(named)).ok_or_else(|| {
        let name = shown(&file.display().to_string());
        Failure::usage(
            format!("Cấu hình `{name}` không nêu thư mục `{key}`."),
            format!("The configuration `{name}` names no folder `{key}`."),
        )
    })
}

/// Where the index is: the folder that was named, else where the configuration says, else `index` beside the configuration.
///
/// # Errors
/// None was named and there is no configuration, or it names a database in a way that is none.
pub fn index(session: &Session, given: Option<&Path>) -> Result<Place, Failure> {
    if let Some(given) = given {
        return Ok(Place::Folder(given.to_owned()));
    }
    let file = need_configuration(session)?;
    let text = std::fs::read_to_string(&file).map_err(|cause| Failure::unreadable(&file, cause))?;
    let table: toml::Table = text.parse().unwrap_or_default();
    let named = |key: &str| table.get("index").and_then(|index| index.get(key)?.as_str());
    let Some(address) = named("postgres") else {
        let folder = named("folder").unwrap_or(FOLDER);
        return Ok(Place::Folder(file.parent().unwrap_or(Path::new("")).join(folder)));
    };
    let origin = table.get("origin").and_then(|origin| origin.as_str()?.parse().ok());
    let certs = named_in(&text, "certs").unwrap_or_default();
    let certs = file.parent().unwrap_or(Path::new("")).join(certs);
    let address = Address::new(address, named("postgres_anchors").map(|file| certs.join(file)));
    let place = address.ok().zip(origin).map(|(address, origin)| Place::Postgres(address, origin));
    place.ok_or_else(|| {
        let name = shown(&file.display().to_string());
        Failure::usage(
            format!("Cấu hình `{name}` nêu cơ sở dữ liệu của chỉ mục sai cách; hãy chạy `phohien check`."),
            format!("The configuration `{name}` names the index's database wrongly; run `phohien check`."),
        )
    })
}

fn named_in(text: &str, key: &str) -> Option<String> {
    let table: toml::Table = text.parse().ok()?;
    table.get(key)?.as_str().map(str::to_owned)
}

/// A file of a conventional name beside another, if it is there: a gateway's verifying keys stand beside what one already has of it.
#[must_use]
pub fn sibling(beside: &Path, name: &str) -> Option<PathBuf> {
    let file = beside.parent().unwrap_or(Path::new("")).join(name);
    file.is_file().then_some(file)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::cli::tests::session;

    fn written(folder: &Path, text: &str) -> PathBuf {
        let file = folder.join("gateway.toml");
        std::fs::File::create(&file).unwrap().write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_named_folder_needs_no_configuration_and_a_configured_one_is_relative_to_its_file() {
        let place = tempfile::tempdir().unwrap();
        let mut session = session();
        session.config = Some(written(place.path(), "log = \"log\"\n[exchange]\nnonsense = 1\n"));
        assert_eq!(folder(&session, None, Folder::Log).unwrap(), place.path().join("log"));
        assert_eq!(folder(&session, Some(Path::new("x")), Folder::Log).unwrap(), Path::new("x"));
        assert!(folder(&session, None, Folder::Keys).is_err());
    }

    #[test]
    fn the_option_goes_before_the_environment() {
        let mut session = session();
        session.environment.config = Some("environment".into());
        assert_eq!(configuration(&session).unwrap(), Path::new("environment"));
        session.config = Some("option".into());
        assert_eq!(configuration(&session).unwrap(), Path::new("option"));
    }
}
