//! Callers that ask as fast as answers come, and keep every receipt.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use phohien::tlog::merkle::Tree;
use phohien::tlog::merkle::verify_inclusion;

use super::CENTRE;
use super::HOSPITAL;
use super::PATIENCE;
use super::STRANGER;
use super::World;
use super::client;
use super::client::Answered;
use super::client::Client;
use super::client::Session;
use super::lookup_path;
use super::receipts;
use super::receipts::Kept;

/// A body that the second agreement takes.
pub const MATCH: &str = r#"{"SoDinhDanh":"099190000001"}"#;

/// The question of the second agreement: an effect may follow it.
pub fn matching(service: &str) -> Request<Full<Bytes>> {
    let headers = [("exchange-purpose", "doi-chieu"), ("content-type", "application/json")];
    client::build("POST", &format!("/{service}/doi-chieu"), &headers, MATCH)
}

/// How many callers ask.
pub const CALLERS: usize = 4;

/// What the callers share: where the gateway is, and how many answers have come.
#[derive(Debug)]
pub struct Load {
    pub world: World,
    /// None: it is over.
    pub address: watch::Sender<Option<SocketAddr>>,
    pub answers: watch::Sender<usize>,
    /// Answers that said that the log cannot be written.
    pub unavailable: watch::Sender<usize>,
}

impl Load {
    /// Four callers, over HTTP/1.1 and HTTP/2, begin to ask the gateway that runs.
    pub fn begin(world: World) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let callers: [_; CALLERS] = [
            (world.client(CENTRE), false),
            (world.client(HOSPITAL), true),
            (world.client_over(CENTRE, &["h2"]), false),
            (world.client_over(HOSPITAL, &["h2"]), false),
        ];
        let address = watch::Sender::new(Some(world.address()));
        let load = Arc::new(Self {
            world,
            address,
            answers: watch::Sender::new(0),
            unavailable: watch::Sender::new(0),
        });
        let calling = callers.into_iter();
        let calling =
            calling.map(|(client, posts)| tokio::spawn(Arc::clone(&load).call_without_end(client, posts)));
        let calling = calling.collect();
        (load, calling)
    }

    /// Asks over one connection as long as it lives; a broken one is made anew.
    async fn call_without_end(self: Arc<Self>, client: Client, posts: bool) {
        let mut address = self.address.subscribe();
        loop {
            let Some(at) = *address.borrow_and_update() else { return };
            if let Ok(mut session) = client.at(at).session().await {
                while self.ask(&mut session, posts).await {}
            }
            // The gateway is dead, or writes nothing more: until it is said where the next one is.
            if address.changed().await.is_err() {
                return;
            }
        }
    }

    async fn ask(&self, session: &mut Session, posts: bool) -> bool {
        let request = if posts {
            matching("mau")
        } else {
            client::get(&lookup_path(), &[("exchange-purpose", "tra-cuu")])
        };
        let Ok(answered) = self.world.ask(session, request).await else { return false };
        if answered.status == 503 {
            // Its request may have been with the platform already: then it is not told to come again.
            assert_eq!(answered.reason(), "log-unavailable", "{answered:?}");
            assert!(!answered.headers.contains_key("exchange-receipt"), "{answered:?}");
            self.unavailable.send_modify(|unavailable| *unavailable += 1);
            return false;
        }
        assert_eq!(answered.status, 200, "{answered:?}");
        self.answers.send_modify(|answers| *answers += 1);
        self.address.borrow().is_some()
    }

    /// Waits until so many more answers came.
    pub async fn more(&self, answers: usize) {
        let mut seen = self.answers.subscribe();
        let goal = *seen.borrow() + answers;
        tokio::time::timeout(PATIENCE, seen.wait_for(|seen| *seen >= goal))
            .await
            .expect("answers come")
            .unwrap();
    }

    /// Tells the callers where the next gateway is.
    pub fn go_on_at(&self, address: SocketAddr) {
        self.address.send_replace(Some(address));
    }

    /// Ends the callers, and gives back the world.
    pub async fn end(self: Arc<Self>, calling: Vec<JoinHandle<()>>) -> World {
        self.address.send_replace(None);
        for caller in calling {
            tokio::time::timeout(PATIENCE, caller).await.expect("the caller ends").unwrap();
        }
        Arc::try_unwrap(self).unwrap().world
    }
}

/// How many answers were kept, how many of them the log holds under their own number, and how many are proven to be in the tree that
/// the log's last signed head stands for.
pub fn hold_against_log(world: &World, folder: &Path) -> (usize, usize, usize) {
    let log = receipts::read(folder, &world.receipts.log_key(), &[]);
    let mut tree = Tree::default();
    log.leaves.iter().for_each(|(_, hash)| tree.push(*hash));
    let (size, root) = (tree.size(), log.report.root.unwrap());
    let kept = world.receipts.kept();
    let is_found = |kept: &&Kept| {
        let leaf = log.leaves.get(usize::try_from(kept.receipt.index).unwrap());
        leaf.is_some_and(|(leaf, hash)| leaf["exchange"] == *kept.exchange && *hash == kept.receipt.leaf)
    };
    let is_proven = |kept: &&Kept| {
        let path = tree.inclusion(kept.receipt.index, size).unwrap_or_default();
        verify_inclusion(&kept.receipt.leaf, kept.receipt.index, size, &path, &root).is_ok()
    };
    (kept.len(), kept.iter().filter(is_found).count(), kept.iter().filter(is_proven).count())
}

/// Says that the log cannot be written, and nothing else.
pub fn unavailable(answered: &Answered) {
    assert_eq!((answered.status, answered.reason().as_str()), (503, "log-unavailable"), "{answered:?}");
    assert_eq!(answered.header("retry-after"), "5");
    assert!(!answered.headers.contains_key("exchange-receipt"), "{answered:?}");
}

/// Whoever asks for whatever is told the same, and nothing goes to a platform.
pub async fn nothing_is_exchanged(world: &World) {
    let before = world.platform.seen().len();
    for agency in [CENTRE, HOSPITAL, STRANGER, "unknown"] {
        unavailable(&world.lookup(agency).await);
    }
    unavailable(&world.post(CENTRE, "/mau/doi-chieu", &[("exchange-purpose", "doi-chieu")], "{}").await);
    assert_eq!(world.platform.seen().len(), before, "a request was forwarded that could not be recorded");
}
