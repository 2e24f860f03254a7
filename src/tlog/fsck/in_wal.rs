//! What can be wrong with segments and batches, in words.

use crate::language::Text;

use super::Finding;
use super::notes::BadHead;

/// What is wrong in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InWal {
    NoSegments,
    Unreadable(Text),
    Vanished,
    Name,
    /// Entries before this one are nowhere.
    Missing {
        from: u64,
        to: u64,
    },
    /// Entries that should stand in a segment stand in bundles alone.
    Gap {
        from: u64,
        to: u64,
    },
    /// What stands behind the last batch of a segment that another follows.
    Behind,
    Illegible,
    Header,
    AnnexOrSum,
    NoNumber,
    Order {
        expected: u64,
    },
    Predecessor,
    Lengths {
        from: u64,
        to: u64,
    },
    Idle,
    Head(BadHead),
    OtherLog,
    HeadSize {
        says: u64,
        has: u64,
    },
    KeptHash,
    Bytes,
    Undecided,
    Batch {
        from: u64,
        to: u64,
    },
}

impl From<InWal> for Finding {
    fn from(wrong: InWal) -> Self {
        wrong.segment().or_else(|| wrong.order()).unwrap_or_else(|| wrong.entries())
    }
}

impl InWal {
    fn segment(&self) -> Option<Finding> {
        let told = |code, vi: &str, en: &str| Some(Finding::new(code, vi, en));
        match self {
            Self::NoSegments => told("segments-missing", "không có phân đoạn nào", "there are no segments"),
            Self::Unreadable(Text { vi, en }) => {
                told("unreadable", &format!("không đọc được: {vi}"), &format!("cannot be read: {en}"))
            }
            Self::Vanished => told(
                "segment-vanished",
                "phân đoạn biến mất trong khi đọc, và các gói không chứa những bản ghi của nó",
                "the segment vanished while it was read, and no bundle holds its entries",
            ),
            Self::Name => told(
                "segment-name",
                "phân đoạn không bắt đầu bằng bản ghi mà tên tệp nêu",
                "the segment does not begin with the entry its name says",
            ),
            Self::Missing { from, to } => told(
                "entries-missing",
                &format!("thiếu các bản ghi từ {from} đến {to}"),
                &format!("entries {from} to {to} are missing"),
            ),
            Self::Gap { from, to } => told(
                "segment-missing",
                &format!("thiếu phân đoạn của các bản ghi từ {from} đến {to}; chúng chỉ còn trong các gói"),
                &format!("the segment of entries {from} to {to} is missing; they stand in bundles alone"),
            ),
            _ => None,
        }
    }

    fn order(&self) -> Option<Finding> {
        let told = |code, vi: &str, en: &str| Some(Finding::new(code, vi, en));
        match self {
            Self::Behind => told(
                "segment-idle-bytes",
                "sau lô cuối của phân đoạn còn những byte không thuộc lô nào",
                "bytes that belong to no batch stand behind the last one of the segment",
            ),
            Self::Illegible => told(
                "batch-illegible",
                "không đọc được những gì đứng ở chỗ của lô này",
                "what stands where its batch belongs cannot be read",
            ),
            Self::Header => told(
                "batch-header",
                "phần đầu của lô chứa bản ghi này đã bị sửa",
                "the header of its batch was changed",
            ),
            Self::AnnexOrSum => told(
                "batch-sum",
                "một phụ lục trong lô, hoặc tổng kiểm của lô, đã bị sửa",
                "an annex of its batch, or the checksum, was changed",
            ),
            Self::NoNumber => told(
                "batch-index",
                "lô của bản ghi này có chỉ số vượt quá mọi số",
                "its batch has indices that no number holds",
            ),
            Self::Order { expected } => told(
                "batch-order",
                &format!("lô của bản ghi này đứng sai thứ tự, ở chỗ của bản ghi {expected}"),
                &format!("its batch stands out of order, where entry {expected} belongs"),
            ),
            Self::Predecessor => told(
                "batch-predecessor",
                "lô của bản ghi này không nêu đúng phần đầu của lô trước",
                "its batch does not name the header of the batch before it",
            ),
            Self::OtherLog => told(
                "batch-of-another-log",
                "điểm chốt của lô thuộc một nhật ký khác",
                "the checkpoint of its batch is of another log",
            ),
            Self::HeadSize { says, has } => told(
                "batch-checkpoint-size",
                &format!("điểm chốt của lô nêu {says} bản ghi, không phải {has}"),
                &format!("the checkpoint of its batch is of {says} entries, not {has}"),
            ),
            Self::Head(bad) => {
                let what = bad.text();
                let (vi, en) = (what.vi, what.en);
                told(
                    "batch-checkpoint",
                    &format!("điểm chốt của lô: {vi}"),
                    &format!("the checkpoint of its batch: {en}"),
                )
            }
            _ => None,
        }
    }

    fn entries(&self) -> Finding {
        match self {
            Self::Lengths { from, to } => Finding::new(
                "entries-illegible",
                format!("không đọc được các bản ghi từ {from} đến {to}: độ dài đã bị sửa"),
                format!("entries {from} to {to} cannot be read: lengths were changed"),
            ),
            Self::Idle => Finding::new(
                "batch-idle-bytes",
                "lô của bản ghi này chứa những byte không thuộc bản ghi nào",
                "its batch holds bytes that belong to no entry",
            ),
            Self::KeptHash => Finding::new(
                "leaf-hash-changed",
                "mã băm ghi cạnh bản ghi đã bị sửa; chính bản ghi vẫn đúng như đã ký",
                "the leaf hash kept beside it was changed; the entry itself is as signed",
            ),
            Self::Bytes => Finding::new(
                "entry-changed",
                "nội dung bản ghi không phải là nội dung đã ký",
                "its bytes are not those that were signed",
            ),
            Self::Batch { from, to } => Finding::new(
                "entries-replaced",
                format!(
                    "các bản ghi từ {from} đến {to} không phải là những bản ghi mà điểm chốt của lô đã ký: bị sửa, tráo hoặc \
                     thay cùng với mã băm"
                ),
                format!(
                    "entries {from} to {to} are not those that the checkpoint of their batch signed: changed, exchanged or \
                     replaced together with their leaf hashes"
                ),
            ),
            _ => Finding::new(
                "entry-or-hash-changed",
                "nội dung bản ghi không khớp với mã băm ghi bên cạnh",
                "its bytes do not fit the leaf hash kept beside it",
            ),
        }
    }
}
