//! The guard against a log that was put back: the witnesses are asked before the first signature of a start.
//!
//! A backup that was restored is whole and signed, and nothing in it tells that it is old. Whoever went on from there would sign a
//! second history. A witness has seen the first one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::audit::begin::Opened;
use crate::listener::stop::Stop;

use super::run::StartError;
use super::witnesses::Verdict;
use super::witnesses::Witnesses;

/// How often the witnesses are asked again while none answers and nothing may be signed.
const AGAIN: Duration = Duration::from_secs(1);

/// Why a gateway that was waiting for its witnesses gave up.
pub(super) type GivenUp = watch::Receiver<Option<Arc<StartError>>>;

/// Begins the log if a witness knows it as it is, if there are none, or if the operator has it begin all the same. Else it stays
/// closed to every record, and is handed back.
///
/// # Errors
/// A witness knows another log under this name, or the log takes nothing.
pub(super) async fn begin(
    opened: Opened,
    witnesses: &Arc<Witnesses>,
    unwitnessed: bool,
) -> Result<Option<Opened>, StartError> {
    let verdict = if witnesses.is_empty() { Verdict::Silent } else { witnesses.ask().await };
    match verdict {
        Verdict::Contradicted(found) => Err(found.into()),
        Verdict::Known => write(opened, false).await.map(|()| None),
        Verdict::Silent if witnesses.is_empty() || unwitnessed => write(opened, true).await.map(|()| None),
        Verdict::Silent => {
            tracing::error!("no witness answers: nothing is exchanged until one does");
            Ok(Some(opened))
        }
    }
}

/// Feeds the witnesses, at once or as soon as one has answered.
pub(super) fn watch(
    waiting: Option<Opened>,
    witnesses: &Arc<Witnesses>,
    stop: &Stop,
) -> (Vec<JoinHandle<()>>, GivenUp) {
    let (give_up, given_up) = watch::channel(None);
    let Some(opened) = waiting else { return (witnesses.feed(stop), given_up) };
    let (witnesses, stop) = (Arc::clone(witnesses), stop.clone());
    let waiting = tokio::spawn(async move {
        match wait(opened, &witnesses, &stop).await {
            Ok(true) => {
                for feeding in witnesses.feed(&stop) {
                    let _ = feeding.await;
                }
            }
            Ok(false) => {}
            Err(why) => drop(give_up.send(Some(Arc::new(why)))),
        }
    });
    (vec![waiting], given_up)
}

/// Asks until one answers, or the gateway stops; whether the log was begun.
async fn wait(opened: Opened, witnesses: &Arc<Witnesses>, stop: &Stop) -> Result<bool, StartError> {
    while !stop.within(AGAIN).await {
        match witnesses.ask().await {
            Verdict::Contradicted(found) => return Err(found.into()),
            Verdict::Known => {
                write(opened, false).await?;
                tracing::info!("a witness has answered: exchanges are taken");
                return Ok(true);
            }
            Verdict::Silent => {}
        }
    }
    Ok(false)
}

async fn write(opened: Opened, unwitnessed: bool) -> Result<(), StartError> {
    // It waits for the disk: not on a thread that others' exchanges share.
    Ok(tokio::task::spawn_blocking(move || opened.begin(unwitnessed)).await??)
}
