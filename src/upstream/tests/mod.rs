//! Claims about the way to platforms, each tried on a real socket.

mod answers;
mod endpoints;
mod flows;
mod platform;
mod secure;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::refusal::Fault;
use super::tls::PlatformTls;
use super::{Incoming, Outgoing, Platforms};
use crate::clock::{Clock, Timestamp};
use crate::language::Text;
use crate::policy::model::{Classification, Endpoint, EndpointTls, Service, Sharing, Timeouts, Weight};

/// Long enough for a slow machine; a test that waits this long fails.
const GENEROUS: Duration = Duration::from_secs(20);

/// How long silence is waited for where silence is the claim.
const SHORT: Duration = Duration::from_millis(50);

/// The most bytes of body these tests hold.
const LIMIT: u64 = 10;

fn endpoint(address: SocketAddr, tls: Option<EndpointTls>) -> Endpoint {
    Endpoint {
        tls,
        host: "platform.example".to_owned(),
        port: 8080,
        base: "/base".to_owned(),
        address: Some(address),
        weight: std::num::NonZeroU32::MIN,
    }
}

fn service(endpoints: Vec<Endpoint>) -> Service {
    Service {
        id: "dat-dai".parse().unwrap(),
        name: Text::new("Nền tảng dữ liệu đất đai", "the land data platform"),
        version: 1,
        provider: "H31.04".parse().unwrap(),
        endpoints,
        operations: Vec::new(),
        catalogue: Vec::new(),
        timeouts: Timeouts { connect: GENEROUS, answer: GENEROUS, body: GENEROUS },
        result_code: None,
        classification: Classification { sharing: Sharing::Shared, weight: Weight::Other },
        health: None,
        maintenance: Vec::new(),
    }
}

/// A service behind these addresses, without TLS, and what reaches it.
struct Reach {
    service: Service,
    platforms: Platforms,
    clock: Clock,
}

impl Reach {
    fn plain(addresses: &[SocketAddr]) -> Self {
        Self::new(service(addresses.iter().map(|address| endpoint(*address, None)).collect()))
    }

    fn new(service: Service) -> Self {
        let clock = Clock::by_hand(Timestamp::from_second(1_790_000_000).unwrap());
        let tls = PlatformTls { certs_dir: PathBuf::new(), anchors: None };
        let platforms = Platforms::new(&[Arc::new(service.clone())], &tls, clock.clone()).unwrap();
        Self { service, platforms, clock }
    }

    async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        self.platforms.send(&self.service, outgoing, LIMIT).await
    }

    /// Sends a GET and tells the answer's body, or the fault's code.
    async fn body(&self) -> Result<String, &'static str> {
        let answer = self.send(get()).await.map_err(|fault| fault.code())?;
        Ok(String::from_utf8(answer.body.to_vec()).unwrap())
    }
}

fn get() -> Outgoing {
    request(Method::GET, true)
}

fn request(method: Method, idempotent: bool) -> Outgoing {
    Outgoing {
        method,
        path_and_query: "/thua-dat/12?phienBan=2".to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        idempotent,
        stamp: None,
    }
}
