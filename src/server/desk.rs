//! The desk's socket, if there is one: served as the exchange's is, under an authority of its own.

use std::sync::Arc;

use crate::audit::index::annexes::Annexes;
use crate::config::settings::Settings;
use crate::console::asked::Shelves;
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

/// Opens the desk, if one is configured.
///
/// # Errors
/// Its files cannot be used, its authority is the exchange's too, or its address cannot be listened on.
pub async fn listen(
    settings: &Settings,
    exchange: &Tls,
    (door, key): (&Arc<Door>, VerifierKey),
    stop: &Stop,
) -> Result<Option<Serving>, StartError> {
    let Some(desk) = &settings.desk else { return Ok(None) };
    let shelves = Shelves { place: settings.index.clone(), annexes: Annexes::with_keys(&settings.keys) };
    let tls = socket::tls(desk)?;
    if tls.trusts_an_authority_of(exchange) {
        return Err(StartError::SharedAuthority);
    }
    let shared = Desk {
        door: Arc::clone(door),
        authorities: Authorities::parse(desk.names.iter().map(String::as_str))?,
        revoked: socket::revoked(desk)?,
        key,
        shelves: Arc::new(shelves),
        stop: stop.clone(),
    };
    Ok(Some(socket::serve(desk, tls, SharedDesk(Arc::new(shared)), door, stop).await?))
}
