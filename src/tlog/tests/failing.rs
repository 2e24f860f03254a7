//! A disk that fails, fills or stops on command, and keeps the real one underneath, but for its syncs.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use crate::tlog::disk::Disk;
use crate::tlog::disk::DiskFile;
use crate::tlog::disk::DiskFolder;
use crate::tlog::disk::OsDisk;

/// How long a test waits for what must happen, before it says that it did not.
const DEADLINE: Duration = Duration::from_secs(60);

/// What is asked of the disk, and what it saw. The orders concern the segment that is open when the log is opened.
#[derive(Debug, Default, Clone)]
pub(crate) struct Orders {
    pub(crate) fail_write: bool,
    pub(crate) fail_sync: bool,
    pub(crate) hold_sync: bool,
    /// No new spare can be made.
    pub(crate) full: bool,
    /// The next folder's sync fails.
    pub(crate) fail_folder_sync: bool,
    /// No folder can be opened: the process is out of descriptors.
    pub(crate) no_descriptors: bool,
    pub(crate) writes: usize,
    pub(crate) syncs: usize,
    pub(crate) spares: usize,
    pub(crate) refused_spares: usize,
    pub(crate) published: usize,
}

#[derive(Debug, Default)]
struct State {
    orders: Mutex<Orders>,
    changed: Condvar,
}

/// The disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct FailingDisk(Arc<State>);

impl FailingDisk {
    pub(crate) fn order(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut self.orders());
        self.0.changed.notify_all();
    }

    /// Waits until the disk has seen something.
    pub(crate) fn until(&self, seen: impl Fn(&Orders) -> bool) {
        let orders = self.orders();
        let (_orders, time) =
            self.0.changed.wait_timeout_while(orders, DEADLINE, |orders| !seen(orders)).unwrap();
        assert!(!time.timed_out(), "it did not happen");
    }

    pub(crate) fn seen(&self) -> Orders {
        self.orders().clone()
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.0.orders.lock().unwrap()
    }
}

fn is(file: &Path, name: &str) -> bool {
    file.file_name().is_some_and(|own| own == name)
}

impl Disk for FailingDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        OsDisk.make_folder(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        OsDisk.list(folder)
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        OsDisk.read(file)
    }

    fn read_at(&self, file: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        OsDisk.read_at(file, offset, length)
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        if is(file, "spare") && self.seen().full {
            self.order(|orders| orders.refused_spares += 1);
            return Err(io::ErrorKind::StorageFull.into());
        }
        let inner = OsDisk.create(file)?;
        let kind = if is(file, "tail.tmp") { Kind::Segment } else { Kind::Other };
        let kind = if is(file, "spare") { Kind::Spare } else { kind };
        Ok(Box::new(FailingFile { disk: self.clone(), kind, inner, made: Cell::new(false) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)?;
        self.order(|orders| orders.published += usize::from(is(to, "checkpoint")));
        Ok(())
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        OsDisk.remove(file)
    }

    fn open_folder(&self, _folder: &Path) -> io::Result<Box<dyn DiskFolder>> {
        if self.seen().no_descriptors {
            return Err(io::Error::other("too many open files, as ordered"));
        }
        Ok(Box::new(FailingFolder(self.clone())))
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        if std::mem::take(&mut self.orders().fail_folder_sync) {
            return Err(io::Error::other("the folder's sync failed, as ordered"));
        }
        Ok(())
    }

    fn lock(&self, file: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        OsDisk.lock(file)
    }
}

struct FailingFolder(FailingDisk);

impl DiskFolder for FailingFolder {
    fn sync(&self) -> io::Result<()> {
        self.0.sync_folder(Path::new(""))
    }
}

#[derive(PartialEq)]
enum Kind {
    Segment,
    Spare,
    Other,
}

struct FailingFile {
    disk: FailingDisk,
    kind: Kind,
    inner: Box<dyn DiskFile>,
    /// Whether it was synced once: a spare is made then, and later syncs are commits.
    made: Cell<bool>,
}

impl DiskFile for FailingFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.kind == Kind::Segment {
            self.disk.order(|orders| orders.writes += 1);
            if self.disk.seen().fail_write {
                // Half of it arrives.
                self.inner.write_at(offset, &bytes[..bytes.len() / 2])?;
                return Err(io::Error::other("the write failed, as ordered"));
            }
        }
        self.inner.write_at(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        if self.kind == Kind::Segment {
            self.disk.order(|orders| orders.syncs += 1);
            self.disk.until(|orders| !orders.hold_sync);
            if self.disk.seen().fail_sync {
                return Err(io::Error::other("the sync failed, as ordered"));
            }
        }
        // Not passed on: no test here cuts the power, and there are thousands of syncs.
        let made = self.kind == Kind::Spare && !self.made.replace(true);
        self.disk.order(|orders| orders.spares += usize::from(made));
        Ok(())
    }
}
