//! `POST /operate/reload`, `POST /operate/drain`: the two things that are done at the desk and not only read. They are for operators,
//! recorded before they are done, and no page of another site can make a browser ask for them.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;
use serde_json::json;

use super::desk::Asking;
use super::desk::Desk;
use super::desk::Told;
use super::desk::found;
use super::stop::Stop;
use crate::audit::outcome::Answer;

/// What stands behind the desk and does as an operator says.
pub trait Operated: fmt::Debug + Send + Sync + 'static {
    /// Reloads everything now, and says what came of it. Blocks until then.
    fn reload(&self) -> Value;

    /// Takes nothing new from here on; the gateway ends once what is under way has.
    fn drain(&self);
}

/// Reloads.
pub(super) async fn reload(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    let operated = ordered(desk, asking, "reload").await?;
    // It reads files and waits for the disk: not on a thread that others share.
    let reloading = tokio::task::spawn_blocking(move || operated.reload());
    let done = reloading.await.map_err(|_| Stop::Broken)?;
    Ok(Told::Done(found("application/json", "no-store", done.to_string().into_bytes())))
}

/// Drains.
pub(super) async fn drain(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    let operated = ordered(desk, asking, "drain").await?;
    operated.drain();
    let done = json!({ "draining": true }).to_string().into_bytes();
    let answer = found("application/json", "no-store", done);
    Ok(Told::Done(Answer { status: StatusCode::ACCEPTED, ..answer }))
}

/// An order is durable before it is carried out.
async fn ordered(desk: &Desk, asking: &Asking, order: &'static str) -> Result<Arc<dyn Operated>, Stop> {
    asking.without_parameters()?;
    let operated = desk.operated.get().cloned().ok_or(Stop::Broken)?;
    let (id, visitor) = (asking.id, &asking.visitor);
    let recorded = desk.door.recorder.ordered(id, visitor, &asking.handshake, order).await;
    recorded.map_err(Stop::Unrecorded)?;
    Ok(operated)
}
