//! The codes of faults: each with a title and an explanation, which `check --code` prints.
//!
//! `F` codes are about the form of any file, `P` codes about policies, `C` codes about the configuration. A code never
//! changes its meaning; one that is no longer used is not given again.

use std::fmt;
use std::str::FromStr;

use crate::language::Text;

macro_rules! codes {
    ($($name:ident $code:literal { $title_vi:literal, $title_en:literal, $why_vi:literal, $why_en:literal })*) => {
        /// What kind of fault it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title_en] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Self::$name),*];

            /// The code as printed, such as `P0012`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it is, in a few words.
            #[must_use]
            pub fn title(self) -> Text {
                match self { $(Self::$name => Text::new($title_vi, $title_en),)* }
            }

            /// Why it is a fault and what to do.
            #[must_use]
            pub fn explanation(self) -> Text {
                match self { $(Self::$name => Text::new($why_vi, $why_en),)* }
            }
        }
    };
}

codes! {
    Syntax "F0001" {
        "tệp không đúng cú pháp TOML",
        "the file is not TOML",
        "Tệp phải viết theo TOML 1.1. Dấu mũ chỉ chỗ đọc không được; thường thiếu dấu nháy, dấu phẩy hoặc dấu ngoặc.",
        "Files are TOML 1.1. The caret shows where reading failed: usually a quote, a comma or a bracket is missing."
    }
    DuplicateKey "F0002" {
        "khóa viết hai lần",
        "a key is given twice",
        "Mỗi khóa chỉ viết một lần trong một bảng. Hãy bỏ một trong hai.",
        "A key stands once in a table. Remove one of the two: nobody could say which one counts."
    }
    UnknownKey "F0003" {
        "khóa không có trong mẫu",
        "a key that nobody knows",
        "Khóa lạ luôn là lỗi: một khóa viết sai chính tả mà bị bỏ qua thì điều kiện của nó cũng bị bỏ qua.",
        "An unknown key is always a fault: were a misspelt key ignored, the condition it stands for would be ignored too."
    }
    MissingKey "F0004" {
        "thiếu khóa bắt buộc",
        "a required key is missing",
        "Bảng này bắt buộc có khóa đó. Không có giá trị ngầm định nào được dùng thay.",
        "This table must have that key. No default stands in for it."
    }
    WrongType "F0005" {
        "giá trị sai kiểu",
        "a value of the wrong type",
        "Giá trị phải đúng kiểu: chữ trong dấu nháy, số và ngày không có dấu nháy, danh sách trong ngoặc vuông.",
        "A value has a type: texts in quotes, numbers and dates without, lists in brackets."
    }
    WrongValue "F0006" {
        "giá trị không được chấp nhận",
        "a value that is not accepted",
        "Giá trị đúng kiểu nhưng không đúng dạng; thông báo nói rõ dạng được chấp nhận.",
        "The type is right but the form is not; the message says which form is accepted."
    }
    Unreadable "F0007" {
        "không đọc được tệp",
        "a file cannot be read",
        "Tệp không mở được hoặc không phải UTF-8. Kiểm tra quyền đọc và bảng mã.",
        "The file cannot be opened, or is not UTF-8. Look at its permissions and its encoding."
    }
    UnknownFile "F0008" {
        "tệp không thuộc bộ chính sách",
        "a file that has no place here",
        "Thư mục chính sách chỉ chứa các tệp đã biết; một tệp đặt sai chỗ sẽ không có hiệu lực mà không ai hay.",
        "A policy folder holds exactly the known files: one in the wrong place would be without effect and nobody would notice."
    }
    MissingFile "F0009" {
        "thiếu tệp bắt buộc",
        "a required file is missing",
        "Bộ chính sách phải có purposes.toml, guardrails.toml và suspensions.toml, dù không có mục nào.",
        "A policy set has purposes.toml, guardrails.toml and suspensions.toml, even if they list nothing."
    }
    StemDiffers "P0001" {
        "tên tệp khác mã bên trong",
        "the file's name is not its id",
        "Tên tệp (không kể đuôi .toml) phải là mã ghi bên trong, để tìm thấy nhau.",
        "The file's name, without .toml, must be the id inside: so one finds the other."
    }
    DuplicateId "P0002" {
        "mã dùng hai lần",
        "a name is used twice",
        "Mỗi cơ quan, dịch vụ, thỏa thuận, mục đích, thao tác, trường dữ liệu có một tên riêng; mã cũ không được trùng mã đang dùng.",
        "Agencies, services, agreements, purposes, operations and fields each have a name of their own; a former code is nobody else's code."
    }
    UnknownAgency "P0003" {
        "cơ quan chưa đăng ký",
        "an agency that is not registered",
        "Mã này không có tệp trong agencies/.",
        "No file in agencies/ has this id."
    }
    UnknownService "P0004" {
        "dịch vụ chưa đăng ký",
        "a service that is not registered",
        "Mã này không có tệp trong services/.",
        "No file in services/ has this id."
    }
    UnknownOperation "P0005" {
        "dịch vụ không có thao tác này",
        "the service has no such operation",
        "Thao tác phải viết đúng như trong tệp dịch vụ: phương thức, dấu cách, mẫu đường dẫn.",
        "Operations are written as the service's file names them: method, space, path template."
    }
    UnknownField "P0006" {
        "trường không có trong danh mục",
        "a field that the catalogue does not know",
        "Phạm vi trường dữ liệu chỉ dùng các con trỏ JSON có trong danh mục trường của dịch vụ; trường ngoài danh mục không bao giờ được chuyển đi.",
        "A field scope names JSON Pointers of the service's field catalogue; what the catalogue does not know never leaves."
    }
    UnknownPurpose "P0007" {
        "mục đích chưa đăng ký",
        "a purpose that is not registered",
        "Mục đích khai thác phải có trong purposes.toml.",
        "Purposes of use are listed in purposes.toml."
    }
    BadPointer "P0008" {
        "con trỏ JSON không hợp lệ",
        "not a JSON Pointer as used here",
        "Con trỏ theo RFC 6901: bắt đầu bằng dấu gạch chéo; dấu * là phần tử bất kỳ của mảng; không dùng số thứ tự phần tử.",
        "A pointer follows RFC 6901 and begins with a slash; `*` is any item of an array; numeric tokens are not accepted, since a scope by position discloses whatever happens to stand there."
    }
    BadTemplate "P0009" {
        "mẫu đường dẫn không hợp lệ",
        "not a path template, or one that overlaps another",
        "Thao tác viết như GET /cong-dan/{so_dinh_danh}; mỗi tham số phải khai báo kiểu; hai mẫu không được khớp cùng một đường dẫn.",
        "An operation is written like GET /cong-dan/{so_dinh_danh}; each parameter has a declared type; no path may match two templates."
    }
    UnknownParameter "P0010" {
        "thao tác không có tham số này",
        "the operation takes no such parameter",
        "Thỏa thuận chỉ cho phép các tham số mà tệp dịch vụ đã khai báo cho thao tác.",
        "An agreement lets through parameters that the service's file declares for the operation."
    }
    RoleMissing "P0011" {
        "cơ quan không có vai trò này",
        "the agency does not have the role",
        "Bên khai thác cần vai trò exchange, bên cung cấp cần vai trò provide.",
        "A consumer needs the role `exchange`, a provider the role `provide`."
    }
    AgreementsOverlap "P0012" {
        "hai thỏa thuận cùng trả lời một yêu cầu",
        "two agreements would answer the same request",
        "Cùng bên khai thác, dịch vụ, thao tác, mục đích và thời hạn giao nhau: không ai nói được yêu cầu được phép theo văn bản nào. Hãy sửa thời hạn, tách mục đích, hoặc ghi status = \"ended\" cho văn bản cũ.",
        "Same consumer, service, operation and purpose, and terms that overlap: nobody could say under which paper the answer was given. Change a term, part the purposes, or give the older one status = \"ended\"."
    }
    SelectorsOverlap "P0013" {
        "hai cơ quan dùng chung dấu hiệu chứng thư",
        "certificate selectors that overlap",
        "Một khóa hoặc một mã tổ chức trong chứng thư chỉ thuộc về một cơ quan.",
        "A key or an organization identifier in certificates speaks for one agency only."
    }
    GuardrailNever "P0014" {
        "trường bị cấm cấp cho bên này",
        "a guardrail forbids this field",
        "guardrails.toml ghi trường này không bao giờ được cấp. Cấp trường cha cũng là cấp trường con.",
        "guardrails.toml says that this field is never granted to this consumer. Granting a parent is granting what is below it."
    }
    GuardrailTerm "P0015" {
        "thời hạn quá dài",
        "the term is longer than the guardrail allows",
        "guardrails.toml giới hạn thời hạn của một thỏa thuận (max_term).",
        "guardrails.toml bounds the term of an agreement (max_term)."
    }
    GuardrailSensitive "P0016" {
        "dữ liệu nhạy cảm thiếu căn cứ riêng",
        "sensitive data without a basis of its own",
        "Điều khoản cấp dữ liệu cá nhân nhạy cảm phải nêu sensitive_basis: căn cứ pháp lý riêng cho dữ liệu đó.",
        "A clause that grants sensitive personal data names its own legal ground in sensitive_basis."
    }
    GuardrailDaily "P0017" {
        "hạn mức ngày quá lớn",
        "more requests a day than the guardrail allows",
        "guardrails.toml giới hạn số yêu cầu một ngày (max_daily); không ghi daily thì tính theo rate trong cả ngày; không có cả hai là không giới hạn.",
        "guardrails.toml bounds requests a day (max_daily). Without `daily`, the rate over a whole day counts; with neither, nothing bounds it."
    }
    NoSubjectPlace "P0018" {
        "không biết đếm người ở đâu",
        "distinct people cannot be counted",
        "subjects_per_day cần biết mã chủ thể dữ liệu nằm ở đâu: thêm subject vào thao tác trong tệp dịch vụ.",
        "subjects_per_day needs to know where the data subject's identifier stands: give the operation a `subject` in the service's file."
    }
    LimitZero "P0019" {
        "giới hạn bằng không",
        "a limit of zero",
        "Giới hạn bằng không là không bao giờ cho qua. Muốn dừng thì ghi status = \"suspended\" kèm lý do.",
        "A limit of zero never lets anything pass. To stop an agreement, give it status = \"suspended\" and a reason."
    }
    BurstTooLarge "P0020" {
        "mức dồn lớn hơn mức có thể qua",
        "a burst above what can pass",
        "burst không được lớn hơn số yêu cầu trong một chu kỳ, cũng không lớn hơn hạn mức ngày, tháng.",
        "A burst is at most the requests of one period, and at most the daily and monthly quota."
    }
    TermReversed "P0021" {
        "thời hạn kết thúc trước khi bắt đầu",
        "a term that ends before it begins",
        "valid.until phải sau hoặc bằng valid.from; cả hai ngày đều tính.",
        "valid.until is on or after valid.from; both days count."
    }
    BadHours "P0022" {
        "giờ mở không hợp lệ",
        "opening hours that never open",
        "Giờ viết \"07:00\"; từ phải trước đến; giờ đến không tính (đến \"24:00\" là hết ngày); ngày viết mon-fri, sat hoặc daily.",
        "Hours are written \"07:00\"; `from` is before `to`, and `to` is not included (\"24:00\" is the day's end); days are written mon-fri, sat or daily."
    }
    FilterOutsideScope "P0023" {
        "tham số lọc theo trường ngoài phạm vi",
        "a parameter filters on a field outside the scope",
        "Lọc theo một trường là biết được trường đó: trường phải thuộc phạm vi của điều khoản.",
        "Who may filter on a field learns it: the field must be in the clause's scope."
    }
    NothingPermitted "P0024" {
        "điều khoản không cho phép gì",
        "a clause that permits nothing",
        "Thỏa thuận cần ít nhất một điều khoản, mỗi điều khoản ít nhất một thao tác và một trường.",
        "An agreement has at least one clause, and each names at least one operation and one field."
    }
    ProviderDiffers "P0025" {
        "bên cung cấp khác bên quản lý dịch vụ",
        "the provider is not the service's",
        "Bên cung cấp trong thỏa thuận phải là bên chịu trách nhiệm về dịch vụ.",
        "The provider in an agreement is the one who answers for the service."
    }
    BadEndpoint "P0026" {
        "địa chỉ nền tảng không hợp lệ",
        "not a platform's address",
        "Địa chỉ viết https://máy:cổng/đường-dẫn; các khóa TLS chỉ dùng với https; http chỉ nên dùng trên cùng một máy.",
        "An address is written https://host:port/base; the TLS keys go with https only; plain http is for the same machine."
    }
    StateSecret "P0027" {
        "bí mật nhà nước không được đăng ký",
        "state secrets cannot be registered",
        "Dữ liệu thuộc phạm vi bí mật nhà nước không được chia sẻ qua cổng này.",
        "Data under state secrecy are not shared through this gateway, by law."
    }
    EntryTooLarge "P0028" {
        "điều khoản quá dài để ghi nhật ký",
        "a clause too long for a log entry",
        "Mỗi bản ghi nhật ký nêu phạm vi và căn cứ pháp lý và tối đa 16 KiB. Hãy gộp các trường dưới con trỏ cha hoặc tách thỏa thuận.",
        "Every log entry names the scope and the legal basis and holds at most 16 KiB. Name a parent pointer, or split the agreement."
    }
    SuspensionUnclear "P0029" {
        "không rõ đối tượng bị tạm dừng",
        "it is not clear what is suspended",
        "Mỗi mục trong suspensions.toml nêu đúng một trong: agency, certificate, agreement, purpose.",
        "Each entry of suspensions.toml names exactly one of: agency, certificate, agreement, purpose."
    }
    UnknownAgreement "P0030" {
        "thỏa thuận không có trong bộ",
        "an agreement that is not there",
        "Mã này không có tệp trong agreements/.",
        "No file in agreements/ has this id."
    }
    BadSigningKey "P0031" {
        "khóa ký không dùng được",
        "a signing key that does not fit",
        "algorithm phải là thuật toán của chính khóa đó: ed25519, ecdsa-p256-sha256 hoặc rsa-pss-sha512.",
        "algorithm must be that of the key itself: ed25519, ecdsa-p256-sha256 or rsa-pss-sha512."
    }
    ReliedFileDiffers "P0032" {
        "tệp mà thỏa thuận dựa vào đã khác",
        "a file that an agreement relies on is another",
        "relies_on ghi SHA-256 của các tệp cơ quan và dịch vụ lúc ký: bên cung cấp, mọi bên khai thác và dịch vụ, đủ tất cả. Tệp đổi thì phải thống nhất lại.",
        "relies_on holds the SHA-256 of the agency and service files as they were agreed on: provider, every consumer and the service, all of them. When one changes, the parties agree anew."
    }
    NeverOpens "P0033" {
        "giờ khai thác không rơi vào ngày nào trong thời hạn",
        "hours that never open within the term",
        "Trong thời hạn hiệu lực không có ngày nào thuộc các ngày mở: mọi yêu cầu đều bị từ chối.",
        "No day of the term is one of the opening days: every request would be refused."
    }
    ReservedName "P0034" {
        "tên dành riêng của cổng",
        "a name that is the gateway's own",
        "Địa chỉ bắt đầu bằng tên này do chính cổng trả lời, nên không yêu cầu nào đến được dịch vụ.",
        "Addresses that begin with this name are answered by the gateway itself: no request would reach the service."
    }
    SubjectNotSent "P0035" {
        "đếm người theo tham số không được gửi",
        "people are counted by something that may not be sent",
        "subjects_per_day đếm người theo tham số này, mà điều khoản không cho gửi: có hay không có tham số, yêu cầu đều bị từ chối.",
        "subjects_per_day counts people by this parameter, which the clause does not let through: with it or without, every request is refused."
    }
    WithoutEffect "P0036" {
        "giới hạn không có tác dụng",
        "a limit without effect",
        "stream_limit chỉ có tác dụng với thao tác ghi stream = true; câu trả lời được giữ lại thì giới hạn bằng buffer.",
        "stream_limit bounds answers of operations with stream = true; answers that are held are bounded by buffer."
    }
    StraySignature "P0045" {
        "chữ ký không của thỏa thuận nào",
        "a signature that belongs to no agreement",
        "Tệp chữ ký đứng cạnh thỏa thuận và mang tên <số thỏa thuận>.<mã cơ quan>.p7s; cơ quan phải là bên cung cấp hoặc bên khai thác của thỏa thuận đó.",
        "A signature stands beside its agreement and is named <agreement>.<agency>.p7s; the agency is its provider or one of its consumers."
    }
    Lapsed "P0101" {
        "thỏa thuận đã hết hạn",
        "an agreement that is over",
        "Mọi yêu cầu theo thỏa thuận này đều bị từ chối. Gia hạn, hoặc ghi status = \"ended\".",
        "Every request under it is refused. Renew it, or give it status = \"ended\"."
    }
    ExpiresSoon "P0102" {
        "thỏa thuận sắp hết hạn",
        "an agreement about to expire",
        "Còn không quá 60 ngày. Hãy chuẩn bị gia hạn để không gián đoạn.",
        "At most 60 days are left. Prepare its renewal, so that nothing stops."
    }
    ConfirmationLapsed "P0103" {
        "xác nhận an toàn thông tin đã quá sáu tháng",
        "a security confirmation that lapsed",
        "Xác nhận an toàn thông tin có giá trị sáu tháng; quá hạn thì mọi yêu cầu bị từ chối cho đến khi xác nhận lại.",
        "A security confirmation holds for six months; after that every request is refused until it is given again."
    }
    ConfirmationLapsesSoon "P0104" {
        "xác nhận an toàn thông tin sắp hết hạn",
        "a security confirmation about to lapse",
        "Còn không quá 60 ngày. Hãy xác nhận lại và ghi ngày mới.",
        "At most 60 days are left. Confirm again and write the new date."
    }
    PlainHttp "P0105" {
        "nền tảng không dùng TLS",
        "a platform reached without TLS",
        "Kết nối http ngoài máy này không được mã hóa. Hãy dùng https.",
        "Plain http to another machine is readable on the way. Use https."
    }
    Suspended "P0106" {
        "thỏa thuận có phần đang bị tạm dừng",
        "an agreement of which something is suspended",
        "suspensions.toml đang tạm dừng mục đích, bên khai thác hoặc chính thỏa thuận này: các yêu cầu đó đều bị từ chối.",
        "suspensions.toml suspends a purpose, a consumer or the agreement itself: those requests are refused."
    }
    NoSigningKey "P0107" {
        "bên khai thác chưa có khóa ký còn giá trị",
        "a consumer without a valid signing key",
        "Thỏa thuận đòi yêu cầu phải ký số, mà bên khai thác không có khóa nào còn giá trị trong signing_keys: mọi yêu cầu của bên đó đều bị từ chối.",
        "The agreement demands signed requests, and the consumer has no key in signing_keys that is valid today: all of its requests are refused."
    }
    ConfirmedTooEarly "P0108" {
        "xác nhận an toàn thông tin hết giá trị trước ngày đầu",
        "a security confirmation that lapses before the first day",
        "Với ngày xác nhận này thỏa thuận không bao giờ có hiệu lực. Hãy xác nhận lại trước ngày đầu của thời hạn và ghi ngày mới.",
        "With this confirmation the agreement is never in force. Confirm again before the first day of its term, and write the new date."
    }
    NotSigned "P0109" {
        "thỏa thuận chưa đủ chữ ký của các bên",
        "an agreement that its parties have not signed",
        "require_signed_agreements = true: thỏa thuận chỉ có hiệu lực khi bên cung cấp và mọi bên khai thác đã ký đúng từng byte của văn bản.",
        "require_signed_agreements = true: an agreement is in force only once its provider and every consumer have signed its exact bytes."
    }
}

/// A text is not one of our codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no code `{0}`")]
pub struct NoSuchCode(String);

impl FromStr for Code {
    type Err = NoSuchCode;

    /// Takes either case.
    fn from_str(text: &str) -> Result<Self, NoSuchCode> {
        let found = Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| NoSuchCode(text.escape_debug().to_string()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_its_own_and_is_explained_in_both_languages() {
        let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            for text in [code.title(), code.explanation()] {
                assert!(!text.vi.is_empty() && !text.en.is_empty() && text.vi != text.en, "{code}");
            }
        }
    }

    #[test]
    fn an_unknown_code_is_refused() {
        assert!("P9999".parse::<Code>().is_err());
        assert_eq!("p0012".parse(), Ok(Code::AgreementsOverlap));
    }
}
