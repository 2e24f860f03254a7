//! `[index]`: where the index is kept.

use std::path::Path;

use crate::audit::index::place::Place;
use crate::audit::index::postgres::Address;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::table::Table;

use super::read::apart;
use super::read::optional_section;
use super::settings::LogSettings;

/// The index's folder, where the configuration names none.
pub const FOLDER: &str = "index";

/// A folder, or a database; the folder `index` beside the configuration where nothing is said.
pub(super) fn read(
    table: &mut Table<'_>,
    base: &Path,
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
        let Ok(address) = written.value.parse::<Address>() else {
            // Not shown: it may hold a password.
            let fault =
                Fault::new(Code::WrongValue, "`postgres` is not an address of a database").at(written.place);
            faults.push(fault.label("write it like \"host=/run/postgresql dbname=phohien\""));
            return None;
        };
        Some(Place::Postgres(address, log.origin.clone()))
    })
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
        let database = index("[index]\npostgres = \"host=db password=secret\"\n").unwrap();
        assert!(
            matches!(&database.index, Place::Postgres(_, origin) if origin.as_str() == "gw1.hungyen.example/2026")
        );
        assert!(!format!("{database:?}").contains("secret"));
        let told = |more| index(more).unwrap_err().render(false);
        assert!(told("[index]\nfolder = \"log/index\"\n").contains("`folder` lies under `log`"));
        let told = told("[index]\npostgres = \"secret\"\n");
        assert!(told.contains("is not an address") && told.contains("gateway.toml:"), "{told}");
    }
}
