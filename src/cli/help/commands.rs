//! What each command is for, and an example that works.

use crate::language::Language;

/// The help of one command.
#[derive(Debug)]
pub struct Page {
    /// Its path, such as `audit list`; the program itself is the empty path.
    pub path: &'static str,
    vi: &'static str,
    en: &'static str,
    /// Lines that can be typed as they stand; a test parses each.
    pub examples: &'static [&'static str],
}

impl Page {
    /// What the command is for.
    #[must_use]
    pub fn about(&self, language: Language) -> &'static str {
        match language {
            Language::Vi => self.vi,
            Language::En => self.en,
        }
    }
}

/// Every command.
pub const COMMANDS: &[Page] = &[
    Page {
        path: "",
        vi: "Phố Hiến: cổng trao đổi dữ liệu giữa các cơ quan, với nhật ký có khả năng phát hiện sửa đổi.",
        en: "Phố Hiến: a data exchange gateway between public agencies, with a tamper-evident log.",
        examples: &["phohien demo --once", "phohien check", "phohien audit verify"],
    },
    Page {
        path: "demo",
        vi: "Kể trọn câu chuyện trên máy này, không cần chuẩn bị gì.",
        en: "Tell the whole story on this machine; nothing is needed.",
        examples: &["phohien demo --once"],
    },
    Page {
        path: "serve",
        vi: "Chạy cổng trao đổi dữ liệu.",
        en: "Run the gateway.",
        examples: &["phohien serve --config gateway.toml"],
    },
    Page {
        path: "check",
        vi: "Kiểm tra cấu hình và chính sách, nêu mọi lỗi cùng lúc; hoặc giải thích một mã lỗi.",
        en: "Check configuration and policies and tell all faults at once; or explain the code of a fault.",
        examples: &["phohien check gateway.toml policies", "phohien check --code F0003"],
    },
    Page {
        path: "call",
        vi: "Gọi cổng như một cơ quan khai thác, hiện câu trả lời và kiểm tra những gì nó chứng minh.",
        en: "Call the gateway as an agency does, show the answer and check what it proves.",
        examples: &[
            "phohien call https://localhost:8443/dan-cu/cong-dan/099190000001 --cert agency.pem --key agency.key --cacert ca.pem --purpose giai-quyet-tthc --case H31.01.01-261123-0007 --user can-bo-07",
        ],
    },
    Page {
        path: "policy",
        vi: "Hỏi về chính sách chia sẻ.",
        en: "Ask about the sharing policies.",
        examples: &["phohien policy access --agency H31.01.01"],
    },
    Page {
        path: "policy explain",
        vi: "Yêu cầu này có được phép không, theo khoản nào; nếu không, bước nào từ chối.",
        en: "Would this request be granted, and by which clause; if not, which step refuses it.",
        examples: &[
            "phohien policy explain --agency H31.01.01 GET /dan-cu/cong-dan/099190000001 --purpose giai-quyet-tthc --case H31.01.01-261123-0007 --user can-bo-07",
        ],
    },
    Page {
        path: "policy access",
        vi: "Cơ quan nào được khai thác những gì; ai tiếp cận được một trường; ma trận quyền truy cập.",
        en: "Who can reach what; who can reach a field; the access matrix.",
        examples: &[
            "phohien policy access --service dan-cu",
            "phohien policy access --field dan-cu:/CongDan/TonGiao",
            "phohien policy access --matrix --format html",
        ],
    },
    Page {
        path: "policy diff",
        vi: "Bộ chính sách mới thêm gì, bớt gì so với bộ cũ: ai được, ai mất, những gì. Kết thúc bằng 1 nếu có khác.",
        en: "What a new policy set gives and takes beside an old one: who gains, who loses, what. Ends with 1 if they differ.",
        examples: &["phohien policy diff policies policies-new"],
    },
    Page {
        path: "policy schema",
        vi: "JSON Schema của một loại tệp chính sách, để trình soạn thảo gợi ý và gạch chân chỗ sai.",
        en: "The JSON Schema of a kind of policy file, by which editors complete and underline.",
        examples: &["phohien policy schema agreement"],
    },
    Page {
        path: "policy replay",
        vi: "Bộ chính sách mới lẽ ra đã quyết định khác với những giao dịch nào trong nhật ký. Kết thúc bằng 1 nếu có.",
        en: "Which exchanges of the log a new policy set would have decided otherwise. Ends with 1 if there are any.",
        examples: &[
            "phohien policy replay policies-new --since 7d",
            "phohien policy replay policies-new --since 7d --log log --keys keys",
        ],
    },
    Page {
        path: "policy unused",
        vi: "Quyền không ai dùng, trường không ai cần, thỏa thuận sắp hết hiệu lực.",
        en: "Grants nobody used, fields nobody needed, agreements about to lapse.",
        examples: &["phohien policy unused --since 90d"],
    },
    Page {
        path: "policy suspend",
        vi: "Tạm dừng khẩn cấp một cơ quan, chứng thư số, thỏa thuận hoặc mục đích: có hiệu lực trong vòng một giây, cả với kết nối đang mở.",
        en: "Suspend an agency, a certificate, an agreement or a purpose: in force within a second, on open connections too.",
        examples: &["phohien policy suspend agreement TT-2026-004 --reason SC-2026-017"],
    },
    Page {
        path: "policy resume",
        vi: "Khôi phục điều đã bị tạm dừng.",
        en: "Take a suspension back.",
        examples: &["phohien policy resume agreement TT-2026-004 --reason SC-2026-017"],
    },
    Page {
        path: "policy sign",
        vi: "Ký thỏa thuận thay cho một bên: chữ ký CMS tách rời trên đúng từng byte của tệp, như `openssl cms -sign -binary -outform DER`.",
        en: "Sign an agreement for a party: a detached CMS signature over the file's exact bytes, as `openssl cms -sign -binary -outform DER` makes it.",
        examples: &[
            "phohien policy sign policies/agreements/TT-2026-001.toml --cert G01.HYN.pem --key G01.HYN.key",
        ],
    },
    Page {
        path: "policy verify",
        vi: "Các bên đã ký đúng văn bản thỏa thuận này chưa, bằng chứng thư số nào. Kết thúc bằng 1 nếu thiếu chữ ký, 4 nếu chữ ký sai.",
        en: "Whether the parties signed this very agreement, and by which certificates. Ends with 1 if a signature is missing, 4 if one is false.",
        examples: &["phohien policy verify policies/agreements/TT-2026-001.toml --anchors ca.pem"],
    },
    Page {
        path: "audit",
        vi: "Đọc và kiểm tra nhật ký trao đổi dữ liệu.",
        en: "Read and verify the exchange audit log.",
        examples: &["phohien audit list --since 7d", "phohien audit verify"],
    },
    Page {
        path: "audit list",
        vi: "Tìm giao dịch trong nhật ký.",
        en: "Find exchanges in the log.",
        examples: &[
            "phohien audit list --log log --since 7d --outcome refused",
            "phohien audit list --desk https://localhost:9443 --cert H31.10.pem --key H31.10.key --cacert desk-ca.pem --since 7d",
        ],
    },
    Page {
        path: "audit show",
        vi: "Hiện mọi bản ghi của một giao dịch.",
        en: "Show every entry of an exchange.",
        examples: &[
            "phohien audit show 0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b --log log",
            "phohien audit show 0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b --desk https://localhost:9443 --cert H31.10.pem --key H31.10.key --cacert desk-ca.pem --trust log.vkey",
        ],
    },
    Page {
        path: "audit count",
        vi: "Đếm bản ghi, nhóm theo các tiêu chí.",
        en: "Count entries, grouped by what is asked.",
        examples: &[
            "phohien audit count --since 7d --by agency,outcome",
            "phohien audit count --outcome refused --by day,reason --json",
        ],
    },
    Page {
        path: "audit tail",
        vi: "Hiện các bản ghi mới nhất và theo dõi tiếp.",
        en: "Show the newest entries, and follow.",
        examples: &["phohien audit tail -f --outcome refused"],
    },
    Page {
        path: "audit export",
        vi: "Xuất bản ghi ra tệp: JSONL, CSV cho Excel, Parquet.",
        en: "Export entries to a file: JSON lines, CSV for spreadsheets, Parquet.",
        examples: &[
            "phohien audit export --since 2026-11-01 --format csv -o thang-11.csv",
            "phohien audit export --all --format parquet -o entries.parquet",
            "phohien audit export --tiles public-log",
        ],
    },
    Page {
        path: "audit reindex",
        vi: "Dựng lại chỉ mục từ nhật ký.",
        en: "Build the index again from the log.",
        examples: &["phohien audit reindex"],
    },
    Page {
        path: "audit evidence",
        vi: "Trích xuất giao dịch thành gói bằng chứng, kiểm tra được ngoại tuyến mà không cần cổng.",
        en: "Put exchanges into an evidence file that proves them offline, without the gateway.",
        examples: &[
            "phohien audit evidence 0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b -o case.zip --log log",
            "phohien audit evidence 0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b -o case.zip --disclose answer=answer.json",
        ],
    },
    Page {
        path: "audit disclose",
        vi: "Nêu muối của một cam kết, để bên giữ dữ liệu chứng minh được dữ liệu đó.",
        en: "Tell the salt of one commitment, so that a party which holds the data can prove it.",
        examples: &[
            "phohien audit disclose 0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b answer --log log --keys keys",
        ],
    },
    Page {
        path: "audit refusal",
        vi: "Lập văn bản trả lời từ chối của một giao dịch: trang HTML để in và ký, có mã QR để kiểm tra.",
        en: "Write the answer to a request that was refused: a page to print and sign, with a QR code to verify it by.",
        examples: &[
            "phohien audit refusal 0199a1c2-0000-7000-8000-000000000000 --output tu-choi.html",
            "phohien audit refusal 0199a1c2-0000-7000-8000-000000000000 --desk https://gw.example:9443 --cert h3110.pem --key h3110.key --cacert ca.pem --trust log.vkey --policies policies",
        ],
    },
    Page {
        path: "audit forget",
        vi: "Quên một tháng: hủy khóa của tháng theo lệnh có hai người vận hành ký; phụ lục của tháng không đọc được nữa, mọi bằng chứng vẫn còn giá trị.",
        en: "Forget a month: destroy its key by an order that two operators signed; its annexes can never be read again, every proof stays valid.",
        examples: &[
            "phohien audit forget 2026-10 --order-only --reason TCVN-11930 -o order.json",
            "phohien audit forget 2026-10 --order order.json --signature a.p7s --signature b.p7s --desk https://gw1.example:9443 --cert me.pem --key me.key --cacert ca.pem",
            "phohien audit forget 2026-10 --order order.json --signature a.p7s --signature b.p7s --anchors operators-ca.pem",
        ],
    },
    Page {
        path: "audit verify",
        vi: "Dựng lại nhật ký từ các byte và nêu mọi chỗ sai theo số bản ghi và tệp.",
        en: "Rebuild the log from its bytes and name every fault by index and file.",
        examples: &["phohien audit verify log --vkey log.vkey --known receipt.json"],
    },
    Page {
        path: "receipt",
        vi: "Biên nhận giao dịch: lấy về, kiểm tra ngoại tuyến.",
        en: "Receipts: fetch them, verify them offline.",
        examples: &["phohien receipt verify receipt.json --trust log.vkey"],
    },
    Page {
        path: "receipt fetch",
        vi: "Lấy biên nhận của một giao dịch, hoặc mọi biên nhận sau một số thứ tự.",
        en: "Fetch the receipt of an exchange, or all receipts after a number.",
        examples: &[
            "phohien receipt fetch 0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b --gateway https://localhost:8443 --cert agency.pem --key agency.key --cacert ca.pem -o receipt.json",
            "phohien receipt fetch --after 0 --gateway https://localhost:8443 --cert agency.pem --key agency.key --cacert ca.pem",
            "phohien receipt fetch --after 17 --log gw1.hungyen.example/2026 --gateway https://localhost:8443 --cert agency.pem --key agency.key --cacert ca.pem",
        ],
    },
    Page {
        path: "receipt verify",
        vi: "Kiểm tra biên nhận ngoại tuyến, không cần cổng, không cần cấu hình.",
        en: "Verify a receipt offline: no gateway, no configuration.",
        examples: &["phohien receipt verify receipt.json --trust log.vkey"],
    },
    Page {
        path: "evidence",
        vi: "Gói bằng chứng: kiểm tra ngoại tuyến.",
        en: "Evidence files: verify them offline.",
        examples: &["phohien evidence verify case.zip --trust log.vkey"],
    },
    Page {
        path: "evidence verify",
        vi: "Kiểm tra gói bằng chứng từng bước, không cần mạng, không cần cổng, không cần cấu hình.",
        en: "Verify an evidence file step by step: no network, no gateway, no configuration.",
        examples: &["phohien evidence verify case.zip --trust log.vkey --anchors ca.pem --tsa tsa.pem"],
    },
    Page {
        path: "certs",
        vi: "Chứng thư số: tạo bộ thử nghiệm, kiểm tra một chuỗi.",
        en: "Certificates: make a development set, judge a chain.",
        examples: &["phohien certs dev certs"],
    },
    Page {
        path: "certs dev",
        vi: "Tạo bộ chứng thư số thử nghiệm cho các cơ quan trong chính sách.",
        en: "Make development certificates for the agencies of the policies.",
        examples: &["phohien certs dev certs --policies policies"],
    },
    Page {
        path: "certs check",
        vi: "Chuỗi chứng thư số này được nhận là cơ quan nào, hay vì sao bị từ chối.",
        en: "For which agency a chain would be taken, or why it would be refused.",
        examples: &["phohien certs check agency.pem --anchors ca.pem --policies policies"],
    },
    Page {
        path: "keys",
        vi: "Khóa kiểm tra để công bố; thay khóa nhật ký.",
        en: "Verification keys to publish; replacing the log's.",
        examples: &["phohien keys show"],
    },
    Page {
        path: "keys show",
        vi: "Hiện khóa kiểm tra của nhật ký và của câu trả lời.",
        en: "Show the keys that verify the log and its answers.",
        examples: &["phohien keys show --log log", "phohien keys show --witness witness"],
    },
    Page {
        path: "keys rotate",
        vi: "Đóng hẳn nhật ký và mở nhật ký mới với khóa mới, sau khi sửa `origin`; chạy khi cổng đã dừng, hoặc với --desk để dừng cổng có trật tự trước.",
        en: "Close the log for good and begin a new one with new keys, after changing `origin`; with the gateway stopped, or with --desk, which ends it in order first.",
        examples: &[
            "phohien keys rotate --config /etc/phohien/gateway.toml",
            "phohien keys rotate --desk https://gw1.example:9443 --cert me.pem --key me.key --cacert ca.pem",
        ],
    },
    Page {
        path: "keys new",
        vi: "Tạo trước khóa của nhật ký kế tiếp và hiện khóa kiểm tra để gửi đi trước khi `keys rotate`; sau khi sửa `origin`.",
        en: "Make the keys of the log that is to follow, and show what verifies by them, to be made known before `keys rotate`; after changing `origin`.",
        examples: &["phohien keys new --config /etc/phohien/gateway.toml"],
    },
    Page {
        path: "witness",
        vi: "Chứng kiến: ký xác nhận nhật ký của cơ quan khác, xem ai đã ký nhật ký của mình.",
        en: "Witnesses: cosign others' logs, see who cosigned one's own.",
        examples: &["phohien witness serve --config witness.toml", "phohien witness status --log log"],
    },
    Page {
        path: "witness serve",
        vi: "Ký xác nhận nhật ký của các cơ quan khác, chừng nào mỗi nhật ký chỉ dài thêm.",
        en: "Cosign other agencies' logs, as long as each of them only grows.",
        examples: &[
            "phohien witness serve --config witness.toml",
            "phohien witness serve --state witness --name witness.example/1 --logs gw1.vkey gw2.vkey --listen 127.0.0.1:9465",
        ],
    },
    Page {
        path: "witness status",
        vi: "Bên nào đã ký nhật ký của ta, đến bản ghi nào, lúc nào.",
        en: "Who cosigned our log, up to which entry, and when.",
        examples: &[
            "phohien witness status --config gateway.toml",
            "phohien witness status --log log --witnesses witnesses.vkey",
        ],
    },
];
