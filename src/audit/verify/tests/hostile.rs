//! Folders that are laid out to stop their reader.

use std::fs;

use super::folder::Folder;
use super::folder::Layout;
use super::folder::Script;
use super::*;

/// Every class of file is there; `witnessed` has what the published head says.
fn folder() -> Folder {
    let folder = Folder::of(&Script::of(530), Layout { sealed: 2, begun: 300, batch: 25, segment: 4 });
    folder.put("witnessed/00000000", &folder.get("checkpoint"));
    folder
}

/// Codes and files of the faults.
fn faults(folder: &Folder) -> Vec<(&'static str, std::path::PathBuf)> {
    let known = [folder.known()];
    let report =
        fsck::verify(&folder.path(""), Some(&folder.key()), &known, &mut Judge::new(), &mut |_, _| {});
    report.faults.into_iter().map(|fault| (fault.code, fault.file)).collect()
}

#[test]
fn a_link_is_not_followed_where_a_file_belongs_even_to_the_same_bytes() {
    let folder = folder();
    assert_eq!(faults(&folder), []);
    for name in folder.files() {
        let file = folder.path(&name);
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        fs::copy(&file, elsewhere.path()).unwrap();
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &file).unwrap();
        let told = faults(&folder);
        assert!(told.contains(&("unreadable", file.clone())), "{name}: {told:?}");
        fs::remove_file(&file).unwrap();
        fs::copy(elsewhere.path(), &file).unwrap();
    }
    assert_eq!(faults(&folder), []);
}

#[test]
fn a_file_of_more_bytes_than_a_log_writes_is_not_read() {
    let folder = folder();
    let name = folder.files().into_iter().find(|name| name.starts_with("objects/")).unwrap();
    let file = folder.path(&name);
    // All of it is a hole: it takes no room.
    fs::File::options().write(true).open(&file).unwrap().set_len((256 << 20) + 1).unwrap();
    assert_eq!(faults(&folder), [("unreadable", file)]);
}
