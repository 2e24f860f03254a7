//! `purposes.toml`, `guardrails.toml`, `suspensions.toml`.

use super::shape::Shape;
use super::shape::agency_id;
use super::shape::agreement_id;
use super::shape::both;
use super::shape::date;
use super::shape::exactly_one;
use super::shape::flag;
use super::shape::form;
use super::shape::kebab;
use super::shape::list;
use super::shape::may;
use super::shape::must;
use super::shape::number;
use super::shape::sha256;
use super::shape::table;
use super::shape::words;

pub(super) fn purposes() -> Shape {
    let purpose = table([
        must("code", "Mã mục đích: bên khai thác nêu mã này", "The code that callers state", kebab()),
        must("name", "Tên mục đích", "What people call it", both()),
        may("legal_basis", "Căn cứ thường dùng", "The legal basis usual for it", list(words())),
    ]);
    table([may("purpose", "Các mục đích khai thác", "The purposes of use", list(purpose))])
        .titled("Mục đích khai thác", "Purposes of use")
}

pub(super) fn guardrails() -> Shape {
    let consumer = form(r"^(\*|[A-Z][0-9]{2}(\.[0-9A-Z]+)*)$");
    let field = form("^[a-z0-9]+(-[a-z0-9]+)*:/.+$");
    let never = table([
        must(
            "fields",
            "Trường, viết dịch-vụ:/con/trỏ; cấp trường cha hay trường con đều là cấp",
            "Fields, as service:/pointer; granting a parent or a child is granting it",
            list(field),
        ),
        must("consumers", "Mã cơ quan, hoặc * là mọi cơ quan", "Agency codes, or * for all", list(consumer)),
    ]);
    let keys = [
        may(
            "max_term",
            "Thời hạn dài nhất, như 3 years, 18 months",
            "The longest term, such as 3 years, 18 months",
            form("^[0-9_]+ (months?|years?)$"),
        ),
        may("max_daily", "Số yêu cầu một ngày nhiều nhất", "The most requests a day", number()),
        may(
            "no_sensitive_without_basis",
            "Dữ liệu nhạy cảm phải có căn cứ riêng",
            "Sensitive data need a ground of their own",
            flag(),
        ),
        may("never", "Trường không bao giờ được cấp", "Fields that are never granted", list(never)),
    ];
    table(keys)
        .titled("Rào chắn: điều không thỏa thuận nào được cấp", "Guardrails: what no agreement may grant")
}

pub(super) fn suspensions() -> Shape {
    let keys = [
        may("agency", "Cơ quan", "An agency", agency_id()),
        may(
            "certificate",
            "Chứng thư số, theo SHA-256 của cả chứng thư",
            "A certificate, by the SHA-256 of the whole",
            sha256(),
        ),
        may("agreement", "Thỏa thuận", "An agreement", agreement_id()),
        may("purpose", "Mục đích", "A purpose", kebab()),
        must(
            "since",
            "Từ ngày, để báo cho bên bị từ chối",
            "Since when, to be told to whoever is refused",
            date(),
        ),
        must("reason", "Lý do", "Why", words()),
    ];
    let entry = exactly_one(table(keys), &["agency", "certificate", "agreement", "purpose"]);
    table([may("suspend", "Những gì đang tạm dừng", "What is suspended", list(entry))])
        .titled("Tạm dừng khẩn cấp", "The kill switch")
}
