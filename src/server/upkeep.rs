//! What the log is asked for at a start, and what it is given from time to time.

use std::sync::Arc;
use std::time::Duration;

use crate::audit::attested;
use crate::audit::attested::COUNTS_SECONDS;
use crate::audit::recorder::Recorder;
use crate::config::settings::Settings;
use crate::gateway::door::Door;
use crate::listener::stop::Stop;

use super::rotation::past;
use super::run::StartError;

/// How often summaries of tallied refusals are written.
const TALLY_EVERY: Duration = Duration::from_secs(1);

/// What was signed lately and answered is not answered again, whatever happened to the process meanwhile, or if another log was begun.
pub(super) async fn remember_signatures(door: &Arc<Door>, settings: &Settings) -> Result<(), StartError> {
    let (door, settings) = (Arc::clone(door), settings.clone());
    let remembering = move || {
        let (recorder, now) = (&door.recorder, door.clock.now());
        door.nonces.restore(attested::lately(recorder, now)?, now);
        match past::before(&settings, recorder)? {
            Some((at, _)) if now.as_second().saturating_sub(at.as_second()) > COUNTS_SECONDS => {}
            Some((_, Some(folder))) => {
                door.nonces.restore(attested::lately_in(&folder, recorder.months(), now)?, now);
            }
            Some((at, None)) => door.nonces.begin_at(at),
            None => {}
        }
        Ok(())
    };
    tokio::task::spawn_blocking(remembering).await?
}

/// Writes the summaries of what was tallied, until told to stop.
pub(super) async fn flush_tallies(recorder: Recorder, stop: Stop) {
    while !stop.within(TALLY_EVERY).await {
        let recorder = recorder.clone();
        // It waits for the disk: not on a thread that exchanges share.
        if tokio::task::spawn_blocking(move || recorder.flush_tallies()).await.is_err() {
            tracing::error!("summaries of refusals could not be written");
        }
    }
}
