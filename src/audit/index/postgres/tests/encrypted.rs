//! A database that is reached by TLS: the one that the anchors vouch for, under its own name, and no other.

use std::net::TcpListener;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;

use super::*;

const NAME: &str = "db.hungyen.example";

/// Who vouches for databases.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for this name, and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// Its certificate in a file.
    fn anchors(&self, folder: &Path, name: &str) -> PathBuf {
        let file = folder.join(name);
        put(&file, &self.pem);
        file
    }
}

/// Starts a server on a port of its own, which it cannot choose by itself: another may have taken it meanwhile.
fn on_a_port(server: &Server, options: &str) -> u16 {
    let mut said = String::new();
    for _ in 0..10 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        match server.run(&format!("-c listen_addresses=127.0.0.1 -c port={port} {options}")) {
            Ok(()) => return port,
            Err(fault) => said = fault,
        }
    }
    panic!("{said}");
}

/// A server that answers by TLS and not otherwise.
fn by_tls(authority: &Authority) -> (Server, u16) {
    let server = Server::new();
    let (certificate, key) = authority.issue(NAME);
    server.keep("server.crt", &certificate);
    server.keep("server.key", &key);
    server.keep("pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n");
    let port = on_a_port(&server, "-c ssl=on");
    (server, port)
}

fn address(name: &str, port: u16, anchors: &Path) -> Address {
    let host = format!("host={name} hostaddr=127.0.0.1 port={port} sslmode=prefer");
    Address::new(&at(&host), Some(anchors.to_owned())).unwrap()
}

/// Why the database was not reached, in words.
fn refused(address: &Address) -> String {
    let error = Postgres::open(address, ORIGIN).unwrap_err();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}

#[test]
fn by_tls_the_database_that_the_anchors_vouch_for_answers_and_no_other() {
    let (authority, other) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let (anchors, others) =
        (authority.anchors(folder.path(), "ca.pem"), other.anchors(folder.path(), "other.pem"));
    let (_server, port) = by_tls(&authority);
    let ours = address(NAME, port, &anchors);
    fill_as(&mut Postgres::open(&ours, ORIGIN).unwrap(), ORIGIN);
    let read = Postgres::read(&ours, ORIGIN, PATIENT).unwrap();
    assert!(read.page(&Wanted::default(), Order::Oldest, 99).unwrap() == rows(9));
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let ssl = read.with(|inner| Ok(inner.runtime.block_on(inner.client.query_one(sql, &[]))??)).unwrap();
    assert!(ssl.get::<_, bool>(0));
    let said = refused(&address(NAME, port, &others));
    assert!(said.contains("invalid peer certificate"), "{said}");
    let said = refused(&address("db.thaibinh.example", port, &anchors));
    assert!(said.contains("db.thaibinh.example"), "{said}");
    let said = refused(&address(NAME, port, &folder.path().join("none.pem")));
    assert!(said.contains("cannot be encrypted"), "{said}");
    let said = refused(&address(NAME, port, &{
        let empty = folder.path().join("empty.pem");
        put(&empty, "nothing");
        empty
    }));
    assert!(said.contains("cannot be encrypted"), "{said}");
    // The database itself wants TLS: had the connection above been plain, it would have been refused.
    let plain = Address::new(&at(&format!("host=127.0.0.1 port={port}")), None).unwrap();
    assert!(refused(&plain).contains("no encryption"), "{}", refused(&plain));
}

#[test]
fn a_database_that_says_it_has_no_tls_is_not_spoken_to_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let anchors = Authority::new().anchors(folder.path(), "ca.pem");
    let server = Server::new();
    let port = on_a_port(&server, "-c ssl=off");
    assert!(
        Postgres::open(&Address::new(&at(&format!("host=127.0.0.1 port={port}")), None).unwrap(), ORIGIN)
            .is_ok()
    );
    let said = refused(&address(NAME, port, &anchors));
    assert!(said.contains("does not support TLS"), "{said}");
}
