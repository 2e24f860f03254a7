//! A disk that loses power: what was not synced may be there afterwards or not, each sector and each name for itself.
//!
//! It is harsher than any file system. Of a file, each 512-byte sector that was written and not synced is found as it was last
//! synced, or as any later write left it, and its length too. Of a folder, each name that was made, changed or removed and not
//! synced is found so or not, as long as no later change of the same name is found without it; a file's sync makes no name
//! durable. A *kill* takes only the process: all that the system was told is there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use crate::tlog::disk::Disk;
use crate::tlog::disk::DiskFile;
use crate::tlog::disk::DiskFolder;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// How long a thread of the log waits for its turn, before the test says that it never came.
const DEADLINE: Duration = Duration::from_secs(60);

/// Numbers that look random and are the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// True once in `of` times.
    pub(super) fn once_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}

/// A fault that is planted in the disk, for the harness to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// None: the disk does what it says.
    Honest,
    /// A file's sync says that it is done, and does nothing.
    SyncDoesNothing,
    /// A folder's sync says that it is done, and does nothing.
    FolderSyncDoesNothing,
    /// A file's sync is done when the next operation begins: who is answered before is answered too early.
    SyncComesLate,
}

/// How the machine stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The power is gone, and with it what was not synced.
    Power,
    /// The process is killed; the system stays.
    Kill,
}

/// What an operation changes; for the report, and to see that all of them were interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Folder,
    Create,
    Write,
    Sync,
    Rename,
    Remove,
    SyncFolder,
}

/// Which of what is not synced is found after the power was cut.
#[derive(Debug, Clone, Copy)]
enum Luck {
    Nothing,
    Everything,
    /// What was asked first, up to some point: as a journal would.
    First,
    /// Each for itself.
    Any,
}

#[derive(Debug, Clone)]
enum Change {
    /// The file was emptied.
    Emptied,
    Written {
        offset: usize,
        bytes: Vec<u8>,
    },
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Emptied => content.clear(),
            Self::Written { offset, bytes } => {
                content.extend_from_slice(&vec![0; offset.saturating_sub(content.len())]);
                let (over, behind) = bytes.split_at(bytes.len().min(content.len() - offset));
                content[*offset..offset + over.len()].copy_from_slice(over);
                content.extend_from_slice(behind);
            }
        }
    }

    fn sectors(&self, length: usize) -> std::ops::Range<usize> {
        match self {
            Self::Emptied => 0..length.div_ceil(SECTOR),
            Self::Written { bytes, .. } if bytes.is_empty() => 0..0,
            Self::Written { offset, bytes } => offset / SECTOR..(offset + bytes.len()).div_ceil(SECTOR),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Content {
    /// What whoever reads now is given.
    now: Vec<u8>,
    /// What is surely there after a power cut, but for what was changed since.
    kept: Vec<u8>,
    changes: Vec<Change>,
    synced_once: bool,
}

impl Content {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.changes.push(change);
    }

    fn sync(&mut self) {
        self.changes.drain(..).for_each(|change| change.apply(&mut self.kept));
        self.synced_once = true;
    }

    /// What a power cut leaves.
    fn left(&self, luck: Luck, dice: &mut Dice) -> Vec<u8> {
        let changes = match luck {
            Luck::Nothing => return self.kept.clone(),
            Luck::Everything => return self.changes.iter().fold(self.kept.clone(), applied),
            Luck::First => {
                let first = dice.index(self.changes.len() + 1);
                return self.changes[..first].iter().fold(self.kept.clone(), applied);
            }
            Luck::Any => &self.changes,
        };
        let mut touched: BTreeMap<usize, u64> = BTreeMap::new();
        let (mut content, mut lengths) = (self.kept.clone(), vec![self.kept.len()]);
        for change in changes {
            change.sectors(content.len()).for_each(|sector| *touched.entry(sector).or_default() += 1);
            change.apply(&mut content);
            lengths.push(content.len());
        }
        let mut chosen: BTreeMap<usize, u64> =
            touched.into_iter().map(|(sector, times)| (sector, dice.below(times + 1))).collect();
        let (mut content, mut left) = (self.kept.clone(), self.kept.clone());
        let longest = lengths.iter().copied().max().unwrap_or_default();
        left.extend_from_slice(&vec![0; longest - left.len()]);
        for change in changes {
            let sectors = change.sectors(content.len());
            change.apply(&mut content);
            for sector in sectors {
                let Some(turns) = chosen.get_mut(&sector).filter(|turns| **turns > 0) else { continue };
                *turns -= 1;
                if *turns == 0 {
                    copy_sector(&content, &mut left, sector);
                }
            }
        }
        left.truncate(lengths[dice.index(lengths.len())]);
        left
    }
}

fn applied(mut content: Vec<u8>, change: &Change) -> Vec<u8> {
    change.apply(&mut content);
    content
}

/// A sector as it is now, zero where the file ends before.
fn copy_sector(from: &[u8], to: &mut [u8], sector: usize) {
    let (start, end) = (sector * SECTOR, ((sector + 1) * SECTOR).min(to.len()));
    let there = from.get(start..end.min(from.len())).unwrap_or_default();
    let (full, empty) = to[start..end].split_at_mut(there.len());
    full.copy_from_slice(there);
    empty.fill(0);
}

#[derive(Debug, Clone)]
enum Naming {
    Made { name: PathBuf, file: u64 },
    Renamed { from: PathBuf, to: PathBuf, file: u64 },
    Removed { name: PathBuf },
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Made { name, file } => drop(names.insert(name.clone(), *file)),
            Self::Renamed { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Removed { name } => drop(names.remove(name)),
        }
    }

    fn names(&self) -> [&Path; 2] {
        match self {
            Self::Made { name, .. } | Self::Removed { name } => [name, name],
            Self::Renamed { from, to, .. } => [from, to],
        }
    }

    fn is_in(&self, folder: &Path) -> bool {
        self.names().iter().any(|name| name.parent() == Some(folder))
    }
}

/// Which changes of names are found: with each, all earlier ones of the same names.
fn found(changes: &[Naming], luck: Luck, dice: &mut Dice) -> Vec<bool> {
    let mut found: Vec<bool> = match luck {
        Luck::Nothing => vec![false; changes.len()],
        Luck::Everything => vec![true; changes.len()],
        Luck::First => {
            let first = dice.index(changes.len() + 1);
            (0..changes.len()).map(|at| at < first).collect()
        }
        Luck::Any => changes.iter().map(|_| dice.once_in(2)).collect(),
    };
    for later in (0..changes.len()).rev() {
        if found[later] {
            for earlier in 0..later {
                let shared =
                    changes[earlier].names().iter().any(|name| changes[later].names().contains(name));
                found[earlier] |= shared;
            }
        }
    }
    found
}

#[derive(Debug, Clone)]
struct State {
    dice: Dice,
    lie: Lie,
    power: bool,
    /// Counts starts: a handle of an earlier one does nothing.
    start: u64,
    operations: u64,
    /// The operation in which the machine stops.
    stop_at: Option<u64>,
    /// The operation that fails, the machine going on.
    fail_at: Option<u64>,
    stopped_in: Option<Kind>,
    failed_in: Option<Kind>,
    files: BTreeMap<u64, Content>,
    next_file: u64,
    folders: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, u64>,
    kept_names: BTreeMap<PathBuf, u64>,
    namings: Vec<Naming>,
    locked: BTreeSet<PathBuf>,
    /// The files whose sync is still to come, where syncs come late.
    late: Vec<u64>,
    /// What anybody could have read under the name `checkpoint`.
    shown: Vec<Vec<u8>>,
    /// A commit waits before its sync.
    hold: bool,
    held: bool,
    /// The committer writes only when the next segment is in reserve: then one thread acts at a time.
    in_turn: bool,
    told: Vec<String>,
}

/// What becomes of an operation.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Done,
    Fails,
    /// The machine stops in it.
    Last,
}

impl State {
    fn fate(&mut self, kind: Kind, what: &Path) -> Fate {
        self.operations += 1;
        self.told.push(format!("{} {kind:?} {}", self.operations, what.display()));
        std::mem::take(&mut self.late).iter().for_each(|file| self.sync_now(*file));
        if self.stop_at.is_some_and(|at| self.operations >= at) {
            (self.power, self.stopped_in) = (false, Some(kind));
            return Fate::Last;
        }
        if self.fail_at == Some(self.operations) {
            self.failed_in = Some(kind);
            return Fate::Fails;
        }
        Fate::Done
    }

    fn sync_now(&mut self, file: u64) {
        if let Some(content) = self.files.get_mut(&file) {
            content.sync();
        }
    }

    fn name(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        let (to, file) = match &naming {
            Naming::Renamed { to, file, .. } => (to, *file),
            Naming::Made { name, file } => (name, *file),
            Naming::Removed { .. } => return self.namings.push(naming),
        };
        if to.file_name().is_some_and(|name| name == "checkpoint") {
            self.shown.push(self.files[&file].now.clone());
        }
        self.namings.push(naming);
    }

    fn sync_names(&mut self, folder: &Path) {
        let (synced, left) = self.namings.drain(..).partition(|naming| naming.is_in(folder));
        self.namings = left;
        let synced: Vec<Naming> = synced;
        synced.iter().for_each(|naming| naming.apply(&mut self.kept_names));
    }

    fn has_spare(&self) -> bool {
        let spare = self.names.iter().find(|(name, _)| name.ends_with(crate::tlog::spare::NAME));
        spare.is_some_and(|(_, file)| self.files[file].synced_once)
    }

    /// Forgets what the stop takes.
    fn lose(&mut self, stop: Stop) {
        self.late.clear();
        if stop == Stop::Power {
            let lucks = [Luck::Nothing, Luck::Everything, Luck::First, Luck::Any, Luck::Any, Luck::Any];
            let luck = lucks[self.dice.index(lucks.len())];
            let namings = std::mem::take(&mut self.namings);
            let found = found(&namings, luck, &mut self.dice);
            let kept = namings.iter().zip(found).filter(|(_, found)| *found);
            kept.for_each(|(naming, _)| naming.apply(&mut self.kept_names));
            self.names = self.kept_names.clone();
            for content in self.files.values_mut() {
                content.kept = content.left(luck, &mut self.dice);
                content.now.clone_from(&content.kept);
                content.changes.clear();
            }
        }
        let reachable: BTreeSet<u64> = self.names.values().chain(self.kept_names.values()).copied().collect();
        let named = self.namings.iter().filter_map(|naming| match naming {
            Naming::Made { file, .. } | Naming::Renamed { file, .. } => Some(*file),
            Naming::Removed { .. } => None,
        });
        let reachable: BTreeSet<u64> = named.chain(reachable).collect();
        self.files.retain(|file, _| reachable.contains(file));
    }
}

#[derive(Debug)]
struct Machine {
    state: Mutex<State>,
    changed: Condvar,
}

/// The disk.
#[derive(Debug, Clone)]
pub(super) struct SimDisk {
    machine: Arc<Machine>,
    start: u64,
}

impl SimDisk {
    pub(super) fn new(seed: u64, lie: Lie) -> Self {
        let state = State {
            dice: Dice(seed ^ 0x00d1_5c0f_fa11),
            lie,
            power: true,
            start: 0,
            operations: 0,
            stop_at: None,
            fail_at: None,
            stopped_in: None,
            failed_in: None,
            files: BTreeMap::new(),
            next_file: 0,
            folders: BTreeSet::new(),
            names: BTreeMap::new(),
            kept_names: BTreeMap::new(),
            namings: Vec::new(),
            locked: BTreeSet::new(),
            late: Vec::new(),
            shown: Vec::new(),
            hold: false,
            held: false,
            in_turn: false,
            told: Vec::new(),
        };
        Self { machine: Arc::new(Machine { state: Mutex::new(state), changed: Condvar::new() }), start: 0 }
    }

    /// The machine stops in the operation after so many.
    pub(super) fn stop_after(&self, operations: u64) {
        let mut state = self.state();
        state.stop_at = Some(state.operations + operations + 1);
    }

    /// The operation after so many fails.
    pub(super) fn fail_after(&self, operations: u64) {
        let mut state = self.state();
        state.fail_at = Some(state.operations + operations + 1);
    }

    /// Whether one thread of the log acts at a time.
    pub(super) fn in_turn(&self, in_turn: bool) {
        self.state().in_turn = in_turn;
    }

    /// Commits wait before their sync from now on, or go on.
    pub(super) fn hold(&self, hold: bool) {
        self.state().hold = hold;
        self.machine.changed.notify_all();
    }

    /// Waits until a commit waits, or nothing goes on any more.
    pub(super) fn until_held(&self) {
        self.wait(|state| state.held || state.failed_in.is_some());
    }

    /// Waits until the next segment is in reserve, or nothing goes on any more.
    pub(super) fn until_spare(&self) {
        self.wait(|state| state.has_spare() || state.failed_in.is_some());
    }

    /// Stops the machine where it is, if it did not stop by itself.
    pub(super) fn stop(&self) {
        self.state().power = false;
        self.machine.changed.notify_all();
    }

    /// The same disk in another machine, with luck of its own.
    pub(super) fn copied(&self, seed: u64) -> Self {
        let state = State { dice: Dice(seed), ..self.state().clone() };
        let machine = Machine { state: Mutex::new(state), changed: Condvar::new() };
        Self { machine: Arc::new(machine), start: self.start }
    }

    /// Starts the machine again on what the stop left; handles of before do nothing.
    pub(super) fn start_again(&self, stop: Stop) -> Self {
        let mut state = self.state();
        state.lose(stop);
        state.told.push(format!("-- {stop:?}"));
        (state.power, state.stop_at, state.fail_at) = (true, None, None);
        (state.failed_in, state.hold, state.held) = (None, false, false);
        state.locked.clear();
        state.start += 1;
        Self { machine: Arc::clone(&self.machine), start: state.start }
    }

    pub(super) fn has_power(&self) -> bool {
        self.state().power
    }

    /// Whether it stopped, or something failed.
    pub(super) fn is_faulty(&self) -> bool {
        let state = self.state();
        !state.power || state.failed_in.is_some()
    }

    /// In what the machine stopped, and in what it failed.
    pub(super) fn stopped_in(&self) -> (Option<Kind>, Option<Kind>) {
        let state = self.state();
        (state.stopped_in, state.failed_in)
    }

    /// Every published checkpoint so far.
    pub(super) fn shown(&self) -> Vec<Vec<u8>> {
        self.state().shown.clone()
    }

    /// The last operations.
    pub(super) fn told(&self) -> String {
        let state = self.state();
        state.told[state.told.len().saturating_sub(60)..].join("\n")
    }

    /// Every file as it is read now.
    pub(super) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.state();
        state.names.iter().map(|(name, file)| (name.clone(), state.files[file].now.clone())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.machine.state.lock().unwrap()
    }

    fn wait(&self, ready: impl Fn(&State) -> bool) {
        let waiting = |state: &mut State| state.power && state.start == self.start && !ready(state);
        let (_state, time) =
            self.machine.changed.wait_timeout_while(self.state(), DEADLINE, waiting).unwrap();
        assert!(!time.timed_out(), "it did not happen");
    }

    /// The state, if there is power.
    fn running(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        // It comes by the machine's clock, and so among other operations each time. What it does is done by who publishes in its stead.
        if state.in_turn && is("log-publisher") {
            return Err(io::Error::other("it is never its turn"));
        }
        if state.power && state.start == self.start { Ok(state) } else { Err(no_power()) }
    }

    /// Makes one change; of the last one, before the machine stops, only a coin tells whether it was made.
    fn change(
        &self,
        kind: Kind,
        what: &Path,
        change: impl FnOnce(&mut State) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut state = self.running()?;
        let done = match state.fate(kind, what) {
            Fate::Done => change(&mut state),
            Fate::Fails => Err(io::Error::other("it failed, as ordered")),
            Fate::Last => {
                if state.dice.once_in(2) {
                    let _ = change(&mut state);
                }
                Err(no_power())
            }
        };
        drop(state);
        self.machine.changed.notify_all();
        done
    }
}

fn no_power() -> io::Error {
    io::Error::other("no power")
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

/// Whether this is the log's thread of that name.
fn is(thread: &str) -> bool {
    std::thread::current().name() == Some(thread)
}

impl Disk for SimDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if self.running()?.folders.contains(folder) {
            return Ok(());
        }
        self.change(Kind::Folder, folder, |state| {
            state.folders.extend(folder.ancestors().map(Path::to_owned));
            Ok(())
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.running()?;
        if !state.folders.contains(folder) {
            return Err(not_found());
        }
        let folders = state.folders.iter();
        let inside = state.names.keys().chain(folders).filter(|name| name.parent() == Some(folder));
        Ok(inside.map(|name| name.file_name().unwrap().to_string_lossy().into_owned()).collect())
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let state = self.running()?;
        let file = state.names.get(file).ok_or_else(not_found)?;
        Ok(state.files[file].now.clone())
    }

    fn read_at(&self, file: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let state = self.running()?;
        let file = state.names.get(file).ok_or_else(not_found)?;
        let at = usize::try_from(offset).unwrap();
        let bytes = state.files[file].now.get(at..at + length);
        Ok(bytes.ok_or(io::ErrorKind::UnexpectedEof)?.to_vec())
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut made = None;
        self.change(Kind::Create, file, |state| {
            if file.parent().is_none_or(|folder| !state.folders.contains(folder)) {
                return Err(not_found());
            }
            if let Some(known) = state.names.get(file).copied() {
                state.files.get_mut(&known).unwrap().change(Change::Emptied);
                made = Some(known);
                return Ok(());
            }
            let number = state.next_file;
            state.next_file += 1;
            state.files.insert(number, Content::default());
            state.name(Naming::Made { name: file.to_owned(), file: number });
            made = Some(number);
            Ok(())
        })?;
        Ok(Box::new(SimFile { disk: self.clone(), file: made.unwrap(), name: file.to_owned() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(Kind::Rename, to, |state| {
            let file = *state.names.get(from).ok_or_else(not_found)?;
            state.name(Naming::Renamed { from: from.to_owned(), to: to.to_owned(), file });
            Ok(())
        })
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        self.change(Kind::Remove, file, |state| {
            state.names.get(file).ok_or_else(not_found)?;
            state.name(Naming::Removed { name: file.to_owned() });
            Ok(())
        })
    }

    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn DiskFolder>> {
        drop(self.running()?);
        Ok(Box::new(SimFolder { disk: self.clone(), folder: folder.to_owned() }))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.change(Kind::SyncFolder, folder, |state| {
            if state.lie != Lie::FolderSyncDoesNothing {
                state.sync_names(folder);
            }
            Ok(())
        })
    }

    fn lock(&self, file: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let mut state = self.running()?;
        if !state.locked.insert(file.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(SimLock { disk: self.clone(), file: file.to_owned() })))
    }
}

struct SimLock {
    disk: SimDisk,
    file: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        if let Ok(mut state) = self.disk.running() {
            state.locked.remove(&self.file);
        }
    }
}

struct SimFolder {
    disk: SimDisk,
    folder: PathBuf,
}

impl DiskFolder for SimFolder {
    fn sync(&self) -> io::Result<()> {
        self.disk.sync_folder(&self.folder)
    }
}

struct SimFile {
    disk: SimDisk,
    file: u64,
    name: PathBuf,
}

impl SimFile {
    fn write(&self, state: &mut State, offset: u64, bytes: &[u8]) {
        let offset = usize::try_from(offset).unwrap();
        let content = state.files.get_mut(&self.file).unwrap();
        content.change(Change::Written { offset, bytes: bytes.to_vec() });
    }
}

impl DiskFile for SimFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if is("log-committer") && self.disk.running()?.in_turn {
            self.disk.until_spare();
        }
        let mut state = self.disk.running()?;
        let fate = state.fate(Kind::Write, &self.name);
        let arrived = if fate == Fate::Done { bytes.len() } else { state.dice.index(bytes.len() + 1) };
        self.write(&mut state, offset, &bytes[..arrived]);
        drop(state);
        self.disk.machine.changed.notify_all();
        match fate {
            Fate::Done => Ok(()),
            Fate::Fails => Err(io::Error::other("the write failed, as ordered")),
            Fate::Last => Err(no_power()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        if is("log-committer") {
            self.disk.state().held = true;
            self.disk.machine.changed.notify_all();
            self.disk.wait(|state| !state.hold);
            self.disk.state().held = false;
        }
        let mut state = self.disk.running()?;
        let fate = state.fate(Kind::Sync, &self.name);
        let done = match fate {
            Fate::Done => {
                match state.lie {
                    Lie::SyncDoesNothing => state.files.get_mut(&self.file).unwrap().synced_once = true,
                    Lie::SyncComesLate => {
                        state.late.push(self.file);
                        state.files.get_mut(&self.file).unwrap().synced_once = true;
                    }
                    Lie::Honest | Lie::FolderSyncDoesNothing => state.sync_now(self.file),
                }
                Ok(())
            }
            // As the system does it: what could not be written counts as written, and the next sync says nothing of it.
            Fate::Fails => {
                let State { files, dice, .. } = &mut *state;
                let content = files.get_mut(&self.file).unwrap();
                content.kept = content.left(Luck::Any, dice);
                content.changes.clear();
                Err(io::Error::other("the sync failed, as ordered"))
            }
            Fate::Last => {
                if state.dice.once_in(2) {
                    state.sync_now(self.file);
                }
                Err(no_power())
            }
        };
        drop(state);
        self.disk.machine.changed.notify_all();
        done
    }
}
