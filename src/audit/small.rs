//! A small log with a few exchanges, for tests of what is read out of it.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::annex::Annex;
use super::begin::Beginning;
use super::begin::begin;
use super::facts::AgreementFacts;
use super::facts::CertificateFacts;
use super::facts::Facts;
use super::months::MonthKeys;
use super::outcome::Answer;
use super::outcome::Outcome;
use super::outcome::Verdict;
use super::record::Draft;
use super::record::Record;
use super::recorder::Recorder;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::crypto::digest::hex;
use crate::crypto::sign::Ed25519Key;
use crate::crypto::sign::P256Key;
use crate::crypto::verify::PublicKey;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity::certificate;
use crate::identity::development;
use crate::identity::development::Plan;
use crate::listener::certification::PathText;
use crate::listener::tls::Trust;
use crate::message::key::AnswerKey;
use crate::tlog;
use crate::tlog::disk::OsDisk;
use crate::tlog::note::VerifierKey;

pub(crate) const AGREEMENT: &str = "id = \"TT-2026-001\"\nversion = 1\n";
/// The folder of certificates.
const CERTS: &str = "certs";
/// Who asks.
pub(crate) const AGENCY: &str = "H31.01.01";
pub(crate) const ORIGIN: &str = "gw1.example/2026";

/// A folder with a log, its keys, and the gateway's recorder while it is open.
pub(crate) struct SmallLog {
    folder: tempfile::TempDir,
    key: Vec<u8>,
    caller: Caller,
    pub(crate) answer: AnswerKey,
    pub(crate) clock: Clock,
}

/// Who asks: its certificate, and by what it is taken.
#[derive(Debug, Clone)]
struct Caller {
    certificate: Vec<u8>,
    path: Arc<PathText>,
}

impl SmallLog {
    /// `now` is when it begins.
    pub(crate) fn new(now: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = now.parse().unwrap();
        Self {
            caller: caller(&folder.path().join(CERTS), now),
            folder,
            key: Ed25519Key::generate_pkcs8().unwrap(),
            answer: AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap(),
            clock: Clock::by_hand(now),
        }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn months_folder(&self) -> PathBuf {
        self.folder.path().join("keys/months")
    }

    pub(crate) fn months(&self) -> MonthKeys {
        MonthKeys::new(self.months_folder())
    }

    pub(crate) fn vkey(&self) -> VerifierKey {
        VerifierKey::new(&ORIGIN.parse().unwrap(), Ed25519Key::from_pkcs8(&self.key).unwrap().public_raw())
    }

    /// The authority of whoever asks.
    pub(crate) fn authority(&self) -> PathBuf {
        self.certs().join(development::CA)
    }

    pub(crate) fn certs(&self) -> PathBuf {
        self.folder.path().join(CERTS)
    }

    /// Exchanges go on as if whoever asks had shown this certificate, and it had been taken: what a hostile gateway could write.
    pub(crate) fn take_as_shown(&mut self, name: &str) {
        self.caller.certificate = certificate_of(&self.certs(), name).to_vec();
    }

    /// Opens it, as a gateway's start does.
    pub(crate) fn open(&self) -> Recorder {
        let service = "id = \"dan-cu\"\nprovider = \"G01.HYN\"\n";
        let file = |name: &str, text: &str| (name.to_owned(), Arc::from(text.as_bytes()));
        let beginning = Beginning {
            log: tlog::Settings {
                folder: self.log(),
                origin: ORIGIN.parse().unwrap(),
                segment_bytes: tlog::SEGMENT_BYTES_MIN,
                queue: 16,
            },
            key: Ed25519Key::from_pkcs8(&self.key).unwrap(),
            months: self.months_folder(),
            index: None,
            operator: "H31.02".parse().unwrap(),
            clock: self.clock.clone(),
            signing: None,
            answer_keys: vec![base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                PublicKey::spki(&self.answer.public()),
            )],
            policy: [7; 32],
            policy_files: vec![
                file("agreements/TT-2026-001.toml", AGREEMENT),
                file("services/dan-cu.toml", service),
            ],
            policy_clock: None,
        };
        begin(beginning, Arc::new(OsDisk)).unwrap().0
    }

    /// The id of an exchange that begins at the clock's time.
    pub(crate) fn id(&self, random: u8) -> ExchangeId {
        ExchangeId::new(u64::try_from(self.clock.now().as_millisecond()).unwrap(), &[random; 10])
    }

    /// An exchange that ends well, at the clock's time.
    pub(crate) fn exchange(&self, recorder: &Recorder, random: u8, body: &'static str) -> ExchangeId {
        let id = self.id(random);
        self.release(recorder, id, body);
        id
    }

    /// The exchange of this id ends well.
    pub(crate) fn release(&self, recorder: &Recorder, id: ExchangeId, body: &'static str) {
        let mut open = recorder.open(id, &[7; 32]).unwrap();
        open.hear(Bytes::from_static(b"GET /dan-cu/x\n\n"));
        let caller = self.caller.clone();
        recorder.keep(&caller.certificate).unwrap();
        recorder.keep(caller.path.as_bytes()).unwrap();
        let released = Released { answer: answer(body), caller };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let committed = runtime.block_on(open.commit(released)).unwrap();
        committed.into_parts().1.complete();
    }
}

/// One entry of an exchange, as it is.
pub(crate) fn append(recorder: &Recorder, agency: &str, id: ExchangeId, record: &Record, annex: Vec<u8>) {
    let draft = Draft::new(agency.parse().unwrap(), Some(id), record, annex).unwrap();
    recorder.log().reserve().unwrap().append(draft).wait().unwrap();
}

/// What the caller was, and got.
#[derive(Debug)]
struct Released {
    answer: Answer,
    caller: Caller,
}

fn caller(certs: &Path, now: Timestamp) -> Caller {
    development::make(certs, &Plan::usual(&[AGENCY.parse().unwrap()])).unwrap();
    let trust = Trust::load(&[certs.join(development::CA)], Some(&[certs.join(development::CRL)])).unwrap();
    let leaf = certificate_of(certs, AGENCY);
    Caller { certificate: leaf.to_vec(), path: trust.path(&[leaf], now).unwrap() }
}

fn answer(body: &'static str) -> Answer {
    let headers = http::HeaderMap::new();
    Answer { status: http::StatusCode::OK, headers, body: Bytes::from_static(body.as_bytes()) }
}

fn certificate_of(certs: &Path, name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(certs.join(development::AGENCIES).join(format!("{name}.pem"))).unwrap()
}

impl Outcome for Released {
    fn agency(&self) -> Option<&AgencyId> {
        static ID: std::sync::LazyLock<AgencyId> = std::sync::LazyLock::new(|| AGENCY.parse().unwrap());
        Some(&ID)
    }

    fn facts(&self) -> Facts {
        let certificate = certificate::read(&self.caller.certificate).unwrap();
        Facts {
            certificate: Some(CertificateFacts::of(&certificate, Some(&self.caller.path))),
            service: Some("dan-cu".to_owned()),
            agreement: Some(AgreementFacts { id: "TT-2026-001".to_owned(), version: 1, clause: Some(1) }),
            policy: Some(hex(&[7; 32])),
            ..Facts::default()
        }
    }

    fn annex(&self) -> Annex {
        Annex { subject: Some("099190000001".to_owned()), case: Some("HS-1".to_owned()), ..Annex::default() }
    }

    fn verdict(&self) -> Verdict<'_> {
        Verdict::Released { scope: [0; 32], fields: vec!["/a".to_owned()].into() }
    }

    fn answer(&self) -> &Answer {
        &self.answer
    }

    fn reply(&self) -> Option<&Bytes> {
        static REPLY: Bytes = Bytes::from_static(b"{\"a\":1,\"b\":2}");
        Some(&REPLY)
    }

    fn conclude(self) -> (Answer, Option<crate::limits::in_flight::Slot>) {
        (self.answer, None)
    }
}
