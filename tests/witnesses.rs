//! Witnesses: who cosigns a log, and what that keeps its operator from. Real gateways, real witnesses, real folders.

#[cfg(test)]
mod world;

#[cfg(test)]
mod stage {
    //! Witnesses for the world's log, and the log's folder put aside and back.

    use std::net::SocketAddr;
    use std::path::Path;
    use std::path::PathBuf;
    use std::process::Command;

    use tokio::io::AsyncReadExt as _;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpStream;

    use phohien::clock::Clock;
    use phohien::config::witness::Settings;
    use phohien::listener::tls::TlsFiles;
    use phohien::server::witness::Serving;
    use phohien::tlog::cosignature::CosignerKey;
    use phohien::tlog::witness::Logs;

    use crate::world::PATIENCE;
    use crate::world::World;
    use crate::world::write;

    /// A witness of the world's log.
    pub(crate) struct Witness {
        pub(crate) key: CosignerKey,
        pub(crate) address: SocketAddr,
        name: String,
        serving: Option<Serving>,
    }

    impl Witness {
        pub(crate) async fn start(world: &World, name: &str) -> Self {
            Self::start_with(world, name, None).await
        }

        /// One that speaks TLS, and lets in whoever shows a certificate of the world's authority.
        pub(crate) async fn start_secure(world: &World, name: &str) -> Self {
            let file = |name: &str| world.certs().join(name);
            let tls = TlsFiles {
                certificate: file("server.pem"),
                key: file("server.key"),
                anchors: vec![file("ca.pem")],
                crls: Some(vec![file("ca.crl.pem")]),
            };
            Self::start_with(world, name, Some(tls)).await
        }

        async fn start_with(world: &World, name: &str, tls: Option<TlsFiles>) -> Self {
            let serving = serve(world, name, "127.0.0.1:0".parse().unwrap(), tls).await;
            let (key, address) = (serving.key().clone(), serving.address());
            Self { key, address, name: name.to_owned(), serving: Some(serving) }
        }

        pub(crate) async fn stop(&mut self) {
            self.serving.take().unwrap().stop().await;
        }

        /// Again, at the address where it was.
        pub(crate) async fn again(&mut self, world: &World) {
            self.serving = Some(serve(world, &self.name, self.address, None).await);
        }
    }

    async fn serve(world: &World, name: &str, listen: SocketAddr, tls: Option<TlsFiles>) -> Serving {
        let settings = Settings {
            name: format!("{name}.example/w").parse().unwrap(),
            state: world.folder().join(name),
            listen,
            logs: Logs::new(vec![world.receipts.log_key()]),
            tls,
        };
        Serving::start(settings, Clock::system()).await.unwrap()
    }

    /// A world whose log has its key, and some entries that nobody cosigned.
    pub(crate) async fn world() -> World {
        let mut world = World::build("").await;
        world.open().await;
        world.close().await;
        world
    }

    /// Names the witnesses in the configuration, and has the gateway tell how it is.
    pub(crate) fn name(world: &World, witnesses: &[(SocketAddr, &CosignerKey)]) {
        let named = witnesses.iter();
        let named = named.map(|(at, key)| format!("[[witness]]\nurl = \"http://{at}\"\nvkey = \"{key}\"\n"));
        name_as(world, &named.collect::<String>());
    }

    /// The same, written out.
    pub(crate) fn name_as(world: &World, named: &str) {
        let text = std::fs::read_to_string(world.configuration()).unwrap();
        let own = text.split("\n[metrics]").next().unwrap();
        write(&world.configuration(), &format!("{own}\n[metrics]\nlisten = \"127.0.0.1:0\"\n{named}"));
    }

    /// What `/readyz` or `/metrics` says.
    pub(crate) async fn told(world: &World, path: &str) -> String {
        let address = world.gateway().metrics_address().unwrap();
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut told = String::new();
        connection.read_to_string(&mut told).await.unwrap();
        told
    }

    /// Waits until it says so.
    pub(crate) async fn until_told(world: &World, path: &str, what: &str) -> String {
        let waiting = async {
            loop {
                let told = told(world, path).await;
                if told.contains(what) {
                    return told;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let told = tokio::time::timeout(PATIENCE, waiting).await;
        told.unwrap_or_else(|_| panic!("never said: {what}"))
    }

    /// The log's folder as it is now, put aside.
    pub(crate) fn put_aside(world: &World, name: &str) -> PathBuf {
        let aside = world.folder().join(name);
        copy(&world.folder().join("log"), &aside);
        aside
    }

    /// The log's folder as it was.
    pub(crate) fn put_back(world: &World, aside: &Path) {
        std::fs::remove_dir_all(world.folder().join("log")).unwrap();
        copy(aside, &world.folder().join("log"));
    }

    fn copy(from: &Path, to: &Path) {
        let status = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
        assert!(status.success());
    }

    /// A gateway that waits at its start for a witness which is away; and what its log was before.
    pub(crate) async fn held() -> (World, Witness, Vec<(PathBuf, Vec<u8>)>) {
        let mut world = world().await;
        let mut witness = Witness::start(&world, "one").await;
        name(&world, &[(witness.address, &witness.key)]);
        world.open().await;
        world.close().await;
        witness.stop().await;
        let before = bytes(&world);
        world.open().await;
        (world, witness, before)
    }

    /// Every byte of the log's folder, but for the cosignatures, which are derived.
    pub(crate) fn bytes(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut found, mut open) = (Vec::new(), vec![world.folder().join("log")]);
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    // A segment that is filled with zeroes beforehand says nothing.
                    let mut bytes = std::fs::read(&path).unwrap();
                    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1));
                    found.push((path, bytes));
                }
            }
        }
        found.retain(|(path, bytes)| !bytes.is_empty() && !path.to_string_lossy().contains("/witnessed/"));
        found.sort();
        found
    }
}

use std::io::BufRead as _;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;

use phohien::server::run::StartError;
use phohien::server::witnesses::Contradiction;
use phohien::tlog::cosignature::of_note;
use phohien::tlog::merkle::leaf_hash;
use phohien::tlog::note::Note;
use phohien::tlog::proof::Proof;

use stage::Witness;
use stage::bytes;
use stage::name;
use stage::name_as;
use stage::put_aside;
use stage::put_back;
use stage::told;
use stage::until_told;
use world::CENTRE;
use world::PATIENCE;
use world::World;
use world::client;

#[cfg(test)]
async fn witnessed_receipt(world: &World, exchange: &str) -> serde_json::Value {
    let waiting = async {
        loop {
            let served = world.get(CENTRE, &format!("/receipts/{exchange}?witnessed=1"), &[]).await;
            if served.status == 200 {
                return served.json();
            }
            assert_eq!(served.status, 404, "{served:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("a witness cosigns")
}

#[tokio::test]
async fn two_witnesses_cosign_one_head_and_a_receipt_under_it_says_so() {
    let mut world = stage::world().await;
    let (one, two) = (Witness::start(&world, "one").await, Witness::start(&world, "two").await);
    name(&world, &[(one.address, &one.key), (two.address, &two.key)]);
    world.open().await;
    let exchange = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let document = witnessed_receipt(&world, &exchange).await;
    let entry = &document["entries"][0];
    let proof = Proof::parse(entry["proof"].as_str().unwrap().as_bytes()).unwrap();
    let leaf = leaf_hash(entry["leaf"].as_str().unwrap().as_bytes());
    proof.verify(&leaf, &world.receipts.log_key()).unwrap();
    let note = Note::parse(proof.note.as_bytes()).unwrap();
    let cosigned = of_note(&note, &[&one.key, &two.key]).unwrap();
    assert_eq!(cosigned.len(), 2, "{}", proof.note);
    // What is kept beside the log says the same, to whoever has the keys.
    let log = world.folder().join("log");
    let status = Command::new(env!("CARGO_BIN_EXE_phohien"))
        .args(["--json", "witness", "status", "--log", log.to_str().unwrap(), "--config"])
        .arg(world.configuration())
        .output()
        .unwrap();
    let lines = String::from_utf8(status.stdout).unwrap();
    assert!(status.status.success() && lines.lines().count() == 2, "{lines}");
    assert!(lines.contains("one.example/w") && !lines.contains("null"), "{lines}");
    until_told(&world, "/metrics", "phohien_witness_lag_entries{witness=\"one.example/w\"} 0").await;
    let leaves = world.end().await;
    let starts: Vec<_> = leaves.iter().filter(|leaf| leaf["kind"] == "node.started").collect();
    assert_eq!((&starts[0]["unwitnessed"], &starts[1]["unwitnessed"]), (&true.into(), &false.into()));
}

#[tokio::test]
async fn a_witness_that_asks_for_certificates_cosigns_for_who_shows_one_and_hears_nobody_else() {
    let mut world = stage::world().await;
    let witness = Witness::start_secure(&world, "one").await;
    let named = |client: &str| {
        format!(
            "[[witness]]\nurl = \"https://{}\"\nvkey = \"{}\"\nanchors = \"ca.pem\"\n{client}",
            witness.address, witness.key
        )
    };
    name_as(&world, &named(""));
    world.open().await;
    assert!(world.gateway().is_held(), "without a certificate it is not heard");
    world.close().await;
    let client = r#"client = { certificate = "agencies/operator.pem", key = "agencies/operator.key" }"#;
    name_as(&world, &named(client));
    world.open().await;
    let exchange = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    witnessed_receipt(&world, &exchange).await;
    world.end().await;
}

#[tokio::test]
async fn an_older_state_of_the_log_that_is_put_back_is_stopped_before_anything_is_signed() {
    let mut world = stage::world().await;
    let witness = Witness::start(&world, "one").await;
    name(&world, &[(witness.address, &witness.key)]);
    world.open().await;
    world.lookup(CENTRE).await;
    world.close().await;
    let older = put_aside(&world, "older");
    world.open().await;
    world.lookup(CENTRE).await;
    world.close().await;
    let newest = put_aside(&world, "newest");
    put_back(&world, &older);
    let before = bytes(&world);
    for unwitnessed in [false, true] {
        let refused = world.try_open(unwitnessed).await;
        assert!(matches!(refused, Err(StartError::RolledBack(Contradiction::Ahead { .. }))), "{refused:?}");
    }
    let configuration = world.configuration();
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    command.args(["--lang", "en", "serve", "--config"]).arg(&configuration);
    // Not on the thread that the witness answers from.
    let serve = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8(serve.stderr).unwrap();
    assert_eq!(serve.status.code(), Some(4), "{said}");
    assert!(said.contains("log-rolled-back") && said.contains("one.example/w"), "{said}");
    assert_eq!(bytes(&world), before, "not a byte was written");
    put_back(&world, &newest);
    world.open().await;
    world.lookup(CENTRE).await;
    world.end().await;
}

#[tokio::test]
async fn a_cosigned_head_in_the_folder_exposes_that_its_log_was_cut_and_sound_ones_are_let_pass() {
    let mut world = stage::world().await;
    let witness = Witness::start(&world, "one").await;
    name(&world, &[(witness.address, &witness.key)]);
    let older = put_aside(&world, "older");
    world.open().await;
    world.lookup(CENTRE).await;
    world.close().await;
    let log = world.folder().join("log");
    let verify = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
        let verified = command.args(["--lang", "en", "audit", "verify"]).arg(&log).output().unwrap();
        (verified.status.code(), String::from_utf8(verified.stdout).unwrap())
    };
    let (code, said) = verify();
    assert!(code == Some(0) && !said.contains("does not belong"), "{said}");
    let kept = put_aside(&world, "newest").join("witnessed");
    put_back(&world, &older);
    assert!(Command::new("cp").arg("-r").arg(&kept).arg(&log).status().unwrap().success());
    let (code, said) = verify();
    assert!(code == Some(4) && said.contains("that a witness has cosigned"), "{said}");
}

#[tokio::test]
async fn a_second_history_of_the_same_size_is_stopped_at_the_start() {
    let mut world = stage::world().await;
    let fork = put_aside(&world, "fork");
    let witness = Witness::start(&world, "one").await;
    name(&world, &[(witness.address, &witness.key)]);
    world.open().await;
    world.close().await;
    put_back(&world, &fork);
    name(&world, &[]);
    world.open().await;
    world.close().await;
    name(&world, &[(witness.address, &witness.key)]);
    let refused = world.try_open(true).await;
    assert!(matches!(refused, Err(StartError::RolledBack(Contradiction::Differs { .. }))), "{refused:?}");
}

#[tokio::test]
async fn a_log_that_forks_while_its_witness_is_away_gets_no_cosignature_and_raises_an_alarm() {
    let mut world = stage::world().await;
    let fork = put_aside(&world, "fork");
    let mut witness = Witness::start(&world, "one").await;
    name(&world, &[(witness.address, &witness.key)]);
    world.open().await;
    world.close().await;
    witness.stop().await;
    put_back(&world, &fork);
    world.try_open(true).await.unwrap();
    for _ in 0..5 {
        world.lookup(CENTRE).await;
    }
    witness.again(&world).await;
    let said = until_told(&world, "/readyz", "there are two histories").await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    assert!(told(&world, "/metrics").await.contains("phohien_witness_alarm{witness=\"one.example/w\"} 1"));
    assert!(!world.folder().join("log/witnessed").exists(), "nothing was cosigned");
    world.close().await;
    let leaves = world.end().await;
    assert_eq!(leaves.iter().rfind(|leaf| leaf["kind"] == "node.started").unwrap()["unwitnessed"], true);
}

#[tokio::test]
async fn without_an_answer_nothing_is_exchanged_and_nothing_signed_until_a_witness_is_back() {
    let (world, mut witness, before) = stage::held().await;
    let said = told(&world, "/readyz").await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("no witness has answered"), "{said}");
    let refused =
        world.client(CENTRE).get(&world::lookup_path(), &[("exchange-purpose", "tra-cuu")]).await.unwrap();
    assert_eq!((refused.status, refused.reason().as_str()), (503, "log-unavailable"));
    assert_eq!(bytes(&world), before, "not a byte was written");
    witness.again(&world).await;
    until_told(&world, "/readyz", "200 OK").await;
    world.lookup(CENTRE).await;
    let leaves = world.end().await;
    assert_eq!(leaves.iter().rfind(|leaf| leaf["kind"] == "node.started").unwrap()["unwitnessed"], false);
}

#[tokio::test]
async fn a_gateway_that_waits_for_its_witness_can_be_stopped_and_writes_nothing() {
    let (mut world, _witness, before) = stage::held().await;
    assert!(world.gateway().is_held());
    world.close().await;
    assert_eq!(bytes(&world), before);
}

#[tokio::test]
async fn a_gateway_that_waited_stops_by_itself_when_its_witness_knows_another_log() {
    let mut world = stage::world().await;
    let older = put_aside(&world, "older");
    let mut witness = Witness::start(&world, "one").await;
    name(&world, &[(witness.address, &witness.key)]);
    world.open().await;
    world.lookup(CENTRE).await;
    world.close().await;
    witness.stop().await;
    put_back(&world, &older);
    let before = bytes(&world);
    world.open().await;
    witness.again(&world).await;
    let why = tokio::time::timeout(PATIENCE, world.gateway().given_up()).await.expect("it gives up");
    assert!(matches!(&*why, StartError::RolledBack(Contradiction::Ahead { .. })), "{why:?}");
    world.close().await;
    assert_eq!(bytes(&world), before);
}

#[tokio::test]
async fn a_witness_that_takes_requests_and_never_answers_delays_no_exchange() {
    let mut world = stage::world().await;
    let mut known = Witness::start(&world, "one").await;
    known.stop().await;
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = deaf.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let asking = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = deaf.accept().await {
            asking.fetch_add(1, Ordering::SeqCst);
            held.push(connection);
        }
    });
    name(&world, &[(address, &known.key)]);
    world.try_open(true).await.unwrap();
    let before = asked.load(Ordering::SeqCst);
    let mut session = world.client(CENTRE).session().await.unwrap();
    // Until it was asked again while exchanges went on, and some more: none of its questions is ever answered.
    let mut further = 0;
    while further < 20 {
        let request = client::get(&world::lookup_path(), &[("exchange-purpose", "tra-cuu")]);
        assert_eq!(world.ask(&mut session, request).await.unwrap().status, 200);
        further += usize::from(asked.load(Ordering::SeqCst) > before);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    drop(session);
    let leaves = world.end().await;
    assert_eq!(leaves.iter().rfind(|leaf| leaf["kind"] == "node.started").unwrap()["unwitnessed"], true);
}

/// `phohien witness serve` as a process of its own. Dropped, it is killed.
#[cfg(test)]
struct Process(std::process::Child);

#[cfg(test)]
impl Process {
    /// Knows the logs of these keys, and answers once this returns.
    fn serve(state: &Path, address: SocketAddr, logs: &[&Path]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
        command.args(["--lang", "en", "witness", "serve", "--name", "one.example/w", "--state"]).arg(state);
        command.arg("--listen").arg(address.to_string()).arg("--logs").args(logs);
        Self(said(&mut command, "The witness is ready"))
    }
}

#[cfg(test)]
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program and waits until it says so on standard error, which nobody reads after that.
#[cfg(test)]
fn said(command: &mut Command, what: &str) -> std::process::Child {
    let mut process = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut all = Vec::new();
    for line in lines.map_while(Result::ok) {
        if line.contains(what) {
            return process;
        }
        // The last thing that a gateway says of itself.
        let is_last = line.starts_with("Metrics:");
        all.push(line);
        if is_last {
            break;
        }
    }
    let _ = process.kill();
    let _ = process.wait();
    panic!("`{what}` was never said: {all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_follows_another_is_held_until_its_witness_knows_it_and_then_goes_on_by_itself() {
    let mut world = stage::world().await;
    let (state, old) = (world.folder().join("w"), world.folder().join("old.vkey"));
    let new = world.folder().join("log.vkey");
    std::fs::copy(&new, &old).unwrap();
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let witness = Process::serve(&state, address, &[&old]);
    let key = std::fs::read_to_string(state.join("witness.vkey")).unwrap().trim().parse().unwrap();
    name(&world, &[(address, &key)]);
    world.open().await;
    let before = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    world.close().await;
    world::replace(&world.configuration(), "gw.test/2026", "gw.test/2027");
    let program = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
        command.args(words).args(["--lang", "en", "--config"]).arg(world.configuration());
        command
    };
    let rotated = program(&["keys", "rotate"]).output().unwrap();
    assert!(rotated.status.success(), "{rotated:?}");
    // The command says what to do, and so does the page that whoever watches it reads.
    let mut serving = said(&mut program(&["serve"]), "Have log.vkey added to its `logs`");
    let _ = serving.kill();
    let _ = serving.wait();
    world.open().await;
    assert!(world.gateway().is_held());
    let page = told(&world, "/readyz").await;
    assert!(
        page.starts_with("HTTP/1.1 503") && page.contains("one.example/w") && page.contains("log.vkey"),
        "{page}"
    );
    drop(witness);
    let _witness = Process::serve(&state, address, &[&old, &new]);
    until_told(&world, "/readyz", "200 OK").await;
    let client = world.client(CENTRE);
    let asked = client.get(&world::lookup_path(), &[("exchange-purpose", "tra-cuu")]).await.unwrap();
    assert_eq!(asked.status, 200);
    // What the log before has proven was cosigned to its end.
    let served = client.get(&format!("/receipts/{before}?witnessed=1"), &[]).await.unwrap();
    let document = served.json();
    let proof = document["entries"][0]["proof"].as_str().unwrap_or_else(|| panic!("{served:?}"));
    let note = Proof::parse(proof.as_bytes()).unwrap().note;
    assert_eq!(of_note(&Note::parse(note.as_bytes()).unwrap(), &[&key]).unwrap().len(), 1, "{note}");
    assert!(note.starts_with("gw.test/2026\n"), "{note}");
    world.close().await;
}
