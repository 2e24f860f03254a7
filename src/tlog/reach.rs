//! How far what is sealed reaches: the last of the files that are numbered like tiles.
//!
//! Only the way to the last one is listed: a start does not grow with the log.

use std::io;
use std::io::ErrorKind::NotADirectory;
use std::io::ErrorKind::NotFound;
use std::path::Path;

use super::disk::Disk;

/// The number of the last file below a folder; none if there is no such file. A file's name ends like this.
pub(super) fn last(disk: &dyn Disk, top: &Path, ending: &str) -> io::Result<Option<u64>> {
    below(disk, top, ending, 0)
}

/// The last below a folder whose groups of digits come to `above`. More groups are a larger number: folders go before files.
fn below(disk: &dyn Disk, folder: &Path, ending: &str, above: u64) -> io::Result<Option<u64>> {
    let names = match disk.list(folder) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(None),
        names => names?,
    };
    let mut folders: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix('x')).collect();
    folders.sort_unstable();
    for group in folders.into_iter().rev() {
        let Some(number) = joined(above, group) else { continue };
        // One that is empty is what a stop has left.
        if let Some(last) = below(disk, &folder.join(format!("x{group}")), ending, number)? {
            return Ok(Some(last));
        }
    }
    Ok(names.iter().filter_map(|name| joined(above, name.strip_suffix(ending)?)).max())
}

/// A number with three digits more; nothing if these are not three digits.
fn joined(above: u64, group: &str) -> Option<u64> {
    let digits = group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    let group: u64 = group.parse().ok().filter(|_| digits)?;
    above.checked_mul(1000)?.checked_add(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::disk::OsDisk;
    use crate::tlog::tests::put;

    #[test]
    fn the_last_is_found_among_files_folders_and_what_belongs_to_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            put(&file, b"");
        };
        let last = |ending| last(&OsDisk, folder.path(), ending).unwrap();
        assert_eq!(last(""), None);
        make("017");
        make("018.gz");
        make("999.gz.tmp");
        make("odd");
        assert_eq!((last(""), last(".gz")), (Some(17), Some(18)));
        make("x001/234");
        make("x001/x234/067");
        make("x00a/000");
        // A folder whose first file was not named yet, and a file where a folder would be.
        std::fs::create_dir_all(folder.path().join("x002")).unwrap();
        make("x003");
        assert_eq!((last(""), last(".gz")), (Some(1_234_067), Some(18)));
        assert_eq!(super::last(&OsDisk, &folder.path().join("none"), "").unwrap(), None);
    }
}
