//! `audit export --tiles`: the log itself as plain C2SP tlog-tiles, for any client of that format. Nothing of it is derived.

use std::path::Path;

use super::tell;
use crate::cli::Session;
use crate::cli::audit::source::Where;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::tlog::export::export;

/// Writes the log into a folder that is new or empty.
///
/// # Errors
/// The log does not lead to its checkpoint, the folder is not empty, or the disk refuses.
pub(super) fn run(place: &Where, into: &Path, session: &mut Session) -> Result<Exit, Failure> {
    let log = place.log(session)?;
    let mut progress = session.terminal.progress(&session.clock, 0);
    let written = export(&log, into, &mut |done, total| progress.at(done, total));
    progress.finish();
    let written = written.map_err(|cause| {
        let name = shown(&into.display().to_string());
        let vi = format!("Không xuất được nhật ký ra `{name}`. Thư mục phải mới hoặc trống; hãy kiểm tra nhật ký bằng `phohien audit verify`.");
        let en = format!("The log cannot be exported to `{name}`. The folder must be new or empty; check the log with `phohien audit verify`.");
        Failure::could_not("tiles-not-exported", vi, en).because(cause)
    })?;
    tell(written, session)
}
