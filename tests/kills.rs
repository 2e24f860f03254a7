//! The gateway is killed under load, again and again. What it answered before is in its log for good.

#[cfg(test)]
mod world;

#[cfg(test)]
mod load {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use tokio::sync::watch;

    use crate::world::World;
    use crate::world::client;
    use crate::world::client::Client;
    use crate::world::lookup_path;

    pub(crate) const MATCH: &str = r#"{"SoDinhDanh":"099190000001"}"#;

    /// What the callers share: where the gateway is, and how many answers have come.
    #[derive(Debug)]
    pub(crate) struct Load {
        pub(crate) world: World,
        /// None: it is over.
        pub(crate) address: watch::Sender<Option<SocketAddr>>,
        pub(crate) answers: watch::Sender<usize>,
    }

    impl Load {
        /// Asks as fast as answers come, over one connection as long as it lives; a broken one is made anew.
        pub(crate) async fn call_without_end(self: Arc<Self>, client: Client, posts: bool) {
            let mut address = self.address.subscribe();
            loop {
                let Some(at) = *address.borrow_and_update() else { return };
                if let Ok(mut session) = client.at(at).session().await {
                    while self.ask(&mut session, posts).await {}
                }
                // The gateway is dead: until it is said where the next one is.
                if address.changed().await.is_err() {
                    return;
                }
            }
        }

        async fn ask(&self, session: &mut client::Session, posts: bool) -> bool {
            let request = if posts {
                let headers = [("exchange-purpose", "doi-chieu"), ("content-type", "application/json")];
                client::build("POST", "/mau/doi-chieu", &headers, MATCH)
            } else {
                client::get(&lookup_path(), &[("exchange-purpose", "tra-cuu")])
            };
            let Ok(answered) = self.world.ask(session, request).await else { return false };
            assert_eq!(answered.status, 200, "{answered:?}");
            self.answers.send_modify(|answers| *answers += 1);
            self.address.borrow().is_some()
        }
    }
}

use std::io::Write as _;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::block_in_place;

use phohien::tlog::merkle::Tree;
use phohien::tlog::merkle::verify_inclusion;

use load::Load;
use load::MATCH;
use world::CENTRE;
use world::HOSPITAL;
use world::PATIENCE;
use world::World;
use world::client;
use world::replace;

/// How often it is killed.
const KILLS: usize = 20;
/// Answers to wait for before each kill.
const BETWEEN: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_a_kill_is_found_and_proven_after_it() {
    let mut world = World::build("log_segment = \"1 MiB\"").await;
    // One exchange is in the platform's hands whenever the gateway dies: the platform must not be given up on before.
    replace(&world.folder().join("policies/services/cham.toml"), "200 ms", "1 h");
    let mut gateway = world.serve();
    let callers = [
        (world.client(CENTRE), false),
        (world.client(HOSPITAL), true),
        (world.client_over(CENTRE, &["h2"]), false),
        (world.client_over(HOSPITAL, &["h2"]), false),
    ];
    let opener = world.client(CENTRE);
    let configuration = world.configuration();
    let (address, answers) = (watch::Sender::new(Some(gateway.address)), watch::Sender::new(0));
    let load = Arc::new(Load { world, address, answers });
    let calling: Vec<_> = callers
        .into_iter()
        .map(|(client, posts)| tokio::spawn(Arc::clone(&load).call_without_end(client, posts)))
        .collect();

    for kill in 1..=KILLS {
        let headers = [("exchange-purpose", "doi-chieu"), ("content-type", "application/json")];
        let opening = opener.at(gateway.address);
        let opening = tokio::spawn(async move {
            opening.send(client::build("POST", "/cham/doi-chieu", &headers, MATCH)).await.is_err()
        });
        load.world.silent.asked(kill).await;
        let mut answers = load.answers.subscribe();
        let goal = *answers.borrow() + BETWEEN;
        tokio::time::timeout(PATIENCE, answers.wait_for(|answers| *answers >= goal)).await.unwrap().unwrap();
        gateway = block_in_place(|| {
            gateway.kill();
            world::child::Child::serve(&configuration)
        });
        assert!(opening.await.unwrap(), "the exchange in the platform's hands got no answer");
        load.address.send_replace(Some(gateway.address));
    }

    load.address.send_replace(None);
    for caller in calling {
        tokio::time::timeout(PATIENCE, caller).await.unwrap().unwrap();
    }
    block_in_place(|| gateway.kill());
    let Load { world, .. } = Arc::try_unwrap(load).unwrap();
    let (answers, found, proven) = hold_against_log(&world);
    println!("answers {answers}, found {found}, proven {proven}");
    assert!(answers >= 1_000, "{answers}");
    assert_eq!((answers, answers), (found, proven));
    let leaves = world.receipts.verify(true);
    let of = |kind: &str| leaves.iter().filter(|leaf| leaf["kind"] == kind).collect::<Vec<_>>();
    let in_hand: Vec<_> =
        of("exchange.opened").into_iter().filter(|leaf| leaf["service"] == "cham").collect();
    let orphaned = of("exchange.orphaned");
    assert_eq!(in_hand.len(), KILLS);
    for opened in in_hand {
        let of_it = orphaned.iter().filter(|orphan| orphan["exchange"] == opened["exchange"]).count();
        assert_eq!(of_it, 1, "an exchange in the platform's hands was forgotten: {opened}");
    }
}

/// How many answers were kept, how many of them the log holds under their own number, and how many are proven to be in the tree that
/// the log's last signed head stands for.
#[cfg(test)]
fn hold_against_log(world: &World) -> (usize, usize, usize) {
    let log = world::receipts::read(&world.folder().join("log"), &world.receipts.log_key(), &[]);
    let mut tree = Tree::default();
    log.leaves.iter().for_each(|(_, hash)| tree.push(*hash));
    let (size, root) = (tree.size(), log.report.root.unwrap());
    let kept = world.receipts.kept();
    let is_found = |kept: &&world::receipts::Kept| {
        let leaf = log.leaves.get(usize::try_from(kept.receipt.index).unwrap());
        leaf.is_some_and(|(leaf, hash)| leaf["exchange"] == *kept.exchange && *hash == kept.receipt.leaf)
    };
    let is_proven = |kept: &&world::receipts::Kept| {
        let path = tree.inclusion(kept.receipt.index, size).unwrap_or_default();
        verify_inclusion(&kept.receipt.leaf, kept.receipt.index, size, &path, &root).is_ok()
    };
    (kept.len(), kept.iter().filter(is_found).count(), kept.iter().filter(is_proven).count())
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
    let said =
        world::child::Child::try_serve(&world.configuration()).expect_err("it starts on a changed log");
    assert!(said.contains(&format!("entry {index}")), "{said}");
    bytes[at] ^= 1;
    std::fs::File::create(&segment).unwrap().write_all(&bytes).unwrap();
    world.open().await;
    world.end().await;
}
