//! Where a database is, and by which certificates it is known.

use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres::config::SslMode;

/// Where a database is, as libpq writes it; may hold a password, and so shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    config: Box<Config>,
    // Invariant: there are anchors, or nothing leaves the machine.
    anchors: Option<PathBuf>,
}

/// Why a text is no address of an index's database.
#[derive(Debug, thiserror::Error)]
pub enum NoAddress {
    /// It is not written as libpq writes it.
    #[error("it is not written as libpq writes one")]
    Text(#[source] tokio_postgres::Error),
    /// It leads out of the machine, and nobody is named who vouches for the database there.
    #[error("it leads out of this machine without TLS")]
    Unencrypted,
    /// Somebody vouches for a database that is reached by a socket, which has no name and no TLS.
    #[error("a socket has no TLS")]
    Socket,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(..)")
    }
}

impl Address {
    /// Reads an address. With `anchors`, a PEM file of the authorities that may vouch for the database, the connection is encrypted and
    /// the database's name verified, whatever `sslmode` the text has. Without, it must not lead out of this machine.
    ///
    /// # Errors
    /// See [`NoAddress`].
    pub fn new(text: &str, anchors: Option<PathBuf>) -> Result<Self, NoAddress> {
        let mut config: Config = text.parse().map_err(NoAddress::Text)?;
        if anchors.is_none() && !stays_here(&config) {
            return Err(NoAddress::Unencrypted);
        }
        if anchors.is_some() {
            if config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_))) {
                return Err(NoAddress::Socket);
            }
            // Never `prefer`: whoever sits between would only have to say that there is no TLS.
            config.ssl_mode(SslMode::Require);
        }
        Ok(Self { config: Box::new(config), anchors })
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn anchors(&self) -> Option<&Path> {
        self.anchors.as_deref()
    }
}

/// Whether every host is a socket or a loopback address. An address that is given beside a name is where the name leads.
fn stays_here(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Result<Address, NoAddress> {
        Address::new(text, None)
    }

    #[test]
    fn an_address_shows_nothing_of_itself() {
        let address = plain("host=localhost password=secret dbname=phohien").unwrap();
        assert!(!format!("{address:?}").contains("secret"));
        assert!(matches!(plain("host=db nonsense"), Err(NoAddress::Text(_))));
    }

    #[test]
    fn without_anchors_nothing_leaves_the_machine() {
        for here in [
            "host=/run/postgresql",
            "host=localhost",
            "host=127.0.0.1 user=a",
            "host=::1",
            "host=db hostaddr=127.0.0.9",
            "postgresql://localhost/phohien",
            "host=/run/postgresql,127.0.0.1",
        ] {
            assert!(plain(here).is_ok(), "{here}");
        }
        for away in [
            "host=db",
            "host=10.0.0.7",
            "host=0.0.0.0",
            "host=localhost.example",
            "host=localhost hostaddr=10.0.0.7",
            "host=/run/postgresql hostaddr=10.0.0.7",
            "host=/run/postgresql,db",
            "postgresql://db/phohien?sslmode=require",
        ] {
            assert!(matches!(plain(away), Err(NoAddress::Unencrypted)), "{away}");
        }
    }

    #[test]
    fn with_anchors_the_connection_is_encrypted_whatever_the_address_says() {
        let anchored = |text: &str| Address::new(text, Some("ca.pem".into()));
        for text in ["host=db", "host=db sslmode=disable", "host=db sslmode=prefer", "host=localhost"] {
            assert_eq!(anchored(text).unwrap().config().get_ssl_mode(), SslMode::Require, "{text}");
        }
        assert!(matches!(anchored("host=/run/postgresql"), Err(NoAddress::Socket)));
    }
}
