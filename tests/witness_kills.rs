//! A witness is killed, again and again, while logs with two histories ask it. What it has cosigned is of one history each.
#![cfg(test)]

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use phohien::crypto::digest::Hash;
use phohien::crypto::sign::Ed25519Key;
use phohien::tlog::checkpoint::Checkpoint;
use phohien::tlog::checkpoint::SignedHead;
use phohien::tlog::cosignature::CosignerKey;
use phohien::tlog::cosignature::of_answer;
use phohien::tlog::merkle::Tree;
use phohien::tlog::merkle::leaf_hash;
use phohien::tlog::note::Signer;
use phohien::tlog::witness::Request;

/// How often it is killed.
const KILLS: usize = 12;
/// Cosignatures to wait for before each kill.
const COSIGNED: usize = 25;
/// Logs that ask: each goes through the fork once.
const LOGS: u64 = 40;
/// Entries that the two histories of a log share: fewer than this.
const FORKS: u64 = 6;
/// Entries of each.
const SIZE: u64 = 60;

/// A log with two histories that part somewhere.
struct TwoFaced {
    signer: Signer,
    faces: [Tree; 2],
}

impl TwoFaced {
    fn new(number: u64) -> Self {
        let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        let signer = Signer::new(&format!("log{number}.example/2026").parse().unwrap(), key);
        let mut faces = [Tree::default(), Tree::default()];
        for (face, tree) in faces.iter_mut().enumerate() {
            for index in 0..SIZE {
                let own = if index < number % FORKS { 0 } else { face };
                tree.push(leaf_hash(format!("{own} {index}").as_bytes()));
            }
        }
        Self { signer, faces }
    }

    fn root(&self, face: usize, size: u64) -> Hash {
        self.faces[face].root(size).unwrap()
    }

    fn request(&self, face: usize, old: u64, size: u64) -> (Request, String) {
        let origin = self.signer.public().name().parse().unwrap();
        let checkpoint = Checkpoint { origin, size, root: self.root(face, size) };
        let text = checkpoint.to_string();
        let proof = self.faces[face].consistency(old, size).unwrap_or_default();
        (Request { old, proof, note: SignedHead::sign(checkpoint, &self.signer).note }, text)
    }
}

/// What the callers share.
struct Storm {
    logs: Vec<TwoFaced>,
    address: SocketAddr,
    key: Mutex<Option<CosignerKey>>,
    /// By log and size, the roots that were cosigned.
    cosigned: Mutex<BTreeMap<(usize, u64), Vec<Hash>>>,
    count: AtomicUsize,
    over: AtomicBool,
}

impl Storm {
    /// One face of all logs, entry by entry; what is refused is asked again from where the witness says it stands.
    fn show(&self, face: usize) {
        let mut known = vec![0; self.logs.len()];
        while !self.over.load(Ordering::SeqCst) {
            for (at, log) in self.logs.iter().enumerate() {
                let old = known[at];
                let size = (old + 1).min(SIZE);
                let (request, text) = log.request(face, old, size);
                let Some((status, body)) = ask(self.address, &request.to_string()) else { continue };
                match status {
                    200 => {
                        let key = self.key.lock().unwrap().clone().unwrap();
                        of_answer(body.as_bytes(), &text, &key).unwrap();
                        let mut cosigned = self.cosigned.lock().unwrap();
                        cosigned.entry((at, size)).or_default().push(log.root(face, size));
                        self.count.fetch_add(1, Ordering::SeqCst);
                        known[at] = size;
                    }
                    409 => known[at] = body.trim().parse().unwrap_or(old).min(SIZE),
                    422 => {}
                    other => panic!("{other}: {body}"),
                }
            }
        }
    }
}

/// Nothing where the witness is dead, or died before it had answered.
fn ask(address: SocketAddr, body: &str) -> Option<(u16, String)> {
    let mut connection = TcpStream::connect(address).ok()?;
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}

/// Starts it, and waits until it says its key.
fn start(folder: &Path, address: SocketAddr) -> (Child, CosignerKey) {
    let mut witness = Command::new(env!("CARGO_BIN_EXE_phohien"))
        .args(["--lang", "en", "witness", "serve", "--name", "witness.example/1", "--state"])
        .arg(folder.join("witness"))
        .arg("--logs")
        .arg(folder.join("logs.vkey"))
        .args(["--listen", &address.to_string()])
        .env("PHOHIEN_LOG", "error")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(witness.stderr.take().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        if let Ok(key) = line.trim().parse() {
            return (witness, key);
        }
        said.push_str(&line);
    }
    witness.wait().unwrap();
    panic!("the witness does not start: {said}");
}

fn stop(mut witness: Child) {
    witness.kill().unwrap();
    witness.wait().unwrap();
}

#[test]
fn a_witness_that_is_killed_again_and_again_never_cosigns_two_histories_of_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let logs: Vec<TwoFaced> = (0..LOGS).map(TwoFaced::new).collect();
    let keys: String = logs.iter().map(|log| format!("{}\n", log.signer.public())).collect();
    std::fs::File::create(folder.path().join("logs.vkey")).unwrap().write_all(keys.as_bytes()).unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let storm = Storm {
        logs,
        address,
        key: Mutex::default(),
        cosigned: Mutex::default(),
        count: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        let (mut witness, key) = start(folder.path(), address);
        *storm.key.lock().unwrap() = Some(key.clone());
        for face in [0, 1, 0, 1] {
            let storm = &storm;
            scope.spawn(move || storm.show(face));
        }
        for _ in 0..KILLS {
            let before = storm.count.load(Ordering::SeqCst);
            while storm.count.load(Ordering::SeqCst) < before + COSIGNED {
                thread::yield_now();
            }
            stop(witness);
            let (again, same) = start(folder.path(), address);
            assert_eq!(same, key, "it is the same witness");
            witness = again;
        }
        storm.over.store(true, Ordering::SeqCst);
        stop(witness);
    });
    let cosigned = storm.cosigned.lock().unwrap();
    for at in 0..storm.logs.len() {
        let own = cosigned.iter().filter(|((log, _), _)| *log == at);
        let own: Vec<_> =
            own.flat_map(|((_, size), roots)| roots.iter().map(|root| (*size, *root))).collect();
        let of = |face: usize| own.iter().all(|(size, root)| storm.logs[at].root(face, *size) == *root);
        assert!(of(0) || of(1), "log {at} has cosignatures on both of its histories: {own:?}");
    }
    eprintln!("kills {KILLS}, cosignatures {}, heads {}", storm.count.load(Ordering::SeqCst), cosigned.len());
}
