//! The gateway beside nginx, both as TLS reverse proxies that demand a client certificate, under the same load in the same run.
//!
//! ```text
//! cargo bench --bench side_by_side -- [--exchanges N] [--connections N] [--rounds N] [--only gateway|nginx]
//! ```
//!
//! It prints and asserts no figure; it fails where an answer is not the expected one, or where the log that the gateway wrote
//! has a fault or another number of released exchanges than were answered. What a figure means is said in `benches/README.md`.
#![expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]

#[path = "side_by_side/contender.rs"]
mod contender;
#[path = "side_by_side/gateway.rs"]
mod gateway;
#[path = "side_by_side/load.rs"]
mod load;
#[path = "side_by_side/nginx.rs"]
mod nginx;
#[path = "side_by_side/platform.rs"]
mod platform;
#[path = "side_by_side/plan.rs"]
mod plan;
#[path = "side_by_side/process.rs"]
mod process;
#[path = "side_by_side/setting.rs"]
mod setting;

use anyhow::Context as _;

use contender::Contender;
use contender::Round;
use gateway::Gateway;
use nginx::Nginx;
use plan::Plan;
use setting::Setting;

fn main() -> anyhow::Result<()> {
    let plan = Plan::of(std::env::args().skip(1))?;
    // A thread for each core, as both contenders have.
    tokio::runtime::Runtime::new().context("no runtime")?.block_on(compare(plan))
}

async fn compare(plan: Plan) -> anyhow::Result<()> {
    let setting = Setting::make().await?;
    println!("{plan}; answer {} B, granted {} B", platform::whole().len(), platform::granted().len());
    let gateway = if plan.gateway { Some(Gateway::start(&setting)?) } else { None };
    let nginx = if plan.nginx { Nginx::start(&setting).await? } else { None };
    let contenders: Vec<&dyn Contender> =
        [gateway.as_ref().map(|it| it as _), nginx.as_ref().map(|it| it as _)]
            .into_iter()
            .flatten()
            .collect();
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        for contender in &contenders {
            let round = contender::run(*contender, &setting, &plan).await?;
            println!("round {number}  {round}");
            rounds.push(round);
        }
    }
    for contender in &contenders {
        println!("in all   {}", Round::sum(contender.name(), &rounds));
    }
    if let [ours, theirs] = contenders.as_slice() {
        let micros = |contender: &&dyn Contender| Round::sum(contender.name(), &rounds).micros_per_exchange();
        println!(
            "CPU per exchange, {} to {}: {:.2}",
            ours.name(),
            theirs.name(),
            micros(ours) / micros(theirs)
        );
    }
    if let Some(gateway) = gateway {
        println!("log      {}", gateway.verify(plan.sent())?);
    }
    Ok(())
}
