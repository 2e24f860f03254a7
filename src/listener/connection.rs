//! One connection: HTTP/1.1 or HTTP/2 as ALPN chose, with a bound on everything a stranger can make us hold or wait for.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::Exchange;
use super::Handshaken;
use super::Protocol;
use super::activity::Activity;
use super::activity::Answer;
use super::panics::Watchman;
use super::patience::Patience;
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
    /// While we wait for the caller and nothing moves: no request, or an answer that is not read. After it the connection is
    /// told to end, and after as long again it is cut. An answer that does not move for so long cuts it at once.
    pub idle: Duration,
}

/// Serves a connection to its end, or gracefully once `stop` was told or the caller is idle.
///
/// # Errors
/// Whatever ended it early.
pub(super) async fn serve<E: Exchange>(
    stream: TlsStream<TcpStream>,
    handshaken: Arc<Handshaken>,
    exchange: E,
    times: &Times,
    stop: &Stop,
    watchman: Watchman,
) -> Result<(), hyper::Error> {
    let protocol = handshaken.protocol();
    let activity = Activity::new();
    let activities = activity.clone();
    let patience = Patience::default();
    let answers = patience.clone();
    let service = service_fn(move |request| {
        let (exchange, handshaken) = (exchange.clone(), Arc::clone(&handshaken));
        let (activity, answers) = (activities.clone(), answers.clone());
        async move {
            let _turn = activity.our_turn();
            let answer = exchange.answer(handshaken, request).await;
            Ok::<_, Infallible>(answer.map(|body| Answer::new(body, activity, answers.begin())))
        }
    });
    let stream = TokioIo::new(stream);
    let serving = async {
        match protocol {
            Protocol::Http1 => {
                attend(http1_builder(times).serve_connection(stream, service), &activity, times, stop).await
            }
            Protocol::Http2 => {
                let builder = http2_builder(times, watchman);
                attend(builder.serve_connection(stream, service), &activity, times, stop).await
            }
        }
    };
    tokio::select! {
        served = serving => served,
        // Cut, whatever else is under way on it: there is no telling this caller's streams apart.
        () = patience.exhausted(times.idle) => Ok(()),
    }
}

/// Once told to end, HTTP/1.1 closes after the answer under way and HTTP/2 after the streams under way (GOAWAY).
async fn attend<C: GracefulConnection>(
    connection: C,
    activity: &Activity,
    times: &Times,
    stop: &Stop,
) -> Result<(), C::Error> {
    let mut connection = pin!(connection);
    tokio::select! {
        served = connection.as_mut() => return served,
        () = stop.stopped() => {}
        () = activity.idle(times.idle) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        served = connection => served,
        // It does not even end: a window that stays shut, or a preface that never came.
        () = activity.idle(times.idle) => Ok(()),
    }
}

fn http1_builder(times: &Times) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Without a timer the time-out below does nothing.
    builder.timer(TokioTimer::new()).header_read_timeout(times.head);
    builder.max_headers(HEADERS_MAX).max_buf_size(HEAD_MAX).half_close(false);
    builder
}

fn http2_builder(times: &Times, watchman: Watchman) -> http2::Builder<Watchman> {
    let mut builder = http2::Builder::new(watchman);
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
