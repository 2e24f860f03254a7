use super::*;

use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc::channel;

use crate::clock::Clock;
use crate::config::read::read_text;
use crate::identity::development;
use crate::server::doorway::door;
use crate::server::guard;
use crate::server::quotas::Quotas;
use crate::server::run::Overrides;
use crate::server::run::open_log;
use crate::server::run::witnesses;
use crate::server::socket;

/// An agreement of the sample province.
const AGREEMENT: &str = "TT-2026-001";

/// How long a look is waited for that waits for nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// More looks than everything ever waits for its turn.
const LOOKS: usize = 20;

/// A gateway of the sample province that is looked after by hand.
struct World {
    _folder: tempfile::TempDir,
    suspensions: PathBuf,
    reload: Reload,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"), &folder.path().join("policies"));
        let plan = development::Plan { server_names: vec!["localhost".to_owned()], callers: Vec::new() };
        development::make(&folder.path().join("certs"), &plan).unwrap();
        let text = include_str!("../../../deploy/gateway.toml");
        let mut settings = read_text("gateway.toml", text, folder.path()).unwrap();
        (settings.file, settings.desk) = (None, None);
        let suspensions = settings.policies.join(disk::SUSPENSIONS);
        Self { reload: reload(settings).await, _folder: folder, suspensions }
    }

    /// What the kill switch says.
    fn save(&self, text: &str) {
        let next = self.suspensions.with_extension("next");
        std::fs::File::create(&next).unwrap().write_all(text.as_bytes()).unwrap();
        std::fs::rename(next, &self.suspensions).unwrap();
    }

    fn is_suspended(&self) -> bool {
        let policies = Arc::clone(&held(&self.reload.0.served).door.in_force().policies);
        policies.suspensions().agreements.keys().any(|id| id.as_str() == AGREEMENT)
    }
}

/// What a start puts into force, without a socket.
async fn reload(settings: Settings) -> Reload {
    let clock = Clock::by_hand("2026-11-26T03:00:00Z".parse().unwrap());
    let first = BeforePolicies::of(&settings);
    let policies = crate::server::signers::policies(&settings, clock.now(), clock.now()).unwrap();
    let before = BeforeLoading::of(&settings, &policies, first).unwrap();
    let (opened, signer, key) =
        open_log(&settings, &policies, &Overrides::default(), clock.clone()).await.unwrap();
    let recorder = opened.recorder().clone();
    let witnesses = witnesses(&settings, &recorder, &key, clock.clone()).await.unwrap();
    assert!(guard::begin(opened, &witnesses, false).await.unwrap().is_none());
    let (kept, quotas) = (Arc::clone(witnesses.kept()), Quotas::read_or_make(&settings).unwrap());
    let door = door(&settings, policies, &quotas, recorder, kept, signer, (clock.clone(), clock)).unwrap();
    let tls = socket::tls(&settings.exchange.socket).unwrap();
    Reload::new((Arc::new(door), tls, None), settings, before)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { drop(std::fs::copy(entry.path(), to)) }
    }
}

fn suspended() -> String {
    format!("[[suspend]]\nagreement = \"{AGREEMENT}\"\nsince = 2026-11-01\nreason = \"Lộ khóa\"\n")
}

/// It needs two looks: a file that is being saved is no file that was.
fn look_first_twice(world: &World) {
    world.reload.0.look_first();
    world.reload.0.look_first();
}

#[tokio::test]
async fn what_the_other_look_has_lifted_the_kill_switch_puts_back_by_the_very_file_of_before() {
    let world = World::new().await;
    world.save(&suspended());
    look_first_twice(&world);
    assert!(world.is_suspended());
    world.save("");
    for _ in 0..LOOKS {
        world.reload.0.look_at_all();
    }
    assert!(!world.is_suspended(), "the look at everything lifts");
    // The kill switch's own look has not seen the file without: to it nothing has changed.
    world.save(&suspended());
    look_first_twice(&world);
    assert!(world.is_suspended(), "what was dealt with once is dealt with again");
}

#[tokio::test]
async fn a_suspension_takes_effect_while_the_look_at_everything_hangs() {
    let world = World::new().await;
    world.save(&suspended());
    // As that look holds it from its first file to its last.
    let hangs = held(&world.reload.0.rest);
    let (done, seen) = channel();
    let reload = world.reload.clone();
    std::thread::spawn(move || {
        reload.0.look_first();
        reload.0.look_first();
        done.send(())
    });
    seen.recv_timeout(PATIENCE).expect("the kill switch waits for nobody");
    assert!(world.is_suspended());
    drop(hangs);
}
