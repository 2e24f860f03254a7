//! What can differ.

/// What of something can differ: its name for machines, and for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aspect {
    /// For machines.
    pub code: &'static str,
    /// Vietnamese.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

const fn aspect(code: &'static str, vi: &'static str, en: &'static str) -> Aspect {
    Aspect { code, vi, en }
}

impl Aspect {
    /// Whether it is there at all.
    pub const PRESENCE: Self = aspect("presence", "có mặt", "presence");
    /// What people call it.
    pub const NAME: Self = aspect("name", "tên", "name");
    /// The version of its text.
    pub const VERSION: Self = aspect("version", "phiên bản", "version");
    /// Whom to ask.
    pub const CONTACTS: Self = aspect("contacts", "đầu mối liên hệ", "contacts");
    /// On which legal ground.
    pub const LEGAL_BASIS: Self = aspect("legal_basis", "căn cứ pháp lý", "legal basis");
    /// Whether it stands.
    pub const STATUS: Self = aspect("status", "tình trạng", "status");
    /// How it is used.
    pub const KIND: Self = aspect("kind", "hình thức khai thác", "kind of use");
    /// Who gives.
    pub const PROVIDER: Self = aspect("provider", "cơ quan cung cấp", "provider");
    /// Who may ask.
    pub const CONSUMERS: Self = aspect("consumers", "bên khai thác", "consumers");
    /// Of which service.
    pub const SERVICE: Self = aspect("service", "dịch vụ", "service");
    /// For what.
    pub const PURPOSES: Self = aspect("purposes", "mục đích khai thác", "purposes");
    /// The first day.
    pub const FROM: Self = aspect("valid.from", "ngày bắt đầu hiệu lực", "first day");
    /// The last day.
    pub const UNTIL: Self = aspect("valid.until", "ngày cuối hiệu lực", "last day");
    /// The last security confirmation.
    pub const CONFIRMED: Self =
        aspect("security_confirmed", "ngày xác nhận an toàn thông tin", "security confirmation");
    /// The zone of days and hours.
    pub const ZONE: Self = aspect("zone", "múi giờ", "time zone");
    /// When it is open.
    pub const HOURS: Self = aspect("hours", "giờ khai thác", "hours");
    /// Whether requests must be signed.
    pub const SIGNED: Self = aspect("signed_requests", "yêu cầu phải ký số", "requests must be signed");
    /// What can be asked.
    pub const OPERATIONS: Self = aspect("operations", "thao tác", "operations");
    /// What may be disclosed.
    pub const FIELDS: Self = aspect("fields", "phạm vi trường dữ liệu", "field scope");
    /// What must be named.
    pub const REQUIRE: Self = aspect("require", "phải nêu", "must be named:");
    /// Query parameters that may be sent.
    pub const QUERY: Self = aspect("query", "tham số được gửi", "parameters that may be sent:");
    /// Members of a request's body that may be sent.
    pub const BODY: Self = aspect("body", "phần tử nội dung được gửi", "members of a body that may be sent:");
    /// The ground of sensitive fields.
    pub const SENSITIVE_BASIS: Self =
        aspect("sensitive_basis", "căn cứ của dữ liệu nhạy cảm", "ground of sensitive fields");
    /// Requests in a period.
    pub const RATE: Self = aspect("limits.rate", "giới hạn tần suất", "rate");
    /// Requests a day.
    pub const DAILY: Self = aspect("limits.daily", "hạn mức theo ngày", "daily quota");
    /// Requests a month.
    pub const MONTHLY: Self = aspect("limits.monthly", "hạn mức theo tháng", "monthly quota");
    /// People a day.
    pub const SUBJECTS: Self =
        aspect("limits.subjects_per_day", "số người được tra cứu trong ngày", "distinct people a day");
    /// Requests at once.
    pub const IN_FLIGHT: Self = aspect("limits.in_flight", "số yêu cầu đồng thời", "requests at once");
    /// Bytes of one answer.
    pub const RESPONSE: Self = aspect("limits.response", "kích thước câu trả lời", "size of an answer");
    /// What an agency may be.
    pub const ROLES: Self = aspect("roles", "vai trò", "roles");
    /// Codes it had before.
    pub const FORMERLY: Self = aspect("formerly", "mã cũ", "former codes");
    /// What its certificates say of the organization.
    pub const ORGANIZATION: Self = aspect(
        "certificate.organization_identifier",
        "organizationIdentifier của chứng thư số",
        "organizationIdentifier of its certificates",
    );
    /// Who issues its certificates.
    pub const ISSUER: Self =
        aspect("certificate.issuing_ca", "tổ chức cấp chứng thư số", "issuer of its certificates");
    /// The keys of its certificates.
    pub const PINS: Self =
        aspect("certificate.spki_pins", "khóa được ghim của chứng thư số", "pinned keys of its certificates");
    /// Where its calls come from.
    pub const NETWORKS: Self = aspect("networks", "mạng được gọi từ đó", "networks");
    /// The keys by which it signs requests.
    pub const SIGNING_KEYS: Self = aspect("signing_keys", "khóa ký yêu cầu", "keys that sign its requests:");
    /// The files an agreement was agreed on with.
    pub const RELIES_ON: Self = aspect("relies_on", "các tệp mà văn bản dựa vào", "files it relies on:");
    /// Who has signed it.
    pub const SIGNATURES: Self = aspect("signatures", "chữ ký của", "signatures of");
    /// Whether it is out of force for want of signatures.
    pub const UNSIGNED: Self =
        aspect("unsigned", "thiếu chữ ký phải có", "lacks signatures that it must have:");
    /// Addresses of a platform.
    pub const ENDPOINTS: Self = aspect("endpoints", "địa chỉ nền tảng", "platform endpoints");
    /// What can be answered.
    pub const CATALOGUE: Self = aspect("catalogue", "danh mục trường", "field catalogue");
    /// How sensitive a field is.
    pub const CLASS: Self = aspect("class", "mức nhạy cảm của trường", "class of a field:");
    /// How data are classified.
    pub const CLASSIFICATION: Self = aspect("classification", "phân loại dữ liệu", "classification");
    /// Time-outs.
    pub const TIMEOUTS: Self = aspect("timeouts", "thời gian chờ", "time-outs");
    /// Where the provider's result code stands.
    pub const RESULT_CODE: Self = aspect("result_code", "mã kết quả của nguồn", "provider's result code");
    /// The probe.
    pub const HEALTH: Self = aspect("health", "kiểm tra tình trạng", "health probe");
    /// Planned absences.
    pub const MAINTENANCE: Self = aspect("maintenance", "bảo trì theo kế hoạch", "planned maintenance");
    /// What values path parameters take.
    pub const PATH: Self = aspect("path", "giá trị của tham số đường dẫn", "values of path parameters");
    /// Whether answers are streamed.
    pub const STREAM: Self = aspect("stream", "trả lời dạng luồng", "streamed answers");
    /// How much of an answer is held.
    pub const BUFFER: Self = aspect("buffer", "kích thước câu trả lời được giữ", "size of a held answer");
    /// The most bytes of a streamed answer.
    pub const STREAM_LIMIT: Self =
        aspect("stream_limit", "kích thước câu trả lời theo dòng", "size of a streamed answer");
    /// How large a request may be.
    pub const REQUEST: Self = aspect("request", "kích thước yêu cầu", "size of a request");
    /// Where the data subject stands.
    pub const SUBJECT: Self =
        aspect("subject", "vị trí số định danh của chủ thể", "place of the data subject");
    /// The longest term.
    pub const MAX_TERM: Self = aspect("max_term", "thời hạn dài nhất", "longest term");
    /// The most requests a day.
    pub const MAX_DAILY: Self = aspect("max_daily", "nhiều yêu cầu nhất trong ngày", "most requests a day");
    /// Whether sensitive fields need a ground.
    pub const NEEDS_BASIS: Self = aspect(
        "no_sensitive_without_basis",
        "dữ liệu nhạy cảm phải có căn cứ riêng",
        "sensitive fields need a ground of their own",
    );
    /// What is never granted.
    pub const NEVER: Self = aspect("never", "trường không bao giờ được cấp", "fields never granted:");
    /// Since when.
    pub const SINCE: Self = aspect("since", "từ ngày", "since");
    /// Why.
    pub const REASON: Self = aspect("reason", "lý do", "reason");
}
