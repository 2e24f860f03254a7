//! The desk's socket, if there is one: served as the exchange's is, under an authority of its own.

use std::sync::Arc;

use crate::config::settings::SocketSettings;
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
    settings: Option<&SocketSettings>,
    exchange: &Tls,
    (door, key): (&Arc<Door>, VerifierKey),
    stop: &Stop,
) -> Result<Option<Serving>, StartError> {
    let Some(settings) = settings else { return Ok(None) };
    let tls = socket::tls(settings)?;
    if tls.trusts_an_authority_of(exchange) {
        return Err(StartError::SharedAuthority);
    }
    let desk = Desk {
        door: Arc::clone(door),
        authorities: Authorities::parse(settings.names.iter().map(String::as_str))?,
        revoked: socket::revoked(settings)?,
        key,
    };
    Ok(Some(socket::serve(settings, tls, SharedDesk(Arc::new(desk)), door, stop).await?))
}
