//! A log's folder as its description has it, written here from that description alone: bundles, tiles, annexes, segments,
//! snapshots, objects, checkpoint.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::crypto::sign::Ed25519Key;
use crate::id::ExchangeId;
use crate::id::Origin;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::fsck::Known;
use crate::tlog::merkle;
use crate::tlog::note::Signer;
use crate::tlog::note::VerifierKey;

/// One entry, and the shelf of its annex.
#[derive(Clone, Default)]
pub(super) struct Written {
    pub(super) leaf: Vec<u8>,
    pub(super) annex: Vec<u8>,
    shelf: String,
}

/// The entries of a log, and the state that its writer has.
#[derive(Default)]
pub(super) struct Script {
    pub(super) entries: Vec<Written>,
    chains: BTreeMap<String, (u64, Hash)>,
    undecided: BTreeMap<String, String>,
    policy: Option<String>,
    at: String,
    charged: u64,
    pub(super) objects: Vec<Vec<u8>>,
    states: BTreeMap<u64, Value>,
}

/// Milliseconds since 1970 at the end of October 2026, UTC: exchanges go on into November.
const BEGIN: u64 = 1_793_491_190_000;

/// The day to which the exchanges of a script are charged.
const DAY: &str = "2026-11-01";

fn charged(facts: &Value) -> Value {
    let mut leaf = facts.clone();
    let more = json!({ "agreement": { "clause": 1, "id": "TT-1", "version": 1 }, "charged": DAY });
    leaf.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    leaf
}

impl Script {
    /// An exchange's id; a hundred milliseconds pass from number to number.
    pub(super) fn id(number: u64) -> String {
        ExchangeId::new(BEGIN + number * 100, &[0; 10]).to_string()
    }

    /// Writes one entry more.
    pub(super) fn add(&mut self, agency: &str, kind: &str, exchange: Option<u64>, more: Value, annex: &[u8]) {
        let index = self.entries.len() as u64;
        let millis = i64::try_from(BEGIN + index * 100).unwrap();
        self.at = format!("{:.3}", jiff::Timestamp::from_millisecond(millis).unwrap());
        let mut leaf = json!({ "agency": agency, "at": self.at, "kind": kind, "v": "phohien/1" });
        let members = leaf.as_object_mut().unwrap();
        members.extend(more.as_object().cloned().unwrap_or_default());
        let (seq, prev) = self.chains.get(agency).copied().unzip();
        members.insert("seq".to_owned(), json!(seq.unwrap_or(0) + 1));
        members.extend(prev.map(|prev| ("prev".to_owned(), json!(hex(&prev)))));
        let id = exchange.map(Self::id);
        members.extend(id.clone().map(|id| ("exchange".to_owned(), json!(id))));
        if !annex.is_empty() {
            members.insert("annex".to_owned(), json!(hex(&sha256(annex))));
        }
        self.charged += u64::from(leaf.get("charged").is_some());
        if let Some(policy) = leaf.get("new") {
            self.policy = policy.as_str().map(str::to_owned);
        }
        let leaf = leaf.to_string().into_bytes();
        self.chains.insert(agency.to_owned(), (seq.unwrap_or(0) + 1, merkle::leaf_hash(&leaf)));
        if let Some(id) = id {
            let _before = match kind {
                "exchange.opened" => self.undecided.insert(id, agency.to_owned()),
                _ => self.undecided.remove(&id),
            };
        }
        let shelf = if exchange.is_some_and(|number| number < 100) { "2026-10" } else { "2026-11" };
        self.entries.push(Written { leaf, annex: annex.to_vec(), shelf: shelf.to_owned() });
        self.states.insert(index + 1, self.state());
    }

    fn state(&self) -> Value {
        let agencies = self.chains.iter();
        let agencies = agencies.map(|(name, (seq, prev))| (name, json!({ "prev": hex(prev), "seq": seq })));
        let agencies: BTreeMap<_, _> = agencies.collect();
        // All on one day, of one agency under one agreement.
        let count = json!({ "day": DAY, "month": self.charged, "today": self.charged });
        let charged = if self.charged == 0 { json!({}) } else { json!({ "TT-1": { "H31.05": count } }) };
        json!({
            "agencies": agencies, "at": self.at, "charged": charged, "policy": self.policy, "undecided": self.undecided
        })
    }

    /// A gateway's log of so many entries: a beginning, then exchanges of two agencies, some with annexes.
    pub(super) fn of(count: u64) -> Self {
        let objects = vec![b"an agreement".to_vec(), b"a certificate".to_vec()];
        let mut script = Self { objects, ..Self::default() };
        let [agreement, certificate] =
            script.objects.iter().map(|object| hex(&sha256(object))).collect::<Vec<_>>().try_into().unwrap();
        script.add(
            "H31.02",
            "log.opened",
            None,
            json!({ "answer_keys": [], "origin": "gw.example/2026" }),
            b"",
        );
        let files = json!({ "new": hex(&[7; 32]), "files": { "agreements/1.toml": agreement } });
        script.add("H31.02", "policy.changed", None, files, b"");
        script.add("H31.02", "node.started", None, json!({ "version": "0" }), b"");
        while (script.entries.len() as u64) < count {
            let number = script.entries.len() as u64;
            let agency = if number.is_multiple_of(3) { "H31.01" } else { "H31.05" };
            let facts = json!({ "certificate": { "object": certificate } });
            match number % 50 {
                7 => script.add(agency, "exchange.opened", Some(number), facts, b""),
                8 => script.add("H31.05", "exchange.released", Some(number - 1), charged(&facts), b"sealed"),
                9 => script.add("H31.05", "exchange.aborted", Some(number - 2), json!({ "bytes": 7 }), b""),
                10 => script.add(
                    agency,
                    "exchange.refused",
                    Some(number),
                    facts,
                    format!("a{number}").as_bytes(),
                ),
                _ => script.add(agency, "exchange.refused", Some(number), json!({}), b""),
            }
        }
        script
    }
}

/// How a script is laid out on the disk.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Bundles that are sealed.
    pub(super) sealed: u64,
    /// The first entry that stands in a segment.
    pub(super) begun: u64,
    /// Entries of each batch.
    pub(super) batch: u64,
    /// Batches of each segment.
    pub(super) segment: u64,
}

/// The folder.
pub(super) struct Folder {
    place: TempDir,
    pkcs8: Vec<u8>,
    pub(super) size: u64,
    pub(super) root: Hash,
}

impl Folder {
    pub(super) fn of(script: &Script, layout: Layout) -> Self {
        Self::signed(script, layout, Ed25519Key::generate_pkcs8().unwrap())
    }

    /// Another log under the same key and name: what an operator can make who has the key.
    pub(super) fn rewritten(&self, script: &Script, layout: Layout) -> Self {
        Self::signed(script, layout, self.pkcs8.clone())
    }

    fn signed(script: &Script, layout: Layout, pkcs8: Vec<u8>) -> Self {
        let mut folder = Self { place: tempfile::tempdir().unwrap(), pkcs8, size: 0, root: [0; 32] };
        let mut writer = Writer { signer: folder.signer(), tree: Tree::default(), previous: [0; 32] };
        writer.segments(&folder.path(""), script, layout);
        (folder.size, folder.root) = (writer.tree.leaves.len() as u64, writer.tree.root());
        for number in 0..layout.sealed {
            let at = usize::try_from(number * 256).unwrap();
            folder.seal(number, &script.entries[at..at + 256]);
        }
        folder.tiles(&writer.tree, layout.sealed);
        folder.put("checkpoint", writer.note().as_bytes());
        for object in &script.objects {
            folder.put(&format!("objects/{}", hex(&sha256(object))), object);
        }
        folder
    }

    fn signer(&self) -> Signer {
        Signer::new(&origin(), Ed25519Key::from_pkcs8(&self.pkcs8).unwrap())
    }

    pub(super) fn key(&self) -> VerifierKey {
        VerifierKey::new(&origin(), Ed25519Key::from_pkcs8(&self.pkcs8).unwrap().public_raw())
    }

    pub(super) fn known(&self) -> Known {
        Known { size: self.size, root: self.root }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        write(&self.path(name), bytes);
    }

    /// Sets one byte. The file is not written anew: a file system may then wait for its disk.
    pub(super) fn poke(&self, name: &str, at: usize, byte: u8) {
        let file = fs::File::options().write(true).open(self.path(name)).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &[byte], at as u64).unwrap();
    }

    pub(super) fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Seals the entries of one bundle: the bundle, and a file on each shelf that holds one of their annexes.
    pub(super) fn seal(&self, number: u64, entries: &[Written]) {
        self.put(
            &format!("tile/entries/{number:03}.gz"),
            &packed(entries.iter().map(|entry| entry.leaf.as_slice())),
        );
        for shelf in ["2026-10", "2026-11"] {
            let ours = |entry: &&Written| entry.shelf == shelf && !entry.annex.is_empty();
            if entries.iter().any(|entry| ours(&entry)) {
                let annexes = entries
                    .iter()
                    .map(|entry| Some(entry).filter(ours).map_or(&[][..], |entry| &entry.annex));
                self.put(&format!("annex/{shelf}/{number:03}"), &sized(annexes));
            }
        }
    }

    fn tiles(&self, tree: &Tree, sealed: u64) {
        let mut row = tree.leaves[..usize::try_from(sealed * 256).unwrap()].to_vec();
        for level in 0.. {
            let full = row.as_chunks::<256>().0;
            if full.is_empty() {
                return;
            }
            for (number, tile) in full.iter().enumerate() {
                self.put(&format!("tile/{level}/{number:03}"), &tile.concat());
            }
            row = full.iter().map(|hashes| root_of(hashes)).collect();
        }
    }

    /// Every file's name, in order.
    pub(super) fn files(&self) -> Vec<String> {
        let (mut files, mut folders) = (Vec::new(), vec![self.path("")]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.strip_prefix(self.place.path()).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        files.sort();
        files
    }
}

struct Writer {
    signer: Signer,
    tree: Tree,
    previous: Hash,
}

/// All leaves, and the subtrees that are complete, the largest first.
#[derive(Default)]
struct Tree {
    leaves: Vec<Hash>,
    edge: Vec<Hash>,
}

impl Tree {
    fn push(&mut self, leaf: Hash) {
        let merges = self.leaves.len().trailing_ones();
        let hash = (0..merges).fold(leaf, |right, _| merkle::node_hash(&self.edge.pop().unwrap(), &right));
        self.edge.push(hash);
        self.leaves.push(leaf);
    }

    fn root(&self) -> Hash {
        let mut edge = self.edge.iter().rev();
        let last = *edge.next().unwrap();
        edge.fold(last, |right, left| merkle::node_hash(left, &right))
    }
}

impl Writer {
    fn note(&self) -> String {
        let (size, root) = (self.tree.leaves.len() as u64, self.tree.root());
        SignedHead::sign(Checkpoint { origin: origin(), size, root }, &self.signer).note.clone()
    }

    /// Every batch in its segment; those before the first segment that is left are written nowhere.
    fn segments(&mut self, folder: &Path, script: &Script, layout: Layout) {
        let (mut segment, mut batches, mut first) = (Vec::new(), 0, layout.begun);
        let mut from = 0;
        while from < script.entries.len() as u64 {
            let end = (from + layout.batch).min(script.entries.len() as u64);
            let end = if from < layout.begun { end.min(layout.begun) } else { end };
            if from == layout.begun || (from > layout.begun && batches == layout.segment) {
                if from > first {
                    write(
                        &folder.join(format!("wal/{first:020}.seg")),
                        &padded(std::mem::take(&mut segment)),
                    );
                }
                (first, batches) = (from, 0);
                self.snapshot(folder, script, from);
            }
            let entries = &script.entries[usize::try_from(from).unwrap()..usize::try_from(end).unwrap()];
            let frame = self.frame(from, entries);
            if from >= layout.begun {
                segment.extend(frame);
                batches += 1;
            }
            from = end;
        }
        write(&folder.join(format!("wal/{first:020}.seg")), &padded(segment));
    }

    fn frame(&mut self, first: u64, entries: &[Written]) -> Vec<u8> {
        let mut body = Vec::new();
        for Written { leaf, annex, .. } in entries {
            let hash = merkle::leaf_hash(leaf);
            self.tree.push(hash);
            body.extend(u32::try_from(leaf.len()).unwrap().to_be_bytes());
            body.extend(u32::try_from(annex.len()).unwrap().to_be_bytes());
            body.extend([hash.as_slice(), leaf, annex].concat());
        }
        let note = self.note();
        let mut frame = [b"\x89PHLOG\n\x01".as_slice(), &first.to_be_bytes()].concat();
        for length in [entries.len(), body.len(), note.len()] {
            frame.extend(u32::try_from(length).unwrap().to_be_bytes());
        }
        frame.extend(self.previous);
        frame.extend(crc32c::crc32c(&frame).to_be_bytes());
        self.previous = sha256(&frame);
        frame.extend([body.as_slice(), note.as_bytes()].concat());
        frame.extend(crc32c::crc32c(&frame).to_be_bytes());
        frame
    }

    fn snapshot(&self, folder: &Path, script: &Script, size: u64) {
        let Some(state) = script.states.get(&size) else { return };
        assert_eq!(size, self.tree.leaves.len() as u64);
        let (previous, root) = (hex(&self.previous), hex(&self.tree.root()));
        let line = json!({ "previous": previous, "root": root, "size": size, "state": state, "v": "phohien-heads/1" });
        write(&folder.join(format!("heads/{size:020}")), snapshot(&line.to_string()).as_bytes());
    }
}

/// A snapshot's two lines.
pub(super) fn snapshot(line: &str) -> String {
    format!("{line}\n{}\n", hex(&sha256(format!("{line}\n").as_bytes())))
}

/// A bundle of these leaves, compressed.
pub(super) fn packed<'a>(leaves: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&sized(leaves)).unwrap();
    gzip.finish().unwrap()
}

/// Each behind its length.
pub(super) fn sized<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    parts.flat_map(|part| [&u16::try_from(part.len()).unwrap().to_be_bytes(), part].concat()).collect()
}

/// A segment is longer than its frames.
fn padded(mut segment: Vec<u8>) -> Vec<u8> {
    segment.extend([0; 64]);
    segment
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    hashes.iter().for_each(|hash| tree.push(*hash));
    tree.root()
}

fn origin() -> Origin {
    "gw.example/2026".parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "what a test writes need not be durable")]
fn write(file: &Path, bytes: &[u8]) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}
