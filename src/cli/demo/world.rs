//! Everything a demonstration needs, made in one folder: certificates, policies, configuration, platforms, and the gateway itself.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::config;
use crate::identity::development;
use crate::identity::development::Caller;
use crate::identity::development::Flaw;
use crate::identity::development::PkiError;
use crate::identity::development::Plan;
use crate::server::run::Gateway;
use crate::server::run::Overrides;
use crate::server::run::StartError;

use super::platforms::NAMES;
use super::platforms::Platform;
use super::policies;

/// Monday 23/11/2026 09:30 GMT+7: within the hours and terms of the sample agreements.
const SHOWN: &str = "2026-11-23T02:30:00Z";

/// What callers on this machine may call the gateway.
const NAMES_OF_THE_GATEWAY: [&str; 2] = ["localhost", "127.0.0.1"];

/// Who reads the log: the inspectorate, the operator, the one-stop centre.
const READERS: [&str; 3] = ["H31.10", "H31.02", "H31.01.01"];

/// How far the desk's port is from the exchange's.
const DESK_APART: u16 = 1_000;

/// What agencies are given of the gateway beside the CA: the keys by which they check answers and receipts.
const PUBLISHED: [&str; 2] = ["log.vkey", "log.answer.pem"];

/// A demonstration's world.
#[derive(Debug)]
pub struct World {
    folder: PathBuf,
    platforms: Vec<Platform>,
    gateway: Gateway,
}

impl World {
    /// Makes everything and starts it.
    ///
    /// # Errors
    /// A file cannot be written, a port is taken, or the gateway does not start.
    pub async fn build(folder: &Path, port: u16) -> Result<Self, Failure> {
        let platforms = start_platforms().await?;
        let ports: Vec<u16> = platforms.iter().map(|platform| platform.address().port()).collect();
        let unwritten = |cause| Failure::unwritable(folder, cause);
        let certs = folder.join("certs");
        development::make(&certs, &plan()).map_err(certificates)?;
        development::make_desk(&certs, &readers()).map_err(certificates)?;
        policies::lay(&folder.join("policies"), &ports).map_err(unwritten)?;
        let file = folder.join("gateway.toml");
        // Apart from the exchange's as 9443 is from 8443; zero lets the system choose.
        let desk = if port == 0 { 0 } else { port.saturating_add(DESK_APART) };
        lay(&file, configuration(port, desk).as_bytes()).map_err(unwritten)?;
        let gateway = start_gateway(&file).await?;
        // A port that was chosen by the system is written down, so that `serve` can go on with it.
        let desk = gateway.desk_address().map_or(desk, |address| address.port());
        lay(&file, configuration(gateway.address().port(), desk).as_bytes()).map_err(unwritten)?;
        for name in PUBLISHED {
            std::fs::copy(folder.join(name), folder.join("certs").join(name)).map_err(unwritten)?;
        }
        Ok(Self { folder: folder.to_owned(), platforms, gateway })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the gateway is reached.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.gateway.address().port())
    }

    /// Where the log is read.
    #[must_use]
    pub fn desk(&self) -> Option<String> {
        self.gateway.desk_address().map(|address| format!("https://localhost:{}", address.port()))
    }

    /// Where a platform is reached.
    #[must_use]
    pub fn platform(&self, name: &str) -> Option<SocketAddr> {
        self.platforms.iter().find(|platform| platform.name() == name).map(Platform::address)
    }

    /// The platforms and their ports.
    #[must_use]
    pub fn directory(&self) -> Vec<String> {
        self.platforms
            .iter()
            .map(|platform| format!("{} :{}", platform.name(), platform.address().port()))
            .collect()
    }

    /// Stops a platform.
    pub async fn stop_platform(&mut self, name: &str) {
        for platform in self.platforms.iter_mut().filter(|platform| platform.name() == name) {
            platform.stop().await;
        }
    }

    /// Starts a platform again.
    ///
    /// # Errors
    /// Its port was taken meanwhile.
    pub async fn restart_platform(&mut self, name: &str) -> io::Result<()> {
        for platform in self.platforms.iter_mut().filter(|platform| platform.name() == name) {
            platform.restart().await?;
        }
        Ok(())
    }

    /// Stops the gateway in order.
    pub async fn stop(self) {
        self.gateway.stop().await;
    }
}

/// Writes a file of the demonstration.
///
/// # Errors
/// It cannot be written.
#[expect(
    clippy::disallowed_methods,
    reason = "a demonstration that is cut short is begun anew: nothing here must outlive a crash"
)]
pub fn lay(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

async fn start_platforms() -> Result<Vec<Platform>, Failure> {
    let mut platforms = Vec::new();
    for name in NAMES {
        let started = Platform::start(name).await;
        platforms.push(started.map_err(|cause| {
            Failure::could_not(
                "no-port",
                "Không mở được cổng mạng trên 127.0.0.1.",
                "No port of 127.0.0.1 can be had.",
            )
            .because(cause)
        })?);
    }
    Ok(platforms)
}

/// The one place where the demonstration starts a gateway. The clock that agreements and limits go by is set; no other command sets one.
async fn start_gateway(file: &Path) -> Result<Gateway, Failure> {
    let settings = config::read::read(file).map_err(Failure::faulty)?;
    let shown: Timestamp = SHOWN.parse().map_err(|cause| unstarted().because(io::Error::other(cause)))?;
    let overrides = Overrides { policy_clock: Some(Clock::set_to(shown)), ..Overrides::default() };
    Gateway::start(settings, overrides).await.map_err(|fault| match fault {
        StartError::Policies(faults) => Failure::faulty(faults),
        other => unstarted().because(other),
    })
}

fn unstarted() -> Failure {
    Failure::new(
        Exit::CouldNot,
        "gateway-not-started",
        "Không khởi động được cổng.",
        "The gateway does not start.",
    )
}

/// One certificate for each agency of the policies, and the four that open nothing.
fn plan() -> Plan {
    let mut callers: Vec<Caller> =
        policies::agencies().map(|code| Caller::named(code, &[code], Flaw::None)).collect();
    callers.extend([
        Caller::named("expired", &["H31.01.01"], Flaw::Expired),
        Caller::named("foreign", &["H31.01.01"], Flaw::Foreign),
        Caller::named("revoked", &["H31.01.01"], Flaw::Revoked),
        Caller::named("H54.05", &["H54.05"], Flaw::None),
    ]);
    Plan { server_names: NAMES_OF_THE_GATEWAY.map(str::to_owned).into(), callers }
}

/// Those who read the log: the inspectorate, the operator, and an agency that sees its own.
fn readers() -> Plan {
    let callers = READERS.iter().map(|code| Caller::named(code, &[code], Flaw::None)).collect();
    Plan { server_names: NAMES_OF_THE_GATEWAY.map(str::to_owned).into(), callers }
}

fn certificates(cause: PkiError) -> Failure {
    Failure::could_not(
        "certificates-not-made",
        "Không tạo được chứng thư số trình diễn.",
        "The demonstration's certificates cannot be made.",
    )
    .because(cause)
}

fn configuration(port: u16, desk: u16) -> String {
    format!(
        r#"# Made by `phohien demo`. Go on with `phohien serve --config gateway.toml`; deploy/gateway.toml explains every key.
operator = "H31.02"
origin = "demo.hungyen.example/2026"
policies = "policies"
log = "log"
keys = "keys"
certs = "certs"
# Small, so that a demonstration takes little room.
log_segment = "1 MiB"

[contact]
vi = "Sở Khoa học và Công nghệ (mẫu)"
en = "Department of Science and Technology (sample)"

[exchange]
listen = "127.0.0.1:{port}"
names = ["localhost", "127.0.0.1"]
certificate = "server.pem"
key = "server.key"
anchors = ["ca.pem"]
revocation = ["ca.crl.pem"]

[desk]
listen = "127.0.0.1:{desk}"
names = ["localhost", "127.0.0.1"]
certificate = "desk/server.pem"
key = "desk/server.key"
anchors = ["desk/ca.pem"]
revocation = ["desk/ca.crl.pem"]
"#
    )
}
