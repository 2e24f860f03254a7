//! The gateway is killed under load, again and again. What it answered before is in its log for good.

#[cfg(test)]
mod world;

use std::io::Write as _;

use tokio::task::block_in_place;

use world::CENTRE;
use world::HOSPITAL;
use world::World;
use world::child::Child;
use world::load::Load;
use world::load::hold_against_log;
use world::load::matching;
use world::machine::number;
use world::replace;

/// How often it is killed; `KILLS` says otherwise.
const KILLS: usize = 200;
/// Answers to wait for before each kill.
const BETWEEN: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_a_kill_is_found_and_proven_after_it() {
    let mut world = World::build("log_segment = \"1 MiB\"").await;
    // One exchange is in the platform's hands whenever the gateway dies: the platform must not be given up on before.
    replace(&world.folder().join("policies/services/cham.toml"), "200 ms", "1 h");
    let mut gateway = world.serve();
    let (configuration, opener) = (world.configuration(), world.client(CENTRE));
    let (load, calling) = Load::begin(world);
    let kills = number("KILLS", KILLS);
    for kill in 1..=kills {
        let opening = opener.at(gateway.address);
        let opening = tokio::spawn(async move { opening.send(matching("cham")).await.is_err() });
        load.world.silent.asked(kill).await;
        load.more(BETWEEN).await;
        gateway = block_in_place(|| {
            gateway.kill();
            Child::serve(&configuration)
        });
        assert!(opening.await.unwrap(), "the exchange in the platform's hands got no answer");
        load.go_on_at(gateway.address);
    }

    let world = load.end(calling).await;
    block_in_place(|| gateway.kill());
    let (answers, found, proven) = hold_against_log(&world, &world.folder().join("log"));
    println!("answers {answers}, found {found}, proven {proven}");
    assert!(answers >= kills * BETWEEN, "{answers}");
    assert_eq!((answers, answers), (found, proven));
    let leaves = world.receipts.verify(true);
    let of = |kind: &str| leaves.iter().filter(|leaf| leaf["kind"] == kind).collect::<Vec<_>>();
    let in_hand: Vec<_> =
        of("exchange.opened").into_iter().filter(|leaf| leaf["service"] == "cham").collect();
    let orphaned = of("exchange.orphaned");
    assert_eq!(in_hand.len(), kills);
    for opened in in_hand {
        let of_it = orphaned.iter().filter(|orphan| orphan["exchange"] == opened["exchange"]).count();
        assert_eq!(of_it, 1, "an exchange in the platform's hands was forgotten: {opened}");
    }
}

#[tokio::test]
async fn a_log_with_one_changed_byte_is_not_continued_and_the_entry_is_named() {
    let mut world = World::start().await;
    let changed = world.lookup(CENTRE).await;
    world.lookup(HOSPITAL).await;
    world.close().await;
    let index = world.receipts.kept()[0].receipt.index;
    let segment = world.folder().join("log/wal/00000000000000000000.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    let id = changed.header("exchange-id").as_bytes();
    let at = bytes.windows(id.len()).position(|window| window == id).unwrap();
    bytes[at] ^= 1;
    std::fs::File::create(&segment).unwrap().write_all(&bytes).unwrap();
    let said = Child::try_serve(&world.configuration()).expect_err("it starts on a changed log");
    let told = format!("bản ghi {index}, trong");
    assert!(said.contains(&told) && said.contains("các byte của nó đã bị sửa sau khi ghi"), "{said}");
    bytes[at] ^= 1;
    std::fs::File::create(&segment).unwrap().write_all(&bytes).unwrap();
    world.open().await;
    world.end().await;
}
