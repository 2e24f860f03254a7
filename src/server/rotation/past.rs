//! The logs before this one, where rotations put them: this log's first entry names the one before it, that one's first entry the one before
//! that, and so on as far as their folders are there. Nothing is configured: who moves a folder away takes its receipts off the gateway.

use std::path::PathBuf;

use serde::Deserialize;

use crate::audit::closed::ClosedLog;
use crate::audit::record::Predecessor;
use crate::audit::recorder::Recorder;
use crate::clock::Timestamp;
use crate::config::settings::Settings;
use crate::id::Origin;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::reader::ReadError;

use super::aside;

/// What is read of a log's first entry.
#[derive(Deserialize)]
struct First {
    at: String,
    predecessor: Option<Predecessor>,
}

/// When this log followed another, and the folder of that one, if it is still where it was put.
///
/// # Errors
/// The first entry cannot be read.
pub(in crate::server) fn before(
    settings: &Settings,
    recorder: &Recorder,
) -> Result<Option<(Timestamp, Option<PathBuf>)>, ReadError> {
    let Some(First { at, predecessor: Some(before) }) = first(recorder)? else { return Ok(None) };
    let folder = before.origin.parse().ok().map(|origin| aside(settings, &origin));
    Ok(Some((at.parse().unwrap_or(Timestamp::MAX), folder.filter(|folder| folder.is_dir()))))
}

/// The closed logs that this one followed, the newest first, as far as their folders are there and hold what their successors say of them.
/// Blocks on the disk.
pub(in crate::server) fn logs(settings: &Settings, recorder: &Recorder) -> Vec<ClosedLog> {
    let mut all = Vec::new();
    let mut follows =
        first(recorder).ok().flatten().map(|first| (recorder.log().head().origin.clone(), first));
    while let Some((successor, First { predecessor: Some(before), .. })) = follows.take() {
        let Some(log) = one(settings, &before, successor) else { break };
        let first = log.first().ok().flatten().and_then(|leaf| serde_json::from_slice(&leaf).ok());
        follows = first.map(|first| (log.origin().clone(), first));
        all.push(log);
    }
    all
}

fn one(settings: &Settings, before: &Predecessor, successor: Origin) -> Option<ClosedLog> {
    let folder = aside(settings, &before.origin.parse().ok()?);
    let witnesses: Vec<&CosignerKey> = settings.witnesses.iter().map(|witness| &witness.key).collect();
    let log = ClosedLog::open(&folder, before, successor, &witnesses);
    if log.is_none() {
        let (origin, folder) = (&before.origin, folder.display());
        tracing::warn!(origin, %folder, "the log before this one is not there, or is another: its receipts are not served");
    }
    log
}

/// What the first entry says; nothing where there is none.
fn first(recorder: &Recorder) -> Result<Option<First>, ReadError> {
    if recorder.log().size() == 0 {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&recorder.log().read(0)?.leaf).ok())
}
