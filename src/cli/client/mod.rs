//! An agency's client: mutual TLS, HTTP/1.1 or HTTP/2, and a check of everything an answer claims to prove.
//!
//! | file | duty |
//! |---|---|
//! | [`gateway`] | where the gateway is and by which certificates both sides are known |
//! | `wire` | the bytes, and the TLS alert that a refused caller would otherwise not hear |
//! | [`connection`] | one connection: send a request, take the whole answer |
//! | [`desk`] | an order to a gateway, given at its desk |
//! | [`refused`] | why there is no answer, told to a clerk |
//! | [`checks`] | digest, signature, receipt |
//! | [`heads`] | the last head seen of each log |

pub mod checks;
pub mod connection;
pub mod desk;
pub mod gateway;
pub mod heads;
pub mod refused;
mod wire;

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::exit::Failure;
use connection::Connection;
use gateway::Address;
use gateway::Gateway;

/// How to reach a gateway and who one is there: options that all commands with a client share.
#[derive(Debug, clap::Args)]
pub struct Reach {
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub(super) cacert: PathBuf,
    #[arg(long, value_name = "IP:PORT")]
    connect: Option<SocketAddr>,
    #[arg(long)]
    http1: bool,
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

impl Reach {
    /// A connection to the gateway at an address.
    ///
    /// # Errors
    /// A file cannot be used, or the gateway is not reached or refuses the handshake.
    pub async fn connect(&self, address: &Address) -> Result<Connection, Failure> {
        let gateway = Gateway::from_files(address, &self.cacert, &self.cert, &self.key)?;
        let gateway = gateway.at(self.connect).patient_for(Duration::from_secs(self.timeout));
        let gateway = if self.http1 { gateway.http1_only() } else { gateway };
        Ok(Connection::open(&gateway).await?)
    }
}

/// A gateway's desk instead of the node's own folders: options that all commands that read the log share.
#[derive(Debug, clap::Args)]
pub struct AtDesk {
    #[arg(
        long,
        value_name = "URL",
        requires_all = ["cert", "key", "cacert"],
        conflicts_with_all = ["log", "index", "keys"]
    )]
    desk: Option<String>,
    #[command(flatten)]
    by: By,
}

/// A gateway's desk that is given an order: options of commands which else do it themselves, in the node's own folders.
#[derive(Debug, clap::Args)]
pub struct OrderDesk {
    #[arg(id = "desk", long = "desk", value_name = "URL", requires_all = ["cert", "key", "cacert"])]
    order_desk: Option<String>,
    #[command(flatten)]
    by: By,
}

/// Who one is at a desk.
#[derive(Debug, clap::Args)]
struct By {
    #[arg(long, value_name = "FILE", requires = "desk")]
    cert: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "desk")]
    key: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "desk")]
    cacert: Option<PathBuf>,
    #[arg(long, value_name = "IP:PORT", requires = "desk")]
    connect: Option<SocketAddr>,
}

/// A desk that was named, and by which certificates.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    desk: &'a str,
    cert: &'a Path,
    key: &'a Path,
    cacert: &'a Path,
    connect: Option<SocketAddr>,
}

impl AtDesk {
    /// The desk that was named, if one was.
    #[must_use]
    pub fn named(&self) -> Option<Named<'_>> {
        self.by.at(self.desk.as_deref()?)
    }
}

impl OrderDesk {
    /// The desk that was named, if one was.
    #[must_use]
    pub fn named(&self) -> Option<Named<'_>> {
        self.by.at(self.order_desk.as_deref()?)
    }
}

impl By {
    fn at<'a>(&'a self, desk: &'a str) -> Option<Named<'a>> {
        let (cert, key, cacert) = (self.cert.as_deref()?, self.key.as_deref()?, self.cacert.as_deref()?);
        Some(Named { desk, cert, key, cacert, connect: self.connect })
    }
}

impl Named<'_> {
    /// A connection to the desk, patient for so long where a time is set.
    ///
    /// # Errors
    /// A file cannot be used, or the desk is not reached or refuses the handshake.
    pub async fn connect(self, patience: Option<Duration>) -> Result<Connection, Failure> {
        let address = Address::parse(self.desk)?;
        let gateway = Gateway::from_files(&address, self.cacert, self.cert, self.key)?.at(self.connect);
        let gateway = match patience {
            Some(patience) => gateway.patient_for(patience),
            None => gateway,
        };
        Ok(Connection::open(&gateway).await?)
    }
}

#[cfg(test)]
mod tests;
