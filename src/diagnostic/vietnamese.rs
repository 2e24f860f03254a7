//! Faults in Vietnamese. They are written in English where they are found; here stands what each says, phrase by phrase, with `{}` for
//! what is taken over. A phrase that is missing is shown in English: whoever adds one adds it here, and a test looks.

use crate::language::causes;
use crate::language::phrases::Phrases;

/// What a fault says, in Vietnamese; as it is where nobody has said it yet.
pub(super) fn told(english: &str) -> String {
    said(english).unwrap_or_else(|| english.to_owned())
}

/// What a fault says, in Vietnamese, if it stands below, or is what an error says.
pub(super) fn said(english: &str) -> Option<String> {
    let word =
        |hole: &str| PHRASES.word(hole).or_else(|| of_the_parties(hole)).or_else(|| causes::said(hole));
    PHRASES.said(english, &word).or_else(|| causes::said(english))
}

/// Why an agreement is not signed, as it stands within a warning.
fn of_the_parties(english: &str) -> Option<String> {
    PARTIES.said(english, &|_| None)
}

const PARTIES: Phrases = Phrases::new(
    "\
the signature of {} is missing | thiếu chữ ký của {}
the signature of {} is not one over this text | chữ ký của {} không đúng với văn bản này
the signature of {} names no time, or one to come | chữ ký của {} không ghi thời điểm ký, hoặc ghi thời điểm chưa tới
the certificate in the signature of {} is not accepted | chứng thư số trong chữ ký của {} không được chấp nhận
the signature named for {} was made by {} | chữ ký đặt tên {} lại do {} ký
the text does not name the hash of {} | văn bản không nêu mã băm của {}
{} is not what it was when the parties signed | {} đã khác so với khi các bên ký
",
);

/// English and Vietnamese, line by line; of two that fit the first counts, so the more exact stand above.
const PHRASES: Phrases = Phrases::new(
    r#"
fault | lỗi
warning | cảnh báo
help | gợi ý
note | ghi chú
the file | tệp
a text | một đoạn chữ
a text in quotes | một đoạn chữ trong dấu nháy
a whole number | một số nguyên
a whole number, not negative | số nguyên không âm
a whole number up to 4294967295, not negative | số nguyên không âm, không quá 4294967295
a whole number up to 65535, not negative | số nguyên không âm, không quá 65535
a number with a fraction | một số lẻ
true or false | true hoặc false
true or false, without quotes | true hoặc false, không có dấu nháy
a date or time | một ngày hoặc thời điểm
a date without quotes, such as 2026-01-31 | một ngày không có dấu nháy, như 2026-01-31
a moment without quotes, with its offset, such as 2026-01-31T22:00:00+07:00 | một thời điểm không có dấu nháy, có độ lệch giờ, như 2026-01-31T22:00:00+07:00
an array | một danh sách
a table | một bảng
agency | cơ quan
service | dịch vụ
agreement | thỏa thuận
purpose | mục đích
operation | thao tác
field | trường
consumer | bên khai thác
path parameter | tham số đường dẫn
query parameter | tham số truy vấn
request-body pointer | con trỏ trong nội dung yêu cầu
catalogued field | trường trong danh mục
this is not TOML | đây không phải TOML
`every` is less than a second | `every` ngắn hơn một giây
must be at least "1 s" | phải ít nhất là "1 s"
`{}` is zero | `{}` bằng không
nothing could ever pass | sẽ không gì qua được
`url` is not the address of a store | `url` không phải địa chỉ của kho dùng chung
write it like "redis+unix:///run/redis/redis.sock" or "redis://10.0.0.5:6379" | viết như "redis+unix:///run/redis/redis.sock" hoặc "redis://10.0.0.5:6379"
`{}` lies under `log` | `{}` nằm trong thư mục `log`
not here | không đặt ở đây
the log is copied to auditors as it is: name a folder beside it | nhật ký được sao nguyên vẹn cho kiểm toán viên: hãy nêu thư mục bên ngoài nó
{} is out of range | {} nằm ngoài phạm vi
must be {} to {} | phải từ {} đến {}
`{}` must be `{}` or `{}` | `{}` phải là `{}` hoặc `{}`
neither of the two | không phải cả hai
`require_signed_agreements` needs a section `[signers]` | `require_signed_agreements` cần có mục `[signers]`
nobody is trusted to sign | chưa tin ai được ký
name whose certificates sign agreements | hãy nêu tổ chức cấp chứng thư số cho các bên ký thỏa thuận
`{}` is empty | `{}` rỗng
name at least one | nêu ít nhất một
`revocation` names no list | `revocation` không nêu danh sách nào
name the revocation lists, or say "off" | nêu các danh sách thu hồi, hoặc ghi "off"
a log's verification key is what its gateway writes to log.vkey | khóa kiểm tra của nhật ký là nội dung cổng ghi ra log.vkey
this witness is named twice | bên chứng kiến này nêu hai lần
the same `vkey` as above | trùng `vkey` ở trên
{} witnesses are too many | {} bên chứng kiến là quá nhiều
at most {} | tối đa {}
`postgres` is not an address of a database | `postgres` không phải địa chỉ cơ sở dữ liệu
write it like "host=/run/postgresql dbname=phohien" | viết như "host=/run/postgresql dbname=phohien"
`postgres` leads out of this machine without TLS | `postgres` kết nối ra ngoài máy này mà không có TLS
name in `postgres_anchors` who vouches for the database | nêu trong `postgres_anchors` tổ chức cấp chứng thư số của cơ sở dữ liệu
`postgres` leads to a socket, which has no TLS | `postgres` dẫn tới socket nội bộ, không có TLS
leave `postgres_anchors` out, or write the database's name | bỏ `postgres_anchors`, hoặc ghi tên máy của cơ sở dữ liệu
`{}` is a signature over no agreement of this set | `{}` không phải chữ ký trên thỏa thuận nào trong bộ này
`{}` is named for no party of `{}` | `{}` không mang tên bên nào của `{}`
`{}` is over {} bytes | `{}` vượt {} byte
`phohien policy sign` names it `<agreement>.<agency>.p7s` | `phohien policy sign` đặt tên là `<thỏa thuận>.<cơ quan>.p7s`
agreement `{}` answers nothing: {} | thỏa thuận `{}` không trả lời gì: {}
`phohien policy sign` signs it, `policy verify` tells more | `phohien policy sign` để ký, `policy verify` cho biết thêm
this key is given twice | khóa này viết hai lần
second time here | lần thứ hai ở đây
remove one of the two | bỏ một trong hai
unknown key | khóa lạ
did you mean the folder `{}`? | có phải thư mục `{}`?
did you mean `{}`? | có phải `{}`?
known keys here: {} | các khóa dùng được ở đây: {}
the file has a key `{}` that nobody knows | tệp có khóa lạ `{}`
`{}` has a key `{}` that nobody knows | `{}` có khóa lạ `{}`
the file has no key `{}` | tệp thiếu khóa `{}`
`{}` has no key `{}` | `{}` thiếu khóa `{}`
`{}` is required here | ở đây bắt buộc có `{}`
`{}` must be {} | `{}` phải là {}
`{}` is none of: {} | `{}` không thuộc: {}
`{}` cannot be read: {} | không đọc được `{}`: {}
`{}` is not a file of at most {} bytes | `{}` không phải tệp tối đa {} byte
the file `{}` is not UTF-8 | tệp `{}` không phải UTF-8
this file has no place in a policy set | tệp này không thuộc bộ chính sách
a policy set is {} | bộ chính sách gồm {}
there is no file `{}` in this set | trong bộ không có tệp `{}`
there is no file `{}` | không có tệp `{}`
write it, even if it lists nothing | hãy viết tệp đó, dù không liệt kê gì
not accepted | không được chấp nhận
not known | không có
again here | lại ở đây
first here | lần đầu ở đây
zero | bằng không
without effect | không có tác dụng
the beginning | điểm đầu
the end | điểm cuối
the end, not included | điểm cuối, không tính
the first day | ngày đầu
the last day | ngày cuối
a SHA-256 value is written as 64 lower-case hexadecimal digits | giá trị SHA-256 viết bằng 64 chữ số thập lục phân, chữ thường
a text is not empty and does not begin or end with a space | đoạn chữ không được để trống, không bắt đầu hoặc kết thúc bằng dấu cách
a text has no control characters and no line breaks | đoạn chữ không có ký tự điều khiển, không xuống dòng
Vietnamese is written composed (NFC); this text has combining marks | tiếng Việt viết dạng dựng sẵn (NFC); đoạn chữ này dùng dấu tổ hợp
a term is a whole number of months or years, such as "3 years" | thời hạn là số nguyên tháng hoặc năm, như "3 years"
a time of day is written like "07:00", up to "24:00" | giờ viết như "07:00", đến "24:00"
`{}` is not a size: {} | `{}` không phải kích thước: số nguyên kèm B, KiB, MiB hoặc GiB, như "1 MiB"
`{}` is not a duration: {} | `{}` không phải khoảng thời gian: số nguyên kèm ms, s, min, h hoặc d, như "5 s"
`{}` is not an agency identifier: {} | `{}` không phải mã cơ quan: một chữ hoa, hai chữ số, rồi các nhóm chữ hoa và số sau dấu chấm, như `H31.01.01`
`{}` is not a service name: {} | `{}` không phải tên dịch vụ: chữ thường, số và từng dấu nối, như `dan-cu`
`{}` is not a purpose code: {} | `{}` không phải mã mục đích: chữ thường, số và từng dấu nối, như `giai-quyet-tthc`
`{}` is not an agreement number: {} | `{}` không phải số thỏa thuận: chữ, số và từng dấu nối, như `TT-2026-001`
`{}` is not a time zone, such as `{}` | `{}` không phải múi giờ, như `{}`
a network is an address, {} | mạng viết là địa chỉ, dấu gạch chéo và số bit đầu cố định, các bit còn lại bằng không, như `10.31.0.0/16`
a path begins with a slash and has no spaces | đường dẫn bắt đầu bằng dấu gạch chéo và không có dấu cách
a path parameter is {} | tham số đường dẫn viết `12 digits`, `up to 6 digits` hoặc `up to 15 characters`, tối đa 128
a path segment is letters, {}; this is neither: `{}` | một đoạn đường dẫn gồm chữ, số, `-`, `.`, `_` (không chỉ có dấu chấm), hoặc một tham số trong ngoặc nhọn; đây thì không phải{_}: `{}`
an operation is written as a method, {} | thao tác viết là phương thức, dấu cách, đường dẫn, như `GET /cong-dan/{so_dinh_danh}`
an operation's method is GET, {} | phương thức là GET, POST, PUT, PATCH hoặc DELETE; HEAD được phép ở đâu GET được phép
the parameter `{}` is in the path twice | tham số `{}` có hai lần trong đường dẫn
a pointer begins with a slash | con trỏ bắt đầu bằng dấu gạch chéo
a pointer has a name between its slashes | giữa các dấu gạch chéo của con trỏ phải có tên
a pointer names no position in an array: {} | con trỏ không nêu số thứ tự trong mảng: phần tử ở đó có thể đổi; viết `*` cho mọi phần tử
in a pointer `~` is written `~0` and a slash in a name `~1` | trong con trỏ, `~` viết là `~0`, dấu gạch chéo trong tên viết là `~1`
not a pointer as used here | không phải con trỏ dùng ở đây
the subject stands in one place: path, query, body or answer | mã chủ thể nằm ở đúng một nơi: path, query, body hoặc answer
an agreement names at least one legal basis | thỏa thuận nêu ít nhất một căn cứ pháp lý
an agreement names at least one {} | thỏa thuận nêu ít nhất một {}
a clause names at least one {} | điều khoản nêu ít nhất một {}
names none | không nêu gì
names none, or several | không nêu gì, hoặc nêu nhiều
a suspension names one of: {} | mỗi mục tạm dừng nêu đúng một trong: {}
the file is called `{}` but describes `{}` | tệp tên `{}` nhưng mô tả `{}`
this is the id | đây là mã
rename the file to `{}`, or correct the id | đổi tên tệp thành `{}`, hoặc sửa mã
there is no {} `{}` | không có {} `{}`
that code was merged into `{}` | mã đó đã sáp nhập vào `{}`
the agency `{}` does not have the role `{}` | cơ quan `{}` không có vai trò `{}`
without that role | không có vai trò đó
add `{}` to `roles` in {} | thêm `{}` vào `roles` trong {}
the code `{}` belongs to one agency | mã `{}` thuộc về một cơ quan
this key would speak for two agencies, or is given twice | khóa này sẽ đại diện hai cơ quan, hoặc viết hai lần
this organization identifier would speak for two agencies | mã tổ chức này sẽ đại diện hai cơ quan
this key would sign for two agencies, or is given twice | khóa này sẽ ký thay hai cơ quan, hoặc viết hai lần
two keys of this agency have one name | hai khóa của cơ quan này trùng tên
this key lapses before it is valid | khóa này hết giá trị trước khi có giá trị
this key signs by `{}`, not by `{}` | khóa này ký bằng `{}`, không phải `{}`
another algorithm | thuật toán khác
the key | khóa
a public key is a SubjectPublicKeyInfo {} | khóa công khai là SubjectPublicKeyInfo của Ed25519, ECDSA P-256, hoặc RSA từ 2048 đến 8192 bit, viết Base64 hoặc PEM như `openssl pkey -pubout`
a key's name is at most {} | tên khóa dài tối đa 128 ký tự ASCII nhìn thấy được, không có dấu nháy kép và dấu gạch chéo ngược
the consumer `{}` is named twice | bên khai thác `{}` nêu hai lần
the purpose `{}` is named twice | mục đích `{}` nêu hai lần
the purpose `{}` is listed twice | mục đích `{}` liệt kê hai lần
the field `{}` is catalogued twice | trường `{}` có hai lần trong danh mục
the parameter `{}` is declared twice | tham số `{}` khai báo hai lần
the operation `{}` is permitted twice | thao tác `{}` được phép hai lần
let one clause name it: a grant names one clause | để một điều khoản nêu thôi: mỗi lần cho phép chỉ theo một điều khoản
what stands here is catalogued both as an array and as an object | chỗ này trong danh mục vừa là mảng vừa là đối tượng
an array here | ở đây là mảng
leave `*` out: {} | bỏ `*`: con trỏ không có `*` khớp một đối tượng cũng như mảng các đối tượng
the service has no `{}` | dịch vụ không có `{}`
at least one is needed | cần ít nhất một
addresses under `{}` are the gateway's own | địa chỉ dưới `{}` do chính cổng trả lời
never reached | không bao giờ đến được
give the service another name | đặt tên khác cho dịch vụ
a request could be for this operation and for `{}` | một yêu cầu có thể khớp cả thao tác này và `{}`
nothing says what values the path parameter `{}` takes | chưa khai báo kiểu của tham số đường dẫn `{}`
not declared | chưa khai báo
add `path = {} | thêm `path = {}
a {} has no body whose members could be named | {} không có nội dung yêu cầu để nêu vị trí
not sent | không được gửi
the operation | thao tác
no answer fits into nothing | không câu trả lời nào vừa kích thước bằng không
no body fits into nothing | không nội dung nào vừa kích thước bằng không
this answer is held, not streamed | câu trả lời này được giữ lại, không theo dòng
write stream = true, or bound it by `buffer` | ghi stream = true, hoặc giới hạn bằng `buffer`
a limit of zero lets nothing pass | giới hạn bằng không thì không gì qua được
a duration of nothing never suffices | thời gian bằng không thì không bao giờ đủ
an endpoint of no weight is never asked | địa chỉ có tỷ lệ bằng không thì không bao giờ được hỏi
this maintenance ends before it begins | lần bảo trì này kết thúc trước khi bắt đầu
data classed `{}` cannot be registered | dữ liệu loại `{}` không được đăng ký
a state secret | bí mật nhà nước
this is not an address | đây không phải địa chỉ
an address begins with `{}` or `{}` | địa chỉ bắt đầu bằng `{}` hoặc `{}`
an address has no user, no query and no empty path segment | địa chỉ không có tên người dùng, không có truy vấn, không có đoạn trống
write it like `{}` | viết như `{}`
this key goes with an `{}` address | khóa này chỉ dùng với địa chỉ `{}`
no TLS here | ở đây không có TLS
no TLS | không có TLS
what goes to this platform can be read on the way | dữ liệu gửi đến nền tảng này có thể bị đọc trên đường truyền
a field of a service is written like `{}` | trường của một dịch vụ viết như `{}`
no colon | thiếu dấu hai chấm
the provider of `{}` is `{}` | bên cung cấp của `{}` là `{}`
another | bên khác
write provider = {} | ghi provider = {}
this agreement ends before it begins | thỏa thuận kết thúc trước khi bắt đầu
this agreement has no `{}` | thỏa thuận không có `{}`
permits nothing | không cho phép gì
fields and legal basis take {} bytes of every log entry, of {} | trường và căn cứ pháp lý chiếm {} byte của mỗi bản ghi nhật ký, tối đa {}
this clause | điều khoản này
`{}` filters on `{}`, which this clause does not grant | `{}` lọc theo `{}`, mà điều khoản này không cấp
a filter tells what it filters on | lọc được là biết được
grant the field, or leave the parameter out | cấp trường đó, hoặc bỏ tham số
nobody can count the people that `{}` is about | không đếm được `{}` hỏi về bao nhiêu người
counts distinct people | đếm số người khác nhau
permitted here | cho phép ở đây
give the operation a `subject` in the service's file, or take the limit away | thêm `subject` cho thao tác trong tệp dịch vụ, hoặc bỏ giới hạn
people are counted by `{}`, which this clause does not let through | đếm người theo `{}`, mà điều khoản này không cho gửi
not let through | không cho gửi
add it to `{}`, or take the limit away | thêm vào `{}`, hoặc bỏ giới hạn
a burst of {} can never pass where {} may | mức dồn {} không bao giờ qua được khi chỉ {} được phép
larger | lớn hơn
{} at most | tối đa {}
`{}` names no days | `{}` không phải các ngày trong tuần
days are written {} | ngày viết `mon-fri`, `sat`, `mon,wed` hoặc `daily`
these hours end before they begin | giờ này kết thúc trước khi bắt đầu
these hours never open between the first and the last day | từ ngày đầu đến ngày cuối không lúc nào mở
none of these days comes | không có ngày nào như vậy
`{}` is never granted to this consumer | `{}` không bao giờ được cấp cho bên này
grants it | cấp trường đó
the guardrail | rào chắn
the term is longer than {} months | thời hạn dài hơn {} tháng
this agreement lets {} requests a day pass | thỏa thuận cho qua {} yêu cầu một ngày
this agreement bounds neither requests a day nor their rate | thỏa thuận không giới hạn số yêu cầu một ngày, cũng không giới hạn tần suất
too many | quá nhiều
write daily = {} or less | ghi daily = {} hoặc nhỏ hơn
`{}` is sensitive personal data, granted without a ground of its own | `{}` là dữ liệu cá nhân nhạy cảm, cấp mà không có căn cứ riêng
name the legal ground in `sensitive_basis` | nêu căn cứ pháp lý trong `sensitive_basis`
`{}` and `{}` would both answer `{}` | `{}` và `{}` cùng trả lời `{}`
same consumer, service, operation and purpose, terms that overlap | cùng bên khai thác, dịch vụ, thao tác, mục đích; thời hạn giao nhau
the other | văn bản kia
part their terms or purposes, or end the older one | tách thời hạn hoặc mục đích, hoặc kết thúc văn bản cũ
this agreement relies on `{}` too | thỏa thuận này còn dựa vào `{}`
`relies_on` does not name it | `relies_on` không nêu tệp đó
add { file {} | thêm { file {}
the file `{}` is not the one that was agreed on | tệp `{}` không phải tệp lúc thỏa thuận
another SHA-256 | SHA-256 khác
the file's is {}: agree on it anew, or put the old file back | của tệp là {}: thống nhất lại, hoặc khôi phục tệp cũ
the security confirmation holds until {}: before the first day | xác nhận an toàn thông tin có giá trị đến {}: trước ngày đầu
the security confirmation of `{}` held until {}: all is refused | xác nhận an toàn thông tin của `{}` có giá trị đến {}: mọi yêu cầu bị từ chối
the security confirmation of `{}` lapses in {} days | xác nhận an toàn thông tin của `{}` còn {} ngày
confirmed on this day | xác nhận ngày này
agreement `{}` is over since the end of {} | thỏa thuận `{}` đã hết hạn từ hết ngày {}
agreement `{}` expires in {} days | thỏa thuận `{}` còn {} ngày
the {} `{}` is suspended: such requests are refused | {} `{}` đang tạm dừng: các yêu cầu đó bị từ chối
named here | nêu ở đây
suspended here | tạm dừng ở đây
`{}` has no signing key that is valid today | `{}` không có khóa ký nào còn giá trị hôm nay
must sign its requests | phải ký yêu cầu
add one to `signing_keys` in {} | thêm khóa vào `signing_keys` trong {}
this is {} | đây là {}
"#,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::causes::tests::literal;
    use crate::language::causes::tests::sources;

    #[test]
    fn what_a_fault_names_is_taken_over_and_our_words_are_told_in_vietnamese() {
        assert_eq!(told("there is no catalogued field `/a b`"), "không có trường trong danh mục `/a b`");
        assert_eq!(
            told("a burst of 9 can never pass where 8 may"),
            "mức dồn 9 không bao giờ qua được khi chỉ 8 được phép"
        );
        assert_eq!(told("this is a text"), "đây là một đoạn chữ");
        assert_eq!(told("nobody has said this"), "nobody has said this");
    }

    /// What stands behind a call, if that is a literal or a format.
    fn literals_behind(text: &str, call: &str) -> Vec<String> {
        let behind = text.split(call).skip(1).map(|rest| match call.contains("Code::") {
            true => rest.split_once(',').map_or("", |(_, message)| message),
            false => rest,
        });
        let begins = |rest: &str| rest.trim_start().trim_start_matches("format!(").to_owned();
        behind.filter_map(|rest| literal(&begins(rest))).collect()
    }

    #[test]
    fn whatever_a_fault_is_made_of_in_the_source_is_said_in_vietnamese() {
        const CALLS: [&str; 7] = [
            ".label(",
            ".help(",
            "Fault::new(Code::",
            "Fault::warning(Code::",
            "let message =",
            "let what =",
            "let like =",
        ];
        let mut missing = Vec::new();
        let mut found = 0;
        for (file, text) in sources() {
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            if !text.contains("use crate::diagnostic::fault::") {
                continue;
            }
            for said in CALLS.iter().flat_map(|call| literals_behind(text, call)) {
                found += 1;
                if super::said(&said.replace("{}", "x")).is_none() {
                    missing.push(format!("{}: {said}", file.display()));
                }
            }
        }
        assert!(found > 150 && missing.is_empty(), "{found} {missing:#?}");
    }

    #[test]
    fn phrases_have_as_many_places_in_both_languages_and_stand_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (from, to) in PHRASES.pairs() {
            let places = |text: &str| text.matches("{}").count();
            assert!(places(to) <= places(from), "{from}");
            assert!(seen.insert(from), "{from} stands twice");
        }
        assert!(seen.len() > 150);
    }
}
