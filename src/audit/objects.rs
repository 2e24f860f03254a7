//! What entries refer to by hash, kept beside the log: policy files and certificates, durable before first use.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;

/// The folder `<log>/objects`.
#[derive(Debug)]
pub struct Objects {
    folder: PathBuf,
    kept: Mutex<HashSet<Hash>>,
    /// Held by whoever writes: the disk is waited for here, and `kept` is asked by every exchange.
    writing: Mutex<()>,
}

impl Objects {
    /// Opens the folder, making it where it is not there yet.
    ///
    /// # Errors
    /// The disk failed.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        if let Some(parent) = folder.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(Self { folder, kept: Mutex::default(), writing: Mutex::default() })
    }

    /// Whether bytes of this hash were kept by this process.
    #[must_use]
    pub fn has(&self, hash: &Hash) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    /// Keeps some bytes under their hash. Cheap when they are kept already.
    ///
    /// # Errors
    /// The disk failed: whoever would refer to these bytes must not.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<Hash> {
        let hash = sha256(bytes);
        if self.has(&hash) {
            return Ok(hash);
        }
        // One writer at a time, and noted only when durable: nobody refers to bytes that are still being written.
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.has(&hash) {
            self.write(&hash, bytes)?;
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(hash);
        }
        Ok(hash)
    }

    /// A crash at any line leaves either no object or a whole one: the name appears only after the bytes are durable.
    fn write(&self, hash: &Hash, bytes: &[u8]) -> io::Result<()> {
        let path = self.folder.join(hex(hash));
        if std::fs::read(&path).is_ok_and(|there| sha256(&there) == *hash) {
            return Ok(());
        }
        let unfinished = path.with_extension("tmp");
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)?;
        File::open(&self.folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_kept_under_its_hash_and_a_damaged_one_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("objects");
        let hash = Objects::open(path.clone()).unwrap().keep(b"agreement").unwrap();
        let file = path.join(hex(&hash));
        assert_eq!(std::fs::read(&file).unwrap(), b"agreement");
        File::create(&file).unwrap().write_all(b"changed").unwrap();
        Objects::open(path).unwrap().keep(b"agreement").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"agreement");
    }
}
