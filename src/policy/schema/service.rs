//! `services/<id>.toml`.

use super::shape::Key;
use super::shape::Shape;
use super::shape::agency_id;
use super::shape::both;
use super::shape::count;
use super::shape::duration;
use super::shape::exactly_one;
use super::shape::flag;
use super::shape::form;
use super::shape::kebab;
use super::shape::list;
use super::shape::may;
use super::shape::moment;
use super::shape::must;
use super::shape::number;
use super::shape::one_of;
use super::shape::operation;
use super::shape::pointer;
use super::shape::sha256;
use super::shape::size;
use super::shape::some;
use super::shape::table;
use super::shape::table_of;
use super::shape::words;

pub(super) fn file() -> Shape {
    let keys = [
        must(
            "id",
            "Mã dịch vụ; là tên tệp và đoạn đầu của địa chỉ",
            "The service's name; also the file's, and the first segment of addresses",
            kebab(),
        ),
        must("name", "Tên dịch vụ", "What people call it", both()),
        must("version", "Phiên bản của bản mô tả này", "The version of this description", number()),
        must("provider", "Cơ quan cung cấp dữ liệu", "The agency that answers for it", agency_id()),
        must(
            "classification",
            "Phân loại dữ liệu; bí mật nhà nước không được đăng ký",
            "How the data are classified; state secrets cannot be registered",
            classification(),
        ),
        must("endpoints", "Địa chỉ của nền tảng", "Where the platform is reached", some(endpoint())),
        may(
            "result_code",
            "Mã kết quả của nền tảng nằm ở đâu, kể cả khi HTTP 200",
            "Where the platform's own result code stands, also when HTTP says 200",
            pointer(),
        ),
        must("timeouts", "Thời gian chờ", "Time-outs", timeouts()),
        may(
            "health",
            "Cách hỏi nền tảng có hoạt động không",
            "How to ask whether the platform is well",
            health(),
        ),
        may("maintenance", "Các lần bảo trì theo kế hoạch", "Planned absences", list(maintenance())),
        must("operations", "Những gì hỏi được", "What can be asked", some(one_operation())),
        must(
            "fields",
            "Danh mục trường: trường ngoài danh mục không bao giờ được chuyển đi",
            "The field catalogue: what it does not know never leaves",
            some(field()),
        ),
    ];
    table(keys).titled("Dịch vụ chia sẻ dữ liệu", "Data sharing service")
}

fn classification() -> Shape {
    table([
        must(
            "sharing",
            "Dùng chung, dùng riêng hay mở",
            "Shared, internal or open",
            one_of(&["dung_chung", "dung_rieng", "mo"]),
        ),
        must(
            "weight",
            "Cốt lõi, quan trọng hay khác",
            "Core, important or other",
            one_of(&["cot_loi", "quan_trong", "khac"]),
        ),
    ])
}

fn endpoint() -> Shape {
    let client = table([
        must("certificate", "Tệp PEM chứng thư của cổng", "PEM file of our own certificate", words()),
        must("key", "Tệp PEM khóa của cổng", "PEM file of its key", words()),
    ]);
    table([
        must(
            "url",
            "https://máy:cổng/đường-dẫn",
            "https://host:port/base",
            form("^https?://[^/@?#]+(/[^?#]*)?$"),
        ),
        may("weight", "Tỷ lệ yêu cầu so với các địa chỉ khác", "Its share of the requests", count()),
        may(
            "address",
            "Nối đến đây thay vì hỏi tên miền",
            "Where to connect instead of resolving the name",
            form(r"^\S+:[0-9]{1,5}$"),
        ),
        may(
            "anchors",
            "Tệp PEM các CA tin cậy của nền tảng",
            "PEM file of the platform's anchors",
            form("."),
        ),
        may(
            "client",
            "Chứng thư số mà cổng trình cho nền tảng",
            "The certificate that the gateway shows to the platform",
            client,
        ),
        may(
            "pin",
            "SHA-256 khóa công khai (SPKI) mà nền tảng phải có",
            "SHA-256 of the public key (SPKI) that the platform must show",
            sha256(),
        ),
    ])
}

fn timeouts() -> Shape {
    table([
        must("connect", "Để kết nối, kể cả TLS", "To connect, TLS included", duration()),
        must(
            "answer",
            "Từ byte cuối của yêu cầu đến phần đầu trả lời",
            "From the request's last byte to the answer's head",
            duration(),
        ),
        must(
            "body",
            "Từ phần đầu đến byte cuối của trả lời",
            "From the head to the answer's last byte",
            duration(),
        ),
    ])
}

fn health() -> Shape {
    table([
        must("path", "Đường dẫn để GET", "The path to GET", form("^/[!-~]*$")),
        must("every", "Bao lâu một lần", "How often", duration()),
    ])
}

fn maintenance() -> Shape {
    table([
        must("from", "Từ thời điểm này", "From this moment on", moment()),
        must("until", "Đến trước thời điểm này", "Up to, not including, this moment", moment()),
        must("reason", "Lý do", "What for", words()),
    ])
}

fn one_operation() -> Shape {
    let kind = form("^([0-9]{1,3} digits|up to [0-9]{1,3} (digits|characters))$");
    table([
        must(
            "name",
            "Phương thức và mẫu đường dẫn, như GET /cong-dan/{so_dinh_danh}; HEAD được phép ở đâu GET được phép",
            "Method and path template; HEAD is allowed where GET is",
            operation(),
        ),
        may(
            "path",
            "Kiểu của từng tham số đường dẫn: 12 digits, up to 6 digits, up to 15 characters",
            "The type of each path parameter",
            table_of(kind),
        ),
        may("query", "Tham số truy vấn được gửi", "Query parameters that callers may send", list(query())),
        may(
            "body",
            "Vị trí trong nội dung yêu cầu được gửi",
            "Request-body pointers that callers may send",
            list(body()),
        ),
        may(
            "subject",
            "Mã chủ thể dữ liệu nằm ở đâu: đúng một nơi",
            "Where the data subject's identifier stands: in one place",
            subject(),
        ),
        may(
            "stream",
            "Trả lời theo dòng thay vì giữ lại",
            "Whether answers are streamed rather than held",
            flag(),
        ),
        may(
            "buffer",
            "Phần trả lời được giữ lại (mặc định 1 MiB)",
            "How much of an answer is held (1 MiB unless said)",
            size(),
        ),
        may(
            "stream_limit",
            "Trả lời theo dòng lớn nhất; không ghi: theo thỏa thuận",
            "The largest answer that is streamed; absent: as the agreement says",
            size(),
        ),
        may(
            "request",
            "Nội dung yêu cầu lớn nhất (mặc định 64 KiB)",
            "The largest request (64 KiB unless said)",
            size(),
        ),
    ])
}

fn query() -> Shape {
    table([must("name", "Tên tham số", "The parameter's name", words()), filters()])
}

fn body() -> Shape {
    table([
        must(
            "pointer",
            "Con trỏ JSON trong nội dung yêu cầu",
            "JSON Pointer in the request's body",
            pointer(),
        ),
        filters(),
    ])
}

fn filters() -> Key {
    may(
        "field",
        "Trường mà tham số lọc theo: ai lọc được là biết được",
        "The field it filters on: who may filter learns it",
        pointer(),
    )
}

fn subject() -> Shape {
    let places = [
        may("path", "Tham số đường dẫn", "A path parameter", words()),
        may("query", "Tham số truy vấn", "A query parameter", words()),
        may("body", "Con trỏ trong nội dung yêu cầu", "A pointer in the request's body", pointer()),
        may("answer", "Con trỏ trong trả lời", "A pointer in the answer", pointer()),
    ];
    exactly_one(table(places), &["path", "query", "body", "answer"])
}

fn field() -> Shape {
    table([
        must(
            "pointer",
            "Con trỏ JSON (RFC 6901); * là phần tử bất kỳ của mảng, không dùng số thứ tự",
            "JSON Pointer (RFC 6901); * is any item of an array, positions are not accepted",
            pointer(),
        ),
        must("name", "Tên trường", "What people call it", both()),
        must(
            "class",
            "Không phải dữ liệu cá nhân, cơ bản, hay nhạy cảm",
            "Not personal, basic, or sensitive",
            one_of(&["none", "basic", "sensitive"]),
        ),
    ])
}
