//! A data platform of the tests: a real HTTP server on 127.0.0.1 that remembers what it was asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use bytes::Bytes;
use http::HeaderMap;
use http::Request;
use http::Response;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::PATIENCE;

/// One request as the platform saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What the platform does.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Answers with this body as JSON.
    Answers(String),
    /// Answers with this status, media type and body.
    AnswersAs(u16, &'static str, String),
    /// Answers with this body as JSON once there is a permit.
    Waits(Arc<Semaphore>, String),
    /// Takes the request and hangs up.
    HangsUp,
    /// Takes the request and never answers.
    Silent,
}

#[derive(Debug)]
pub struct Platform {
    pub address: SocketAddr,
    desk: Desk,
    serving: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Desk {
    seen: Arc<watch::Sender<Vec<Seen>>>,
    manner: Arc<Mutex<Manner>>,
}

impl Platform {
    pub async fn start(manner: Manner) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let desk =
            Desk { seen: Arc::new(watch::Sender::new(Vec::new())), manner: Arc::new(Mutex::new(manner)) };
        let serving = tokio::spawn(serve(socket, desk.clone()));
        Self { address, desk, serving }
    }

    pub fn behave(&self, manner: Manner) {
        *self.desk.manner.lock().unwrap() = manner;
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.desk.seen.borrow().clone()
    }

    /// Waits until it was asked so many times.
    pub async fn asked(&self, times: usize) -> Vec<Seen> {
        let mut seen = self.desk.seen.subscribe();
        let asked = tokio::time::timeout(PATIENCE, seen.wait_for(|seen| seen.len() >= times)).await;
        asked.expect("the platform is asked").unwrap().clone()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: TcpListener, desk: Desk) {
    loop {
        let Ok((connection, _)) = socket.accept().await else { return };
        let desk = desk.clone();
        let service = service_fn(move |request| answer(request, desk.clone()));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
    }
}

async fn answer(request: Request<Incoming>, desk: Desk) -> Result<Response<Full<Bytes>>, &'static str> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|whole| whole.to_bytes()).unwrap_or_default();
    let target = parts.uri.to_string();
    // Taken before it is seen to be asked: whoever waits for the question may change the manner for the next one.
    let manner = desk.manner.lock().unwrap().clone();
    let seen = Seen { method: parts.method.to_string(), target, headers: parts.headers, body };
    desk.seen.send_modify(|all| all.push(seen));
    let (status, media_type, text) = match manner {
        Manner::Answers(text) => (200, "application/json", text),
        Manner::AnswersAs(status, media_type, text) => (status, media_type, text),
        Manner::Waits(permits, text) => {
            permits.acquire().await.unwrap().forget();
            (200, "application/json", text)
        }
        Manner::HangsUp => return Err("hangs up"),
        Manner::Silent => std::future::pending().await,
    };
    Ok(Response::builder().status(status).header("content-type", media_type).body(Full::from(text)).unwrap())
}
