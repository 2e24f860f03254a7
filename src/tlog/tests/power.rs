//! The power is cut, the process killed or an operation failed, anywhere and again and again; the log is opened on what is left,
//! and must still say everything that it ever said to anybody.
//!
//! `tests/run` tries some thousand seeds; `POWER_SEEDS=100000 cargo test --release --lib tlog::tests::power` makes a long run; `POWER_SEEDS=4711..4712` makes that seed
//! alone. A seed that has one thread of the log act at a time is the same each time; others leave that to the machine.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Mutex;
use std::thread::JoinHandle;

use super::sim::Dice;
use super::sim::Kind;
use super::sim::Lie;
use super::sim::SimDisk;
use super::sim::Stop;
use super::tile::TilePath;
use super::*;

/// Seeds where nobody says how many: for those who run the library's tests again and again.
const SEEDS: u64 = 250;

/// Everything that somebody was told, and what was asked.
#[derive(Debug, Default, Clone)]
struct Promises {
    /// By index: the leaf and the annex of each entry that was acknowledged, or that a head which was shown covers.
    entries: BTreeMap<u64, Entry>,
    /// By size: the root of each head that was shown.
    heads: BTreeMap<u64, Hash>,
    /// Every draft that was ever appended.
    drafts: BTreeSet<Vec<u8>>,
    published: usize,
}

impl Promises {
    fn head(&mut self, size: u64, root: Hash) -> Result<(), String> {
        match self.heads.insert(size, root) {
            Some(before) if before != root => Err(format!("two heads of {size} entries were signed")),
            _ => Ok(()),
        }
    }

    fn entry(&mut self, index: u64, entry: Entry) -> Result<(), String> {
        match self.entries.insert(index, entry.clone()) {
            Some(before) if before != entry => Err(format!("entry {index} was told to be two things")),
            _ => Ok(()),
        }
    }

    fn placed(&mut self, placed: &Placed, draft: Vec<u8>) -> Result<(), String> {
        self.head(placed.head.size, placed.head.root)?;
        self.entry(placed.index, Entry { leaf: placed.leaf.to_vec(), annex: draft })
    }

    /// Takes up what was published since.
    fn look_at(&mut self, disk: &SimDisk, key: &VerifierKey) -> Result<(), String> {
        let shown = disk.shown();
        for note in &shown[self.published..] {
            let head =
                SignedHead::open(note, key).map_err(|error| format!("a checkpoint was shown: {error}"))?;
            self.head(head.size, head.root)?;
        }
        self.published = shown.len();
        Ok(())
    }

    /// Holds a log that was just opened against all that was told, and takes up what it says beyond.
    fn hold_against(&mut self, log: &Log<Vec<u8>>, disk: &SimDisk, dice: &mut Dice) -> Result<(), String> {
        let head = log.head();
        if let Some((size, _)) = self.heads.last_key_value().filter(|(size, _)| **size > head.size) {
            return Err(format!("a head of {size} entries was shown, the log has {}", head.size));
        }
        if let Some((index, _)) = self.entries.last_key_value().filter(|(index, _)| **index >= head.size) {
            return Err(format!("entry {index} was acknowledged, the log has {}", head.size));
        }
        let read = self.read_all(log, dice).and_then(|tree| {
            self.head(head.size, head.root)?;
            self.prove(log, &tree, dice)
        });
        // The power may have gone while we read.
        if disk.has_power() { read } else { Ok(()) }
    }

    /// Every entry, as the log reads it now: of those that are sealed all leaves, and annexes here and there.
    fn read_all(&mut self, log: &Log<Vec<u8>>, dice: &mut Dice) -> Result<merkle::Tree, String> {
        let (mut tree, mut drafts, size) = (merkle::Tree::default(), BTreeSet::new(), log.size());
        let mut index = 0;
        while index < size {
            let bundle =
                if index + 256 <= log.sealed() { self.bundle(log, index / 256)? } else { Vec::new() };
            let end = if bundle.is_empty() { index + 1 } else { index + 256 };
            let looked_at = index + dice.below(256);
            for (at, leaf) in (index..end).zip(bundle.into_iter().map(Some).chain([None])) {
                let entry = match (self.entries.get(&at), leaf) {
                    (Some(known), Some(leaf)) if at != looked_at && known.leaf == leaf => known.clone(),
                    _ => log.read(at).map_err(|error| format!("entry {at}: {error}"))?,
                };
                if !self.drafts.contains(&entry.annex) || !drafts.insert(entry.annex.clone()) {
                    return Err(format!("entry {at} was never appended, or is there twice"));
                }
                tree.push(merkle::leaf_hash(&entry.leaf));
                self.entry(at, entry)?;
            }
            index = end;
        }
        Ok(tree)
    }

    /// The leaves of a sealed bundle, as they are served.
    fn bundle(&self, log: &Log<Vec<u8>>, number: u64) -> Result<Vec<Vec<u8>>, String> {
        let bytes = log.tile(TilePath::full(tile::Kind::Entries, number));
        let bytes = bytes.map_err(|error| format!("bundle {number}: {error}"))?;
        let bytes = bytes.ok_or_else(|| format!("bundle {number} is not served"))?;
        let leaves = bundle::decode(&bytes).ok_or_else(|| format!("bundle {number} is none"))?;
        Ok(leaves.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// Every head must be of the tree of these entries; the log's own proofs must show the same.
    fn prove(&self, log: &Log<Vec<u8>>, tree: &merkle::Tree, dice: &mut Dice) -> Result<(), String> {
        let head = log.head();
        for (size, root) in &self.heads {
            if tree.root(*size) != Some(*root) {
                return Err(format!("the head of {size} entries is contradicted"));
            }
            if *size == head.size || dice.once_in(8) {
                let path = log.consistency(*size, head.size).ok_or("no path between heads")?;
                verify_consistency(*size, head.size, root, &head.root, &path)
                    .map_err(|error| format!("the head of {size} entries is not continued: {error}"))?;
            }
        }
        for _ in 0..head.size.min(12) {
            let index = dice.below(head.size);
            let (leaf, path) = (tree.leaf(index), log.inclusion(index, head.size));
            let (leaf, path) = leaf.zip(path).ok_or("no path to an entry")?;
            verify_inclusion(&leaf, index, head.size, &path, &head.root)
                .map_err(|error| format!("entry {index} is not in the tree: {error}"))?;
        }
        Ok(())
    }

    /// Lets the independent verifier judge the folder, with every head that was shown.
    fn verify(&self, disk: &SimDisk, key: &VerifierKey) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in disk.files() {
            let file = folder.path().join(name.strip_prefix("/").unwrap());
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            put(&file, &bytes);
        }
        let known: Vec<fsck::Known> =
            self.heads.iter().map(|(size, root)| fsck::Known { size: *size, root: *root }).collect();
        let log = folder.path().join("log");
        let report = fsck::verify(&log, Some(key), &known, &mut fsck::Nobody, &mut |_, _| {});
        if report.is_sound() { Ok(()) } else { Err(format!("the verifier finds: {:?}", report.faults)) }
    }
}

/// What the stops of many seeds met, to see that nothing was left out.
#[derive(Debug, Default)]
struct Tally {
    entries: u64,
    starts: u64,
    starts_stopped: u64,
    torn: u64,
    sealed: u64,
    stopped_in: BTreeMap<Kind, u64>,
    failed_in: BTreeMap<Kind, u64>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.starts += other.starts;
        self.starts_stopped += other.starts_stopped;
        self.torn += other.torn;
        self.sealed += other.sealed;
        other
            .stopped_in
            .into_iter()
            .for_each(|(kind, times)| *self.stopped_in.entry(kind).or_default() += times);
        other
            .failed_in
            .into_iter()
            .for_each(|(kind, times)| *self.failed_in.entry(kind).or_default() += times);
    }

    fn stopped(&mut self, disk: &SimDisk) {
        let (stopped, failed) = disk.stopped_in();
        stopped.into_iter().for_each(|kind| *self.stopped_in.entry(kind).or_default() += 1);
        failed.into_iter().for_each(|kind| *self.failed_in.entry(kind).or_default() += 1);
    }
}

/// One life of a log.
struct Life {
    dice: Dice,
    disk: SimDisk,
    pkcs8: Arc<[u8]>,
    public: VerifierKey,
    promises: Promises,
    tally: Tally,
    in_turn: bool,
    /// Many entries, mostly short: enough to seal some bundles.
    dense: bool,
}

fn origin() -> Origin {
    "gw.example/2026".parse().unwrap()
}

impl Life {
    fn new(seed: u64, lie: Lie, pkcs8: &Arc<[u8]>) -> Self {
        let mut dice = Dice(seed);
        let (in_turn, dense) = (dice.once_in(2), dice.once_in(3));
        let disk = SimDisk::new(dice.next(), lie);
        disk.in_turn(in_turn);
        let (promises, tally) = (Promises::default(), Tally::default());
        let public = VerifierKey::new(&origin(), Ed25519Key::from_pkcs8(pkcs8).unwrap().public_raw());
        Self { dice, disk, pkcs8: Arc::clone(pkcs8), public, promises, tally, in_turn, dense }
    }

    /// Several starts, each stopped somewhere, and a last one that is not.
    fn live(mut self) -> Result<Tally, String> {
        for _ in 0..1 + self.dice.below(4) {
            let reach = [8, 30, 120, 400][usize::try_from(self.dice.below(4)).unwrap()];
            let stop_after = self.dice.below(reach);
            self.disk.stop_after(stop_after);
            if self.dice.once_in(4) {
                let fail_after = self.dice.below(reach);
                self.disk.fail_after(fail_after);
            }
            self.start().map_err(|what| self.explained(&what))?;
            let stop = if self.dice.once_in(4) { Stop::Kill } else { Stop::Power };
            self.stop(stop);
        }
        self.finish().map_err(|what| self.explained(&what))?;
        self.tally.entries += self.promises.entries.len() as u64;
        Ok(self.tally)
    }

    fn explained(&self, what: &str) -> String {
        format!("{what}\n{}", self.disk.told())
    }

    fn stop(&mut self, stop: Stop) {
        self.disk.stop();
        self.tally.stopped(&self.disk);
        self.disk = self.disk.start_again(stop);
    }

    /// Opens the log, holds it against the promises, works, and leaves it closed or cut off.
    fn start(&mut self) -> Result<(), String> {
        self.start_to(|life, log| {
            let worked = life.work(log);
            if life.dice.once_in(2) {
                life.disk.stop();
            }
            worked
        })
    }

    /// The same with this work, and then closed.
    fn start_to(
        &mut self,
        work: impl FnOnce(&mut Self, &Log<Vec<u8>>) -> Result<(), String>,
    ) -> Result<(), String> {
        self.tally.starts += 1;
        let Some(log) = self.open()? else { return Ok(()) };
        if self.in_turn {
            self.disk.until_spare();
        }
        let held = self.promises.hold_against(&log, &self.disk, &mut self.dice);
        let worked = held.and_then(|()| work(self, &log));
        self.close(&log);
        worked.and_then(|()| self.promises.look_at(&self.disk, &self.public))
    }

    /// Closes the log. Where one thread acts at a time, what the publisher does at the end is done here.
    fn close(&self, log: &Log<Vec<u8>>) {
        if self.in_turn {
            log.publish(Chain::shelf);
        }
        log.close();
    }

    /// The log, unless the machine stopped or failed meanwhile. No stop is a reason to refuse.
    fn open(&mut self) -> Result<Option<Log<Vec<u8>>>, String> {
        let settings = Settings {
            folder: PathBuf::from("/log"),
            origin: origin(),
            segment_bytes: SEGMENT_BYTES_MIN,
            queue: 256,
        };
        let clock = Clock::by_hand(Timestamp::from_second(1_790_000_000).unwrap());
        let key = Ed25519Key::from_pkcs8(&self.pkcs8).unwrap();
        match open(settings, Arc::new(self.disk.clone()), key, clock, Chain::default()) {
            Ok((log, found)) => {
                self.tally.torn += u64::from(found.torn.is_some());
                Ok(Some(log))
            }
            Err(OpenError::Disk { .. }) if self.disk.is_faulty() => {
                self.tally.starts_stopped += 1;
                Ok(None)
            }
            Err(error) => Err(format!("it does not open: {error}")),
        }
    }

    fn work(&mut self, log: &Log<Vec<u8>>) -> Result<(), String> {
        let mut publishing = Vec::new();
        let worked = self.steps(log, &mut publishing);
        publishing.into_iter().for_each(|thread: JoinHandle<()>| thread.join().unwrap());
        self.tally.sealed += log.sealed();
        worked
    }

    fn steps(&mut self, log: &Log<Vec<u8>>, publishing: &mut Vec<JoinHandle<()>>) -> Result<(), String> {
        for _ in 0..self.dice.below(24) {
            let together = match (self.dice.once_in(3), self.dense) {
                (true, true) => 100 + self.dice.below(150),
                (true, false) => 2 + self.dice.below(60),
                (false, _) => 1,
            };
            let drafts: Vec<_> = (0..together).map(|_| self.draft()).collect();
            if self.dice.once_in(5) {
                let log = log.clone();
                let thread = std::thread::spawn(move || log.publish(Chain::shelf));
                // Else it publishes while the committer goes on.
                if self.in_turn { thread.join().unwrap() } else { publishing.push(thread) }
            }
            if !self.append(log, drafts)? {
                return Ok(());
            }
            self.promises.look_at(&self.disk, &self.public)?;
            self.promises.head(log.head().size, log.head().root)?;
        }
        Ok(())
    }

    /// Appends so many entries, which take several segments.
    fn fill(&mut self, log: &Log<Vec<u8>>, count: usize) -> Result<(), String> {
        for _ in 0..count / 60 {
            let mut drafts: Vec<_> = (0..60).map(|_| self.draft()).collect();
            for draft in &mut drafts {
                self.promises.drafts.remove(draft);
                draft.resize(draft.len().max(400), b'.');
                self.promises.drafts.insert(draft.clone());
            }
            assert!(self.append(log, drafts)?, "the disk does not stop yet");
            self.promises.look_at(&self.disk, &self.public)?;
        }
        Ok(())
    }

    /// A draft like no other, mostly short; now and then as long as an annex can be.
    fn draft(&mut self) -> Vec<u8> {
        let length = match self.dice.below(if self.dense { 400 } else { 16 }) {
            0 => 4_000 + self.dice.below(4_000),
            1..4 => self.dice.below(900),
            _ => self.dice.below(60),
        };
        let draft =
            format!("{}:{}", self.promises.drafts.len(), "x".repeat(usize::try_from(length).unwrap()));
        self.promises.drafts.insert(draft.clone().into_bytes());
        draft.into_bytes()
    }

    /// Appends drafts at once: all but the first are one batch, if one thread acts at a time. Says whether more can follow.
    fn append(&mut self, log: &Log<Vec<u8>>, drafts: Vec<Vec<u8>>) -> Result<bool, String> {
        let hold = self.in_turn && drafts.len() > 1;
        self.disk.hold(hold);
        let mut pending = Vec::new();
        for (at, draft) in drafts.into_iter().enumerate() {
            match log.reserve() {
                Ok(place) => pending.push((place.append(draft.clone()), draft)),
                Err(why) => self.refused(&why)?,
            }
            if hold && at == 0 {
                self.disk.until_held();
            }
        }
        self.disk.hold(false);
        let mut all = true;
        for (pending, draft) in pending {
            match pending.wait() {
                Ok(placed) => self.promises.placed(&placed, draft)?,
                Err(why) => all = self.refused(&why).map(|()| false)?,
            }
        }
        Ok(all)
    }

    /// Only a disk that stopped or failed is a reason to refuse.
    fn refused(&self, why: &Unavailable) -> Result<(), String> {
        if self.disk.is_faulty() { Ok(()) } else { Err(format!("refused without a reason: {why}")) }
    }

    /// Closes in order, and has the verifier judge what is there; then every promise once more.
    fn finish(&mut self) -> Result<(), String> {
        let log = self.open()?.ok_or("it stopped by itself")?;
        self.promises.hold_against(&log, &self.disk, &mut self.dice)?;
        self.close(&log);
        self.promises.look_at(&self.disk, &self.public)?;
        if self.dice.once_in(4) { self.promises.verify(&self.disk, &self.public) } else { Ok(()) }
    }
}

fn live(seed: u64, lie: Lie, pkcs8: &Arc<[u8]>) -> Result<Tally, String> {
    Life::new(seed, lie, pkcs8).live().map_err(|what| format!("seed {seed}: {what}"))
}

fn new_key() -> Arc<[u8]> {
    Ed25519Key::generate_pkcs8().unwrap().into()
}

/// How many seeds find that the disk lies.
fn found_out(lie: Lie) -> usize {
    let key = new_key();
    (0..SEEDS / 4).filter(|seed| live(*seed, lie, &key).is_err()).count()
}

#[test]
fn a_sync_that_does_nothing_is_found_out() {
    let found = found_out(Lie::SyncDoesNothing);
    assert!(found > 10, "by {found} seeds");
}

#[test]
fn a_folder_sync_that_does_nothing_is_found_out() {
    let found = found_out(Lie::FolderSyncDoesNothing);
    assert!(found > 10, "by {found} seeds");
}

#[test]
fn an_acknowledgement_before_the_sync_is_found_out() {
    let found = found_out(Lie::SyncComesLate);
    assert!(found > 2, "by {found} seeds");
}

#[test]
fn a_seed_in_which_one_thread_acts_at_a_time_is_the_same_again() {
    let key = new_key();
    let told = |seed| {
        let mut life = Life::new(seed, Lie::Honest, &key);
        life.in_turn = true;
        life.disk.in_turn(true);
        life.disk.stop_after(25);
        life.start().unwrap();
        life.stop(Stop::Power);
        life.start().unwrap();
        (life.disk.told(), life.disk.files())
    };
    for seed in 0..10 {
        assert_eq!(told(seed), told(seed), "{seed}");
    }
}

/// Work that seals bundles, fills segments and outlives some.
fn busy(life: &mut Life, log: &Log<Vec<u8>>) -> Result<(), String> {
    life.dense = true;
    for together in [1, 200, 120, 1, 250, 180, 1, 90] {
        let drafts: Vec<_> = (0..together).map(|_| life.draft()).collect();
        if !life.append(log, drafts)? {
            return Ok(());
        }
        life.promises.head(log.head().size, log.head().root)?;
        if together != 1 {
            log.publish(Chain::shelf);
        }
    }
    life.tally.sealed += log.sealed();
    Ok(())
}

#[test]
fn each_operation_of_a_life_is_its_last_once_and_whatever_is_left_of_it_nothing_is_lost() {
    let key = new_key();
    for luck in 0..=(seeds().end - seeds().start) / 1_500 {
        for last in 0.. {
            let mut life = Life::new(luck, Lie::Honest, &key);
            // What is left depends on the disk alone.
            life.disk = SimDisk::new(luck << 32 | last, Lie::Honest);
            life.in_turn = true;
            life.disk.in_turn(true);
            life.disk.stop_after(last);
            let lived = life.start_to(busy).map_err(|what| life.explained(&what));
            lived.unwrap_or_else(|what| panic!("operation {last}: {what}"));
            let ended_by_itself = life.disk.stopped_in().0.is_none();
            life.stop(Stop::Power);
            let lived = life.finish().map_err(|what| life.explained(&what));
            lived.unwrap_or_else(|what| panic!("operation {last}: {what}"));
            if ended_by_itself {
                println!("{last} operations");
                assert!(last > 80 && life.tally.sealed >= 768, "{last} operations, {:?}", life.tally);
                let first = segment::path(Path::new("/log/wal"), 0);
                assert!(life.disk.files().iter().all(|(name, _)| *name != first), "no segment was removed");
                break;
            }
        }
    }
}

#[test]
fn each_operation_of_a_sealing_is_its_last_once_and_whatever_is_left_of_it_nothing_is_lost() {
    let key = new_key();
    let mut first = Life::new(7, Lie::Honest, &key);
    first.in_turn = true;
    first.disk.in_turn(true);
    let log = first.open().unwrap().unwrap();
    first.fill(&log, 600).unwrap();
    // Killed before anything is sealed: the next process has it all to do when it ends.
    first.disk.stop();
    log.close();
    first.stop(Stop::Kill);
    let (mut sealed, mut removed) = (BTreeSet::new(), false);
    for last in 0.. {
        let mut life = Life::new(last, Lie::Honest, &key);
        (life.disk, life.promises) = (first.disk.copied(last), first.promises.clone());
        life.in_turn = true;
        life.disk.in_turn(true);
        let log = life.open().unwrap().unwrap();
        // A segment begins, and so a snapshot is taken.
        life.fill(&log, 120).unwrap();
        life.disk.stop_after(last);
        life.close(&log);
        let ended_by_itself = life.disk.stopped_in().0.is_none();
        life.stop(Stop::Power);
        removed |= !life.disk.files().iter().any(|(file, _)| file.ends_with("wal/00000000000000000000.seg"));
        let lived = life.finish().map_err(|what| life.explained(&what));
        lived.unwrap_or_else(|what| panic!("operation {last}: {what}"));
        let files = life.disk.files().into_iter().map(|(file, _)| file);
        sealed.extend(files.filter(|file| file.starts_with("/log/tile")));
        if ended_by_itself {
            assert!(last > 40, "only {last} operations");
            break;
        }
    }
    assert!(sealed.len() == 4 && removed, "{sealed:?}");
}

#[test]
fn wherever_the_machine_stops_or_fails_nothing_that_was_told_is_lost_or_contradicted() {
    let (seeds, key) = (seeds(), new_key());
    let (tally, next) = (Mutex::new(Tally::default()), Mutex::new(seeds.clone()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(seed) = { next.lock().unwrap().next() } {
                    let lived = live(seed, Lie::Honest, &key).unwrap_or_else(|what| panic!("{what}"));
                    tally.lock().unwrap().add(lived);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!("{} seeds: {tally:?}", seeds.clone().count());
    if seeds.end - seeds.start >= SEEDS {
        let all = [Kind::Create, Kind::Write, Kind::Sync, Kind::Rename, Kind::Remove, Kind::SyncFolder];
        for kind in all {
            assert!(tally.stopped_in.get(&kind).is_some_and(|times| *times > 2), "never stopped in {kind:?}");
        }
        assert!(tally.torn > 2 && tally.starts_stopped > 2, "{tally:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how long to try is for who runs the tests to say")]
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("POWER_SEEDS") else { return 0..SEEDS };
    match text.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => 0..text.parse().unwrap(),
    }
}
