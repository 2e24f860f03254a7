//! The gateway as a process of its own, with policies that let the load through and a log that is verified at the end.

use std::io::BufRead as _;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::thread::JoinHandle;

use anyhow::Context as _;
use anyhow::anyhow;
use anyhow::ensure;
use phohien::audit::verify::Judge;
use phohien::tlog::fsck;

use super::contender::Contender;
use super::load::Expected;
use super::platform;
use super::setting::AGENCIES;
use super::setting::Setting;

/// The provider, which no connection is of.
const PROVIDER: &str = "G01.HYN";
/// Who runs the gateway.
const OPERATOR: &str = "H31.02";

/// A running gateway. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Gateway {
    process: Child,
    address: SocketAddr,
    log: PathBuf,
    listener: Option<JoinHandle<()>>,
}

impl Gateway {
    /// Writes its configuration and policies, and starts it.
    pub(crate) fn start(setting: &Setting) -> anyhow::Result<Self> {
        policies(setting)?;
        let configuration = setting.write("gateway.toml", CONFIGURATION)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
        command.args(["serve", "--unwitnessed", "--config"]).arg(configuration);
        command.env("LC_ALL", "C.UTF-8").env("LANG", "en").env("PHOHIEN_LOG", "warn");
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(process.stderr.take().context("no standard error")?).lines();
        let mut said = String::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                return Err(anyhow!("the gateway does not start: {said}"));
            };
            match address_in(&line) {
                Some(address) => break address,
                None => said.push_str(&line),
            }
        };
        // Read on: a full pipe would stop it.
        let listener = thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
        Ok(Self { process, address, log: setting.folder().join("log"), listener: Some(listener) })
    }

    /// Verifies every byte of its log, and that it holds exactly so many released exchanges; what there was.
    pub(crate) fn verify(&self, released: usize) -> anyhow::Result<String> {
        let key = std::fs::read_to_string(self.log.with_extension("vkey"))?;
        let key = key.trim_end().parse().context("the log's key")?;
        let mut found = 0;
        let look = |_, leaf: &[u8], _: &[u8], _: &_| {
            found += usize::from(is_release(leaf));
            Vec::new()
        };
        let mut watched = fsck::Watched { judge: Judge::new(), look };
        let report = fsck::verify(&self.log, Some(&key), &[], &mut watched, &mut |_, _| ());
        ensure!(report.is_sound(), "the log is not sound: {:?}", report.faults.first());
        ensure!(watched.judge.end().is_settled(), "exchanges without an outcome");
        ensure!(found == released, "{found} exchanges were released, {released} answered");
        let (entries, frames) = (report.entries, report.frames);
        // Frames are gone with their segments, once these are sealed.
        let newest = entries - self.first_in_segments()?;
        let batch = f64::from(u32::try_from(newest)?) / f64::from(u32::try_from(frames)?);
        Ok(format!(
            "sound, {found} released exchanges, {entries} entries; the last {newest} in {frames} frames, each synced once: {batch:.1} entries a sync"
        ))
    }

    /// The first entry that stands in a segment.
    fn first_in_segments(&self) -> anyhow::Result<u64> {
        let names = std::fs::read_dir(self.log.join("wal"))?;
        let firsts =
            names.filter_map(|name| name.ok()?.file_name().to_str()?.strip_suffix(".seg")?.parse().ok());
        firsts.min().context("no segment")
    }
}

impl Contender for Gateway {
    fn name(&self) -> &'static str {
        "phohien"
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn process(&self) -> u32 {
        self.process.id()
    }

    fn expected(&self) -> Expected {
        let headers = &["exchange-receipt", "signature", "content-digest"];
        Expected { body: platform::granted(), headers }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("https://")?;
    let (address, _) = rest.split_once(|char: char| !(char.is_ascii_digit() || ".:".contains(char)))?;
    address.trim_end_matches('.').parse().ok()
}

fn is_release(leaf: &[u8]) -> bool {
    let leaf = serde_json::from_slice::<serde_json::Value>(leaf).unwrap_or_default();
    leaf.get("kind").is_some_and(|kind| kind == "exchange.released")
}

const CONFIGURATION: &str = r#"operator = "H31.02"
origin = "bench.test/1"
policies = "policies"
log = "log"
keys = "keys"
certs = "certs"
[contact]
vi = "Đơn vị vận hành"
en = "The operator"
[exchange]
listen = "127.0.0.1:0"
names = ["localhost", "127.0.0.1"]
certificate = "server.pem"
key = "server.key"
anchors = ["ca.pem"]
revocation = ["ca.crl.pem"]
"#;

fn policies(setting: &Setting) -> anyhow::Result<()> {
    for agency in AGENCIES {
        registered(setting, agency, "exchange")?;
    }
    registered(setting, PROVIDER, "provide")?;
    registered(setting, OPERATOR, "operate")?;
    let service = service(setting.platform);
    for (name, text) in [
        ("services/dan-cu.toml", service.as_str()),
        ("agreements/TT-01.toml", AGREEMENT),
        ("purposes.toml", PURPOSES),
        ("guardrails.toml", "no_sensitive_without_basis = true\n"),
        ("suspensions.toml", ""),
    ] {
        setting.write(Path::new("policies").join(name).to_str().context("a name")?, text)?;
    }
    Ok(())
}

fn registered(setting: &Setting, id: &str, role: &str) -> anyhow::Result<()> {
    let text = format!(
        r#"id = "{id}"
name = {{ vi = "Cơ quan {id}", en = "Agency {id}" }}
roles = ["{role}"]
[contacts]
business = "Nghiệp vụ"
technical = "Kỹ thuật"
security = "An ninh"
"#
    );
    setting.write(&format!("policies/agencies/{id}.toml"), &text)?;
    Ok(())
}

/// The sample province's own platform of population data: its catalogue, with the address of ours.
fn service(platform: SocketAddr) -> String {
    include_str!("../../policies/services/dan-cu.toml").replace("127.0.0.1:18081", &platform.to_string())
}

const PURPOSES: &str = r#"[[purpose]]
code = "tra-cuu"
name = { vi = "Tra cứu", en = "Lookup" }
"#;

/// Limits of every kind, so that each is counted; so high that none is met.
const AGREEMENT: &str = r#"id = "TT-01"
version = 1
provider = "G01.HYN"
consumers = ["H31.01.01", "H31.06.11"]
service = "dan-cu"
kind = "on_request"
purposes = ["tra-cuu"]
legal_basis = ["Nghị định 278/2025/NĐ-CP"]
zone = "Asia/Ho_Chi_Minh"
status = "active"
valid = { from = 2020-01-01, until = 2099-12-31 }

[[permit]]
operations = ["GET /cong-dan/{so_dinh_danh}"]
query = ["phienBan"]
fields = [
    "/_mau", "/MaGiaoDich", "/TrangThai", "/MoTa", "/CongDan/SoDinhDanh", "/CongDan/HoVaTen", "/CongDan/GioiTinh",
    "/CongDan/NgayThangNamSinh", "/CongDan/QuocTich", "/CongDan/QueQuan", "/CongDan/ThuongTru",
]

[limits]
rate = { requests = 1_000_000, per = "second" }
daily = 1_000_000_000

[contacts]
business = "Nghiệp vụ"
technical = "Kỹ thuật"
security = "An ninh"
"#;
