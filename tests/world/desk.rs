//! The desk of a world: its own authority, and readers in every role.

use std::path::PathBuf;

use serde_json::Value;

use phohien::audit::months::MonthKeys;
use phohien::id::ExchangeId;
use phohien::identity::development;
use phohien::identity::development::Caller;
use phohien::identity::development::Flaw;
use phohien::identity::development::Plan;
use phohien::tlog::Entry;
use phohien::tlog::reader;

use super::AUDITOR;
use super::CENTRE;
use super::HOSPITAL;
use super::OPERATOR;
use super::PROVIDER;
use super::WITNESS;
use super::World;
use super::client::Answered;
use super::client::Client;
use super::client::get;

/// A world whose gateway has a desk; `settings` are more lines of its section.
pub async fn world(settings: &str) -> World {
    let mut world = World::build("").await;
    add(&world, settings);
    world.open().await;
    world
}

/// Gives a world that is not open yet a desk.
pub fn add(world: &World, settings: &str) {
    let readers = [AUDITOR, WITNESS, OPERATOR, PROVIDER, CENTRE, HOSPITAL];
    let mut callers: Vec<Caller> = readers.iter().map(|id| Caller::named(id, &[id], Flaw::None)).collect();
    callers.extend([
        Caller::named("second-operator", &[OPERATOR], Flaw::None),
        Caller::named("revoked", &[AUDITOR], Flaw::Revoked),
        Caller::named("expired", &[AUDITOR], Flaw::Expired),
        Caller::named("foreign", &[AUDITOR], Flaw::Foreign),
        Caller::named("unknown", &["H31.77"], Flaw::None),
        Caller::named("two-names", &[AUDITOR, CENTRE], Flaw::None),
    ]);
    let server_names = vec!["localhost".to_owned()];
    development::make_desk(&world.certs(), &Plan { server_names, callers }).unwrap();
    let section = format!(
        r#"[desk]
listen = "127.0.0.1:0"
names = ["localhost"]
certificate = "desk/server.pem"
key = "desk/server.key"
anchors = ["desk/ca.pem"]
revocation = ["desk/ca.crl.pem"]
drain_timeout = "2 s"
{settings}
"#
    );
    let text = std::fs::read_to_string(world.configuration()).unwrap();
    super::write(&world.configuration(), &format!("{text}\n{section}"));
}

/// The objects of an answer in JSON lines.
pub fn lines(answered: &Answered) -> Vec<Value> {
    assert_eq!(
        (answered.status, answered.header("content-type")),
        (200, "application/jsonl"),
        "{answered:?}"
    );
    let text = std::str::from_utf8(&answered.body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl World {
    /// A reader with a certificate of the desk's authority, over HTTP/1.1.
    pub fn reader(&self, name: &str) -> Client {
        self.reader_over(name, &["http/1.1"])
    }

    /// The same over what ALPN agrees on.
    pub fn reader_over(&self, name: &str, alpn: &[&str]) -> Client {
        let (chain, key) = self.desk_certificate(name);
        self.at_desk(Some((chain, key)), alpn)
    }

    /// Somebody with these files, or with none, at the desk.
    pub fn at_desk(&self, certificate: Option<(PathBuf, PathBuf)>, alpn: &[&str]) -> Client {
        let address = self.gateway().desk_address().expect("there is a desk");
        let anchors = self.certs().join(development::DESK).join(development::CA);
        let certificate = certificate.as_ref().map(|(chain, key)| (chain.as_path(), key.as_path()));
        Client::new(address, &anchors, certificate, alpn)
    }

    /// The files of a reader's certificate and key.
    pub fn desk_certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        let folder = self.certs().join(development::DESK).join(development::AGENCIES);
        (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")))
    }

    /// The rows that a reader is answered.
    pub async fn rows(&self, name: &str, path: &str) -> Vec<Value> {
        lines(&self.read(name, path).await)
    }

    /// What is sealed beside the last entry of a reading or an exchange, opened with the gateway's own keys.
    pub fn annex_of(&self, id: &str) -> Value {
        let id: ExchangeId = id.parse().unwrap();
        let key = MonthKeys::new(self.folder().join("keys/months")).kept(id).unwrap().unwrap();
        let of = |entry: &Entry| String::from_utf8_lossy(&entry.leaf).contains(&id.to_string());
        let all = reader::scan(&self.folder().join("log")).map(|item| item.unwrap().1);
        let sealed = all.filter(of).last().unwrap().annex;
        serde_json::from_slice(&key.sealing.open(id.as_bytes(), &sealed).unwrap()).unwrap()
    }

    /// What a reader is answered; its signature is verified as every answer's is.
    pub async fn read(&self, name: &str, path: &str) -> Answered {
        self.call(&self.reader(name), get(path, &[])).await
    }
}
