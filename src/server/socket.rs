//! A socket on which certificates are asked for, from its settings to its last connection. The exchange and the desk are served by the
//! same code.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::settings::SocketSettings;
use crate::gateway::door::Door;
use crate::identity::revocation::RevocationError;
use crate::identity::revocation::Revocations;
use crate::listener::Exchange;
use crate::listener::accept;
use crate::listener::accept::Knock;
use crate::listener::accept::Knocks;
use crate::listener::connection::Times;
use crate::listener::stop::Stop;
use crate::listener::tls;
use crate::listener::tls::Tls;
use crate::listener::tls::TlsError;
use crate::listener::tls::TlsFiles;

use super::run::StartError;

/// A socket that is served.
#[derive(Debug)]
pub struct Serving {
    /// Where.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Serving {
    /// Returns once its last connection has ended.
    pub async fn ended(self) {
        let _ = self.task.await;
    }
}

/// A socket's TLS, from its files.
///
/// # Errors
/// See [`TlsError`].
pub fn tls(settings: &SocketSettings) -> Result<Tls, TlsError> {
    tls::server_config(&TlsFiles {
        certificate: settings.certificate.clone(),
        key: settings.key.clone(),
        anchors: settings.anchors.clone(),
        crls: settings.crls.clone(),
    })
}

/// The lists of those who were let in once and are asked about at every request.
///
/// # Errors
/// See [`RevocationError`].
pub fn revoked(settings: &SocketSettings) -> Result<Revocations, RevocationError> {
    settings.crls.as_ref().map_or(Ok(Revocations::none()), |files| Revocations::load(files))
}

/// Opens a socket and answers on it until `stop`.
///
/// # Errors
/// It cannot be listened on.
pub async fn serve<E: Exchange>(
    settings: &SocketSettings,
    tls: Tls,
    exchange: E,
    door: &Arc<Door>,
    stop: &Stop,
) -> Result<Serving, StartError> {
    let failed = |source| StartError::Listen { address: settings.listen, source };
    let socket = TcpListener::bind(settings.listen).await.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    let knocks: Arc<dyn Knocks> = Arc::new(Doorkeeper(Arc::clone(door)));
    let (clock, stop) = (door.clock.clone(), stop.clone());
    let serving = accept::serve(socket, tls, accepting(settings), clock, exchange, knocks, stop);
    Ok(Serving { address, task: tokio::spawn(serving) })
}

fn accepting(settings: &SocketSettings) -> accept::Settings {
    accept::Settings {
        connections: settings.connections,
        per_source: settings.connections_per_source,
        handshakes: settings.handshakes,
        handshake_timeout: settings.handshake_timeout,
        times: Times { head: settings.head_timeout, idle: settings.idle_timeout },
        drain_timeout: settings.drain_timeout,
    }
}

/// Those who did not get in are counted and summed up in the log, never recorded one by one.
struct Doorkeeper(Arc<Door>);

impl Knocks for Doorkeeper {
    fn knocked(&self, source: SocketAddr, why: Knock, detail: &str) {
        tracing::info!(%source, why = why.code(), detail, "somebody did not get in");
        self.0.metrics.handshake_failed(why.code());
        self.0.recorder.tally(None, why.code());
    }
}
