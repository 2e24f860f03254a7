//! `agreements/<id>.toml`.

use serde_json::json;

use super::shape::Key;
use super::shape::Shape;
use super::shape::agency_id;
use super::shape::agreement_id;
use super::shape::contacts;
use super::shape::count;
use super::shape::date;
use super::shape::flag;
use super::shape::form;
use super::shape::kebab;
use super::shape::list;
use super::shape::may;
use super::shape::must;
use super::shape::number;
use super::shape::one_of;
use super::shape::operation;
use super::shape::pointer;
use super::shape::sha256;
use super::shape::size;
use super::shape::some;
use super::shape::table;
use super::shape::words;

pub(super) fn file() -> Shape {
    let active = json!({ "properties": { "status": { "const": "active" } } });
    let undated = json!({ "not": { "anyOf": [{ "required": ["since"] }, { "required": ["reason"] }] } });
    table(parties().into_iter().chain(terms()))
        .titled("Thỏa thuận chia sẻ dữ liệu", "Data-sharing agreement")
        .with("if", active)
        .with("then", undated)
        .with("else", json!({ "required": ["since", "reason"] }))
}

/// Who agreed, on what ground.
fn parties() -> Vec<Key> {
    vec![
        must(
            "id",
            "Số thỏa thuận; là tên tệp",
            "The agreement's number; also the file's name",
            agreement_id(),
        ),
        must("version", "Phiên bản", "Its version", number()),
        must(
            "status",
            "Hiệu lực, tạm dừng hay đã kết thúc",
            "Active, suspended or ended",
            one_of(&["active", "suspended", "ended"]),
        ),
        may("since", "Tạm dừng hoặc kết thúc từ ngày", "Since when it is suspended or ended", date()),
        may("reason", "Lý do tạm dừng hoặc kết thúc", "Why it is suspended or ended", words()),
        must("provider", "Cơ quan cung cấp dữ liệu", "Who gives", agency_id()),
        must("consumers", "Cơ quan khai thác dữ liệu", "Who may ask", some(agency_id())),
        must("service", "Dịch vụ", "Of which service", kebab()),
        must(
            "kind",
            "Tự động, theo yêu cầu hay đặc thù",
            "How it is used",
            one_of(&["automatic", "on_request", "special"]),
        ),
        must(
            "purposes",
            "Mục đích khai thác, có trong purposes.toml",
            "For what, as listed in purposes.toml",
            some(kebab()),
        ),
        must("legal_basis", "Căn cứ pháp lý", "On which legal ground", some(words())),
    ]
}

/// What they agreed on.
fn terms() -> Vec<Key> {
    vec![
        must("valid", "Thời hạn hiệu lực; cả hai ngày đều tính", "The term; both days count", term()),
        may(
            "security_confirmed",
            "Ngày xác nhận an toàn thông tin; có giá trị sáu tháng",
            "Day of the security confirmation; holds for six months",
            date(),
        ),
        must(
            "zone",
            "Múi giờ của ngày, tháng, giờ, như Asia/Ho_Chi_Minh",
            "The zone of days, months and hours",
            form("^[A-Za-z0-9_+/-]+$"),
        ),
        may("signed_requests", "Mỗi yêu cầu phải ký số", "Whether every request is signed", flag()),
        may(
            "relies_on",
            "SHA-256 của các tệp cơ quan và dịch vụ lúc ký; có thì phải đủ",
            "The agency and service files it was agreed on with; if any, all",
            list(relied()),
        ),
        must("permit", "Các điều khoản", "The clauses", some(permit())),
        may("limits", "Giới hạn", "How much", limits()),
        may("hours", "Giờ khai thác; không ghi: mọi lúc", "Opening hours; absent: always", hours()),
        contacts(),
    ]
}

fn term() -> Shape {
    table([
        must("from", "Ngày đầu", "The first day", date()),
        must("until", "Ngày cuối", "The last day", date()),
    ])
}

fn relied() -> Shape {
    table([
        must(
            "file",
            "Tên tệp trong bộ, như agencies/G01.HYN.toml",
            "The file's name in the set",
            form(r"^(agencies|services)/[^/]+\.toml$"),
        ),
        must("sha256", "SHA-256 của tệp", "The SHA-256 of its bytes", sha256()),
    ])
}

fn permit() -> Shape {
    table([
        must(
            "operations",
            "Thao tác, viết đúng như trong tệp dịch vụ",
            "Operations, as the service's file names them",
            some(operation()),
        ),
        must(
            "fields",
            "Phạm vi trường dữ liệu: cấp trường cha là cấp mọi trường bên dưới",
            "The field scope: a granted pointer brings every catalogued field below it",
            some(pointer()),
        ),
        may(
            "require",
            "Điều phải nêu ngoài mục đích: mã hồ sơ, người khai thác",
            "What must be named besides the purpose: case, user",
            list(one_of(&["case", "user"])),
        ),
        may(
            "query",
            "Tham số truy vấn được gửi; tham số khác bị từ chối",
            "Query parameters that may be sent; others are refused",
            list(words()),
        ),
        may(
            "body",
            "Vị trí trong nội dung yêu cầu được gửi",
            "Request-body pointers that may be sent",
            list(pointer()),
        ),
        may(
            "sensitive_basis",
            "Căn cứ riêng cho dữ liệu cá nhân nhạy cảm",
            "The legal ground of sensitive personal data",
            list(words()),
        ),
    ])
}

fn limits() -> Shape {
    let rate = table([
        must("requests", "Số yêu cầu", "How many requests", count()),
        must(
            "per",
            "Trong một giây, phút, giờ hay ngày",
            "In how long",
            one_of(&["second", "minute", "hour", "day"]),
        ),
        may(
            "burst",
            "Mức dồn cho phép: 100 mỗi phút với burst 20 cho qua khoảng 120 trong phút đầu",
            "How many at once: 100 a minute with burst 20 admits about 120 in the first minute",
            count(),
        ),
    ]);
    table([
        may("rate", "Giới hạn tần suất", "The rate limit", rate),
        may("daily", "Hạn mức ngày", "Requests a calendar day", count()),
        may("monthly", "Hạn mức tháng", "Requests a calendar month", count()),
        may(
            "subjects_per_day",
            "Số người khác nhau được hỏi đến trong ngày",
            "Distinct people asked about a day",
            count(),
        ),
        may("in_flight", "Số yêu cầu cùng lúc (mặc định 256)", "Requests at once (256 unless said)", count()),
        may("response", "Trả lời lớn nhất", "The largest answer", size()),
    ])
}

fn hours() -> Shape {
    const DAY: &str = "(mon|tue|wed|thu|fri|sat|sun)";
    let days = form(&format!("^(daily|{DAY}(-{DAY})?( *, *{DAY}(-{DAY})?)*)$"));
    let time = || form("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$");
    let window = table([
        must("days", "mon-fri, sat, mon,wed hoặc daily", "mon-fri, sat, mon,wed or daily", days),
        must("from", "Từ giờ này", "From this time on", time()),
        must(
            "to",
            "Đến trước giờ này; 24:00 là hết ngày",
            "Up to, not including, this time; 24:00 is the day's end",
            time(),
        ),
    ]);
    table([must("open", "Các khoảng mở", "When it is open", list(window))])
}
