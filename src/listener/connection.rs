//! One connection: HTTP/1.1 or HTTP/2 as ALPN chose, with a bound on everything a stranger can make us hold or wait for.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::Exchange;
use super::Handshaken;
use super::Protocol;
use super::stop::Stop;

/// Header fields of one request: real clients send about fifteen.
const HEADERS_MAX: usize = 100;
/// Bytes of one request's head over HTTP/1.1, and the buffer it is read into.
const HEAD_MAX: usize = 32 << 10;
/// Streams at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 64;
/// Streams that were reset before we accepted them (CVE-2023-44487).
const PENDING_RESETS_MAX: usize = 20;
/// Streams that we reset for the peer's errors (CVE-2025-8671).
const LOCAL_RESETS_MAX: usize = 64;
/// Bytes a peer may send ahead on one stream, and on one connection.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// Time-outs of an established connection.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From a request's first byte to the end of its head; over HTTP/1.1 also between requests.
    pub head: Duration,
    /// Without a sign of life over HTTP/2.
    pub idle: Duration,
}

/// Serves a connection to its end, or gracefully once `stop` was told.
///
/// # Errors
/// Whatever ended it early.
pub(super) async fn serve<E: Exchange>(
    stream: TlsStream<TcpStream>,
    handshaken: Arc<Handshaken>,
    exchange: E,
    times: &Times,
    stop: &Stop,
) -> Result<(), hyper::Error> {
    let protocol = handshaken.protocol();
    let service = service_fn(move |request| {
        let (exchange, handshaken) = (exchange.clone(), Arc::clone(&handshaken));
        async move { Ok::<_, Infallible>(exchange.answer(handshaken, request).await) }
    });
    match protocol {
        Protocol::Http1 => {
            let mut connection = pin!(http1_builder(times).serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                served = connection.as_mut() => return served,
                () = stop.stopped() => connection.as_mut().graceful_shutdown(),
            }
            connection.await
        }
        Protocol::Http2 => {
            let mut connection = pin!(http2_builder(times).serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                served = connection.as_mut() => return served,
                () = stop.stopped() => connection.as_mut().graceful_shutdown(),
            }
            connection.await
        }
    }
}

fn http1_builder(times: &Times) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Without a timer the time-out below does nothing.
    builder.timer(TokioTimer::new()).header_read_timeout(times.head);
    builder.max_headers(HEADERS_MAX).max_buf_size(HEAD_MAX).half_close(false);
    builder
}

fn http2_builder(times: &Times) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(times.idle).keep_alive_timeout(times.head);
    builder
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_MAX).unwrap_or(u32::MAX));
    builder
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(LOCAL_RESETS_MAX);
    builder.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(CONNECTION_WINDOW);
    builder
}
