//! How fast a log is verified, beside how fast this machine hashes the same bytes: `cargo bench --bench fsck`. Every entry is as a
//! gateway writes it, with its annex; all but the last few are sealed. `FSCK_ENTRIES` sets how many (400,000 unless told), and
//! `FSCK_KEEP` a folder in which the log is left, and found again. It prints; it never asserts a figure.
//!
//! The ratio counts the leaves and annexes alone, and everything that is done for them: reading, unpacking, hashing into the
//! tree, the judgement of what they say. What is raw is SHA-256 of each leaf and each annex, on every core at once. Both are
//! given by the clock and by the processor's time, which other work on the machine disturbs least.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use phohien::audit::verify::Judge;
use phohien::crypto::digest::Hash;
use phohien::crypto::digest::hex;
use phohien::crypto::digest::sha256;
use phohien::crypto::lanes::sha256_each;
use phohien::crypto::sign::Ed25519Key;
use phohien::id::ExchangeId;
use phohien::id::Origin;
use phohien::tlog::checkpoint::Checkpoint;
use phohien::tlog::checkpoint::SignedHead;
use phohien::tlog::fsck;
use phohien::tlog::merkle;
use phohien::tlog::note::Signer;
use phohien::tlog::note::VerifierKey;
use phohien::tlog::pack;
use serde_json::json;

/// Entries unless told otherwise.
const ENTRIES: u64 = 400_000;

/// Entries of a bundle, and hashes of a tile.
const WIDTH: usize = 256;

/// Entries that stand in the last segment alone.
const TAIL: usize = 1_000;

/// Bytes of an annex: the mean of those of the demonstration's released exchanges.
const ANNEX_BYTES: usize = 1_160;

/// Bytes that are held in memory to be hashed raw; of a larger log, these are its first.
const RAW_BYTES_MAX: usize = 256 << 20;

/// Bundles that are packed once more.
const PACKED: usize = 400;

/// How often the same leaves and annexes are hashed.
const HASHED: usize = 2_000;

/// How often each is measured.
const ROUNDS: usize = 3;

/// When the log begins: in milliseconds since 1970.
const BEGIN: u64 = 1_793_000_000_000;

/// Agreements under which they exchange: each has a service, an operation and fields of its own.
const AGREEMENTS: u8 = 12;

/// What is asked.
const SERVICES: [(&str, &str); 4] = [
    ("dan-cu", "GET /cong-dan/{soDinhDanh}"),
    ("ho-tich", "GET /khai-sinh/{soDinhDanh}/trich-luc"),
    ("dat-dai", "GET /thua-dat/{maThua}"),
    ("doanh-nghiep", "GET /doanh-nghiep/{maSo}/nguoi-dai-dien"),
];

/// Fields, of which an agreement has the first few.
const FIELDS: [&str; 7] = [
    "/CongDan/SoDinhDanh",
    "/CongDan/HoVaTen",
    "/CongDan/GioiTinh",
    "/CongDan/NgayThangNamSinh",
    "/CongDan/ThuongTru",
    "/CongDan/QuocTich",
    "/CongDan/DanToc",
];

/// Milliseconds that an exchange took, at most.
const LONGEST_MILLIS: u64 = 400;

/// Who exchange.
const AGENCIES: [&str; 6] = ["H31.01.01", "H31.03", "H31.05", "H31.06.11", "H31.07", "H31.99.01"];

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let entries = setting("FSCK_ENTRIES").map_or(Ok(ENTRIES), |text| text.parse())?;
    let kept = setting("FSCK_KEEP").map(PathBuf::from);
    let place = kept.clone().unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("fsck"));
    let (log, vkey) = (place.join("log"), place.join("log.vkey"));
    if !vkey.exists() {
        Writer::write(&log, &vkey, entries)?;
    }
    let key: VerifierKey = fs::read_to_string(&vkey)?.parse()?;
    packing(&log)?;
    measure(&log, &key)?;
    if kept.is_none() {
        fs::remove_dir_all(&place)?;
    }
    Ok(())
}

/// Bytes, and seconds by the clock and by the processor.
#[derive(Clone, Copy)]
struct Took {
    clock: f64,
    processor: f64,
}

fn measure(log: &Path, key: &VerifierKey) -> Result<(), Failure> {
    let (mut parts, mut bytes, mut held) = (Vec::new(), 0, 0);
    let look = |_, leaf: &[u8], annex: &[u8], _: &Hash| {
        bytes += leaf.len() + annex.len();
        if held < RAW_BYTES_MAX {
            parts.extend([leaf.to_vec(), annex.to_vec()]);
            held += leaf.len() + annex.len();
        }
        Vec::new()
    };
    let mut watched = fsck::Watched { judge: Judge::new(), look };
    let report = fsck::verify(log, Some(key), &[], &mut watched, &mut |_, _| {});
    let cores = std::thread::available_parallelism()?.get();
    println!(
        "{} entries, {bytes} bytes of leaves and annexes, {} bytes in the folder, {} bundles, {cores} cores, {} faults",
        report.entries,
        report.bytes,
        report.bundles,
        report.faults.len()
    );
    report.faults.iter().take(5).for_each(|fault| println!("  {:?} {}", fault.index, fault.what.en));
    hashing(&parts)?;
    println!(
        "round     raw MB/s a core (clock, processor)   verified MB/s a core   ratio (clock, processor)"
    );
    for round in 1..=ROUNDS {
        let raw = timed(|| hash_all(&parts, cores))?;
        let verified = timed(|| {
            fsck::verify(log, Some(key), &[], &mut Judge::new(), &mut |_, _| {});
        })?;
        let rate = |bytes: usize, seconds: f64| bytes as f64 / seconds / 1e6;
        let (raw_clock, raw_processor) = (rate(held, raw.clock * cores as f64), rate(held, raw.processor));
        let (clock, processor) =
            (rate(bytes, verified.clock * cores as f64), rate(bytes, verified.processor));
        println!(
            "{round:>5}  {raw_clock:>16.0} {raw_processor:>10.0} {clock:>19.0} {processor:>9.0} {:>17.2} {:>9.2}",
            clock / raw_clock,
            processor / raw_processor
        );
    }
    Ok(())
}

/// How bundles are packed, beside how zlib's fastest level packs them.
fn packing(log: &Path) -> Result<(), Failure> {
    let mut bundles = Vec::new();
    for number in 0..PACKED {
        let Ok(packed) = fs::read(log.join(format!("tile/entries/{}.gz", path(number)))) else { break };
        bundles.push(pack::unpack(&packed, u64::MAX - 1).ok_or("a bundle that does not unpack")?);
    }
    let zlib = |bytes: &[u8]| -> Result<usize, Failure> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes)?;
        Ok(packer.finish()?.len())
    };
    let (bytes, entries) = (bundles.iter().map(Vec::len).sum::<usize>(), bundles.len() * WIDTH);
    let told = |name: &str, pack: &dyn Fn(&[u8]) -> Result<usize, Failure>| -> Result<(), Failure> {
        let (before, mut packed) = (processor()?, 0);
        for bundle in &bundles {
            packed += pack(bundle)?;
        }
        let (ratio, took) = (packed as f64 / bytes as f64, (processor()? - before) / entries as f64 * 1e6);
        println!("bundles packed {name}: {ratio:.3} of their bytes, {took:.2} us of processor an entry");
        Ok(())
    };
    told("as the log packs them", &|bytes| Ok(pack::pack(bytes).len()))?;
    told("by zlib's level 1", &zlib)
}

/// SHA-256 of each part, on every core at once.
fn hash_all(parts: &[Vec<u8>], cores: usize) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(share) = parts.chunks(WIDTH).nth(next.fetch_add(1, Ordering::Relaxed)) {
                    one_by_one(share);
                }
            });
        }
    });
}

/// How leaves and annexes that a core has at hand, as a verifier has them, are hashed two at a time, beside one after the other.
fn hashing(parts: &[Vec<u8>]) -> Result<(), Failure> {
    let share = parts.get(..WIDTH).unwrap_or(parts);
    let bytes = HASHED * share.iter().map(Vec::len).sum::<usize>();
    let told = |name: &str, hash: &dyn Fn(&[Vec<u8>])| -> Result<(), Failure> {
        let took = timed(|| (0..HASHED).for_each(|_| hash(share)))?;
        println!("hashed {name}: {:.0} MB/s of processor", bytes as f64 / took.processor / 1e6);
        Ok(())
    };
    told("one by one", &one_by_one)?;
    told("two by two", &|parts| drop(std::hint::black_box(sha256_each(None, parts))))
}

fn one_by_one(parts: &[Vec<u8>]) {
    parts.iter().for_each(|part| drop(std::hint::black_box(sha256(part)).to_vec()));
}

fn timed(work: impl FnOnce()) -> Result<Took, Failure> {
    let (begin, before) = (now(), processor()?);
    work();
    Ok(Took { clock: begin.elapsed().as_secs_f64(), processor: processor()? - before })
}

/// Seconds that all threads of this process spent on a processor, those that have ended included; in steps of 10 ms.
fn processor() -> Result<f64, Failure> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).ok_or("no ticks");
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// Writes a log as its description has it.
struct Writer<'a> {
    folder: &'a Path,
    leaves: Vec<Hash>,
    chains: BTreeMap<&'static str, (u64, Hash)>,
    /// What is charged, by agreement and agency.
    charged: BTreeMap<String, BTreeMap<&'static str, u64>>,
    at: String,
}

impl<'a> Writer<'a> {
    fn write(folder: &'a Path, vkey: &Path, entries: u64) -> Result<(), Failure> {
        let origin: Origin = "gw1.example/2026".parse()?;
        let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8()?)?;
        let public = VerifierKey::new(&origin, key.public_raw());
        let signer = Signer::new(&origin, key);
        let (leaves, chains, charged) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut writer = Self { folder, leaves, chains, charged, at: String::new() };
        let sealed = usize::try_from(entries)?.saturating_sub(TAIL) / WIDTH;
        for number in 0..sealed {
            let entries: Vec<_> = (0..WIDTH).map(|_| writer.entry()).collect();
            writer.seal(number, &entries)?;
        }
        writer.tiles()?;
        let previous = [7; 32];
        writer.snapshot(&previous)?;
        let first = writer.leaves.len() as u64;
        let tail: Vec<_> = (0..TAIL).map(|_| writer.entry()).collect();
        let head = Checkpoint { origin, size: writer.leaves.len() as u64, root: root(&writer.leaves) };
        let note = SignedHead::sign(head, &signer).note;
        put(&folder.join(format!("wal/{first:020}.seg")), &frame(first, &tail, &previous, note.as_bytes())?)?;
        put(&folder.join("checkpoint"), note.as_bytes())?;
        put(&folder.join("objects").join(hex(&sha256(b"a certificate"))), b"a certificate")?;
        put(vkey, public.to_string().as_bytes())
    }

    /// A released exchange, and its annex.
    fn entry(&mut self) -> (Vec<u8>, Vec<u8>) {
        let index = self.leaves.len() as u64;
        let noise = |label: &str| sha256(format!("{index} {label}").as_bytes());
        let annex: Vec<u8> =
            (0..).flat_map(|part| noise(&format!("annex {part}"))).take(ANNEX_BYTES).collect();
        let millis = BEGIN + index * 35;
        let [a, b, c, d, e, f, g, h, i, j, ..] = noise("id");
        // It began when its request came, and those that came later may have ended earlier.
        let began = millis - u64::from(c) * LONGEST_MILLIS / 256;
        let id = ExchangeId::new(began, &[a, b, c, d, e, f, g, h, i, j]);
        let agency = AGENCIES.get(usize::from(a) % AGENCIES.len()).copied().unwrap_or("H31");
        let number = b % AGREEMENTS;
        let (agreement, fields) = (format!("TT-2026-{number:03}"), 3 + usize::from(number) % 5);
        let (service, operation) =
            SERVICES.get(usize::from(number) % SERVICES.len()).copied().unwrap_or_default();
        *self.charged.entry(agreement.clone()).or_default().entry(agency).or_default() += 1;
        let time = phohien::clock::Timestamp::from_millisecond(i64::try_from(millis).unwrap_or_default());
        self.at = time.map(|time| format!("{time:.3}")).unwrap_or_default();
        let (seq, prev) = self.chains.get(agency).copied().unwrap_or_default();
        let commitments: BTreeMap<_, _> =
            ["answer", "reply", "request", "subject", "user"].map(|label| (label, hex(&noise(label)))).into();
        let mut leaf = json!({
            "agency": agency, "agreement": { "clause": 1, "id": agreement, "version": 3 }, "annex": hex(&sha256(&annex)),
            "at": self.at,
            "certificate": {
                "issuer": "CN=CA chuyên dùng Chính phủ, O=Ban Cơ yếu Chính phủ, C=VN", "object": hex(&sha256(b"a certificate")),
                "serial": "4f:1c:22:9a:61:07", "spki": hex(&sha256(agency.as_bytes()))
            },
            "commitments": commitments, "exchange": id.to_string(), "kind": "exchange.released",
            "legal_basis": ["Nghị định 278/2025/NĐ-CP", "Luật Dữ liệu 60/2024/QH15"], "charged": (self.at.get(..10)), "operation": operation,
            "policy": hex(&[9; 32]), "purpose": "giai-quyet-tthc",
            "scope": {
                "fields": FIELDS.get(..fields),
                "hash": hex(&[8; 32])
            },
            "seq": seq + 1, "service": service, "status": 200, "v": "phohien/1"
        });
        if let Some(members) = leaf.as_object_mut().filter(|_| seq > 0) {
            members.insert("prev".to_owned(), json!(hex(&prev)));
        }
        let leaf = leaf.to_string().into_bytes();
        let hash = merkle::leaf_hash(&leaf);
        self.leaves.push(hash);
        self.chains.insert(agency, (seq + 1, hash));
        (leaf, annex)
    }

    fn seal(&self, number: usize, entries: &[(Vec<u8>, Vec<u8>)]) -> Result<(), Failure> {
        let leaves = sized(entries.iter().map(|(leaf, _)| leaf))?;
        put(&self.folder.join(format!("tile/entries/{}.gz", path(number))), &pack::pack(&leaves))?;
        let first = self.leaves.len() - WIDTH;
        let month = |index: usize| month(BEGIN + index as u64 * 35);
        let (from, to) = (month(first), month(first + WIDTH - 1));
        for shelf in if from == to { vec![from] } else { vec![from, to] } {
            let ours = |at: usize| month(first + at) == shelf;
            let annexes = entries
                .iter()
                .enumerate()
                .map(|(at, (_, annex))| if ours(at) { annex.clone() } else { Vec::new() });
            put(&self.folder.join("annex").join(&shelf).join(path(number)), &sized(annexes)?)?;
        }
        Ok(())
    }

    fn tiles(&self) -> Result<(), Failure> {
        let mut row = self.leaves.clone();
        for level in 0.. {
            let full = row.as_chunks::<WIDTH>().0;
            if full.is_empty() {
                break;
            }
            for (number, tile) in full.iter().enumerate() {
                put(&self.folder.join(format!("tile/{level}/{}", path(number))), &tile.concat())?;
            }
            row = full.iter().map(|tile| root(tile)).collect();
        }
        Ok(())
    }

    fn snapshot(&self, previous: &Hash) -> Result<(), Failure> {
        let size = self.leaves.len();
        let agencies = self.chains.iter();
        let agencies: BTreeMap<_, _> =
            agencies.map(|(name, (seq, prev))| (name, json!({ "prev": hex(prev), "seq": seq }))).collect();
        let day = self.at.get(..10);
        let count = |count: &u64| json!({ "day": day, "today": count, "month": count });
        let of = |of: &BTreeMap<&'static str, u64>| {
            json!(of.iter().map(|(agency, n)| (*agency, count(n))).collect::<BTreeMap<_, _>>())
        };
        let charged: BTreeMap<_, _> =
            self.charged.iter().map(|(agreement, by)| (agreement, of(by))).collect();
        let state = json!({ "agencies": agencies, "at": self.at, "policy": null, "undecided": {}, "charged": charged });
        let line = json!({ "previous": hex(previous), "root": hex(&root(&self.leaves)), "size": size, "state": state, "v": "phohien-heads/1" });
        let line = format!("{line}\n");
        put(
            &self.folder.join(format!("heads/{size:020}")),
            format!("{line}{}\n", hex(&sha256(line.as_bytes()))).as_bytes(),
        )
    }
}

/// One batch of the last segment.
fn frame(
    first: u64,
    entries: &[(Vec<u8>, Vec<u8>)],
    previous: &Hash,
    note: &[u8],
) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    for (leaf, annex) in entries {
        body.extend(u32::try_from(leaf.len())?.to_be_bytes());
        body.extend(u32::try_from(annex.len())?.to_be_bytes());
        body.extend([merkle::leaf_hash(leaf).as_slice(), leaf, annex].concat());
    }
    let mut frame = [b"\x89PHLOG\n\x01".as_slice(), &first.to_be_bytes()].concat();
    for length in [entries.len(), body.len(), note.len()] {
        frame.extend(u32::try_from(length)?.to_be_bytes());
    }
    frame.extend(previous);
    frame.extend(crc32c::crc32c(&frame).to_be_bytes());
    frame.extend([body.as_slice(), note].concat());
    frame.extend(crc32c::crc32c(&frame).to_be_bytes());
    Ok(frame)
}

/// Each part behind its length.
fn sized(parts: impl Iterator<Item = impl AsRef<[u8]>>) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(u16::try_from(part.as_ref().len())?.to_be_bytes());
        all.extend(part.as_ref());
    }
    Ok(all)
}

/// The root of RFC 9162, over any number of leaves.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => merkle::empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            merkle::node_hash(&root(left), &root(right))
        }
    }
}

fn month(millis: u64) -> String {
    let time = phohien::clock::Timestamp::from_millisecond(i64::try_from(millis).unwrap_or_default());
    time.map(|time| time.strftime("%Y-%m").to_string()).unwrap_or_default()
}

/// The path of a tile's number.
fn path(number: usize) -> String {
    let mut path = format!("{:03}", number % 1000);
    let mut above = number / 1000;
    while above > 0 {
        path = format!("x{:03}/{path}", above % 1000);
        above /= 1000;
    }
    path
}

#[expect(clippy::disallowed_methods, reason = "a benchmark's log need not be durable")]
fn put(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(file, bytes)?)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told by its environment")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]
fn now() -> Instant {
    Instant::now()
}
