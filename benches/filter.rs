//! What the field scope costs: `cargo bench --bench filter`. It prints; it never asserts.
//!
//! First, bytes a second of the filter, and of a plain copy with a UTF-8 check over the same bytes in turn with it, so that
//! both see the same machine; the time is that on a processor. Then a gibibyte through a pipe into a process of its own, which says how much memory it had at
//! most.

use std::error::Error;
use std::hint::black_box;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use phohien::disclosure::filter::Filter;
use phohien::language::Text;
use phohien::policy::load;
use phohien::policy::scope::Class;
use phohien::policy::scope::Field;
use phohien::policy::scope::Node;
use phohien::policy::scope::Scope;

/// A citizen's record as the population platform answers it.
const CITIZEN: &str = include_str!("../src/disclosure/tests/citizen.json");

/// Bytes of each made-up answer: more than a processor's caches hold.
const ANSWER_BYTES: usize = 32 << 20;

/// Bytes of a chunk, as a connection gives them.
const CHUNK_BYTES: usize = 64 << 10;

/// How often each answer is read; the median counts.
const ROUNDS: usize = 9;

/// Bytes that go through the pipe.
const PIPED_BYTES: usize = 1 << 30;

/// What the process at the end of the pipe is told to be.
const CHILD: &str = "filter-a-pipe";

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some(CHILD) {
        return child();
    }
    println!("{:<34} {:>10} {:>12} {:>7}", "answer, and what is kept", "filter", "copy, UTF-8", "ratio");
    let citizens = array(&[CITIZEN.to_owned()]);
    let others: Vec<String> = (0..1_000).map(citizen).collect();
    let others = array(&others);
    let policies = Policies::load()?;
    rate("citizens, as TT-2026-001 has them", &citizens, &policies.one_stop);
    rate("citizens, everything", &citizens, &policies.everything);
    rate("citizens, one field", &citizens, &policies.one_field);
    rate("citizens, an empty catalogue", &citizens, &policies.nothing);
    rate("a thousand citizens, TT-2026-001", &others, &policies.one_stop);
    let scope = scope(&["/id", "/text", "/a", "/b"], &["/id", "/text", "/a"]);
    rate("long strings, kept", &array(&[long_strings("text")]), &scope);
    rate("long strings, withheld", &array(&[long_strings("secret")]), &scope);
    rate("numbers, kept", &array(&[numbers("a")]), &scope);
    rate("numbers, withheld", &array(&[numbers("b")]), &scope);
    rate("deep nesting, unknown", &array(&[deep()]), &scope);
    rate("tiny keys, known", &array(&[tiny(&["id", "a", "b", "text"])]), &scope);
    rate("tiny keys, unknown", &array(&[tiny(&["q", "r", "s", "t", "u", "v", "w"])]), &scope);
    rate("indented citizens, TT-2026-001", &array(&[indented()?]), &policies.one_stop);
    parent()
}

struct Policies {
    one_stop: Scope,
    everything: Scope,
    one_field: Scope,
    nothing: Scope,
}

impl Policies {
    fn load() -> Result<Self, Box<dyn Error>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let policies =
            load(&folder, "2026-11-23T02:30:00Z".parse()?).map_err(|faults| faults.render(false))?;
        let agreement = policies.agreement(&"TT-2026-001".parse()?).ok_or("the agreement is gone")?;
        let one_stop = Scope::clone(&agreement.permits.first().ok_or("it permits nothing")?.scope);
        let of = |pointers: &[String]| {
            Scope::new(&one_stop.root, pointers).map_err(|_| "the catalogue has changed")
        };
        let all: Vec<String> = one_stop.root.fields().map(|(field, _)| field.pointer.clone()).collect();
        let everything = of(&all)?;
        let one_field = of(&["/TrangThai".to_owned()])?;
        Ok(Self { one_stop, everything, one_field, nothing: scope(&["/x"], &["/x"]) })
    }
}

fn scope(catalogue: &[&str], kept: &[&str]) -> Scope {
    let field = |pointer: &&str| Field {
        pointer: (*pointer).to_owned(),
        name: Text::new("tên", "name"),
        class: Class::Basic,
    };
    let catalogue = Node::catalogue(&catalogue.iter().map(field).collect::<Vec<_>>());
    let kept: Vec<String> = kept.iter().map(|pointer| (*pointer).to_owned()).collect();
    Scope::new(&catalogue, &kept).unwrap_or_else(|_| Scope {
        root: catalogue,
        hash: [0; 32],
        pointers: Vec::new(),
    })
}

/// Reads an answer some times, in turn with the plain copy, and prints what came of it.
fn rate(name: &str, json: &str, scope: &Scope) {
    let (mut filtered, mut copied) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        filtered.push(time(|| filter(json.as_bytes(), scope)));
        copied.push(time(|| copy(json.as_bytes())));
    }
    let (filtered, copied) = (median(&mut filtered), median(&mut copied));
    let rate = |time: Duration| json.len() as f64 / time.as_secs_f64() / 1e6;
    let ratio = copied.as_secs_f64() / filtered.as_secs_f64();
    println!("{name:<34} {:>5.0} MB/s {:>7.0} MB/s {ratio:>7.2}", rate(filtered), rate(copied));
}

fn filter(json: &[u8], scope: &Scope) {
    let mut filter = Filter::new(scope);
    let mut out = Vec::with_capacity(2 * CHUNK_BYTES);
    for chunk in json.chunks(CHUNK_BYTES) {
        if let Err(flaw) = filter.feed(black_box(chunk), &mut out) {
            println!("{flaw}");
        }
        black_box(&out);
        out.clear();
    }
    if let Err(flaw) = filter.finish(&mut out) {
        println!("{flaw}");
    }
}

fn copy(json: &[u8]) {
    let mut out = Vec::with_capacity(2 * CHUNK_BYTES);
    for chunk in json.chunks(CHUNK_BYTES) {
        out.extend_from_slice(black_box(chunk));
        // A character may be cut by the chunk's end: all the same, all bytes but those were looked at.
        black_box(std::str::from_utf8(&out).is_ok());
        out.clear();
    }
}

/// How long this thread was on a processor meanwhile: other work on the machine does not count. The kernel brings its books
/// up to date when a thread yields.
fn time(work: impl FnOnce()) -> Duration {
    let start = on_processor();
    work();
    on_processor().saturating_sub(start)
}

fn on_processor() -> Duration {
    std::thread::yield_now();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// An array of these, in turn, of about [`ANSWER_BYTES`].
fn array(items: &[String]) -> String {
    let mut out = String::with_capacity(ANSWER_BYTES + (4 << 20));
    for item in items.iter().cycle() {
        out.push(if out.is_empty() { '[' } else { ',' });
        out.push_str(item);
        if out.len() > ANSWER_BYTES {
            break;
        }
    }
    out.push(']');
    out
}

/// A citizen whose values have other lengths than the next one's: no processor learns them by heart.
fn citizen(number: usize) -> String {
    const NAMES: [&str; 7] = ["Nguyễn", "Lê", "Trần Văn", "Đỗ Thị Hồng", "Vũ", "Hoàng Phương Thảo", "Bùi"];
    let mut chance = number as u64;
    let mut name = || {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        NAMES.get((chance >> 33) as usize % NAMES.len()).copied().unwrap_or_default()
    };
    CITIZEN
        .replace("\"Nguyễn\"", &format!("\"{}\"", name()))
        .replace("\"Mẫu\"", &format!("\"{}\"", name()))
        .replace("Trần Văn Thử", &format!("{} {}", name(), name()))
        .replace("Xã Mẫu A", &format!("Thôn {}, xã {}", name(), name()))
        .replace("Số 1, phố Mẫu", &format!("Số {}, phố {}", number * number, name()))
        .replace(",\"QuocTich\":\"VN\"", if name().len() > 6 { ",\"QuocTich\":\"VN\"" } else { "" })
        .replace(",\"TonGiao\":\"00\"", if name().len() > 6 { ",\"TonGiao\":\"00\"" } else { "" })
}

fn indented() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(CITIZEN)?)
}

fn long_strings(key: &str) -> String {
    let text = "Căn cứ Luật Hộ tịch; xét đề nghị của Chủ tịch, this is a long text without end. ".repeat(200);
    format!("{{\"id\":1,\"{key}\":\"{text}\\n{text}\"}}")
}

fn numbers(key: &str) -> String {
    let numbers: Vec<String> =
        (1..2_000_u64).map(|n| format!("{}.{}", n * n % 7_919, n * 7 % 1_000)).collect();
    format!("{{\"id\":1,\"{key}\":[{}]}}", numbers.join(","))
}

fn deep() -> String {
    (0..30).fold("1".to_owned(), |inner, n| format!("{{\"key{n}\":[{inner}]}}"))
}

fn tiny(keys: &[&str]) -> String {
    let members: Vec<String> = keys.iter().map(|key| format!("\"{key}\":1")).collect();
    format!("{{{}}}", members.join(","))
}

/// Feeds the child.
fn parent() -> Result<(), Box<dyn Error>> {
    let mut child = Command::new(std::env::current_exe()?).arg(CHILD).stdin(Stdio::piped()).spawn()?;
    let mut pipe = child.stdin.take().ok_or("the child has no input")?;
    let chunk = format!("{CITIZEN},").repeat(100);
    pipe.write_all(b"[")?;
    let mut sent = 1;
    while sent < PIPED_BYTES {
        pipe.write_all(chunk.as_bytes())?;
        sent += chunk.len();
    }
    pipe.write_all(CITIZEN.as_bytes())?;
    pipe.write_all(b"]")?;
    drop(pipe);
    if child.wait()?.success() { Ok(()) } else { Err("the child failed".into()) }
}

/// Filters what comes, and says what memory it took.
fn child() -> Result<(), Box<dyn Error>> {
    let policies = Policies::load()?;
    let mut filter = Filter::new(&policies.one_stop);
    let (mut chunk, mut out) = (vec![0; CHUNK_BYTES], Vec::new());
    let (mut taken, mut given) = (0, 0);
    let mut input = std::io::stdin().lock();
    let mut failed = Ok(());
    let spent = time(|| {
        failed = (|| -> Result<(), Box<dyn Error>> {
            loop {
                let read = input.read(&mut chunk)?;
                if read == 0 {
                    return Ok(());
                }
                filter.feed(chunk.get(..read).unwrap_or_default(), &mut out)?;
                taken += read;
                given += out.len();
                out.clear();
            }
        })();
    });
    failed?;
    let report = filter.finish(&mut out)?;
    given += out.len();
    let released: u64 = report.fields.iter().map(|field| field.released).sum();
    let withheld: u64 = report.fields.iter().map(|field| field.withheld).sum();
    println!(
        "\n{taken} bytes from a pipe, {spent:.1?} on a processor: {given} went on; items released {released}, withheld {withheld}"
    );
    let status = std::fs::read_to_string("/proc/self/status")?;
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?);
    Ok(())
}
