//! Secrets on disk: a file only its owner reads (0600) in a folder only its owner enters (0700), durable before first use.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

/// Owner reads and writes, nobody else.
const FILE_MODE: u32 = 0o600;
/// Owner enters, nobody else.
const FOLDER_MODE: u32 = 0o700;

/// No secret of ours is longer.
const OVERWRITTEN_MAX: usize = 64 << 10;

/// Writes a new secret file; refuses to replace one.
///
/// A crash at any line leaves either no secret or a whole one: the name appears only after the bytes are durable, and never in place of
/// another's.
///
/// # Errors
/// The file exists, or the disk failed.
pub fn write_new(path: &Path, secret: &[u8]) -> io::Result<()> {
    let (unfinished, folder) = unnamed(path, secret)?;
    let named = std::fs::hard_link(&unfinished, path);
    remove_if_there(&unfinished)?;
    named?;
    folder.sync_all()
}

/// Writes a secret file in the place of the one before, if there is one. Only where losing it costs nothing that matters.
///
/// A crash at any line leaves the one before, or this one, each whole.
///
/// # Errors
/// The disk failed.
pub fn replace(path: &Path, secret: &[u8]) -> io::Result<()> {
    let (unfinished, folder) = unnamed(path, secret)?;
    std::fs::rename(&unfinished, path)?;
    folder.sync_all()
}

/// Destroys a secret: its bytes are overwritten and the file is taken away, each durably. Whether there was one.
///
/// A crash at any line leaves the secret, or bytes of nothing under its name, or nothing: asked again, it ends the same. What a disk
/// that copies on write, or a backup, has kept of it is beyond our reach.
///
/// # Errors
/// The disk failed: the secret may still be there.
pub fn destroy(path: &Path) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = match OpenOptions::new().write(true).open(path) {
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    file.write_all(&vec![0; length.min(OVERWRITTEN_MAX)])?;
    file.sync_all()?;
    std::fs::remove_file(path)?;
    // Another name of the same bytes, if making it was interrupted.
    remove_if_there(&path.with_extension("unfinished"))?;
    File::open(folder)?.sync_all()?;
    Ok(true)
}

/// Writes a secret, durable, beside the place that it will have; the file, and the folder of both, to be synced when it has its name.
fn unnamed(path: &Path, secret: &[u8]) -> io::Result<(PathBuf, File)> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    let unfinished = path.with_extension("unfinished");
    // What a crash left there was never anybody's secret.
    remove_if_there(&unfinished)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&unfinished)?;
    file.write_all(secret)?;
    file.sync_all()?;
    Ok((unfinished, File::open(folder)?))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Reads a secret, or makes it with `make` and writes it where there is none.
///
/// # Errors
/// The disk failed, or `make` did.
pub fn read_or_make(path: &Path, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => {
            let secret = make()?;
            write_new(path, &secret)?;
            Ok(secret)
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_readable_by_its_owner_alone_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys").join("one.key");
        assert_eq!(read_or_make(&path, || Ok(b"secret".to_vec())).unwrap(), b"secret");
        assert_eq!(read_or_make(&path, || Ok(b"other".to_vec())).unwrap(), b"secret");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(write_new(&path, b"other").is_err());
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn what_may_be_replaced_is_whole_before_and_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for bytes in [&b"one"[..], b"the other"] {
            replace(&path, bytes).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_destroyed_secret_is_gone_under_every_name_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.key");
        write_new(&path, b"secret").unwrap();
        let other = folder.path().join("other");
        std::fs::hard_link(&path, &other).unwrap();
        std::fs::hard_link(&path, path.with_extension("unfinished")).unwrap();
        assert!(destroy(&path).unwrap() && !destroy(&path).unwrap());
        assert_eq!(std::fs::read(&other).unwrap(), [0; 6]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_left_unfinished_is_neither_taken_for_a_secret_nor_in_the_way_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.key");
        File::create(path.with_extension("unfinished")).unwrap().write_all(b"sec").unwrap();
        assert_eq!(read_or_make(&path, || Ok(b"secret".to_vec())).unwrap(), b"secret");
    }
}
