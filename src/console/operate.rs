//! `POST /operate/reload`, `/operate/drain`, `/operate/forget`: what is done at the desk and not only read. It is for operators,
//! recorded before it is done, and no page of another site can make a browser ask for it.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http_body_util::BodyExt as _;
use http_body_util::Limited;
use hyper::body::Incoming;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::desk::Asking;
use super::desk::Desk;
use super::desk::Told;
use super::desk::found;
use super::stop::Stop;
use super::stop::Why;
use crate::audit::forget::Approved;
use crate::audit::forget::Done;
use crate::audit::forget::NotForgotten;
use crate::audit::forget::approve::NotApproved;
use crate::audit::forget::order::NotAnOrder;
use crate::audit::outcome::Answer;

/// The most bytes of an order with its signatures: each has a chain of certificates in it, of some kilobytes.
pub const ORDER_BYTES_MAX: usize = 128 << 10;

/// What stands behind the desk and does as an operator says.
pub trait Operated: fmt::Debug + Send + Sync + 'static {
    /// Reloads everything now, and says what came of it. Blocks until then.
    fn reload(&self) -> Value;

    /// Takes nothing new from here on; the gateway ends once what is under way has.
    fn drain(&self);

    /// Judges an order to forget a month, by whom the desk believes now. Blocks on files.
    ///
    /// # Errors
    /// It is not approved, or nobody can tell.
    fn approve(&self, order: &[u8], signatures: &[Vec<u8>]) -> Result<Approved, Undone>;

    /// Forgets the month. Blocks until the key is destroyed.
    ///
    /// # Errors
    /// It was not done, or not to the end.
    fn forget(&self, approved: &Approved) -> Result<Done, Undone>;
}

/// An order, byte for byte as it was signed, and each operator's signature (CMS, DER), as they are sent: base64 in JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedOrder {
    order: String,
    signatures: Vec<String>,
}

impl SignedOrder {
    /// As it is sent.
    #[must_use]
    pub fn new(order: &[u8], signatures: &[Vec<u8>]) -> Self {
        let signatures = signatures.iter().map(|bytes| STANDARD.encode(bytes)).collect();
        Self { order: STANDARD.encode(order), signatures }
    }

    /// As it was signed: the order and the signatures.
    fn opened(&self) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
        let bytes = |text: &String| STANDARD.decode(text).ok();
        Some((bytes(&self.order)?, self.signatures.iter().map(bytes).collect::<Option<_>>()?))
    }
}

/// Why a month is not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum Undone {
    /// The order is not approved.
    #[error(transparent)]
    Refused(#[from] NotApproved),
    /// It was not done, or not to the end: what is left of it the next start does.
    #[error(transparent)]
    NotForgotten(#[from] NotForgotten),
    /// Something it takes cannot be used.
    #[error("{0}")]
    Broken(String),
}

/// Reloads.
pub(super) async fn reload(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    let operated = ordered(desk, asking, "reload").await?;
    // It reads files and waits for the disk: not on a thread that others share.
    let reloading = tokio::task::spawn_blocking(move || operated.reload());
    let done = reloading.await.map_err(|_| Stop::Broken)?;
    Ok(done_with(StatusCode::OK, &done))
}

/// Drains.
pub(super) async fn drain(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    let operated = ordered(desk, asking, "drain").await?;
    operated.drain();
    Ok(done_with(StatusCode::ACCEPTED, &json!({ "draining": true })))
}

/// Forgets a month. Only what two operators signed is an order: the one who brings it here is recorded besides.
pub(super) async fn forget(desk: &Desk, asking: &Asking, body: Incoming) -> Result<Told, Stop> {
    asking.without_parameters()?;
    let (order, signatures) = signed_order(desk, asking, body).await?;
    let refused = |why| stop(asking, why);
    let operated = behind(desk)?;
    // It reads files: not on a thread that others share.
    let approving = tokio::task::spawn_blocking(move || operated.approve(&order, &signatures));
    let approved = approving.await.map_err(|_| Stop::Broken)?.map_err(refused)?;
    let operated = ordered(desk, asking, "forget").await?;
    let month = approved.month();
    // The same of the disk. Whoever hangs up changes nothing: what is begun is done.
    let forgetting = tokio::task::spawn_blocking(move || operated.forget(&approved));
    let done = forgetting.await.map_err(|_| Stop::Broken)?.map_err(refused)?;
    let Done { recorded_before, destroyed } = done;
    let done =
        json!({ "month": month.to_string(), "recorded_before": recorded_before, "destroyed": destroyed });
    Ok(done_with(StatusCode::OK, &done))
}

/// Reads what was sent; what is no such document is no order.
async fn signed_order(desk: &Desk, asking: &Asking, body: Incoming) -> Result<(Vec<u8>, Vec<Vec<u8>>), Stop> {
    let no_order = || stop(asking, NotApproved::from(NotAnOrder::Unreadable).into());
    if !asking.request.has_body() {
        return Err(no_order());
    }
    let within = desk.door.in_force().bodies.within;
    let read = tokio::time::timeout(within, Limited::new(body, ORDER_BYTES_MAX).collect()).await;
    let bytes = read.ok().and_then(Result::ok).ok_or_else(no_order)?.to_bytes();
    let signed = serde_json::from_slice::<SignedOrder>(&bytes).ok();
    signed.and_then(|signed| signed.opened()).ok_or_else(no_order)
}

fn stop(asking: &Asking, why: Undone) -> Stop {
    let agency = &asking.visitor.agency().id;
    match why {
        Undone::Refused(why) => Stop::refused(agency, Why::Order(why)),
        Undone::NotForgotten(NotForgotten::UnderWay(exchanges)) => {
            Stop::refused(agency, Why::UnderWay(exchanges))
        }
        Undone::NotForgotten(NotForgotten::Record(cause)) => Stop::Unrecorded(cause),
        why @ (Undone::NotForgotten(_) | Undone::Broken(_)) => {
            let cause = std::error::Error::source(&why).map(ToString::to_string).unwrap_or_default();
            tracing::error!(%why, cause, "an order to forget a month was not carried out to the end");
            Stop::Broken
        }
    }
}

fn done_with(status: StatusCode, done: &Value) -> Told {
    let answer = found("application/json", "no-store", done.to_string().into_bytes());
    Told::Done(Answer { status, ..answer })
}

fn behind(desk: &Desk) -> Result<Arc<dyn Operated>, Stop> {
    desk.operated.get().cloned().ok_or(Stop::Broken)
}

/// An order is durable before it is carried out.
async fn ordered(desk: &Desk, asking: &Asking, order: &'static str) -> Result<Arc<dyn Operated>, Stop> {
    asking.without_parameters()?;
    let operated = behind(desk)?;
    let (id, visitor) = (asking.id, &asking.visitor);
    let recorded = desk.door.recorder.ordered(id, visitor, &asking.handshake, order).await;
    recorded.map_err(Stop::Unrecorded)?;
    Ok(operated)
}
