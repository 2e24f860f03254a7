//! Callers that do what no honest library does, and worlds in which one thing is different.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body::Body;
use http_body::Frame;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;

use phohien::crypto::digest::hex;
use phohien::crypto::digest::sha256;

use super::World;

/// A world in which one file says something else.
pub async fn world_with(file: &str, old: &str, new: &str) -> World {
    let mut world = World::build("").await;
    super::replace(&world.folder().join(file), old, new);
    world.open().await;
    world
}

/// A body whose length nobody is told before.
pub struct Unannounced(pub Option<Bytes>);

impl Body for Unannounced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// A connection over HTTP/2 on which no answer gets more than this many bytes before it is read.
pub async fn narrow_h2(world: &World, agency: &str, window: u32) -> http2::SendRequest<Unannounced> {
    let stream = world.client_over(agency, &["h2"]).connect().await.unwrap();
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window).initial_connection_window_size(1 << 20);
    let (sender, driver) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(driver);
    sender
}

/// The lookup that the first agreement grants.
pub fn lookup() -> Request<Unannounced> {
    let target = format!("https://localhost{}", super::lookup_path());
    Request::get(target).header("exchange-purpose", "tra-cuu").body(Unannounced(None)).unwrap()
}

/// The commitment to an answer of these bytes, as whoever holds the receipt computes it.
pub fn commitment(receipt: &Value, bytes: &[u8]) -> String {
    let salt = receipt["salts"]["answer"].as_str().unwrap();
    let salt = STANDARD.decode(salt).unwrap();
    let whole = [&b"phohien-commit/1\nanswer\n"[..], &salt, bytes].concat();
    hex(&sha256(&whole))
}

/// A connection from another address of this machine, on which nothing is said.
pub async fn connect_from(source: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}
