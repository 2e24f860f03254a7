//! `audit reindex`: throw the index away and build it again from the log.

use std::path::Path;

use super::source::Where;
use super::source::feed;
use super::source::unanswered;
use super::source::unfed;
use super::source::wait_until;
use crate::audit::index::annexes::Annexes;
use crate::audit::index::feeder::Feeder;
use crate::audit::index::place::Place;
use crate::audit::index::place::Turn;
use crate::audit::index::scanned::published;
use crate::audit::index::sqlite::PATIENT;
use crate::audit::index::wanted::Wanted;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::count;
use crate::tlog::checkpoint::Checkpoint;

/// `audit reindex`.
#[derive(Debug, clap::Args)]
pub struct Reindex {
    #[command(flatten)]
    place: Where,
}

/// Builds the index anew. Where a gateway feeds it, it is emptied, and the gateway fills it again.
///
/// # Errors
/// The log cannot be read, or the index cannot be written.
pub fn run(reindex: &Reindex, session: &mut Session) -> Result<Exit, Failure> {
    let log = reindex.place.log(session)?;
    let (place, keys) = reindex.place.index(session)?;
    let Some(head) = published(&log) else { return Err(nothing(&log)) };
    match place.turn().map_err(unanswered)? {
        Some(turn) => anew(&place, &turn, &log, &head, &keys, session)?,
        None => {
            place.open().and_then(|mut index| index.clear()).map_err(unanswered)?;
            wait_until(&place, head.size, None, session)?;
        }
    }
    tell(&place, session)
}

fn anew(
    place: &Place,
    turn: &Turn,
    log: &Path,
    head: &Checkpoint,
    keys: &Path,
    session: &Session,
) -> Result<(), Failure> {
    place.remove(turn).map_err(unanswered)?;
    let index = place.open().map_err(unanswered)?;
    let mut feeder =
        Feeder::new(index, log, head.origin.as_str(), Annexes::with_keys(keys)).map_err(unfed)?;
    feed(&mut feeder, head.size, session)
}

/// How many entries there are now, and how many annexes could not be read.
fn tell(place: &Place, session: &mut Session) -> Result<Exit, Failure> {
    let index = place.read(PATIENT).map_err(unanswered)?;
    let entries = index.cursor().map_err(unanswered)?.map_or(0, |cursor| cursor.next);
    let unread = index.unread(&Wanted::default()).map_err(unanswered)?;
    let terminal = &mut session.terminal;
    if terminal.json() {
        terminal.object(&serde_json::json!({ "entries": entries, "unread_annexes": unread }))?;
        return Ok(Exit::Yes);
    }
    let language = terminal.language();
    let (entries, annexes) = (count(entries, language), count(unread, language));
    terminal.say(
        &format!("Chỉ mục đã dựng lại từ {entries} bản ghi."),
        &format!("The index was built again from {entries} entries."),
    )?;
    if unread > 0 {
        terminal.say(
            &format!("{annexes} phụ lục không đọc được: khóa của tháng đã hủy hoặc không có ở đây."),
            &format!("{annexes} annexes could not be read: the keys of their months were destroyed, or are not here."),
        )?;
    }
    Ok(Exit::Yes)
}

fn nothing(log: &Path) -> Failure {
    let log = crate::cli::terminal::shown(&log.display().to_string());
    let vi = format!("Thư mục `{log}` chưa công bố điểm chốt nào, hoặc không phải là nhật ký.");
    let en = format!("The folder `{log}` has published no head, or is no log.");
    Failure::could_not("no-head", vi, en)
}
