//! A witness on a disk that loses power, and logs that try to show it two histories.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use proptest::prelude::*;

use super::asking::Heard;
use super::asking::Standing;
use super::asking::judge;
use super::kept::Cosigned;
use super::kept::Kept;
use super::memory::Answer;
use super::memory::MemoryError;
use super::*;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::crypto::sign::Ed25519Key;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::cosignature::Cosigner;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::cosignature::of_answer;
use crate::tlog::disk::Disk;
use crate::tlog::disk::DiskFile;
use crate::tlog::disk::DiskFolder;
use crate::tlog::merkle::Tree;
use crate::tlog::merkle::leaf_hash;
use crate::tlog::note::Signer;

const NOW: i64 = 1_790_000_000;

/// A log with two histories that are one for the first `shared` entries.
struct TwoFaced {
    signer: Signer,
    trees: [Tree; 2],
}

impl TwoFaced {
    fn new(shared: u64, size: u64) -> Self {
        let mut trees = [Tree::default(), Tree::default()];
        for (face, tree) in trees.iter_mut().enumerate() {
            for index in 0..size {
                let own = if index < shared { 0 } else { face };
                tree.push(leaf_hash(format!("{own} {index}").as_bytes()));
            }
        }
        Self { signer: signer("gw.example/2026"), trees }
    }

    fn head(&self, face: usize, size: u64) -> SignedHead {
        let root = self.trees[face].root(size).unwrap();
        let origin = self.signer.public().name().parse().unwrap();
        SignedHead::sign(Checkpoint { origin, size, root }, &self.signer)
    }

    fn request(&self, face: usize, old: u64, size: u64) -> Request {
        let proof = self.trees[face].consistency(old, size).unwrap_or_default();
        Request { old, proof, note: self.head(face, size).note }
    }

    fn logs(&self) -> Logs {
        Logs::new(vec![self.signer.public().clone()])
    }
}

fn key() -> Ed25519Key {
    Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap()
}

fn signer(origin: &str) -> Signer {
    Signer::new(&origin.parse().unwrap(), key())
}

fn cosigner(name: &str) -> Cosigner {
    Cosigner::new(&name.parse().unwrap(), key())
}

fn clock() -> Clock {
    Clock::by_hand(Timestamp::from_second(NOW).unwrap())
}

fn witness(disk: &Power, log: &TwoFaced) -> Result<Witness, MemoryError> {
    let memory = Memory::open(Arc::new(disk.clone()), Path::new("w"), log.logs())?;
    Ok(Witness::new(cosigner("w.example/1"), memory, clock()))
}

fn ask(witness: &Witness, request: &Request) -> Answer {
    witness.answer(request.to_string().as_bytes())
}

#[test]
fn a_request_has_one_spelling() {
    let log = TwoFaced::new(7, 7);
    for (old, size) in [(0, 5), (3, 7), (7, 7), (0, 0)] {
        let request = log.request(0, old, size);
        assert_eq!(Request::parse(request.to_string().as_bytes()), Ok(request));
    }
    let text = log.request(0, 3, 7).to_string();
    let line = format!("{}\n", STANDARD.encode([0; 32]));
    for bad in [
        text.replace("old 3", "old 03"),
        text.replace("old 3", "old -3"),
        text.replace("old 3", "Old 3"),
        text.replace("old 3\n", ""),
        text.replace("old 3\n", "old 3\nAAAA\n"),
        text.replace("old 3\n", &format!("old 3\n{}", line.repeat(64))),
        text.replacen("\n\n", "\n", 1),
        "x".repeat(REQUEST_BYTES_MAX + 1),
    ] {
        assert!(matches!(Request::parse(bad.as_bytes()), Err(Refusal::Malformed(_))), "{bad}");
    }
    assert!(
        Request::parse(text.replace("old 3\n", &format!("old 3\n{}", line.repeat(59))).as_bytes()).is_ok()
    );
}

#[test]
fn each_refusal_has_the_status_that_the_protocol_gives_it() {
    let (log, disk) = (TwoFaced::new(4, 9), Power::default());
    let witness = witness(&disk, &log).unwrap();
    let status = |request: Request| ask(&witness, &request).status;
    assert_eq!(status(log.request(0, 0, 5)), 200);
    // The same head again, and a larger one.
    assert_eq!(status(log.request(0, 5, 5)), 200);
    let stale = ask(&witness, &log.request(0, 3, 9));
    assert_eq!((stale.status, stale.media_type, &*stale.body), (409, SIZE_TYPE, "5\n"));
    // Another history of the same size, and one that goes on from there.
    let fork = ask(&witness, &log.request(1, 5, 5));
    assert_eq!(fork.status, 409);
    assert_ne!(fork.media_type, SIZE_TYPE, "a fork is not told as a size to go on from");
    assert_eq!(status(log.request(1, 5, 9)), 422);
    assert_eq!(status(Request { proof: vec![[7; 32]], ..log.request(0, 5, 9) }), 422);
    assert_eq!(status(Request { old: 9, ..log.request(0, 5, 5) }), 400);
    assert_eq!(witness.answer(b"old 5\n\nnonsense").status, 400);
    // A log nobody vouched for, and a key that is not this log's.
    let stranger = signer("other.example/2026");
    let checkpoint = |origin: &str, signer: &Signer| {
        let root = log.trees[0].root(9).unwrap();
        SignedHead::sign(Checkpoint { origin: origin.parse().unwrap(), size: 9, root }, signer).note
    };
    let of = |note| Request { note, ..log.request(0, 5, 9) };
    assert_eq!(status(of(checkpoint("other.example/2026", &stranger))), 404);
    assert_eq!(status(of(checkpoint("gw.example/2026", &stranger))), 403);
    assert_eq!(status(of(checkpoint("gw.example/2026", &signer("gw.example/2026")))), 403);
    assert_eq!(status(log.request(0, 5, 9)), 200);
}

#[test]
fn a_cosignature_covers_the_lines_that_other_logs_add() {
    let (log, disk) = (TwoFaced::new(5, 5), Power::default());
    let witness = witness(&disk, &log).unwrap();
    let text = format!("{}extension\n", log.head(0, 5).checkpoint());
    let (note, _) = log.signer.sign(&text);
    let answer = ask(&witness, &Request { old: 0, proof: Vec::new(), note });
    let key = witness.cosigner().public();
    assert!(of_answer(answer.body.as_bytes(), &text, key).is_ok(), "{answer:?}");
    assert!(of_answer(answer.body.as_bytes(), &text.replace("ext", "Ext"), key).is_err());
}

#[test]
fn what_a_stranger_signed_beside_the_log_is_not_kept() {
    let (log, disk) = (TwoFaced::new(5, 5), Power::default());
    let (witness, head) = (witness(&disk, &log).unwrap(), log.head(0, 5));
    let (strangers, _) = signer("other.example").sign(&head.checkpoint().to_string());
    let line = strangers.rsplit_once("\n\n").unwrap().1;
    let note = format!("{}{line}", head.note);
    assert_eq!(ask(&witness, &Request { old: 0, proof: Vec::new(), note }).status, 200);
    assert!(disk.whole().values().any(|file| *file == head.note.as_bytes()));
}

#[test]
fn a_damaged_memory_is_not_opened() {
    let (log, disk) = (TwoFaced::new(5, 9), Power::default());
    drop(ask(&witness(&disk, &log).unwrap(), &log.request(0, 0, 5)));
    let good = disk.whole();
    assert_eq!(witness(&disk, &log).unwrap().memory().head("gw.example/2026").unwrap().size, 5);
    for name in good.keys().filter(|name| !name.ends_with("lock")) {
        for damage in [None, Some(0), Some(3)] {
            let mut bad = good.clone();
            match damage {
                None => drop(bad.remove(name)),
                Some(at) => bad.get_mut(name).unwrap()[at] ^= 1,
            }
            let opened = witness(&Power::holding(bad), &log);
            // A letter in the list of origins is another origin's name: that of no log, or of one without a head.
            let harmless = name.ends_with("seen") && damage.is_some();
            assert!(
                harmless || matches!(opened, Err(MemoryError::Damaged { .. })),
                "{name:?} {damage:?} {opened:?}"
            );
        }
    }
}

#[test]
fn two_witnesses_do_not_share_a_memory() {
    let (log, folder) = (TwoFaced::new(5, 5), tempfile::tempdir().unwrap());
    let open = || Memory::open(Arc::new(crate::tlog::disk::OsDisk), folder.path(), log.logs());
    let first = open().unwrap();
    assert!(matches!(open(), Err(MemoryError::InUse(_))));
    drop(first);
    assert!(open().is_ok());
}

#[test]
fn a_witness_that_could_not_keep_a_head_cosigns_nothing_more() {
    let (log, disk) = (TwoFaced::new(3, 9), Power::default());
    let witness = witness(&disk, &log).unwrap();
    assert_eq!(ask(&witness, &log.request(0, 0, 3)).status, 200);
    disk.cut_after(2);
    assert_eq!(ask(&witness, &log.request(0, 3, 5)).status, 503);
    disk.restore();
    // The disk is well again, and nobody knows what it holds.
    assert_eq!(ask(&witness, &log.request(1, 3, 5)).status, 503);
}

#[test]
fn an_answer_is_judged_by_what_it_says_of_our_log() {
    let (log, disk) = (TwoFaced::new(4, 9), Power::default());
    let witness = witness(&disk, &log).unwrap();
    let (key, head) = (witness.cosigner().public().clone(), log.head(0, 5));
    let ours = Head { size: 5, root: head.root };
    let text = head.checkpoint().to_string();
    let at = |seconds: i64| Timestamp::from_second(NOW + seconds).unwrap();
    let judged = |status, media_type, body: &str, old, now| {
        let heard = Heard { status, media_type, body: body.as_bytes() };
        judge(&ours, &text, old, &heard, &key, now)
    };
    let line = ask(&witness, &log.request(0, 0, 5)).body;
    assert!(matches!(judged(200, None, &line, 0, at(299)), Standing::Cosigned(_)));
    for (status, media_type, body, old, expected) in [
        (409, Some(SIZE_TYPE), "9\n", 5, Some(Standing::Ahead(9))),
        (409, Some(SIZE_TYPE), "3\n", 5, Some(Standing::Behind(3))),
        (409, Some(SIZE_TYPE), "5\n", 3, Some(Standing::Behind(5))),
        (409, Some("text/plain"), "no\n", 5, Some(Standing::Differs)),
        (409, Some(SIZE_TYPE), "5\n", 5, Some(Standing::Differs)),
        (422, None, "", 3, Some(Standing::Differs)),
        (409, Some(SIZE_TYPE), "3\n", 3, None),
        (409, Some(SIZE_TYPE), "03\n", 5, None),
        (409, Some("text/plain"), "9\n", 3, None),
        (200, None, "", 0, None),
        (200, None, "\n", 0, None),
        (403, None, "", 0, None),
        (404, None, "", 0, None),
        (500, None, "", 0, None),
        (302, None, "", 0, None),
    ] {
        let standing = judged(status, media_type, body, old, at(0));
        match expected {
            Some(expected) => assert_eq!(standing, expected, "{status} {body:?}"),
            None => assert!(matches!(standing, Standing::Silent(_)), "{status} {body:?}: {standing:?}"),
        }
    }
}

#[test]
fn a_cosignature_that_is_played_again_says_nothing() {
    let (log, disk) = (TwoFaced::new(5, 5), Power::default());
    let witness = witness(&disk, &log).unwrap();
    let (line, head) = (ask(&witness, &log.request(0, 0, 5)).body, log.head(0, 5));
    let heard = Heard { status: 200, media_type: None, body: line.as_bytes() };
    let ours = Head { size: 5, root: head.root };
    for (seconds, good) in [(-301, false), (-300, true), (300, true), (301, false)] {
        let now = Timestamp::from_second(NOW + seconds).unwrap();
        let text = head.checkpoint().to_string();
        let standing = judge(&ours, &text, 0, &heard, witness.cosigner().public(), now);
        assert_eq!(matches!(standing, Standing::Cosigned(_)), good, "{seconds}: {standing:?}");
    }
}

#[test]
fn cosignatures_of_one_head_meet_in_one_note_and_outlive_a_restart() {
    let (log, disk) = (TwoFaced::new(9, 9), Power::default());
    let names: Vec<Cosigner> = ["a.example/w", "b.example/w"].map(cosigner).into();
    let keys: Vec<&CosignerKey> = names.iter().map(Cosigner::public).collect();
    let open = || Kept::open(Arc::new(disk.clone()), Path::new("log"), log.signer.public(), &keys);
    let kept = open();
    assert!(kept.best().is_none());
    let sign = |who: usize, size: u64| {
        let head = log.head(0, size);
        let line = names[who].sign(&head.checkpoint().to_string(), Timestamp::from_second(NOW).unwrap());
        (head, line)
    };
    let add = |kept: &Kept, who, size, answering| {
        let (head, line) = sign(who, size);
        kept.add(&head, &line, answering).unwrap();
        kept.best().map(|best| (best.head.size, best.by.len()))
    };
    assert_eq!(add(&kept, 0, 3, 2), None, "one of two that are well has not cosigned it");
    assert_eq!(add(&kept, 1, 3, 2), Some((3, 2)));
    assert_eq!(add(&kept, 0, 5, 2), Some((3, 2)));
    assert_eq!(add(&kept, 0, 7, 1), Some((7, 1)), "the other one is silent now");
    assert_eq!(add(&kept, 1, 5, 2), Some((7, 1)), "it never goes back");
    assert_eq!(
        (kept.newest_by(keys[0]), kept.newest_by(keys[1])),
        (Some((7, 1_790_000_000)), Some((5, 1_790_000_000)))
    );
    let now = |seconds: i64| Timestamp::from_second(NOW + seconds).unwrap();
    assert_eq!(kept.current(now(180)).map(|best| best.head.size), Some(7));
    assert_eq!(kept.current(now(181)), None, "they must all be gone");
    let head = log.head(0, 7);
    kept.add(&head, &names[0].sign(&head.checkpoint().to_string(), now(60)), 1).unwrap();
    assert_eq!(kept.current(now(181)).map(|best| best.head.size), Some(7), "cosigned anew");
    kept.add(&head, &sign(0, 7).1, 1).unwrap();
    assert_eq!(kept.newest_by(keys[0]), Some((7, 1_790_000_060)), "an earlier one takes nothing away");
    let again = open();
    assert_eq!(again.newest_by(keys[1]), kept.newest_by(keys[1]));
    let best = again.best().unwrap();
    assert_eq!((best.head.size, &*best.head.note), (7, &*log.head(0, 7).note));
    let read = Cosigned::read(best.note().as_bytes(), log.signer.public(), &keys).unwrap();
    assert_eq!(read, *best);
    assert_eq!(add(&again, 1, 7, 2), Some((7, 2)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever is asked in whatever order, and wherever the power fails: no two heads of one size, and no two histories.
    #[test]
    fn a_witness_never_cosigns_two_histories(
        shared in 0u64..6,
        steps in proptest::collection::vec((0usize..2, 0u64..12, 0u64..12, any::<bool>(), 0usize..12, any::<u64>()), 1..40),
    ) {
        let (log, mut disk) = (TwoFaced::new(shared, 12), Power::default());
        let mut signed: Vec<(u64, Hash)> = Vec::new();
        let mut witness_now = witness(&disk, &log).unwrap();
        for (face, old, size, truthful, cut, luck) in steps {
            let known = witness_now.memory().head("gw.example/2026").unwrap().size;
            let old = if truthful { known.min(size) } else { old };
            if cut < 8 {
                disk.cut_after(cut);
            }
            let answer = ask(&witness_now, &log.request(face, old, size));
            if answer.status == 200 {
                let head = log.head(face, size);
                let text = head.checkpoint().to_string();
                prop_assert!(of_answer(answer.body.as_bytes(), &text, witness_now.cosigner().public()).is_ok());
                signed.push((size, head.root));
            }
            if cut < 8 {
                drop(witness_now);
                disk = disk.after_power_cut(luck);
                witness_now = witness(&disk, &log).unwrap();
            }
        }
        prop_assert!(signed.is_sorted_by_key(|(size, _)| *size), "{signed:?}");
        let of_one = |tree: &Tree| signed.iter().all(|(size, root)| tree.root(*size) == Some(*root));
        prop_assert!(log.trees.iter().any(of_one), "{signed:?}");
    }
}

/// A disk in memory that loses power: what was not synced is there afterwards or not, as luck has it.
#[derive(Debug, Clone, Default)]
struct Power(Arc<Mutex<Files>>);

#[derive(Debug, Clone, Default)]
struct Files {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    left: Option<usize>,
}

#[derive(Debug, Clone, Default)]
struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
}

impl Power {
    fn holding(files: BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let mut all = Files::default();
        for (name, bytes) in files {
            all.names.insert(name, all.contents.len());
            all.contents.push(Content { live: bytes.clone(), durable: bytes });
        }
        all.durable_names = all.names.clone();
        Self(Arc::new(Mutex::new(all)))
    }

    fn whole(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = self.0.lock().unwrap();
        files.names.iter().map(|(name, at)| (name.clone(), files.contents[*at].live.clone())).collect()
    }

    /// The power fails after so many operations more.
    fn cut_after(&self, operations: usize) {
        self.0.lock().unwrap().left = Some(operations);
    }

    fn restore(&self) {
        self.0.lock().unwrap().left = None;
    }

    /// What is found when the power is back: of names and contents that were not synced, whatever the bits of `luck` say.
    fn after_power_cut(&self, luck: u64) -> Self {
        let files = self.0.lock().unwrap();
        let mut bits = (0..).map(|at| luck.rotate_right(at) & 1 == 1);
        let all = files.names.keys().chain(files.durable_names.keys()).cloned();
        let mut found = BTreeMap::new();
        for name in all.collect::<std::collections::BTreeSet<_>>() {
            let names = if bits.next().unwrap() { &files.names } else { &files.durable_names };
            let Some(at) = names.get(&name) else { continue };
            let content = &files.contents[*at];
            let kept = if bits.next().unwrap() { &content.live } else { &content.durable };
            found.insert(name, kept.clone());
        }
        Self::holding(found)
    }

    fn spend(&self) -> io::Result<std::sync::MutexGuard<'_, Files>> {
        let mut files = self.0.lock().unwrap();
        match &mut files.left {
            Some(0) => return Err(io::Error::other("no power")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(files)
    }
}

impl Disk for Power {
    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let files = self.0.lock().unwrap();
        let inside = files.names.keys().filter(|name| name.parent() == Some(folder));
        Ok(inside.map(|name| name.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        self.whole().remove(file).ok_or(io::ErrorKind::NotFound.into())
    }

    fn read_at(&self, _: &Path, _: u64, _: usize) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut files = self.spend()?;
        let at = files.contents.len();
        files.contents.push(Content::default());
        files.names.insert(file.to_owned(), at);
        Ok(Box::new(PowerFile(self.clone(), at)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.spend()?;
        let at = files.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.names.insert(to.to_owned(), at);
        Ok(())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn open_folder(&self, _: &Path) -> io::Result<Box<dyn DiskFolder>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut files = self.spend()?;
        let inside = |name: &PathBuf| name.parent() == Some(folder);
        let live: Vec<_> =
            files.names.iter().filter(|(name, _)| inside(name)).map(|(n, at)| (n.clone(), *at)).collect();
        files.durable_names.retain(|name, _| !inside(name));
        files.durable_names.extend(live);
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        Ok(Some(Box::new(())))
    }
}

struct PowerFile(Power, usize);

impl DiskFile for PowerFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        assert_eq!(offset, 0);
        self.0.spend()?.contents[self.1].live = bytes.to_vec();
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut files = self.0.spend()?;
        let content = &mut files.contents[self.1];
        content.durable = content.live.clone();
        Ok(())
    }
}
