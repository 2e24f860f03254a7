//! The loopback socket for Prometheus, systemd and the load balancer: `/metrics`, `/livez`, `/readyz`.

use std::convert::Infallible;
use std::error::Error as _;
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

use crate::audit::recorder::Unrecorded;
use crate::gateway::door::Door;
use crate::limits::shared::Reach;
use crate::listener::stop::Stop;
use crate::tlog::Unavailable;

use super::reload::Reload;
use super::run::StartError;
use super::witnesses::Witnesses;

/// Pause after `accept` failed.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Starts the socket, if one is configured.
///
/// # Errors
/// The address cannot be listened on.
pub async fn listen(
    address: Option<SocketAddr>,
    seen: Seen,
    stop: &Stop,
) -> Result<(Option<SocketAddr>, Vec<JoinHandle<()>>), StartError> {
    let Some(address) = address else { return Ok((None, Vec::new())) };
    let failed = |source| StartError::Listen { address, source };
    let socket = TcpListener::bind(address).await.map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    Ok((Some(bound), vec![tokio::spawn(serve(socket, seen, stop.clone()))]))
}

/// What is told about.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The gateway.
    pub door: Arc<Door>,
    /// Who cosigns its log.
    pub witnesses: Arc<Witnesses>,
    /// Its reload.
    pub reload: Reload,
}

async fn serve(socket: TcpListener, seen: Seen, stop: Stop) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = stop.stopped() => return,
        };
        match accepted {
            Ok((connection, _)) => drop(tokio::spawn(answer_on(connection, seen.clone()))),
            // Out of descriptors, most likely: let others close theirs.
            Err(_) => tokio::time::sleep(BACK_OFF).await,
        }
    }
}

async fn answer_on(connection: TcpStream, seen: Seen) {
    let service = service_fn(move |request| {
        let response = answer(&seen, &request);
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

fn answer<B>(seen: &Seen, request: &Request<B>) -> Response<Full<Bytes>> {
    let (status, text) = match request.uri().path() {
        "/livez" => (StatusCode::OK, "alive\n".to_owned()),
        "/readyz" => ready(seen),
        "/metrics" => (StatusCode::OK, metrics(seen)),
        _ => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
}

/// Ready while the log takes records: without it nothing is exchanged.
fn ready(seen: &Seen) -> (StatusCode, String) {
    // What could not be reloaded keeps nobody from exchanging by what was in force before: it is only told.
    let all = seen.witnesses.alarms().into_iter().chain(seen.reload.standing().alarms());
    let mut alarms: String = all.map(|alarm| format!("{alarm}\n")).collect();
    if seen.door.limits.shared().is_some_and(|shared| *shared.reach().borrow() == Reach::Lost) {
        alarms.push_str("the shared limits are lost: this node enforces its share\n");
    }
    match seen.door.recorder.availability() {
        Ok(()) => (StatusCode::OK, format!("ready\n{alarms}")),
        Err(fault) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n{alarms}", told(&fault))),
    }
}

/// With what is under it.
fn told(fault: &Unrecorded) -> String {
    match fault.source() {
        Some(cause) => format!("{fault}: {cause}"),
        None => fault.to_string(),
    }
}

fn metrics(seen: &Seen) -> String {
    let door = &seen.door;
    seen.witnesses.measure(&door.metrics);
    let log = door.recorder.log();
    door.metrics.log_size(log.size());
    door.metrics.log_poisoned(matches!(log.availability(), Err(Unavailable::Poisoned)));
    door.metrics.log_without_room(matches!(log.availability(), Err(Unavailable::NoRoom)));
    door.metrics.encode()
}
