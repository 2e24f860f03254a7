//! `audit show`: every entry of one exchange, read from the log and proven; with `--annex`, what is sealed beside it.
//!
//! The index only says where to look. Of what a desk shows nothing is believed either: it is led to a head that a trusted key signed.

use std::path::Path;
use std::path::PathBuf;

use super::annex;
use super::annex::Opened;
use super::answers::Whom;
use super::entry::Seen;
use super::proven::Proven;
use super::remote::Remote;
use super::source::Source;
use super::source::unanswered;
use super::unread;
use super::words;
use crate::audit::index::Order;
use crate::audit::index::PAGE_MAX;
use crate::audit::query;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::audit::query::View;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::receipt::document;
use crate::cli::receipt::verify;
use crate::cli::terminal::shown;
use crate::cli::trust;
use crate::crypto::digest::Hash;
use crate::id::ExchangeId;
use crate::tlog::reader::scan_from;

/// `audit show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    whom: Whom,
    #[arg(long, conflicts_with = "desk")]
    annex: bool,
    #[arg(long, value_name = "FILE", requires = "desk")]
    trust: Option<PathBuf>,
}

/// Shows the entries of an exchange by its id, or one entry by its index.
///
/// # Errors
/// The log cannot be read, or is not what its head says.
pub fn run(show: &Show, session: &mut Session) -> Result<Exit, Failure> {
    if let Some(remote) = Remote::reach(&show.whom.at, session)? {
        return there(&remote, show, session);
    }
    let (log, keys, indices) = match show.id.parse::<u64>() {
        Ok(index) => {
            let keys = show.annex.then(|| show.whom.place.keys(session)).transpose()?;
            (show.whom.place.log(session)?, keys, vec![index])
        }
        Err(_) => {
            let source = show.whom.place.open(show.annex, session)?;
            let id = show.id.parse().map_err(|_| absent(&show.id))?;
            let indices = indices(&source, id)?;
            (source.log, source.keys.filter(|_| show.annex), indices)
        }
    };
    let found = read(&log, &indices, show)?;
    let proven = Proven::of(&log)?;
    let mut all = true;
    for (seen, hash) in &found {
        let opened = keys.as_deref().map(|keys| annex::open(seen, keys)).transpose()?;
        let covered = proven.covers(seen.index, hash)?;
        all &= covered;
        tell(seen, opened, covered, session)?;
    }
    if !session.terminal.json() {
        tell_proven(proven.size(), all, session)?;
    }
    Ok(Exit::Yes)
}

/// What a desk shows, once it is proven by a key that was had from elsewhere.
fn there(remote: &Remote, show: &Show, session: &mut Session) -> Result<Exit, Failure> {
    let proven = proven_there(remote, &show.id, show.trust.as_deref())?;
    proven.iter().try_for_each(|proven| verify::tell(proven, session))?;
    if !session.terminal.json() {
        let vi = "✓ Các bản ghi trên có trong nhật ký đã ký, theo khóa đã nêu.";
        session.terminal.say(vi, "✓ The entries above are in the signed log, by the key that was named.")?;
    }
    Ok(Exit::Yes)
}

/// What a desk shows of an exchange, or of one entry by its index: of that, and under a head that a trusted key signed.
pub(super) fn proven_there(
    remote: &Remote,
    id: &str,
    trust: Option<&Path>,
) -> Result<Vec<document::Proven>, Failure> {
    let trusted = trust::policy(trust.ok_or_else(untrusted)?)?;
    let proven = verify::read(&remote.shown(id)?, &trusted).map_err(unproven)?;
    let is_asked = |proven: &document::Proven| {
        let seen = Seen::new(proven.index, proven.leaf.as_bytes(), Vec::new());
        id == proven.index.to_string() || seen.text("exchange") == Some(id)
    };
    if proven.iter().all(is_asked) {
        return Ok(proven);
    }
    let (vi, en) = ("Cổng trả lời về một giao dịch khác.", "The gateway tells of another exchange.");
    Err(Failure::new(Exit::False, "other-exchange", vi, en))
}

fn untrusted() -> Failure {
    let vi =
        "Hãy nêu khóa kiểm tra nhật ký bằng --trust (log.vkey, lấy từ nơi khác chứ không phải từ cổng này).";
    let en = "Name the log's verification key with --trust (log.vkey, from elsewhere than this gateway).";
    Failure::usage(vi, en)
}

fn unproven(cause: document::FalseReceipt) -> Failure {
    let vi = "Bản ghi mà cổng đưa KHÔNG đúng với các khóa đã tin cậy. Không được dùng làm bằng chứng.";
    let en = "What the gateway shows is FALSE under the trusted keys. It must not be used as evidence.";
    Failure::new(Exit::False, "false-entry", vi, en).because(cause)
}

fn indices(source: &Source, id: ExchangeId) -> Result<Vec<u64>, Failure> {
    let query = Query { exchange: Some(id), all: true, ..Query::default() };
    let page = Page { order: Order::Oldest, after: None, most: PAGE_MAX };
    let rows = query::rows(source.desk(), &View::Everything, &query, page).map_err(unanswered)?;
    Ok(rows.iter().map(|row| row.index).collect())
}

/// Reads the entries from the log. One that is of another exchange than the index said is not shown as if it were.
fn read(log: &Path, indices: &[u64], show: &Show) -> Result<Vec<(Seen, Hash)>, Failure> {
    let mut found = Vec::new();
    for index in indices {
        let Some(item) = scan_from(log, *index).next() else { continue };
        let (index, entry, hash) = item.map_err(unread)?;
        let seen = Seen::new(index, &entry.leaf, entry.annex);
        if show.id == index.to_string() || seen.text("exchange") == Some(&show.id) {
            found.push((seen, hash));
        }
    }
    if found.is_empty() { Err(absent(&show.id)) } else { Ok(found) }
}

fn tell(seen: &Seen, opened: Option<Opened>, covered: bool, session: &mut Session) -> Result<(), Failure> {
    let terminal = &mut session.terminal;
    if terminal.json() {
        let mut object = seen.json();
        if let Some(members) = object.as_object_mut() {
            members.insert("proven".to_owned(), covered.into());
            if let Some(Opened::Told(annex)) = opened {
                members.insert("annex".to_owned(), annex);
            }
        }
        return terminal.object(&object);
    }
    for line in words::lines(seen, terminal.language()) {
        terminal.line(&line)?;
    }
    match opened {
        Some(Opened::Told(annex)) => {
            for line in words::annex_lines(&annex, terminal.language()) {
                terminal.line(&line)?;
            }
            Ok(())
        }
        Some(Opened::Forgotten) => terminal.say(
            "  Phụ lục: không còn khóa của tháng này, không đọc được nữa",
            "  Annex: this month's key is gone; it cannot be read any more",
        ),
        Some(Opened::None) | None => Ok(()),
    }
}

/// Says what the entries above were held against.
pub(super) fn tell_proven(size: Option<u64>, all: bool, session: &mut Session) -> Result<(), Failure> {
    let terminal = &mut session.terminal;
    match size {
        Some(size) if all => {
            let vi = format!(
                "✓ Đọc từ nhật ký; nằm trong cây Merkle dưới điểm chốt có chữ ký của {size} bản ghi."
            );
            let en = format!(
                "✓ Read from the log; under the signed head of {size} entries, whose root was made again."
            );
            terminal.say(&vi, &en)
        }
        Some(size) => {
            let vi =
                format!("Điểm chốt đã công bố mới gồm {size} bản ghi; bản ghi sau đó chưa có bằng chứng.");
            let en =
                format!("The published head covers {size} entries; what stands behind is not proven yet.");
            terminal.say(&vi, &en)
        }
        None => terminal.say(
            "Không có khóa kiểm tra (log.vkey) hoặc điểm chốt bên cạnh nhật ký: chưa chứng minh được gì.",
            "No verification key (log.vkey) or no head stands beside the log: nothing is proven.",
        ),
    }
}

fn absent(id: &str) -> Failure {
    let id = shown(id);
    let vi = format!("Nhật ký không có giao dịch `{id}`. Hãy kiểm tra mã giao dịch và thư mục nhật ký.");
    let en = format!("The log has no exchange `{id}`. Check the exchange id and the log's folder.");
    Failure::new(Exit::No, "not-found", vi, en)
}
