//! `[index]`: where the index is kept.

use std::path::Path;

use crate::audit::index::place::Place;
use crate::audit::index::postgres::address::Address;
use crate::audit::index::postgres::address::NoAddress;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::Place as Written;
use crate::diagnostic::table::Table;

use super::read::apart;
use super::read::optional_section;
use super::settings::LogSettings;

/// The index's folder, where the configuration names none.
pub const FOLDER: &str = "index";

/// A folder, or a database whose anchors are among the certificates; the folder `index` beside the configuration where nothing is said.
pub(super) fn read(
    table: &mut Table<'_>,
    (base, certs): (&Path, &Path),
    log: Option<&LogSettings>,
    faults: &mut Faults,
) -> Option<Place> {
    if !table.has("index") {
        return Some(Place::Folder(base.join(FOLDER)));
    }
    let log = log?;
    optional_section(table, "index", faults, |table, faults| {
        let folder =
            table.optional::<String>("folder", faults).map(|folder| folder.map(|name| base.join(name)));
        let Some(written) = table.optional::<String>("postgres", faults) else {
            let folder = folder.map(|folder| apart("folder", folder, &log.folder, faults));
            return Some(Place::Folder(folder.unwrap_or_else(|| Some(base.join(FOLDER)))?));
        };
        let anchors = table.optional::<String>("postgres_anchors", faults);
        let anchors = anchors.map(|file| certs.join(file.value));
        let address =
            Address::new(&written.value, anchors).map_err(|no| faults.push(told(&no, written.place))).ok()?;
        Some(Place::Postgres(address, log.origin.clone()))
    })
}

/// What is wrong with an address. It is not shown: it may hold a password.
fn told(no: &NoAddress, place: Written) -> Fault {
    let (message, label) = match no {
        NoAddress::Text(_) => (
            "`postgres` is not an address of a database",
            "write it like \"host=/run/postgresql dbname=phohien\"",
        ),
        NoAddress::Unencrypted => (
            "`postgres` leads out of this machine without TLS",
            "name in `postgres_anchors` who vouches for the database",
        ),
        NoAddress::Socket => (
            "`postgres` leads to a socket, which has no TLS",
            "leave `postgres_anchors` out, or write the database's name",
        ),
    };
    Fault::new(Code::WrongValue, message).at(place).label(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read::read_text;
    use crate::config::read::tests::GOOD;

    #[test]
    fn the_index_is_beside_the_configuration_unless_it_says_otherwise_and_never_under_the_log() {
        let index =
            |more: &str| read_text("gateway.toml", &format!("{GOOD}{more}"), Path::new("/etc/phohien"));
        let folder = |path: &str| Place::Folder(path.into());
        assert_eq!(index("").unwrap().index, folder("/etc/phohien/index"));
        assert_eq!(index("[index]\n").unwrap().index, folder("/etc/phohien/index"));
        assert_eq!(index("[index]\nfolder = \"/var/index\"\n").unwrap().index, folder("/var/index"));
        let database = index("[index]\npostgres = \"host=/run/db password=secret\"\n").unwrap();
        assert!(
            matches!(&database.index, Place::Postgres(_, origin) if origin.as_str() == "gw1.hungyen.example/2026")
        );
        assert!(!format!("{database:?}").contains("secret"));
        let told = |more| index(more).unwrap_err().render(false);
        assert!(told("[index]\nfolder = \"log/index\"\n").contains("`folder` lies under `log`"));
        let wrong = told("[index]\npostgres = \"secret\"\n");
        assert!(wrong.contains("is not an address") && wrong.contains("gateway.toml:"), "{wrong}");
        let away = "[index]\npostgres = \"host=db password=secret\"\n";
        assert!(told(away).contains("without TLS"));
        let anchored = index(&format!("{away}postgres_anchors = \"db-ca.pem\"\n")).unwrap();
        let named = Address::new("host=db password=secret", Some("/etc/phohien/certs/db-ca.pem".into()));
        assert!(matches!(&anchored.index, Place::Postgres(address, _) if *address == named.unwrap()));
        assert!(
            told("[index]\npostgres = \"host=/run/db\"\npostgres_anchors = \"db-ca.pem\"\n")
                .contains("a socket")
        );
    }
}
