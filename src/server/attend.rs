//! The log opened for one piece of work while no gateway runs: recovered, the witnesses asked, the first entries written, as at every
//! start; but no socket is opened, and at the end the log is closed.

use crate::audit::begin::BeginError;
use crate::audit::begin::Opened;
use crate::audit::recorder::Recorder;
use crate::audit::recorder::Unrecorded;
use crate::clock::Clock;
use crate::config::settings::Settings;

use super::guard;
use super::rotation;
use super::run::Overrides;
use super::run::StartError;
use super::run::open_log;
use super::run::witnesses;
use super::signers;

/// Why the work was not begun.
#[derive(Debug, thiserror::Error)]
pub enum AttendError {
    /// The log does not begin.
    #[error("the log cannot be opened as a gateway opens it")]
    Start(#[from] StartError),
    /// No witness answers, and nothing is signed before one has.
    #[error("no witness answers, and nothing is signed before one has")]
    Unwitnessed,
}

/// Opens the log, does the work, and closes it. Blocks until then.
///
/// # Errors
/// See [`AttendError`]; the work was not begun then.
pub async fn attend<T: Send + 'static>(
    settings: &Settings,
    clock: Clock,
    work: impl FnOnce(&Recorder) -> T + Send + 'static,
) -> Result<T, AttendError> {
    rotation::refuse_begun(&settings.keys)?;
    let work = |recorder: &Recorder| (work(recorder), recorder.close().map(drop));
    attend_and_close(settings, clock, work).await
}

/// The same where the work closes the log itself, and says how that went.
pub(super) async fn attend_and_close<T: Send + 'static>(
    settings: &Settings,
    clock: Clock,
    work: impl FnOnce(&Recorder) -> (T, Result<(), Unrecorded>) + Send + 'static,
) -> Result<T, AttendError> {
    let policies = signers::policies(settings, clock.now(), clock.now())?;
    let (opened, _signer, key) = open_log(settings, &policies, &Overrides::default(), clock.clone()).await?;
    let recorder = opened.recorder().clone();
    let witnesses = witnesses(settings, &recorder, &key, clock).await?;
    if let Some(held) = guard::begin(opened, &witnesses, false).await? {
        return close(held).await;
    }
    let done = tokio::task::spawn_blocking(move || work(&recorder));
    let (done, closed) = done.await.map_err(StartError::from)?;
    if !witnesses.is_empty() {
        witnesses.feed_last().await;
    }
    closed.map_err(|cause| StartError::Log(BeginError::Note(cause)))?;
    Ok(done)
}

async fn close<T>(held: Opened) -> Result<T, AttendError> {
    let recorder = held.recorder().clone();
    // Nothing was signed, and nothing is: it says so by an error that says nothing more.
    let _unsigned = tokio::task::spawn_blocking(move || recorder.close()).await;
    Err(AttendError::Unwitnessed)
}
