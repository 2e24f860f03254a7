//! What can be wrong with bundles, tiles and annex shelves, in words.

use super::Finding;

/// What is wrong with what was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InBundles {
    Missing { from: u64, to: u64 },
    PackHeader,
    PackStream { from: u64 },
    PackSum,
    PackBehind,
    Lengths { from: u64, to: u64 },
    Behind,
    Bytes,
    Hash,
    Undecided,
    Replaced { from: u64, to: u64 },
    NotTheWals,
    TileMissing,
    TileLength { has: u64 },
    Node { slot: u64, from: u64, to: u64 },
    NodeUndecided { slot: u64, from: u64, to: u64 },
    Beyond { log: u64 },
    AnnexMissing,
    AnnexChanged,
    AnnexUnnamed,
    AnnexNoShelf,
    AnnexLengths { from: u64, to: u64 },
    AnnexBehind,
    AnnexEmpty,
}

impl From<InBundles> for Finding {
    fn from(wrong: InBundles) -> Self {
        wrong.pack().or_else(|| wrong.entry()).or_else(|| wrong.tile()).unwrap_or_else(|| wrong.annex())
    }
}

impl InBundles {
    fn pack(&self) -> Option<Finding> {
        let told = |code, vi: &str, en: &str| Some(Finding::new(code, vi, en));
        match self {
            Self::Missing { from, to } => told(
                "bundle-missing",
                &format!("thiếu gói chứa các bản ghi từ {from} đến {to}"),
                &format!("the bundles of entries {from} to {to} are missing"),
            ),
            Self::PackHeader => told(
                "bundle-header",
                "phần đầu nén của gói không như nhật ký ghi ra; các bản ghi trong gói được kiểm tra riêng",
                "the header of the compressed bundle is not as a log writes it; its entries are judged by themselves",
            ),
            Self::PackStream { from } => told(
                "bundle-stream",
                &format!("phần nén của gói đã bị sửa hoặc cắt: không đọc được từ bản ghi {from} trở đi"),
                &format!("the compressed bundle was changed or cut: it cannot be read from entry {from} on"),
            ),
            Self::PackSum => told(
                "bundle-sum",
                "tổng kiểm của gói nén không khớp với nội dung",
                "the checksum or length at the end of the compressed bundle does not fit what is in it",
            ),
            Self::PackBehind => told(
                "bundle-trailing",
                "sau gói nén còn những byte không thuộc gói",
                "bytes stand behind the end of the compressed bundle",
            ),
            Self::Lengths { from, to } => told(
                "entries-illegible",
                &format!("không đọc được các bản ghi từ {from} đến {to}: độ dài đã bị sửa"),
                &format!("entries {from} to {to} cannot be read: lengths were changed"),
            ),
            Self::Behind => told(
                "bundle-idle-bytes",
                "gói chứa những byte không thuộc bản ghi nào",
                "the bundle holds bytes that belong to no entry",
            ),
            _ => None,
        }
    }

    fn entry(&self) -> Option<Finding> {
        let told = |code, vi: &str, en: &str| Some(Finding::new(code, vi, en));
        match self {
            Self::Bytes => told(
                "entry-changed",
                "nội dung bản ghi trong gói không phải là nội dung đã ký",
                "its bytes in the bundle are not those that were signed",
            ),
            Self::Hash => told(
                "leaf-hash-changed",
                "mã băm của bản ghi trong tệp cây băm (tile) đã bị sửa; chính bản ghi vẫn đúng như đã ký",
                "its leaf hash in the tile was changed; the entry itself is as signed",
            ),
            Self::Undecided => told(
                "entry-or-hash-changed",
                "nội dung bản ghi trong gói không khớp với mã băm trong tệp cây băm (tile)",
                "its bytes in the bundle do not fit its leaf hash in the tile",
            ),
            Self::Replaced { from, to } => told(
                "entries-replaced",
                &format!(
                    "các bản ghi từ {from} đến {to} không phải là những bản ghi đã ký: bị sửa, tráo hoặc thay cùng với mã băm"
                ),
                &format!(
                    "entries {from} to {to} are not those that were signed: changed, exchanged or replaced together with their \
                     leaf hashes"
                ),
            ),
            Self::NotTheWals => told(
                "bundle-differs",
                "bản ghi trong gói khác với chính bản ghi đó trong phân đoạn đã ký",
                "the entry in the bundle is another than the signed one in the segment",
            ),
            _ => None,
        }
    }

    fn tile(&self) -> Option<Finding> {
        let told = |code, vi: &str, en: &str| Some(Finding::new(code, vi, en));
        match self {
            Self::TileMissing => told("tile-missing", "thiếu tệp cây băm (tile)", "the tile is missing"),
            Self::TileLength { has } => told(
                "tile-length",
                &format!("tệp cây băm (tile) có {has} byte, không phải 8192"),
                &format!("the tile has {has} bytes, not 8192"),
            ),
            Self::Node { slot, from, to } => told(
                "tile-changed",
                &format!(
                    "nút {slot} của tệp cây băm (tile) đã bị sửa; các bản ghi từ {from} đến {to} bên dưới vẫn như đã ký"
                ),
                &format!(
                    "node {slot} of the tile was changed; entries {from} to {to} below it are as signed"
                ),
            ),
            Self::NodeUndecided { slot, from, to } => told(
                "tile-differs",
                &format!(
                    "nút {slot} của tệp cây băm (tile) không khớp với các bản ghi từ {from} đến {to} bên dưới"
                ),
                &format!("node {slot} of the tile does not fit entries {from} to {to} below it"),
            ),
            Self::Beyond { log } => told(
                "sealed-beyond-end",
                &format!("thuộc về những bản ghi mà nhật ký không còn: nhật ký kết thúc ở {log} bản ghi"),
                &format!("is of entries that the log no longer has: it ends after {log} entries"),
            ),
            _ => None,
        }
    }

    fn annex(&self) -> Finding {
        match self {
            Self::AnnexMissing => Finding::new("annex-missing", "thiếu phụ lục", "the annex is missing"),
            Self::AnnexUnnamed => Finding::new(
                "annex-unnamed",
                "ở đây có một phụ lục mà bản ghi không nêu",
                "an annex stands here of which the leaf says nothing",
            ),
            Self::AnnexNoShelf => Finding::new(
                "annex-no-shelf",
                "bản ghi nêu phụ lục nhưng không cho biết phụ lục ở ngăn tháng nào",
                "the leaf names an annex, and no month tells its shelf",
            ),
            Self::AnnexLengths { from, to } => Finding::new(
                "annexes-illegible",
                format!("không đọc được phụ lục của các bản ghi từ {from} đến {to}: độ dài đã bị sửa"),
                format!("the annexes of entries {from} to {to} cannot be read: lengths were changed"),
            ),
            Self::AnnexBehind => Finding::new(
                "annexes-idle-bytes",
                "tệp phụ lục chứa những byte không thuộc phụ lục nào",
                "the file of annexes holds bytes that belong to no annex",
            ),
            Self::AnnexEmpty => Finding::new(
                "annexes-empty",
                "tệp phụ lục không chứa phụ lục nào",
                "the file of annexes holds no annex",
            ),
            _ => Finding::new(
                "annex-changed",
                "phụ lục không có mã băm mà bản ghi nêu",
                "the annex does not have the hash that the leaf says",
            ),
        }
    }
}
