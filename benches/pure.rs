//! What an exchange costs where nothing is waited for: `cargo bench --bench pure`. It prints; it never asserts.

#[path = "pure/nation.rs"]
mod nation;

use std::error::Error;
use std::hint::black_box;
use std::path::Path;

use criterion::BatchSize;
use criterion::Criterion;
use criterion::Throughput;
use http::Method;
use phohien::clock::Timestamp;
use phohien::crypto::sign::P256Key;
use phohien::disclosure::filter::cut;
use phohien::id::AgencyId;
use phohien::message::digest::content_digest;
use phohien::message::facts::AnswerFacts;
use phohien::message::facts::RequestFacts;
use phohien::message::key::AnswerKey;
use phohien::message::sign::sign_answer;
use phohien::policy::judge::Facts;
use phohien::policy::judge::judge;
use phohien::policy::load;
use phohien::policy::load_files;
use phohien::policy::policies::Policies;
use phohien::request::target::canonical;
use phohien::tlog::merkle::leaf_hash;

/// A citizen's record as the population platform answers it.
const ANSWER: &str = include_str!("../src/disclosure/tests/citizen.json");

/// The request for it.
const TARGET: &str = "/dan-cu/cong-dan/099190000001?phienBan=2";

/// Monday, 23 November 2026, 09:30 in Hưng Yên.
const NOW: &str = "2026-11-23T02:30:00Z";

/// Bytes of an ordinary record in the log.
const LEAF_BYTES: usize = 2048;

fn main() -> Result<(), Box<dyn Error>> {
    let now = NOW.parse()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let policies = load(&folder, now).map_err(|faults| faults.render(false))?;
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("canonical target", |b| b.iter(|| canonical(black_box(TARGET))));
    decision(&mut criterion, &policies, now)?;
    nations_decisions(&mut criterion, now)?;
    filter(&mut criterion, &policies)?;
    leaf(&mut criterion);
    signature(&mut criterion, now)?;
    criterion.final_summary();
    Ok(())
}

/// A request that is granted walks every step.
fn decision(criterion: &mut Criterion, policies: &Policies, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let agency: AgencyId = "H31.01.01".parse()?;
    let segments = ["cong-dan", "099190000001"].map(str::to_owned);
    let method = "GET".parse()?;
    let facts = Facts {
        agency: &agency,
        certificate: None,
        source: None,
        method: &method,
        service: "dan-cu",
        segments: &segments,
        query: &[],
        purpose: Some("giai-quyet-tthc"),
        names_case: true,
        names_user: true,
        fields: None,
        signed: false,
        content_length: None,
    };
    judge(&facts, policies, now).map_err(|refusal| refusal.code())?;
    criterion.bench_function("decide", |b| b.iter(|| judge(black_box(&facts), policies, now)));
    Ok(())
}

/// A set of 10,000 agreements and 1,600 agencies: how long it takes to load, from memory and from a folder, and what one decision
/// takes where each is for another agency than the one before. Every agreement is asked once, and must be the one that answers.
fn nations_decisions(criterion: &mut Criterion, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let files = nation::files()?;
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let (agencies, agreements) = (nation::AGENCIES, nation::AGREEMENTS);
    println!("nation: {agencies} agencies, {agreements} agreements, {} files, {bytes} bytes", files.len());
    let policies = load_files(files.clone(), now).map_err(|faults| faults.render(false))?;
    let asks = (0..agreements).map(nation::Ask::of).collect::<Result<Vec<_>, _>>()?;
    let method = Method::GET;
    let is_right = |ask: &&nation::Ask| {
        judge(&ask.facts(&method), &policies, now)
            .is_ok_and(|verdict| verdict.agreement.id.as_str() == ask.expected)
    };
    let right = asks.iter().filter(is_right).count();
    println!("nation: {right} of {agreements} decisions name the agreement that must answer");
    if right != agreements {
        return Err("a decision names another agreement than the one that must answer".into());
    }
    // A stride that has no factor in common with the number of agreements visits all of them.
    let mut next =
        (0..).map(|turn: usize| turn.wrapping_mul(7_919) % agreements).filter_map(|at| asks.get(at));
    let mut group = criterion.benchmark_group("nation");
    group.bench_function("decide", |b| {
        b.iter(|| next.next().map(|ask| judge(black_box(&ask.facts(&method)), &policies, now)));
    });
    group.bench_function("refuse a stranger", |b| {
        let stranger = asks.first().map(|ask| Facts { service: "dich-vu-39", ..ask.facts(&method) });
        b.iter(|| stranger.as_ref().map(|facts| judge(black_box(facts), &policies, now)));
    });
    group.sample_size(10);
    group.bench_function("load from memory", |b| {
        b.iter_batched(|| files.clone(), |files| load_files(files, now), BatchSize::PerIteration);
    });
    let folder = tempfile::tempdir()?;
    nation::write(folder.path(), &files)?;
    group.bench_function("load from a folder", |b| b.iter(|| load(black_box(folder.path()), now)));
    group.finish();
    Ok(())
}

/// One person's answer, and a list of a thousand.
fn filter(criterion: &mut Criterion, policies: &Policies) -> Result<(), Box<dyn Error>> {
    let agreement = policies.agreement(&"TT-2026-001".parse()?).ok_or("the agreement is gone")?;
    let scope = &agreement.permits.first().ok_or("it permits nothing")?.scope;
    let list = format!("[{}]", vec![ANSWER; 1000].join(","));
    let mut group = criterion.benchmark_group("cut");
    for (name, json) in [("one answer", ANSWER), ("a thousand answers", &list)] {
        cut(json.as_bytes(), scope).map_err(|refused| refused.to_string())?;
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_function(name, |b| b.iter(|| cut(black_box(json.as_bytes()), scope)));
    }
    group.finish();
    Ok(())
}

fn leaf(criterion: &mut Criterion) {
    let leaf = vec![7; LEAF_BYTES];
    let mut group = criterion.benchmark_group("leaf hash");
    group.throughput(Throughput::Bytes(LEAF_BYTES as u64));
    group.bench_function("2 KiB", |b| b.iter(|| leaf_hash(black_box(&leaf))));
    group.finish();
}

/// Everything that an answer's signature takes, without the digest of its body, and with it.
fn signature(criterion: &mut Criterion, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let key = AnswerKey::from_pkcs8(&P256Key::generate_pkcs8()?)?;
    let request = RequestFacts {
        method: "GET",
        authority: "gw1.hungyen.example",
        path: "/dan-cu/cong-dan/099190000001",
        query: Some("phienBan=2"),
        content_digest: None,
        signature: None,
    };
    let digest = content_digest(ANSWER.as_bytes());
    let answer = AnswerFacts {
        status: 200,
        content_digest: Some(&digest),
        content_type: Some("application/json"),
        exchange_id: "019ab0a1-7d00-7000-8000-000000000001",
        exchange_receipt: Some("origin=\"gw1.hungyen.example/2026\", index=123, seq=17, size=130"),
    };
    sign_answer(&request, &answer, &key, now)?;
    criterion.bench_function("content digest", |b| b.iter(|| content_digest(black_box(ANSWER.as_bytes()))));
    criterion
        .bench_function("sign answer", |b| b.iter(|| sign_answer(black_box(&request), &answer, &key, now)));
    Ok(())
}
