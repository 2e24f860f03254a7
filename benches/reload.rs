//! Reload, measured on a running gateway: `cargo bench --bench reload`. It prints; it never asserts a figure, but an exchange that fails
//! by a reload ends it.
//!
//! From saving `suspensions.toml` to the first refusal on a connection that was open before (over 20 runs); how long the example
//! province takes to be checked, recorded and put into force; the same of a nation of 10,000 agreements, and there too a suspension, alone and
//! while everything else is being reloaded; and a hundred reloads while four callers ask, each answer verified.
#![expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]

#[path = "append/clock.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest")]
mod clock;
#[path = "pure/nation.rs"]
#[expect(dead_code, reason = "other benchmarks ask it")]
mod nation;
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
/// And of a nation.
const NATIONS: usize = 10;
/// How many reloads are made while callers ask.
const RELOADS: usize = 100;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(small())?;
    runtime.block_on(province())?;
    runtime.block_on(nation())?;
    runtime.block_on(under_load())
}

/// The world of the tests: a dozen agreements.
async fn small() -> Result<(), Failure> {
    let world = World::start().await;
    suspensions(&world, "", SUSPENSIONS, None).await?;
    world.end().await;
    Ok(())
}

/// A nation around it.
async fn nation() -> Result<(), Failure> {
    let mut world = World::build("platform_anchors = \"ca.pem\"\n").await;
    let folder = world.folder().join("policies");
    let (own, files) = (
        fs::read_to_string(folder.join("purposes.toml"))?,
        nation::files().map_err(|fault| fault.to_string())?,
    );
    for (name, text) in &files {
        match name.as_str() {
            "purposes.toml" => world::write(&folder.join(name), &format!("{own}\n{text}")),
            name if name.contains('/') => world::write(&folder.join(name), text),
            _ => {}
        }
    }
    let begun = now();
    world.open().await;
    println!("start with a nation, {} files            {:.2} s", files.len(), begun.elapsed().as_secs_f64());
    let agreement = folder.join("agreements/TT-00007.toml");
    suspensions(&world, ", a nation", NATIONS, None).await?;
    suspensions(&world, ", a nation, meanwhile reloaded", NATIONS, Some(&agreement)).await?;
    let (text, mut all) = (fs::read_to_string(&agreement)?, Vec::new());
    for number in 0..NATIONS {
        world::rename_over(&agreement, &format!("{text}# {number}\n"));
        let begun = now();
        reload(&world).await?;
        all.push(begun.elapsed());
    }
    println!("reload of a nation                       {NATIONS} runs   {}", summed(all));
    world.end().await;
    Ok(())
}

async fn reload(world: &World) -> Result<(), Failure> {
    let reloaded = world.gateway().reload().await;
    if reloaded.not_taken.is_empty() { Ok(()) } else { Err(format!("{reloaded:?}").into()) }
}

/// The time from saving the kill switch to the first refusal, and back by a reload; where a file is named, it is changed and everything
/// reloaded at the same time.
async fn suspensions(
    world: &World,
    whose: &str,
    runs: usize,
    changing: Option<&Path>,
) -> Result<(), Failure> {
    let file = world.folder().join("policies/suspensions.toml");
    let open = fs::read_to_string(&file)?;
    let shut = format!("{open}[[suspend]]\nagreement = \"TT-01\"\nsince = 2026-11-01\nreason = \"x\"\n");
    let text = changing.map(fs::read_to_string).transpose()?;
    let mut session = world.client(CENTRE).session().await?;
    let (mut all, mut asked) = (Vec::new(), 0_u64);
    for number in 0..runs {
        asked += until(world, &mut session, 200).await?;
        let rest = async {
            match (changing, &text) {
                (Some(path), Some(text)) => {
                    world::rename_over(path, &format!("{text}# meanwhile {number}\n"));
                    reload(world).await
                }
                _ => Ok(()),
            }
        };
        let refused = async {
            // The rest has begun.
            tokio::time::sleep(BETWEEN_QUESTIONS).await;
            world::rename_over(&file, &shut);
            let saved = now();
            asked += until(world, &mut session, 403).await?;
            all.push(saved.elapsed());
            Ok(())
        };
        let (rested, timed): (_, Result<(), Failure>) = tokio::join!(rest, refused);
        rested.and(timed)?;
        world::rename_over(&file, &open);
        reload(world).await?;
    }
    let title = format!("saved to refused on an open connection{whose}");
    println!("{title}   {runs} runs, {asked} requests   {}", summed(all));
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
