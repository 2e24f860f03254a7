//! The loopback socket for Prometheus, systemd and the load balancer: `/metrics`, `/livez`, `/readyz`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::Response;
use http::StatusCode;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::gateway::door::Door;
use crate::listener::stop::Stop;
use crate::tlog::Unavailable;

use super::run::StartError;

/// Pause after `accept` failed.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Starts the socket, if one is configured.
///
/// # Errors
/// The address cannot be listened on.
pub async fn listen(
    address: Option<SocketAddr>,
    door: &Arc<Door>,
    stop: &Stop,
) -> Result<(Option<SocketAddr>, Vec<JoinHandle<()>>), StartError> {
    let Some(address) = address else { return Ok((None, Vec::new())) };
    let failed = |source| StartError::Listen { address, source };
    let socket = TcpListener::bind(address).await.map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    Ok((Some(bound), vec![tokio::spawn(serve(socket, Arc::clone(door), stop.clone()))]))
}

async fn serve(socket: TcpListener, door: Arc<Door>, stop: Stop) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = stop.stopped() => return,
        };
        match accepted {
            Ok((connection, _)) => drop(tokio::spawn(answer_on(connection, Arc::clone(&door)))),
            // Out of descriptors, most likely: let others close theirs.
            Err(_) => tokio::time::sleep(BACK_OFF).await,
        }
    }
}

async fn answer_on(connection: TcpStream, door: Arc<Door>) {
    let service = service_fn(move |request| {
        let response = answer(&door, &request);
        async move { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(connection), service)
        .await;
    if let Err(fault) = served {
        tracing::debug!(%fault, "a connection to the metrics socket ended early");
    }
}

fn answer<B>(door: &Door, request: &Request<B>) -> Response<Full<Bytes>> {
    let (status, text) = match request.uri().path() {
        "/livez" => (StatusCode::OK, "alive\n".to_owned()),
        "/readyz" => ready(door),
        "/metrics" => (StatusCode::OK, metrics(door)),
        _ => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
}

/// Ready while the log takes records: without it nothing is exchanged.
fn ready(door: &Door) -> (StatusCode, String) {
    match door.recorder.log().availability() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(fault) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {fault}\n")),
    }
}

fn metrics(door: &Door) -> String {
    let log = door.recorder.log();
    door.metrics.log_size(log.size());
    door.metrics.log_poisoned(matches!(log.availability(), Err(Unavailable::Poisoned)));
    door.metrics.log_without_room(matches!(log.availability(), Err(Unavailable::NoRoom)));
    door.metrics.encode()
}
