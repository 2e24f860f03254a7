//! Files, before anything of them is understood.

use std::fs;
use std::io;
use std::path::Path;

/// The largest file that is read whole, in bytes: 64 MiB, twice the revocation list of an authority that revoked a million certificates.
const FILE_MAX: u64 = 64 << 20;

/// What a file holds.
///
/// # Errors
/// See [`check`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    check(path)?;
    fs::read(path)
}

/// Whether a path may be opened for reading. A pipe would keep whoever opens it waiting for ever, and a device never ends: a gateway that
/// looks at its files would see none of their changes any more.
///
/// # Errors
/// It cannot be looked at, leads to something that is no file, or to a larger one than is read.
pub fn check(path: &Path) -> io::Result<()> {
    let found = fs::metadata(path)?;
    if found.is_file() && found.len() <= FILE_MAX {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file of at most 64 MiB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_or_too_large_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        fs::File::create(&large).unwrap().set_len(FILE_MAX + 1).unwrap();
        for path in [folder.path(), &large, Path::new("/dev/zero")] {
            assert_eq!(read(path).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{}", path.display());
        }
        fs::File::options().write(true).open(&large).unwrap().set_len(3).unwrap();
        assert_eq!(read(&large).unwrap(), [0; 3]);
    }
}
