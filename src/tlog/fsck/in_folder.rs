//! What can be wrong with heads, snapshots and objects, in words.

use crate::language::Text;

use super::Finding;
use super::notes::BadHead;

/// Whose head it is that the log does not continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Published,
    Witnessed,
    Elsewhere,
    Snapshot,
}

/// What is wrong beside entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InFolder {
    Unreadable(Text),
    Published(BadHead),
    Witnessed(BadHead),
    Shorter { whose: Whose, says: u64, has: u64 },
    Rewritten { whose: Whose, size: u64 },
    Snapshot(BadSnapshot),
    ObjectMissing { hash: String },
    ObjectChanged,
    ObjectNoList,
}

/// What is wrong with a snapshot itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadSnapshot {
    Lines,
    Hash,
    Shape,
    Name,
    Predecessor,
    NoSegment,
}

impl Whose {
    fn text(self) -> Text {
        match self {
            Self::Published => Text::new("điểm chốt đã công bố", "the published tree head"),
            Self::Witnessed => {
                Text::new("điểm chốt mà bên chứng kiến đã ký", "the tree head that a witness has cosigned")
            }
            Self::Elsewhere => Text::new("một điểm chốt giữ ở nơi khác", "a tree head known from elsewhere"),
            Self::Snapshot => Text::new("bản chụp trạng thái", "the snapshot"),
        }
    }
}

impl From<InFolder> for Finding {
    fn from(wrong: InFolder) -> Self {
        match wrong {
            InFolder::Unreadable(Text { vi, en }) => {
                Self::new("unreadable", format!("không đọc được: {vi}"), format!("cannot be read: {en}"))
            }
            InFolder::Published(bad) => {
                let Text { vi, en } = bad.text();
                Self::new(
                    "checkpoint",
                    format!("điểm chốt đã công bố: {vi}"),
                    format!("the published checkpoint: {en}"),
                )
            }
            InFolder::Witnessed(bad) => {
                let Text { vi, en } = bad.text();
                Self::new(
                    "cosigned-checkpoint",
                    format!("điểm chốt được chứng kiến: {vi}"),
                    format!("the cosigned checkpoint: {en}"),
                )
            }
            InFolder::Shorter { whose, says, has } => {
                let (Text { vi, en }, last) = (whose.text(), says.saturating_sub(1));
                Self::new(
                    "log-shortened",
                    format!(
                        "{vi} nêu {says} bản ghi, nhật ký chỉ có {has}: thiếu các bản ghi từ {has} đến {last}"
                    ),
                    format!("{en} has {says} entries, the log {has}: entries {has} to {last} are missing"),
                )
            }
            InFolder::Rewritten { whose, size } => {
                let Text { vi, en } = whose.text();
                Self::new(
                    "log-rewritten",
                    format!("{vi} có gốc khác trên {size} bản ghi đầu: chúng đã bị viết lại"),
                    format!("{en} has another root over the first {size} entries: they were rewritten"),
                )
            }
            InFolder::Snapshot(bad) => bad.finding(),
            InFolder::ObjectMissing { hash } => Self::new(
                "object-missing",
                format!("thiếu đối tượng {hash} mà bản ghi nêu"),
                format!("the object {hash} that the entry names is missing"),
            ),
            InFolder::ObjectChanged => Self::new(
                "object-changed",
                "nội dung đối tượng không có mã băm như tên tệp",
                "the object does not have the hash that is its name",
            ),
            InFolder::ObjectNoList => Self::new(
                "object-no-list",
                "bản ghi nêu đối tượng này như danh sách các đối tượng khác, nhưng nội dung không phải là danh sách",
                "the entry names this object as a list of others, and it is none",
            ),
        }
    }
}

impl BadSnapshot {
    fn finding(self) -> Finding {
        match self {
            Self::Lines => Finding::new(
                "snapshot",
                "bản chụp trạng thái không phải là hai dòng",
                "the snapshot is not two lines",
            ),
            Self::Hash => Finding::new(
                "snapshot",
                "bản chụp trạng thái không có mã băm ghi ở dòng thứ hai",
                "the snapshot does not have the hash that its second line says",
            ),
            Self::Shape => Finding::new(
                "snapshot",
                "bản chụp trạng thái không có dạng như nhật ký ghi ra",
                "the snapshot does not say what one says",
            ),
            Self::Name => Finding::new(
                "snapshot",
                "bản chụp trạng thái có số bản ghi khác với tên tệp",
                "the snapshot is of another size than its name says",
            ),
            Self::Predecessor => Finding::new(
                "snapshot",
                "bản chụp trạng thái và lô kế tiếp không nêu cùng một lô trước",
                "the snapshot and the segments do not name the same batch before it",
            ),
            Self::NoSegment => Finding::new(
                "segment-missing",
                "không có phân đoạn nào bắt đầu ở nơi mà bản chụp trạng thái nêu",
                "no segment begins where the snapshot says that one did",
            ),
        }
    }
}
