//! What an agency keeps of its answers, outside the gateway, and the whole log held against it.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use phohien::audit::verify::Judge;
use phohien::crypto::digest::Hash;
use phohien::crypto::verify::PublicKey;
use phohien::message::facts::AnswerFacts;
use phohien::message::facts::RequestFacts;
use phohien::message::receipt::Receipt;
use phohien::message::request::Head;
use phohien::message::request::Sent;
use phohien::message::sign::SignatureHeaders;
use phohien::message::verify::verify_answer;
use phohien::tlog::checkpoint::Checkpoint;
use phohien::tlog::fsck;
use phohien::tlog::fsck::Known;
use phohien::tlog::note::VerifierKey;

use super::client::Answered;

/// A request's head, as far as its answer's signature covers it.
#[derive(Debug, Clone)]
pub struct Asked {
    method: String,
    authority: String,
    path: String,
    query: Option<String>,
    content_digest: Option<String>,
    signature: Option<Sent>,
}

impl Asked {
    pub fn of(request: &Request<Full<Bytes>>) -> Self {
        let uri = request.uri();
        let digest =
            request.headers().get("content-digest").map(|digest| digest.to_str().unwrap().to_owned());
        // What is signed is the authority as it was addressed: `Host`, where a test sets one.
        let host = request.headers().get("host").map(|host| host.to_str().unwrap());
        let authority = host.unwrap_or(uri.authority().unwrap().as_str()).to_lowercase();
        let head = Head {
            method: request.method().as_str(),
            authority: &authority,
            path: uri.path(),
            query: uri.query(),
            headers: request.headers(),
        };
        Self {
            method: request.method().to_string(),
            signature: Sent::of(&head),
            authority: authority.clone(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            content_digest: digest,
        }
    }
}

/// One kept receipt.
#[derive(Debug, Clone)]
pub struct Kept {
    pub exchange: String,
    pub receipt: Receipt,
}

/// All that was kept, and where the log is.
#[derive(Debug)]
pub struct Receipts {
    log: Mutex<PathBuf>,
    kept: Mutex<Vec<Kept>>,
    /// The keys beside the log, as they were last read: the disk with them may be gone for a while.
    keys: Mutex<BTreeMap<&'static str, String>>,
}

impl Receipts {
    pub fn of(log: &Path) -> Self {
        Self { log: Mutex::new(log.to_owned()), kept: Mutex::default(), keys: Mutex::default() }
    }

    /// From now on the log is looked for here.
    pub fn look_in(&self, log: &Path) {
        log.clone_into(&mut self.log.lock().unwrap());
    }

    fn log(&self) -> PathBuf {
        self.log.lock().unwrap().clone()
    }

    /// Everything kept so far.
    pub fn kept(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }

    /// Verifies an answer as an agency does, and keeps its receipt if it has one. No answer of the gateway may fail this.
    pub fn take(&self, asked: &Asked, answered: &Answered) {
        check_signature(&self.answer_key(), asked, answered);
        let Some(receipt) = answered.headers.get("exchange-receipt") else { return };
        let receipt = Receipt::parse(receipt.to_str().unwrap()).unwrap();
        check_head(&self.log_key(), &receipt);
        let exchange = answered.header("exchange-id").to_owned();
        self.kept.lock().unwrap().push(Kept { exchange, receipt });
    }

    /// Verifies the whole log, and in it every kept receipt: its leaf stands at its index, and its head is continued.
    ///
    /// `ended`: nothing is under way, so every exchange that was opened must have its outcome.
    pub fn verify(&self, ended: bool) -> Vec<Value> {
        let kept = self.kept();
        let heads: Vec<Known> =
            kept.iter().map(|kept| Known { size: kept.receipt.size, root: kept.receipt.root }).collect();
        let log = read(&self.log(), &self.log_key(), &heads);
        assert!(log.report.is_sound(), "the log is not sound: {:#?}", log.report.faults);
        if ended {
            assert_eq!(log.open, [], "exchanges without an outcome");
        }
        for Kept { exchange, receipt } in &kept {
            let (leaf, hash) = &log.leaves[usize::try_from(receipt.index).unwrap()];
            assert_eq!(leaf["exchange"], exchange.as_str(), "another exchange stands at the receipt's index");
            assert_eq!((hash, leaf["seq"].as_u64()), (&receipt.leaf, Some(receipt.seq)));
        }
        log.leaves.into_iter().map(|(leaf, _)| leaf).collect()
    }

    /// The log's verification key, as the gateway published it beside the log.
    pub fn log_key(&self) -> VerifierKey {
        self.beside("vkey").trim_end().parse().unwrap()
    }

    /// The key that signs answers.
    pub fn answer_key(&self) -> PublicKey {
        let pem = self.beside("answer.pem");
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        PublicKey::from_spki(&STANDARD.decode(base64).unwrap()).unwrap()
    }

    fn beside(&self, extension: &'static str) -> String {
        let mut keys = self.keys.lock().unwrap();
        match std::fs::read_to_string(self.log().with_extension(extension)) {
            Ok(text) => drop(keys.insert(extension, text)),
            Err(error) => assert!(keys.contains_key(extension), "{extension}: {error}"),
        }
        keys[extension].clone()
    }
}

/// A log as its verifier saw it.
pub struct Read {
    pub report: fsck::Report,
    pub leaves: Vec<(Value, Hash)>,
    /// Exchanges that were opened and have no outcome.
    pub open: Vec<(u64, String)>,
}

/// Reads and judges a log's folder, whoever wrote it.
pub fn read(folder: &Path, key: &VerifierKey, heads: &[Known]) -> Read {
    let mut leaves = Vec::new();
    let look = |_, leaf: &[u8], _: &[u8], hash: &Hash| {
        leaves.push((serde_json::from_slice(leaf).unwrap_or_default(), *hash));
        Vec::new()
    };
    let mut watched = fsck::Watched { judge: Judge::new(), look };
    let report = fsck::verify(folder, Some(key), heads, &mut watched, &mut |_, _| ());
    let ended = watched.judge.end();
    let open = ended.lost.into_iter().chain(ended.unfinished);
    Read { report, leaves, open: open.map(|(index, finding)| (index, finding.what.en)).collect() }
}

fn check_signature(key: &PublicKey, asked: &Asked, answered: &Answered) {
    let request = RequestFacts {
        method: &asked.method,
        authority: &asked.authority,
        path: &asked.path,
        query: asked.query.as_deref(),
        content_digest: asked.content_digest.as_deref(),
        signature: asked.signature.as_ref().map(Sent::fact),
    };
    let field = |name: &str| answered.headers.get(name).map(|value| value.to_str().unwrap());
    let answer = AnswerFacts {
        status: answered.status,
        content_digest: field("content-digest"),
        content_type: field("content-type"),
        exchange_id: answered.header("exchange-id"),
        exchange_receipt: field("exchange-receipt"),
    };
    let headers = SignatureHeaders {
        input: answered.header("signature-input").to_owned(),
        signature: answered.header("signature").to_owned(),
    };
    let verified = verify_answer(&request, &answer, &answered.body, &headers, key);
    assert!(verified.is_ok(), "{verified:?}: {answered:?}");
}

/// The signed tree head that the receipt's header carries, by the key alone.
fn check_head(key: &VerifierKey, receipt: &Receipt) {
    assert_eq!(key.name(), receipt.origin.as_str());
    let checkpoint = Checkpoint { origin: receipt.origin.clone(), size: receipt.size, root: receipt.root };
    let verified =
        PublicKey::ed25519(*key.raw()).verify(checkpoint.to_string().as_bytes(), &receipt.signature);
    assert!(verified.is_ok(), "the receipt's tree head is not signed by the log: {receipt:?}");
}
