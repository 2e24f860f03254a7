//! What each argument means. A line without a command holds wherever the argument occurs; one with a command holds there alone.

/// Command, argument, Vietnamese, English: one argument a line.
const TABLE: &str = r"
* | config | Tệp cấu hình (nếu không: PHOHIEN_CONFIG, ./gateway.toml, /etc/phohien/gateway.toml) | The configuration (else PHOHIEN_CONFIG, ./gateway.toml, /etc/phohien/gateway.toml)
* | color | Màu: auto, always, never | Colours: auto, always or never
* | lang | Ngôn ngữ: vi, en (nếu không: LANG; tiếng Việt khi không rõ) | Language: vi or en (else LANG; Vietnamese when unsure)
* | json | Kết quả cho máy đọc | The result for machines
* | help | Hiện trợ giúp này | Show this help
* | version | Hiện phiên bản | Show the version
* | log | Thư mục nhật ký, thay cho cấu hình | The log's folder, instead of the configuration's
* | policies | Thư mục chính sách, thay cho cấu hình | The folder of policies, instead of the configuration's
* | keys | Thư mục khóa, thay cho cấu hình | The folder of keys, instead of the configuration's
demo | once | Kể một lần rồi kết thúc | Tell the story once and end
demo | dir | Thư mục trống để giữ các tệp; nếu không nêu: ./phohien-demo, hoặc thư mục tạm khi dùng --once | An empty folder to keep the files in; else ./phohien-demo, or with --once a temporary one
demo | port | Cổng mạng trên máy này | The gateway's port on this machine
serve | unwitnessed | Vẫn chạy khi không hỏi được bên chứng kiến nào; nhật ký ghi rõ điều này | Run although no witness can be asked; the log says so
check | paths | Tệp cấu hình hoặc thư mục chính sách; nếu không nêu: theo cấu hình | A configuration or a folder of policies; none: the configuration and its policies
check | code | Giải thích mã lỗi này | Explain this code
call | url | Địa chỉ https đầy đủ | The whole https address
* | desk | Đọc qua cổng này (https), có ghi lại, thay cho thư mục trên máy | Read over this gateway's desk (https), which records it, instead of folders here
audit show | trust | Tệp khóa kiểm tra nhật ký tin cậy (log.vkey), khi đọc qua cổng | The log's verification keys to trust (log.vkey), when reading over a desk
* | cert | Chứng thư số của cơ quan (PEM, kèm chuỗi) | The agency's certificate (PEM, with its chain)
* | key | Khóa riêng của chứng thư số (PEM) | The certificate's private key (PEM)
* | cacert | Tổ chức cấp chứng thư số của cổng (PEM) | The authority of the gateway's certificate (PEM)
* | connect | Nối tới địa chỉ IP:CỔNG này thay vì hỏi DNS | Connect to this IP:PORT instead of resolving the name
* | http1 | Chỉ dùng HTTP/1.1 | Use HTTP/1.1 only
* | timeout | Số giây chờ câu trả lời | Seconds to wait for an answer
* | purpose | Mã mục đích khai thác | The code of the purpose of use
* | case | Mã hồ sơ | The case-file number
* | user | Cán bộ thực hiện | The end user
* | fields | Các trường cần lấy, cách nhau bằng dấu phẩy, như /CongDan/HoVaTen | The fields wanted, separated by commas, such as /CongDan/HoVaTen
call | method | Phương thức HTTP (nếu không: GET, hoặc POST khi có dữ liệu) | The HTTP method (else GET, or POST with data)
call | data | Nội dung gửi đi, hoặc @TỆP | The body to send, or @FILE
call | content_type | Loại nội dung gửi đi (nếu không: application/json) | The type of the body (else application/json)
call | accept_signature | Yêu cầu câu trả lời được ký số | Ask for a signed answer
call | sign_key | Khóa riêng để ký yêu cầu (PEM, PKCS #8) | The private key that signs the request (PEM, PKCS #8)
call | key_id | Tên đã đăng ký của khóa ký đó | The name under which that key is registered
call | answer_key | Khóa kiểm tra chữ ký câu trả lời (PEM); nếu không: log.answer.pem cạnh tệp --cacert | The key that verifies answers (PEM); else log.answer.pem beside the file of --cacert
call | vkey | Khóa kiểm tra nhật ký; nếu không: log.vkey cạnh tệp --cacert | The key that verifies the log; else log.vkey beside the file of --cacert
call | proof | Lấy cả bằng chứng có trong nhật ký và kiểm tra | Fetch the inclusion proof too, and verify it
call | heads | Tệp giữ điểm chốt cuối cùng đã thấy; đòi bằng chứng nhất quán với nó | A file that keeps the last head seen; consistency with it is demanded
call | save_receipt | Lưu biên nhận vào tệp này | Save the receipt to this file
call | raw | Hiện nguyên văn nội dung, không sắp xếp lại | Show the body as it came
policy explain | agency | Cơ quan khai thác | The agency that asks
policy explain | method | Phương thức HTTP | The HTTP method
policy explain | url | Địa chỉ, hoặc chỉ đường dẫn như /dan-cu/… | The address, or only the path, such as /dan-cu/…
policy explain | at | Vào thời điểm này thay vì bây giờ | At this time instead of now
policy schema | kind | Loại tệp: agency, service, agreement, purposes, guardrails, suspensions | The kind of file: agency, service, agreement, purposes, guardrails or suspensions
policy access | agency | Chỉ cơ quan này | This agency only
policy suspend | kind | Loại: agency, certificate, agreement, purpose | What it is: agency, certificate, agreement or purpose
policy suspend | id | Mã cơ quan, số thỏa thuận, mã mục đích, hoặc SHA-256 của cả chứng thư số | The agency's id, the agreement's number, the purpose's code, or the SHA-256 of the whole certificate
policy suspend | reason | Lý do, được nêu trong câu trả lời từ chối | The reason, which refusals tell
policy resume | kind | Loại: agency, certificate, agreement, purpose | What it is: agency, certificate, agreement or purpose
policy resume | id | Điều đã bị tạm dừng | What is suspended
policy resume | reason | Lý do, giữ lại trong tệp | The reason, which stays in the file
policy access | service | Chỉ dịch vụ này | This service only
policy access | field | Ai tiếp cận được trường này, kể cả qua trường cha hoặc trường con | Who can reach this field, through what is above or below it too
policy access | matrix | Ma trận cơ quan, đơn vị theo dịch vụ | Agencies by services
policy access | format | Trình bày ma trận: table, csv, html | How the matrix is shown: table, csv or html
policy diff | old | Thư mục chính sách cũ | The folder of the old policies
policy diff | new | Thư mục chính sách mới | The folder of the new policies
policy replay | new | Thư mục chính sách mới | The folder of the new policies
policy replay | limit | Liệt kê nhiều nhất N giao dịch | List N exchanges at most
* | since | Từ thời điểm này: 2026-11-23, 23/11/2026 09:30, 7d | From this time on: 2026-11-23, 23/11/2026 09:30, 7d
* | until | Đến thời điểm này; một ngày thì tính cả ngày đó | Until this time; a day counts whole
* | agency | Cơ quan khai thác | The agency that asked
* | service | Dịch vụ | The service
* | operation | Thao tác, như 'GET /cong-dan/{so_dinh_danh}' | The operation, such as 'GET /cong-dan/{so_dinh_danh}'
* | agreement | Số thỏa thuận | The agreement's number
* | outcome | Kết quả: opened, released, refused, failed, aborted, orphaned | The outcome: opened, released, refused, failed, aborted or orphaned
* | reason | Mã lý do | The reason's code
* | hop | Chặng lỗi: caller, gateway, platform | The hop that failed: caller, gateway or platform
* | exchange | Mã giao dịch | The exchange id
* | stage | Bước từ chối, như limits | The stage that refused, such as limits
* | status | Mã HTTP của câu trả lời | The answer's HTTP status
* | certificate | Số sê-ri chứng thư số, hoặc SHA-256 của khóa công khai | The certificate's serial number, or the SHA-256 of its public key
* | index | Thư mục chỉ mục, thay cho cấu hình | The index's folder, instead of the configuration's
audit count | by | Nhóm theo: agency, service, operation, agreement, purpose, outcome, reason, stage, hop, status, certificate, issuer, code, case, user, subject, exchange, hour, day, month | Group by: agency, service, operation, agreement, purpose, outcome, reason, stage, hop, status, certificate, issuer, code, case, user, subject, exchange, hour, day or month
audit tail | last | Bắt đầu từ N bản ghi cuối | Begin with the last N
audit tail | follow | Theo dõi bản ghi mới cho đến khi dừng | Follow what is new until stopped
audit export | format | Định dạng: jsonl, csv, parquet | The format: jsonl, csv or parquet
audit export | output | Ghi vào tệp này | Write to this file
audit export | tiles | Xuất chính nhật ký theo C2SP tlog-tiles vào thư mục mới này | Write the log itself as C2SP tlog-tiles into this new folder
audit export | separator | Dấu phân cách của CSV: , hoặc ; theo cài đặt vùng của Excel | The separator of CSV: , or ; as the spreadsheet's region wants it
audit list | limit | Nhiều nhất N bản ghi | N entries at most
audit list | after | Các bản ghi sau số này: xem tiếp trang sau | The entries behind this index: the next page
audit list | last | Chỉ N bản ghi cuối | The last N only
* | all | Cả các bản ghi không phải giao dịch | Entries that are no exchanges too
audit show | id | Mã giao dịch, hoặc số bản ghi | An exchange id, or an index
audit show | annex | Mở cả phụ lục niêm phong: có thông tin về cá nhân | Open the sealed annex too: it tells about people
audit verify | folder | Thư mục nhật ký, thay cho cấu hình | The log's folder, instead of the configuration's
audit verify | vkey | Khóa kiểm tra nhật ký giữ ở nơi khác; nếu không: tệp .vkey cạnh thư mục | The log's verification key from elsewhere; else the .vkey file beside the folder
audit verify | known | Điểm chốt hoặc biên nhận giữ ở nơi khác, để phát hiện cắt bớt và rẽ nhánh | Checkpoints or receipts held elsewhere, to expose truncation and forks
audit evidence | ids | Mã giao dịch | The exchange ids
audit evidence | output | Tệp zip để ghi | The zip file to write
audit evidence | annex | Kèm phụ lục: có thông tin về cá nhân | Put the annexes in: they tell about people
audit evidence | disclose | Kèm muối của cam kết này (request, answer, reply, subject, user), và dữ liệu nếu nêu tệp | Put in the salt of this commitment (request, answer, reply, subject or user), and the data if a file is named
* | provider | Cơ quan cung cấp dịch vụ, khi nêu muối của reply | The agency that provides the service, where the salt of reply is told
audit evidence | message | Câu trả lời đã ký mà một bên còn giữ (như curl --include ghi lại) | A signed answer that a party kept (as curl --include writes it)
audit evidence | request | Yêu cầu mà câu trả lời đó trả lời | The request which that answer answers
audit evidence | trust | Chính sách tin cậy kèm trong gói; nếu không: chỉ nhật ký này | The trust policy to put in; else one of this log alone
audit evidence | vkey | Khóa kiểm tra nhật ký; nếu không: tệp .vkey cạnh thư mục | The log's verification key; else the .vkey file beside the folder
policy sign | file | Tệp thỏa thuận trong thư mục chính sách | The agreement's file in its folder of policies
policy sign | cert | Chứng thư số của bên ký (PEM, kèm chuỗi) | The party's certificate (PEM, with its chain)
policy sign | key | Khóa riêng của chứng thư số (PEM, PKCS #8; ECDSA P-256 hoặc RSA) | The certificate's private key (PEM, PKCS #8; ECDSA P-256 or RSA)
policy verify | file | Tệp thỏa thuận trong thư mục chính sách | The agreement's file in its folder of policies
policy verify | anchors | Tổ chức cấp chứng thư số cho các bên ký (PEM); nếu không: [signers] trong cấu hình | The authority of the signers' certificates (PEM); else [signers] of the configuration
policy verify | crl | Danh sách thu hồi của tổ chức đó (PEM) | Its revocation lists (PEM)
audit refusal | trust | Tệp khóa kiểm tra nhật ký tin cậy (log.vkey), khi đọc qua cổng | The log's verification keys to trust (log.vkey), when reading over a desk
audit refusal | id | Mã giao dịch bị từ chối | The exchange that was refused
audit refusal | number | Số, ký hiệu của văn bản | The number of the document
audit refusal | city | Địa danh nơi ban hành | Where it is issued
audit refusal | output | Ghi vào tệp này thay vì hiện ra | Write to this file instead of showing it
audit forget | month | Tháng (UTC), như 2026-10 | The month (UTC), such as 2026-10
audit forget | order_only | Chỉ lập lệnh để hai người vận hành ký | Only draw up the order, for two operators to sign
audit forget | reason | Lý do, căn cứ; được lưu cùng nhật ký nên không nêu tên người | The reason, the ground; kept with the log, so it names nobody
audit forget | output | Tệp để ghi lệnh | The file to write the order to
audit forget | order | Lệnh đã ký | The order that was signed
audit forget | signature | Chữ ký của một người vận hành (CMS, DER); nêu hai lần | An operator's signature (CMS, DER); twice
audit forget | anchors | Tổ chức cấp chứng thư số cho người vận hành (PEM); nếu không: của bàn kiểm toán trong cấu hình | The authority of the operators' certificates (PEM); else the desk's in the configuration
audit forget | desk | Giao lệnh cho cổng đang chạy tại địa chỉ này (https), thay cho thư mục trên máy | Give the order to the gateway that runs here (https), instead of the folders of this machine
audit forget | crl | Danh sách thu hồi của tổ chức đó (PEM) | Its revocation lists (PEM)
audit disclose | id | Mã giao dịch | The exchange id
audit disclose | label | Nhãn cam kết: request, answer, reply, subject, user | The commitment's label: request, answer, reply, subject or user
audit disclose | to | Ghi vào tệp này (JSON) | Write to this file too (JSON)
evidence verify | file | Gói bằng chứng (zip) | The evidence file (zip)
evidence verify | trust | Khóa kiểm tra nhật ký tin cậy, mỗi dòng một khóa (log.vkey), hoặc chính sách tin cậy (tlog-policy) | The verification keys to trust, one a line (log.vkey), or a trust policy (tlog-policy)
evidence verify | anchors | Tổ chức cấp chứng thư số cho các cơ quan được tin cậy (PEM), lấy từ nơi khác | The authorities trusted to issue certificates to agencies (PEM), had from elsewhere
evidence verify | tsa | Chứng thư số của tổ chức cấp dấu thời gian tin cậy (PEM) | The certificate of the trusted time-stamping authority (PEM)
receipt fetch | id | Mã giao dịch | The exchange id
receipt fetch | after | Mọi biên nhận sau số thứ tự này | All receipts after this number
receipt fetch | log | Nhật ký (origin) mà số thứ tự đó thuộc về; hết nhật ký đã đóng thì lấy tiếp nhật ký kế sau. Bỏ trống: nhật ký hiện tại | The log (its origin) that the number is of; behind the end of a closed log it goes on with the one that followed. Left out: the present log
receipt fetch | gateway | Địa chỉ cổng, như https://localhost:8443 | The gateway's address, such as https://localhost:8443
receipt fetch | trust | Khóa kiểm tra nhật ký hoặc chính sách tin cậy: kiểm tra từng biên nhận khi lấy về | The log's verification keys or a trust policy: each receipt is verified as it comes
receipt fetch | heads | Tệp giữ điểm chốt cuối cùng đã thấy; đòi bằng chứng nhất quán với nó | A file that keeps the last head seen; consistency with it is demanded
receipt fetch | output | Ghi vào tệp này thay vì hiện ra | Write to this file instead of showing it
receipt verify | file | Biên nhận (một tài liệu, hoặc mỗi dòng một bản ghi) | The receipt (one document, or one entry a line)
receipt verify | trust | Khóa kiểm tra nhật ký tin cậy, mỗi dòng một khóa (log.vkey), hoặc chính sách tin cậy (tlog-policy) | The verification keys to trust, one a line (log.vkey), or a trust policy (tlog-policy)
receipt verify | answer | Nội dung câu trả lời đang giữ: kiểm tra đúng là nội dung đã cam kết | The body of the answer one holds: is it the one committed to
certs dev | folder | Thư mục để tạo; chưa có chứng thư số | The folder to make them in; it holds none yet
certs check | file | Chuỗi chứng thư số (PEM, chứng thư của cơ quan đứng đầu) | The chain (PEM, the agency's own certificate first)
certs check | anchors | Tổ chức cấp chứng thư số tin cậy (PEM) | The authorities to trust (PEM)
certs check | at | Vào thời điểm này thay vì bây giờ | At this time instead of now
policy explain | signed | Yêu cầu được ký số bằng khóa của cơ quan | The request is signed by a key of the agency
certs dev | name | Tên hoặc địa chỉ IP của cổng | A name or IP address of the gateway
certs check | crl | Danh sách thu hồi (PEM) | Revocation lists (PEM)
* | subject | Chủ thể dữ liệu (mở phụ lục) | The data subject (opens annexes)
* | code | Mã kết quả của nguồn (mở phụ lục) | The provider's result code (opens annexes)
keys rotate | desk | Dừng có trật tự cổng đang chạy tại địa chỉ này (https) rồi mới đóng nhật ký; lệnh chạy trên chính máy của cổng | End the gateway that runs here (https) in order before the log is closed; run on that gateway's own machine
keys show | witness | Thư mục của bên chứng kiến: hiện khóa của bên đó | A witness's folder: show its key instead
witness serve | state | Thư mục khóa và bộ nhớ của bên chứng kiến, thay cho cấu hình | The folder of the witness's key and memory, instead of a configuration
witness serve | name | Tên bên chứng kiến ký, như witness.example/1 | The name it cosigns under, such as witness.example/1
witness serve | logs | Tệp khóa kiểm tra của các nhật ký được chứng kiến (log.vkey) | The verification keys of the logs to cosign (log.vkey)
witness serve | listen | Địa chỉ nhận yêu cầu; nếu không nêu: 127.0.0.1:9465 | Where it is asked; else 127.0.0.1:9465
witness status | vkey | Khóa kiểm tra nhật ký; nếu không: tệp .vkey cạnh thư mục | The log's verification key; else the .vkey file beside the folder
witness status | witnesses | Khóa của các bên chứng kiến, mỗi dòng một khóa, thay cho cấu hình | The witnesses' keys, one a line, instead of the configuration's
";

/// What one argument means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The path of its command; empty: wherever it occurs.
    pub path: &'static str,
    /// Its name.
    pub id: &'static str,
    /// Vietnamese.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

/// Every argument's meaning.
pub fn all() -> impl Iterator<Item = Meaning> {
    TABLE.lines().filter_map(|line| {
        let mut cells = line.split('|').map(str::trim);
        let (path, id, vi, en) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
        Some(Meaning { path: path.trim_start_matches('*'), id, vi, en })
    })
}
