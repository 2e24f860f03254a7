//! What can be wrong with what entries say, in words.

use crate::tlog::fsck::Finding;

use super::leaf::Id;
use super::moment::Moment;

/// What is wrong with an entry, or with what it says to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    NotALeaf,
    Version,
    Kind,
    NoTime,
    TimeBack { from: Moment, to: Moment },
    NoChain,
    Seq { agency: String, seq: u64, follows: u64 },
    Prev { agency: String },
    NotAnExchange,
    Standing { id: Id, wrong: BadStanding },
    Charge,
    Carried,
    Snapshot(&'static str),
    AfterTheEnd { closed: u64 },
}

/// How an exchange cannot stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadStanding {
    OpenedTwice,
    AbortedTooLate,
    OrphanedNotOpened,
    TwoOutcomes,
    NoOutcome,
}

impl From<Wrong> for Finding {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::NotALeaf => Self::new(
                "not-a-leaf",
                "bản ghi không phải là một đối tượng JSON như định dạng quy định",
                "the leaf is not a JSON object as the format has it",
            ),
            Wrong::Version => Self::new("version", "`v` không phải là `phohien/1`", "`v` is not `phohien/1`"),
            Wrong::Kind => Self::new("kind", "thiếu `kind`", "`kind` is missing"),
            Wrong::NoTime => Self::new(
                "time-missing",
                "thiếu `at`, hoặc không phải là thời điểm",
                "`at` is missing, or not a time",
            ),
            Wrong::TimeBack { from, to } => Self::new(
                "time-back",
                format!("thời gian lùi từ {from} về {to}"),
                format!("the time goes back from {from} to {to}"),
            ),
            Wrong::NoChain => {
                Self::new("chain-missing", "thiếu `agency` hoặc `seq`", "`agency` or `seq` is missing")
            }
            Wrong::Seq { agency, seq, follows } => Self::new(
                "seq",
                format!("`seq` của {agency} là {seq}, lẽ ra phải là {follows}"),
                format!("`seq` of {agency} is {seq} where {follows} follows"),
            ),
            Wrong::Prev { agency } => Self::new(
                "prev",
                format!("`prev` không nêu đúng bản ghi trước của {agency}: bản ghi đó bị sửa hoặc bị thiếu"),
                format!(
                    "`prev` does not name the entry of {agency} before this one: that one was changed, or is missing"
                ),
            ),
            Wrong::NotAnExchange => Self::new(
                "exchange-id",
                "thiếu `exchange`, hoặc không phải là mã giao dịch",
                "`exchange` is missing, or not an exchange id",
            ),
            Wrong::Standing { id, wrong } => wrong.finding(id),
            Wrong::AfterTheEnd { closed } => Self::new(
                "after-the-end",
                format!("nhật ký đã đóng hẳn ở bản ghi {closed}; sau đó không được có bản ghi nào"),
                format!("the log was closed for good by entry {closed}, behind which nothing may stand"),
            ),
            Wrong::Charge => Self::new(
                "charged",
                "`charged` không phải là một ngày, hoặc bản ghi không nêu thỏa thuận",
                "`charged` is not a day, or the entry names no agreement",
            ),
            Wrong::Carried => carried(),
            Wrong::Snapshot(member) => Self::new(
                "snapshot-state",
                format!("`{member}` của bản chụp trạng thái khác với các bản ghi phía trước"),
                format!("the snapshot's `{member}` is not what the entries before it say"),
            ),
        }
    }
}

fn carried() -> Finding {
    Finding::new(
        "carried",
        "`quotas.carried` không đứng ngay sau `keys.rotated`, không đúng dạng, hoặc nêu một tài khoản hai lần",
        "`quotas.carried` does not stand behind `keys.rotated`, cannot be understood, or has an account twice",
    )
}

impl BadStanding {
    fn finding(self, id: Id) -> Finding {
        let (code, vi, en) = match self {
            Self::OpenedTwice => ("opened-twice", "được mở hai lần", "is opened twice"),
            Self::AbortedTooLate => (
                "aborted-not-under-way",
                "bị ngắt khi không còn đang xử lý",
                "is aborted where it was not under way",
            ),
            Self::OrphanedNotOpened => (
                "orphaned-not-opened",
                "được ghi bỏ dở khi chưa từng mở",
                "is orphaned where it was not opened",
            ),
            Self::TwoOutcomes => ("two-outcomes", "có hai kết quả", "has two outcomes"),
            Self::NoOutcome => ("no-outcome", "đã mở mà không có kết quả", "was opened and has no outcome"),
        };
        Finding::new(code, format!("giao dịch {id} {vi}"), format!("exchange {id} {en}"))
    }
}
