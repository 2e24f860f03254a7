//! The desk's socket, if there is one: served as the exchange's is, under an authority of its own.

use std::sync::Arc;
use std::sync::OnceLock;

use arc_swap::ArcSwap;

use crate::audit::index::annexes::Annexes;
use crate::config::settings::Settings;
use crate::console::asked::Shelves;
use crate::console::desk::Admits;
use crate::console::desk::Desk;
use crate::console::desk::SharedDesk;
use crate::gateway::door::Door;
use crate::listener::stop::Stop;
use crate::listener::tls::Tls;
use crate::request::authority::Authorities;
use crate::tlog::note::VerifierKey;

use super::run::StartError;
use super::socket;
use super::socket::Serving;

/// The desk and its TLS: what a reload changes of it.
pub type Reloaded = (Arc<Desk>, Tls);

/// Opens the desk, if one is configured; with what a reload changes of it.
///
/// # Errors
/// Its files cannot be used, its authority is the exchange's too, or its address cannot be listened on.
pub async fn listen(
    settings: &Settings,
    exchange: &Tls,
    (door, key): (&Arc<Door>, VerifierKey),
    stop: &Stop,
) -> Result<Option<(Serving, Reloaded)>, StartError> {
    let Some(desk) = &settings.desk else { return Ok(None) };
    let annexes = Annexes::sharing(door.recorder.months(), &settings.keys);
    let shelves = Shelves { place: settings.index.clone(), annexes };
    let tls = socket::tls(desk)?;
    if tls.trusts_an_authority_of(exchange) {
        return Err(StartError::SharedAuthority);
    }
    let admits = Admits {
        authorities: Authorities::parse(desk.names.iter().map(String::as_str))?,
        revoked: socket::revoked(desk)?,
    };
    let shared = Arc::new(Desk {
        door: Arc::clone(door),
        admits: ArcSwap::from_pointee(admits),
        key,
        shelves: Arc::new(shelves),
        stop: stop.clone(),
        operated: OnceLock::new(),
    });
    let reloaded = (Arc::clone(&shared), tls.clone());
    Ok(Some((socket::serve(desk, tls, SharedDesk(shared), door, stop).await?, reloaded)))
}
