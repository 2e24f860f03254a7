//! Where answers come from: the node's own index, brought up to date first; or, with `--log`, the log itself, of which nothing else is
//! needed than its folder.
//!
//! One process at a time feeds an index. Where a gateway does, a command waits a little until it has come to the head that the log had
//! published when the command began, and says so if it has not.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::damaged;
use super::unread;
use crate::audit::index::Catalogue;
use crate::audit::index::Index;
use crate::audit::index::IndexError;
use crate::audit::index::annexes::Annexes;
use crate::audit::index::feeder::FeedError;
use crate::audit::index::feeder::Feeder;
use crate::audit::index::place::Place;
use crate::audit::index::scanned::Scanned;
use crate::audit::index::scanned::published;
use crate::audit::index::sqlite::PATIENT;
use crate::audit::query::Codes;
use crate::audit::query::Desk;
use crate::audit::query::QueryError;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place;
use crate::cli::place::Folder;
use crate::cli::place::folder;
use crate::policy;
use crate::tlog::checkpoint::Checkpoint;

/// How long a command waits for the gateway to feed what is new.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Which folders.
#[derive(Debug, clap::Args)]
pub struct Where {
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

/// What answers.
#[derive(Debug)]
pub struct Source {
    /// The log.
    pub log: PathBuf,
    /// The index, or the log in its place.
    pub catalogue: Box<dyn Catalogue>,
    /// The keys.
    pub annexes: Arc<Annexes>,
    /// Old codes.
    pub codes: Codes,
    /// The folder of keys, where one was named.
    pub keys: Option<PathBuf>,
}

impl Where {
    /// Opens what answers. `about_annexes`: what is asked stands in annexes, so that keys are needed.
    ///
    /// # Errors
    /// A folder was not named, or cannot be used.
    pub fn open(&self, about_annexes: bool, session: &mut Session) -> Result<Source, Failure> {
        let log = self.log(session)?;
        let codes = codes(session);
        if self.is_log_alone() {
            let keys = match (&self.keys, about_annexes) {
                (None, false) => None,
                (given, _) => Some(folder(session, given.as_deref(), Folder::Keys)?),
            };
            return alone(log, keys, codes);
        }
        let (place, keys) = self.index(session)?;
        // A log that has published nothing has not been running for a second.
        let Some(head) = published(&log) else { return alone(log, Some(keys), codes) };
        bring_up_to_date(&place, &log, &head, &keys, session)?;
        let catalogue = place.read(PATIENT).map_err(unanswered)?;
        Ok(Source { log, catalogue, annexes: Arc::new(Annexes::with_keys(&keys)), codes, keys: Some(keys) })
    }

    /// The log's folder.
    ///
    /// # Errors
    /// None was named.
    pub fn log(&self, session: &Session) -> Result<PathBuf, Failure> {
        folder(session, self.log.as_deref(), Folder::Log)
    }

    /// The folder of keys.
    ///
    /// # Errors
    /// None was named.
    pub fn keys(&self, session: &Session) -> Result<PathBuf, Failure> {
        folder(session, self.keys.as_deref(), Folder::Keys)
    }

    /// The index as it is, if there is one that answers: whoever reads entries from the log finds them by it, and feeds it nothing.
    #[must_use]
    pub fn at_hand(&self, session: &Session) -> Option<Box<dyn Catalogue>> {
        if self.is_log_alone() {
            return None;
        }
        place::index(session, self.index.as_deref()).ok()?.read(PATIENT).ok()
    }

    /// The index's place, and the folder of the keys it is fed with.
    ///
    /// # Errors
    /// None was named.
    pub fn index(&self, session: &Session) -> Result<(Place, PathBuf), Failure> {
        let place = place::index(session, self.index.as_deref())?;
        Ok((place, self.keys(session)?))
    }

    /// A folder was named and no index: it is the log of anybody.
    fn is_log_alone(&self) -> bool {
        self.log.is_some() && self.index.is_none()
    }
}

impl Source {
    /// What a question is asked of.
    #[must_use]
    pub fn desk(&self) -> Desk<'_> {
        Desk { catalogue: self.catalogue.as_ref(), annexes: &self.annexes, codes: &self.codes }
    }
}

/// The log answers for itself.
fn alone(log: PathBuf, keys: Option<PathBuf>, codes: Codes) -> Result<Source, Failure> {
    // Marks mean something under their own key only: who asks and who answers have the same.
    let annexes = Arc::new(Annexes::for_once(keys.as_deref()).map_err(no_chance)?);
    let catalogue = Box::new(Scanned::new(log.clone(), Arc::clone(&annexes)));
    Ok(Source { log, catalogue, annexes, codes, keys })
}

/// Old codes of agencies, as far as policies are configured and without faults.
fn codes(session: &mut Session) -> Codes {
    if place::configuration(session).is_none() {
        return Codes::default();
    }
    let Ok(policies) = folder(session, None, Folder::Policies) else { return Codes::default() };
    match policy::load(&policies, session.clock.now()) {
        Ok(policies) => Codes::of(policies.registry()),
        Err(_) => {
            let vi = "Chính sách có lỗi nên không tra được mã cũ của cơ quan; hãy chạy `phohien check`.";
            let en = "The policies have faults, so old codes of agencies are not known; run `phohien check`.";
            session.terminal.note(vi, en);
            Codes::default()
        }
    }
}

/// Feeds what is new, or waits until whoever feeds has.
fn bring_up_to_date(
    place: &Place,
    log: &Path,
    head: &Checkpoint,
    keys: &Path,
    session: &mut Session,
) -> Result<(), Failure> {
    let Some(_turn) = place.turn().map_err(unanswered)? else {
        return wait_until(place, head.size, Some(PATIENCE), session);
    };
    let index = place.open().map_err(unanswered)?;
    let mut feeder =
        Feeder::new(index, log, head.origin.as_str(), Annexes::with_keys(keys)).map_err(unfed)?;
    feed(&mut feeder, head.size, session)
}

/// Feeds with a line that tells how far it is.
pub(super) fn feed(feeder: &mut Feeder<dyn Index>, total: u64, session: &Session) -> Result<(), Failure> {
    let mut progress = session.terminal.progress(&session.clock, total);
    let fed = feeder.feed(u64::MAX, |done| {
        progress.at(done, total.max(done));
        true
    });
    progress.finish();
    let size = fed.map_err(unfed)?;
    // What was published is not torn: a log that ends before is damaged.
    if size < total { Err(damaged()) } else { Ok(()) }
}

/// Waits until whoever feeds the index has come to a size; at most [`PATIENCE`], where a limit is set.
pub(super) fn wait_until(
    place: &Place,
    size: u64,
    patience: Option<Duration>,
    session: &mut Session,
) -> Result<(), Failure> {
    let index = place.read(PATIENT).map_err(unanswered)?;
    let mut progress = session.terminal.progress(&session.clock, size);
    let mut waited = Duration::ZERO;
    let next = loop {
        let next = index.cursor().map_err(unanswered)?.map_or(0, |cursor| cursor.next);
        if next >= size || patience.is_some_and(|patience| waited >= patience) {
            break next;
        }
        progress.at(next, size);
        std::thread::sleep(LOOK_EVERY);
        waited += LOOK_EVERY;
    };
    progress.finish();
    if next < size {
        let vi = format!("Chỉ mục mới đến bản ghi {next}/{size}; các bản ghi sau chưa có trong kết quả.");
        let en = format!("The index has come to entry {next} of {size}; those behind are not in the result.");
        session.terminal.note(&vi, &en);
    }
    Ok(())
}

/// Why there is no answer.
#[must_use]
pub fn unanswered(error: impl Into<QueryError>) -> Failure {
    match error.into() {
        QueryError::Index(IndexError::Log(cause)) => unread(cause),
        QueryError::Index(cause @ IndexError::Cut { .. }) => damaged().because(cause),
        QueryError::Index(cause @ IndexError::TooLong) => {
            let vi = "Câu hỏi này mất quá nhiều thời gian. Hãy thu hẹp bằng `--since` và `--until`.";
            let en = "The question takes too long. Narrow it with `--since` and `--until`.";
            Failure::could_not("question-too-long", vi, en).because(cause)
        }
        QueryError::Index(cause @ IndexError::TooManyGroups) => {
            let vi = "Kết quả có quá nhiều nhóm. Hãy nhóm theo ít tiêu chí hơn, hoặc thu hẹp thời gian.";
            let en = "The answer has too many groups. Group by less, or narrow the time.";
            Failure::usage(vi, en).because(cause)
        }
        QueryError::Index(
            cause @ (IndexError::OtherLog(_) | IndexError::Form(_) | IndexError::Damaged(_)),
        ) => useless(cause),
        other => {
            let vi = "Không dùng được chỉ mục. Hãy kiểm tra thư mục chỉ mục và khóa, hoặc chạy `phohien audit reindex`.";
            let en = "The index cannot be used. Check the folders of index and keys, or run `phohien audit reindex`.";
            Failure::could_not("index-unusable", vi, en).because(other)
        }
    }
}

/// Why an index cannot be fed.
#[must_use]
pub fn unfed(error: FeedError) -> Failure {
    match error {
        FeedError::Log(cause) => unread(cause),
        FeedError::Index(cause) => unanswered(cause),
        cause @ FeedError::OtherEntries { .. } => useless(cause),
        FeedError::Annexes(cause) => unanswered(IndexError::Annexes(cause)),
    }
}

/// The index and the log are not of one past. Which of them is wrong the index cannot tell.
fn useless(cause: impl Into<crate::cli::exit::Cause>) -> Failure {
    let vi = "Chỉ mục không khớp với nhật ký này. Chỉ mục dựng lại được bằng `phohien audit reindex`; nếu không ai thay nhật ký, trước hết hãy chạy `phohien audit verify --known`.";
    let en = "The index does not belong to this log. `phohien audit reindex` builds it anew; if nobody exchanged the log, run `phohien audit verify --known` first.";
    Failure::new(Exit::CouldNot, "index-of-another-log", vi, en).because(cause)
}

pub(super) fn no_chance(cause: std::io::Error) -> Failure {
    Failure::could_not(
        "no-randomness",
        "Hệ điều hành không cho số ngẫu nhiên.",
        "The system gives no randomness.",
    )
    .because(cause)
}
