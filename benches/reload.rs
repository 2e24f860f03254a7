//! Reload, measured on a running gateway: `cargo bench --bench reload`. It prints; it never asserts a figure, but an exchange that fails
//! by a reload ends it.
//!
//! From saving `suspensions.toml` to the first refusal on a connection that was open before (over 20 runs); how long the example
//! province takes to be checked, recorded and put into force; and a hundred reloads while four callers ask, each answer verified.
#![expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]

#[path = "append/clock.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest")]
mod clock;
#[path = "../tests/world/mod.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the world of the tests, which fails as tests fail"
)]
mod world;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use phohien::policy::load;

use clock::now;
use world::CENTRE;
use world::World;
use world::client;
use world::client::Session;
use world::load::Load;
use world::lookup_path;

type Failure = Box<dyn Error + Send + Sync>;

/// How often a suspension is timed.
const SUSPENSIONS: usize = 20;
/// Between two questions: what a time is uncertain by.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(5);
/// How often a reload of the province is timed.
const PROVINCES: usize = 50;
/// How many reloads are made while callers ask.
const RELOADS: usize = 100;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(suspensions())?;
    runtime.block_on(province())?;
    runtime.block_on(under_load())
}

/// The time from saving the file to the first refusal, and back.
async fn suspensions() -> Result<(), Failure> {
    let world = World::start().await;
    let file = world.folder().join("policies/suspensions.toml");
    let open = fs::read_to_string(&file)?;
    let shut = format!("{open}[[suspend]]\nagreement = \"TT-01\"\nsince = 2026-11-01\nreason = \"x\"\n");
    let mut session = world.client(CENTRE).session().await?;
    let (mut all, mut asked) = (Vec::new(), 0_u64);
    for _ in 0..SUSPENSIONS {
        for (text, status) in [(&shut, 403), (&open, 200)] {
            world::rename_over(&file, text);
            let saved = now();
            asked += until(&world, &mut session, status).await?;
            if status == 403 {
                all.push(saved.elapsed());
            }
        }
    }
    println!(
        "saved to refused on an open connection   {SUSPENSIONS} runs, {asked} requests   {}",
        summed(all)
    );
    world.end().await;
    Ok(())
}

/// Asks until there is an answer of this status; how often.
async fn until(world: &World, session: &mut Session, status: u16) -> Result<u64, Failure> {
    let mut asked = 0;
    loop {
        let request = client::get(&lookup_path(), &[("exchange-purpose", "tra-cuu")]);
        let answered = world.ask(session, request).await?;
        asked += 1;
        match answered.status {
            found if found == status => return Ok(asked),
            200 | 403 => tokio::time::sleep(BETWEEN_QUESTIONS).await,
            other => return Err(format!("an exchange ended with {other}").into()),
        }
    }
}

/// The time of a reload of the example province in which one file has changed.
async fn province() -> Result<(), Failure> {
    let (files, _) = load::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"));
    let text = |(name, bytes): (String, Arc<[u8]>)| Ok((name, std::str::from_utf8(&bytes)?.to_owned()));
    let files = files.into_iter().map(text).collect::<Result<Vec<_>, Failure>>()?;
    reloads("the province", files, "agreements/TT-2026-001.toml", PROVINCES).await
}

async fn reloads(
    whose: &str,
    files: Vec<(String, String)>,
    changing: &str,
    times: usize,
) -> Result<(), Failure> {
    let mut world = World::build("").await;
    let folder = world.folder().join("policies");
    fs::remove_dir_all(&folder)?;
    for (name, text) in &files {
        world::write(&folder.join(name), text);
    }
    world.open().await;
    let file = folder.join(changing);
    let text = fs::read_to_string(&file)?;
    let mut all = Vec::new();
    for number in 0..times {
        world::rename_over(&file, &format!("{text}# {number}\n"));
        let begun = now();
        let reloaded = world.gateway().reload().await;
        all.push(begun.elapsed());
        if !reloaded.not_taken.is_empty() {
            return Err(format!("{reloaded:?}").into());
        }
    }
    println!("reload of {whose}, {} files   {times} runs   {}", files.len(), summed(all));
    world.end().await;
    Ok(())
}

/// Reloads while callers ask: they end it where an answer is not 200, and verify each.
async fn under_load() -> Result<(), Failure> {
    let (load, calling) = Load::begin(World::start().await);
    load.more(100).await;
    let file = load.world.folder().join("policies/suspensions.toml");
    let before = fs::read_to_string(&file)?;
    let (answered, begun) = (*load.answers.borrow(), now());
    for number in 0..RELOADS {
        world::rename_over(&file, &format!("{before}# {number}\n"));
        let reloaded = load.world.gateway().reload().await;
        if !reloaded.not_taken.is_empty() {
            return Err(format!("{reloaded:?}").into());
        }
    }
    let (answers, took) = (*load.answers.borrow() - answered, begun.elapsed());
    let leaves = load.end(calling).await.end().await;
    let changes = leaves.iter().filter(|leaf| leaf["kind"] == "policy.changed").count() - 1;
    println!(
        "{changes} reloads under load, {:.2} s              {answers} answers meanwhile, all 200, 0 failed",
        took.as_secs_f64()
    );
    Ok(())
}

fn summed(mut all: Vec<Duration>) -> String {
    all.sort();
    let millis = |at: Option<&Duration>| at.map_or(0.0, |took| took.as_secs_f64() * 1e3);
    format!("median {:.1} ms   max {:.1} ms", millis(all.get(all.len() / 2)), millis(all.last()))
}
