//! How fast the index is fed, and how soon it answers: `cargo bench --bench index`. It prints; it never asserts a figure, but it does hold
//! every answer against what was fed.
//!
//! `RECORDS` (10,000,000) are fed as a gateway feeds them: each leaf is read, its annex opened under its month's key, its people and cases
//! marked; making them is not counted. `LOGGED` (200,000) of the same kind go into a real log first and are fed from its folder. Seconds
//! are those in which the one feeding thread ran (`/proc/thread-self/schedstat`) and those that passed.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use phohien::audit::annex::Annex;
use phohien::audit::index::Catalogue as _;
use phohien::audit::index::Cursor;
use phohien::audit::index::Index;
use phohien::audit::index::Order;
use phohien::audit::index::annexes::Annexes;
use phohien::audit::index::feeder::Feeder;
use phohien::audit::index::row::Row;
use phohien::audit::index::sqlite::PATIENT;
use phohien::audit::index::sqlite::Sqlite;
use phohien::audit::months::MonthKeys;
use phohien::audit::query;
use phohien::audit::query::Codes;
use phohien::audit::query::Desk;
use phohien::audit::query::Page;
use phohien::audit::query::Query;
use phohien::audit::query::View;
use phohien::clock::Clock;
use phohien::clock::Timestamp;
use phohien::clock::rfc3339_millis;
use phohien::crypto::digest::Hash;
use phohien::crypto::digest::hex;
use phohien::crypto::digest::sha256;
use phohien::crypto::sign::Ed25519Key;
use phohien::id::ExchangeId;
use phohien::tlog;
use phohien::tlog::Entry;
use phohien::tlog::Sequencer;
use phohien::tlog::disk::OsDisk;

type Failure = Box<dyn Error + Send + Sync>;

/// Where chance begins: the same records in every run.
const SEED: u64 = 3;
/// The log's origin.
const ORIGIN: &str = "gw.example/2026";
/// Rows in one transaction, as the gateway's feeder has them.
const BATCH: u64 = 8_192;
/// The first record: 1 November 2026. The last is thirty days later.
const BEGUN: u64 = 1_793_491_200_000;
const SPAN: u64 = 30 * 86_400_000;
/// Who asks whom: agencies, services with agreements, people, officials; three exchanges to a case.
const AGENCIES: u64 = 40;
const SERVICES: u64 = 12;
const PEOPLE: u64 = 1_000_000;
const OFFICIALS: u64 = 5_000;
const PER_CASE: u64 = 3;
/// Questions of each kind.
const QUESTIONS: u64 = 1_000;

fn main() -> Result<(), Failure> {
    let (records, logged) = (number("RECORDS", 10_000_000), number("LOGGED", 200_000));
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("index");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    println!(
        "{records} records, seed {SEED}, {AGENCIES} agencies, {PEOPLE} people, {PER_CASE} exchanges a case"
    );
    let world = World { records, months: MonthKeys::new(place.join("keys/months")) };
    from_a_log(&place, &world, logged)?;
    feed(&place, &world)?;
    ask(&place, &world)?;
    println!("memory, at most:     {:>12}", status("VmHWM")?);
    fs::remove_dir_all(&place)?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told its size by the environment")]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The records, each made from its number alone.
struct World {
    records: u64,
    months: MonthKeys,
}

impl World {
    fn at(&self, number: u64) -> u64 {
        BEGUN + number * SPAN / self.records
    }

    fn agency(number: u64) -> String {
        format!("H31.{:02}", chance(number, 1) % AGENCIES)
    }

    fn case(number: u64) -> String {
        format!("H31.01.02-261101-{:07}", number / PER_CASE)
    }

    fn subject(number: u64) -> String {
        format!("0331{:08}", chance(number, 2) % PEOPLE)
    }

    /// An ordinary record: released, or refused once in sixteen; with its annex.
    fn entry(&self, number: u64) -> Result<Entry, Failure> {
        let random: Vec<u8> = sha256(&[number.to_be_bytes(), SEED.to_be_bytes()].concat()).into();
        let id = ExchangeId::new(self.at(number), &random.get(..10).unwrap_or_default().try_into()?);
        let annex = Annex {
            case: Some(Self::case(number)),
            source: Some("10.1.2.3".to_owned()),
            user: Some(format!("can-bo-{}", chance(number, 3) % OFFICIALS)),
            subject: Some(Self::subject(number)),
            code: Some("00".to_owned()),
            ..Annex::default()
        };
        let sealed = annex.seal(id, &*self.months.of(id)?)?;
        let leaf = leaf(number, id, &rfc3339_millis(time(self.at(number))?), &hex(&sha256(&sealed)));
        Ok(Entry { leaf: leaf.into_bytes(), annex: sealed })
    }
}

fn time(millis: u64) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_millisecond(i64::try_from(millis)?)?)
}

fn leaf(number: u64, id: ExchangeId, at: &str, annex: &str) -> String {
    let (agency, service) = (World::agency(number), chance(number, 4) % SERVICES);
    let hash = "3f".repeat(32);
    let refused = chance(number, 5).is_multiple_of(16);
    let end = if refused {
        r#""reason":"field-not-granted","stage":"policy","status":403"#.to_owned()
    } else {
        let fields = r#""/CongDan/HoVaTen","/CongDan/NgaySinh","/CongDan/GioiTinh","/CongDan/NoiThuongTru","/CongDan/TinhTrangHonNhan""#;
        format!(r#""scope":{{"fields":[{fields}],"hash":"{hash}"}},"status":200"#)
    };
    let kind = if refused { "exchange.refused" } else { "exchange.released" };
    format!(
        r#"{{"agency":"{agency}","agreement":{{"clause":1,"id":"TT-2026-{service:03}","version":2}},"annex":"{annex}","at":"{at}","certificate":{{"issuer":"CN=CA cua tinh, O=So Khoa hoc va Cong nghe, C=VN","object":"{hash}","serial":"5f{agency_number:038x}","spki":"{hash}"}},"commitments":{{"answer":"{hash}","reply":"{hash}","request":"{hash}","subject":"{hash}","user":"{hash}"}},"exchange":"{id}","kind":"{kind}","legal_basis":["Luật Căn cước 26/2023/QH15","Nghị định 107/2021/NĐ-CP"],"operation":"GET /cong-dan/{{so_dinh_danh}}","policy":"{hash}","prev":"{hash}","purpose":"giai-quyet-tthc",{end},"seq":{seq},"service":"dich-vu-{service}","v":"phohien/1"}}"#,
        agency_number = chance(number, 1) % AGENCIES,
        seq = number + 1,
    )
}

/// Chance from a number and a purpose (SplitMix64).
fn chance(number: u64, of: u64) -> u64 {
    let mut z = number.wrapping_mul(8).wrapping_add(of).wrapping_add(SEED << 60);
    z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Feeds all records, as the feeder does once it has read them from the log.
fn feed(place: &Path, world: &World) -> Result<(), Failure> {
    let annexes = Annexes::with_keys(&place.join("keys"));
    let mut index = Sqlite::open(&place.join("index"))?;
    let mut cursor = Cursor::start(ORIGIN);
    let (mut ran, mut passed, mut before) = (Duration::ZERO, Duration::ZERO, i64::MIN);
    let mut slowest = Duration::ZERO;
    while cursor.next < world.records {
        let numbers = cursor.next..world.records.min(cursor.next + BATCH);
        let entries = numbers.clone().map(|number| world.entry(number)).collect::<Result<Vec<_>, _>>()?;
        let (start, run) = (now(), running()?);
        let mut rows = Vec::with_capacity(entries.len());
        for (number, entry) in numbers.clone().zip(&entries) {
            let row = Row::of(number, &entry.leaf, &entry.annex, &annexes, before)?;
            before = row.at;
            rows.push(row);
        }
        let to = Cursor { next: numbers.end, last: [1; 32], origin: ORIGIN.to_owned() };
        index.add(&cursor, rows, &to)?;
        cursor = to;
        slowest = slowest.max(start.elapsed());
        (ran, passed) = (ran + (running()? - run), passed + start.elapsed());
    }
    told("fed", world.records, ran, passed);
    println!("slowest transaction: {slowest:>12.1?} of {BATCH} records");
    let size = |name: &str| fs::metadata(place.join("index").join(name)).map_or(0, |file| file.len());
    println!(
        "index:               {:>12} B, {} B of write-ahead file",
        size("index.sqlite"),
        size("index.sqlite-wal")
    );
    Ok(())
}

/// Takes drafts as they are.
struct Plain;

impl Sequencer for Plain {
    type Draft = Entry;

    fn finish(&mut self, _index: u64, _now: Timestamp, draft: Entry) -> Entry {
        draft
    }

    fn observe(&mut self, _index: u64, _entry: &Entry, _leaf_hash: &Hash) -> Result<(), String> {
        Ok(())
    }

    fn shelf(_entry: &Entry) -> String {
        "2026-11".to_owned()
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn restore(&mut self, _state: &serde_json::Value) -> Result<(), String> {
        Ok(())
    }
}

/// Feeds from a log's folder: what reading, checking and hashing the entries adds.
fn from_a_log(place: &Path, world: &World, logged: u64) -> Result<(), Failure> {
    let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8()?)?;
    let folder = place.join("log");
    let settings = tlog::Settings {
        folder: folder.clone(),
        origin: ORIGIN.parse()?,
        segment_bytes: 16 << 20,
        queue: 4_096,
    };
    let (log, _) = tlog::open(settings, Arc::new(OsDisk), key, Clock::system(), Plain)?;
    let mut pending = std::collections::VecDeque::new();
    for number in 0..logged {
        if pending.len() == 2_000 {
            pending.pop_front().map(tlog::Pending::wait).transpose()?;
        }
        pending.push_back(log.reserve()?.append(world.entry(number)?));
    }
    pending.into_iter().try_for_each(|pending| pending.wait().map(drop))?;
    log.close();
    let index: Box<dyn Index> = Box::new(Sqlite::open(&place.join("logged"))?);
    let mut feeder = Feeder::new(index, &folder, ORIGIN, Annexes::with_keys(&place.join("keys")))?;
    let (start, run) = (now(), running()?);
    let fed = feeder.feed(u64::MAX, |_| true)?;
    if fed != logged {
        return Err(format!("{fed} of {logged} were fed").into());
    }
    told("fed from a log", logged, running()? - run, start.elapsed());
    fs::remove_dir_all(folder)?;
    Ok(fs::remove_dir_all(place.join("logged"))?)
}

fn told(what: &str, records: u64, ran: Duration, passed: Duration) {
    let rate = |time: Duration| records as f64 / time.as_secs_f64();
    println!(
        "{what:<20} {records:>12} in {:.1} s of one core ({:.0}/s), {:.1} s passed ({:.0}/s)",
        ran.as_secs_f64(),
        rate(ran),
        passed.as_secs_f64(),
        rate(passed)
    );
}

/// Asks, and holds every answer against the records.
fn ask(place: &Path, world: &World) -> Result<(), Failure> {
    let index = Sqlite::read(&place.join("index"), PATIENT)?;
    let annexes = Annexes::with_keys(&place.join("keys"));
    let desk = Desk { catalogue: &index, annexes: &annexes, codes: &Codes::default() };
    timed(
        "case number",
        desk,
        |number| {
            let of_case = number - number % PER_CASE;
            let expected = of_case..world.records.min(of_case + PER_CASE);
            (Query { case: Some(World::case(number)), ..Query::default() }, Some(expected.collect()))
        },
        world,
    )?;
    timed(
        "data subject",
        desk,
        |number| (Query { subject: Some(World::subject(number)), ..Query::default() }, None),
        world,
    )?;
    timed(
        "agency and hour",
        desk,
        |number| {
            let hour = world.at(number) / 3_600_000 * 3_600_000;
            let of_hour = |millis: u64| (millis.saturating_sub(BEGUN) * world.records).div_ceil(SPAN);
            let (first, end) = (of_hour(hour), of_hour(hour + 3_600_000).min(world.records));
            let agency = World::agency(number);
            let expected = (first..end).filter(|number| World::agency(*number) == agency).collect();
            let (since, until) = (time(hour).ok(), time(hour + 3_600_000).ok());
            (Query { agency: Some(agency), since, until, ..Query::default() }, Some(expected))
        },
        world,
    )?;
    let last = index.page(&Default::default(), Order::Newest, 1)?;
    if last.first().map(|row| row.index + 1) != Some(world.records) {
        return Err("the last record is not there".into());
    }
    Ok(())
}

fn timed(
    what: &str,
    desk: Desk<'_>,
    question: impl Fn(u64) -> (Query, Option<Vec<u64>>),
    world: &World,
) -> Result<(), Failure> {
    let (mut times, mut found) = (Vec::new(), 0);
    for asked in 0..QUESTIONS {
        let number = chance(asked, 7) % world.records;
        let (query, expected) = question(number);
        let start = now();
        let page = Page { order: Order::Oldest, after: None, most: 10_000 };
        let rows = query::rows(desk, &View::Everything, &query, page)?;
        times.push(start.elapsed());
        found += rows.len();
        let indices: Vec<u64> = rows.iter().map(|row| row.index).collect();
        let right = expected.map_or_else(|| indices.contains(&number), |expected| expected == indices);
        if !right {
            return Err(format!("{what}: {query:?} found {indices:?}").into());
        }
    }
    times.sort_unstable();
    let at = |share: usize| {
        times.get((times.len() * share / 100).min(times.len() - 1)).copied().unwrap_or_default()
    };
    println!(
        "{what:<20} p50 {:>9.2?}  p99 {:>9.2?}  max {:>9.2?}  ({QUESTIONS} questions, {found} records found)",
        at(50),
        at(99),
        at(100)
    );
    Ok(())
}

/// How long this thread has run.
fn running() -> Result<Duration, Failure> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split(' ').next().unwrap_or_default().parse()?))
}

fn status(name: &str) -> Result<String, Failure> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(line.unwrap_or_default().trim().to_owned())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time that passes")]
fn now() -> Instant {
    Instant::now()
}
