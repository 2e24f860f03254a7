//! The tiny world that tests of the whole house share: agencies, a CA, platforms, a clock, policies and a log in a temporary folder.
//!
//! Everything in it is real: TLS, sockets, files. Each answer that [`World::call`] brings back is verified before a test sees it: its
//! digest, its signature, its receipt and the signed tree head in it. [`World::verify`] verifies the whole log, with every receipt that
//! was given until then; every test ends with it.
#![expect(dead_code, reason = "each file of claims uses what it needs of the world")]
#![expect(unreachable_pub, reason = "`pub` says what a claim may use; there is no other crate to reach it")]

pub mod authority;
pub mod child;
pub mod client;
pub mod desk;
pub mod load;
pub mod machine;
pub mod odd;
pub mod platform;
pub mod policies;
pub mod receipts;
pub mod signing;
pub mod streams;
pub mod tiles;
pub mod rot;

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;
use tempfile::TempDir;

use phohien::audit::begin::BeginError;
use phohien::clock::Clock;
use phohien::config::read;
use phohien::identity::development;
use phohien::identity::development::Caller;
use phohien::identity::development::Flaw;
use phohien::identity::development::Plan;
use phohien::server::run::Gateway;
use phohien::server::run::Overrides;
use phohien::server::run::StartError;
use phohien::tlog::OpenError;

use child::Child;
use child::Mount;
use client::Answered;
use client::Broken;
use client::Client;
use client::Session;
use platform::Manner;
use platform::Platform;
use receipts::Receipts;

/// The one-stop centre: most agreements are its.
pub const CENTRE: &str = "H31.01.01";
/// The hospital: it shares one agreement with the centre.
pub const HOSPITAL: &str = "H31.06.11";
/// A commune without any agreement.
pub const STRANGER: &str = "H31.99.01";
/// Registered with networks that are not ours.
pub const ELSEWHERE: &str = "H31.07";
/// Suspended as a whole.
pub const SUSPENDED: &str = "H31.08";
/// Reads the whole log.
pub const AUDITOR: &str = "H31.10";
/// Cosigns it.
pub const WITNESS: &str = "H31.11";
/// Runs the gateway.
pub const OPERATOR: &str = "H31.02";
/// Stands behind the platforms.
pub const PROVIDER: &str = "G01.HYN";
/// A synthetic person: 099 is no province's code.
pub const PERSON: &str = "099190000001";
/// What the platform answers, more than anybody may see.
pub const WHOLE: &str = r#"{"MaGiaoDich":"GD-1","TrangThai":0,"CongDan":{"SoDinhDanh":"099190000001","HoVaTen":"Nguyễn Văn Mẫu","TonGiao":"00","LuongThang":12345678901234567890}}"#;
/// The same, cut to what the first agreement grants.
pub const CUT: &str = r#"{"MaGiaoDich":"GD-1","TrangThai":0,"CongDan":{"SoDinhDanh":"099190000001","HoVaTen":"Nguyễn Văn Mẫu"}}"#;
/// Generous: no wait in these tests is for time, and what has not happened by then will not.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Monday, 23 November 2026, 09:30 in Hưng Yên.
const MONDAY: &str = "2026-11-23T02:30:00Z";

/// One province of the tests.
#[derive(Debug)]
pub struct World {
    folder: TempDir,
    /// Answers by default with [`WHOLE`].
    pub platform: Platform,
    /// Never answers.
    pub silent: Platform,
    /// The clock of agreements and limits; it moves only by hand.
    pub clock: Clock,
    /// Every receipt that was given.
    pub receipts: Receipts,
    gateway: Option<Gateway>,
    address: Option<SocketAddr>,
}

impl World {
    /// A world with its gateway running in this process.
    pub async fn start() -> Self {
        let mut world = Self::build("").await;
        world.open().await;
        world
    }

    /// A world without a gateway yet; `settings` are lines at the head of its `gateway.toml`.
    pub async fn build(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        Self::build_with(folder, &log, settings).await
    }

    /// The same, with the log in a folder of its own.
    pub async fn build_with(folder: TempDir, log: &Path, settings: &str) -> Self {
        let platform = Platform::start(Manner::Answers(WHOLE.to_owned())).await;
        let silent = Platform::start(Manner::Silent).await;
        policies::write(&folder.path().join("policies"), platform.address, silent.address);
        development::make(&folder.path().join("certs"), &plan()).unwrap();
        write(&folder.path().join("gateway.toml"), &gateway_toml(log, settings));
        let clock = Clock::by_hand(MONDAY.parse().unwrap());
        let receipts = Receipts::of(log);
        Self { folder, platform, silent, clock, receipts, gateway: None, address: None }
    }

    /// Starts the gateway in this process.
    pub async fn open(&mut self) {
        if let Err(fault) = self.try_open(false).await {
            panic!("the gateway does not start: {fault}: {fault:?}");
        }
    }

    /// The same, where it may not start; `unwitnessed` lets it start although no witness answers.
    pub async fn try_open(&mut self, unwitnessed: bool) -> Result<(), StartError> {
        // A process that another test begins holds all that this one has open, the lock too, until it is another program.
        let is_held = |started: &Result<Gateway, StartError>| {
            matches!(started, Err(StartError::Log(BeginError::Open(OpenError::InUse { .. }))))
        };
        let freed = async {
            let mut started = self.begin(unwitnessed).await;
            while is_held(&started) {
                tokio::task::yield_now().await;
                started = self.begin(unwitnessed).await;
            }
            started
        };
        let gateway = tokio::time::timeout(PATIENCE, freed).await.expect("the log is free")?;
        self.address = Some(gateway.address());
        self.gateway = Some(gateway);
        Ok(())
    }

    async fn begin(&self, unwitnessed: bool) -> Result<Gateway, StartError> {
        let settings =
            read::read(&self.configuration()).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        let overrides = Overrides { policy_clock: Some(self.clock.clone()), unwitnessed };
        Gateway::start(settings, overrides).await
    }

    /// The gateway that runs in this process.
    pub fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().expect("the gateway runs in this process")
    }

    /// Stops the gateway of this process in order.
    pub async fn close(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            tokio::time::timeout(PATIENCE, gateway.stop()).await.expect("the gateway stops");
        }
    }

    /// Starts the gateway as a process of its own, with the machine's clock.
    pub fn serve(&mut self) -> Child {
        let child = Child::serve(&self.configuration());
        self.address = Some(child.address);
        child
    }

    /// The same on a mount of its own, which the log is on.
    pub fn serve_on(&mut self, mount: &Mount, log: &Path) -> Child {
        let child = Child::serve_on(mount, &self.configuration());
        self.address = Some(child.address);
        self.receipts.look_in(&child.sees(log));
        child
    }

    /// The gateway that was started otherwise answers here.
    pub fn look_at(&mut self, address: SocketAddr) {
        self.address = Some(address);
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn configuration(&self) -> PathBuf {
        self.folder().join("gateway.toml")
    }

    pub fn certs(&self) -> PathBuf {
        self.folder().join("certs")
    }

    pub fn address(&self) -> SocketAddr {
        self.address.expect("the gateway runs")
    }

    /// A client with a certificate of that file name, over HTTP/1.1.
    pub fn client(&self, name: &str) -> Client {
        self.client_over(name, &["http/1.1"])
    }

    /// The same over what ALPN agrees on.
    pub fn client_over(&self, name: &str, alpn: &[&str]) -> Client {
        let (chain, key) = self.certificate(name);
        Client::new(self.address(), &self.certs().join(development::CA), Some((&chain, &key)), alpn)
    }

    /// A client that shows no certificate.
    pub fn nobody(&self) -> Client {
        Client::new(self.address(), &self.certs().join(development::CA), None, &["http/1.1"])
    }

    /// The files of a caller's certificate and key.
    pub fn certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        let folder = self.certs().join(development::AGENCIES);
        (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")))
    }

    /// The program itself as an agency's client, asking for a path; it is told by which keys to verify.
    pub fn program(&self, agency: &str, path: &str) -> std::process::Command {
        let (chain, key) = self.certificate(agency);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_phohien"));
        command.args(["call", &format!("https://localhost:{}{path}", self.address().port()), "--connect"]);
        command.arg(self.address().to_string()).arg("--cert").arg(chain).arg("--key").arg(key);
        command.arg("--cacert").arg(self.certs().join(development::CA));
        command.arg("--answer-key").arg(self.folder().join("log.answer.pem"));
        command.arg("--vkey").arg(self.folder().join("log.vkey")).args(["--lang", "en", "--color", "never"]);
        command
    }

    /// Sends a request over a connection of its own, verifies the answer, and keeps its receipt.
    pub async fn call(&self, client: &Client, request: Request<Full<Bytes>>) -> Answered {
        self.try_call(client, request).await.unwrap()
    }

    /// The same, where no answer may come.
    pub async fn try_call(&self, client: &Client, request: Request<Full<Bytes>>) -> Result<Answered, Broken> {
        let mut session = tokio::time::timeout(PATIENCE, client.session()).await??;
        self.ask(&mut session, request).await
    }

    /// Sends a request over an open connection, verifies the answer, and keeps its receipt.
    pub async fn ask(
        &self,
        session: &mut Session,
        request: Request<Full<Bytes>>,
    ) -> Result<Answered, Broken> {
        let asked = receipts::Asked::of(&request);
        let answered = tokio::time::timeout(PATIENCE, session.send(request)).await??;
        self.receipts.take(&asked, &answered);
        Ok(answered)
    }

    /// A GET by an agency.
    pub async fn get(&self, agency: &str, path: &str, headers: &[(&str, &str)]) -> Answered {
        self.call(&self.client(agency), client::get(path, headers)).await
    }

    /// A POST of JSON by an agency.
    pub async fn post(&self, agency: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        self.call(&self.client(agency), client::build("POST", path, &headers, body)).await
    }

    /// The lookup that the first agreement grants.
    pub async fn lookup(&self, agency: &str) -> Answered {
        self.get(agency, &lookup_path(), &[("exchange-purpose", "tra-cuu")]).await
    }

    /// The receipt document of an exchange, as the agency is served it.
    pub async fn receipt(&self, agency: &str, exchange: &str) -> Answered {
        self.get(agency, &format!("/receipts/{exchange}"), &[]).await
    }

    /// Verifies the whole log with every receipt that was given, and returns its leaves. Exchanges may be under way.
    pub fn verify(&self) -> Vec<Value> {
        self.receipts.verify(false)
    }

    /// Stops the gateway and verifies the whole log once more: now every exchange has its outcome.
    pub async fn end(mut self) -> Vec<Value> {
        self.close().await;
        self.receipts.verify(true)
    }

    /// The leaves of one exchange, in order.
    pub fn leaves_of(&self, exchange: &str) -> Vec<Value> {
        self.verify().into_iter().filter(|leaf| leaf["exchange"] == exchange).collect()
    }

    /// Waits until the log holds what is asked for, and returns its leaves.
    pub async fn until(&self, what: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let waiting = async {
            loop {
                let leaves = self.verify();
                if holds(&leaves) {
                    return leaves;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never came: {what}"))
    }
}

/// Where the lookup is.
pub fn lookup_path() -> String {
    format!("/mau/cong-dan/{PERSON}")
}

/// The kinds of entries, in order.
pub fn kinds(leaves: &[Value]) -> Vec<&str> {
    leaves.iter().map(|leaf| leaf["kind"].as_str().unwrap()).collect()
}

/// Writes a file of a test's world.
pub fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Replaces a file as those do who know that it is being read: whole, by another that takes its name.
pub fn rename_over(path: &Path, text: &str) {
    let beside = path.with_file_name(".beside");
    write(&beside, text);
    std::fs::rename(beside, path).unwrap();
}

/// Replaces a text in a file that holds it.
pub fn replace(path: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "`{old}` is not in {}", path.display());
    write(path, &text.replace(old, new));
}

fn plan() -> Plan {
    let sound = [CENTRE, HOSPITAL, STRANGER, ELSEWHERE, SUSPENDED, "H31.05"];
    let mut callers: Vec<Caller> = sound.iter().map(|id| Caller::agency(&id.parse().unwrap())).collect();
    callers.extend([
        Caller::named("expired", &[CENTRE], Flaw::Expired),
        Caller::named("foreign", &[CENTRE], Flaw::Foreign),
        Caller::named("server-only", &[CENTRE], Flaw::ServerOnly),
        Caller::named("revoked", &[CENTRE], Flaw::Revoked),
        Caller::named("two-names", &[CENTRE, HOSPITAL], Flaw::None),
        Caller::named("no-name", &[], Flaw::None),
        Caller::named("former-code", &["H54.05"], Flaw::None),
        Caller::named("unknown", &["H31.77"], Flaw::None),
        Caller::named("lower-case", &["h31.01.01"], Flaw::None),
        Caller::named("operator", &["H31.02"], Flaw::None),
        Caller::named("provider", &[PROVIDER], Flaw::None),
    ]);
    let server_names = ["localhost", "gw.test", "127.0.0.1"].map(str::to_owned).to_vec();
    Plan { server_names, callers }
}

fn gateway_toml(log: &Path, settings: &str) -> String {
    let log = log.display();
    // Small, because the whole of it is verified again and again.
    let segment = if settings.contains("log_segment") { "" } else { "log_segment = \"256 KiB\"" };
    format!(
        r#"operator = "H31.02"
origin = "gw.test/2026"
policies = "policies"
log = "{log}"
keys = "keys"
certs = "certs"
{segment}
{settings}
[contact]
vi = "Đơn vị vận hành"
en = "The operator"

[exchange]
listen = "127.0.0.1:0"
names = ["localhost", "gw.test", "127.0.0.1"]
certificate = "server.pem"
key = "server.key"
anchors = ["ca.pem"]
revocation = ["ca.crl.pem"]
drain_timeout = "2 s"

[limits]
refusals_per_minute = 1000
"#
    )
}
