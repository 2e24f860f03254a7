//! What the log asks of a disk, and no more. The order in which it asks, and when it asks for a sync, is what durability
//! rests on, so that a disk which fails or loses power on command can stand in its place.

use std::fmt;
use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// The operations on folders and names. A name is durable only after [`Disk::sync_folder`] on the folder that holds it.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Makes a folder, and those it stands in, where there are none; durable when it returns.
    ///
    /// # Errors
    /// As the system says.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// The names in a folder, in no order.
    ///
    /// # Errors
    /// As the system says.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// As the system says.
    fn read(&self, file: &Path) -> io::Result<Vec<u8>>;

    /// Exactly `length` bytes of a file from `offset` on.
    ///
    /// # Errors
    /// As the system says, and when the file ends before.
    fn read_at(&self, file: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>>;

    /// Makes a file, empty whatever was there, to be written through the handle, which stays with it when it is renamed.
    ///
    /// # Errors
    /// As the system says.
    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name in the same folder, replacing what had it.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, file: &Path) -> io::Result<()>;

    /// Opens a folder, so that its names can be made durable later without asking the system for anything more: a process that
    /// is out of descriptors can still sync what it holds.
    ///
    /// # Errors
    /// As the system says.
    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn DiskFolder>>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As the system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Holds a file against every other holder until the value is dropped; nothing if another holds it.
    ///
    /// # Errors
    /// As the system says.
    fn lock(&self, file: &Path) -> io::Result<Option<Box<dyn Send + Sync>>>;
}

/// The operations on one file that is being written.
pub trait DiskFile: Send {
    /// Writes all of the bytes from `offset` on; durable only after [`DiskFile::sync`].
    ///
    /// # Errors
    /// As the system says; what was written then is not known.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes all that was written durable, with the length (`fdatasync`). After an error nobody knows what is durable, and a
    /// second try would succeed without the data: never try again.
    ///
    /// # Errors
    /// As the system says.
    fn sync(&self) -> io::Result<()>;
}

/// An open folder.
pub trait DiskFolder {
    /// Makes the names in it durable.
    ///
    /// # Errors
    /// As the system says; as [`DiskFile::sync`], never to be tried again.
    fn sync(&self) -> io::Result<()>;
}

/// The machine's own disks.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let parent = parent(folder);
        if !folder.is_dir() {
            self.make_folder(parent)?;
            match fs::create_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                // Stopping here leaves no folder, or an empty one: both are where we began.
                _ => {}
            }
        }
        // Also of one that was there: who made it may have been killed before its name was durable.
        self.sync_folder(parent)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        fs::read(file)
    }

    fn read_at(&self, file: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        File::open(file)?.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OsFile(File::create(file)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn DiskFolder>> {
        Ok(Box::new(OsFolder(File::open(folder)?)))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn lock(&self, file: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let file = File::create(file)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn parent(folder: &Path) -> &Path {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

struct OsFile(File);

impl DiskFile for OsFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

struct OsFolder(File);

impl DiskFolder for OsFolder {
    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_of_a_lock_is_told_no_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lock");
        let first = OsDisk.lock(&file).unwrap();
        assert!(first.is_some());
        assert!(OsDisk.lock(&file).unwrap().is_none());
        drop(first);
        assert!(OsDisk.lock(&file).unwrap().is_some());
    }

    #[test]
    fn folders_are_made_with_those_they_stand_in() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        OsDisk.make_folder(&deep).unwrap();
        OsDisk.make_folder(&deep).unwrap();
        assert!(deep.is_dir());
    }
}
