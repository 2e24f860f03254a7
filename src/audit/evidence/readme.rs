//! What an evidence file tells whoever opens it: what each file is, and how to verify each step without us.

/// The text's name.
pub const NAME: &str = "README.txt";

/// The script's name.
pub const SCRIPT_NAME: &str = "inclusion.sh";

/// Verifies one leaf by hand.
pub const SCRIPT: &str = include_str!("inclusion.sh");

/// The text, Vietnamese first.
#[must_use]
pub fn text() -> String {
    format!("{VI}\n\n{}\n\n{EN}", "=".repeat(100))
}

const VI: &str = "GÓI BẰNG CHỨNG CỦA CỔNG TRAO ĐỔI DỮ LIỆU PHỐ HIẾN

Gói này kiểm tra được ngoại tuyến, không cần cổng, không cần mạng. Điều duy nhất phải có từ nơi khác là khóa kiểm tra của
nhật ký (log.vkey hoặc tệp chính sách tin cậy) do đơn vị vận hành công bố: KHÔNG dùng log.vkey trong chính gói này nếu chưa đối chiếu.

Bằng chương trình:   phohien evidence verify case.zip --trust log.vkey --anchors ca.pem

Bằng tay, trong thư mục đã giải nén:

1. Các tệp còn nguyên như lúc trích xuất:
     sha256sum -c SHA256SUMS
2. Bản ghi N có trong nhật ký đã ký (entries/N.leaf, entries/N.proof; tương tự trong policy/, keys/, anchor/):
     bash inclusion.sh entries/N.leaf entries/N.proof log.vkey
   Bản ghi là văn bản JSON; đọc trực tiếp được.
3. Thỏa thuận: policy/M.leaf là bản ghi áp dụng chính sách; \"new\" phải bằng \"policy\" của bản ghi ở bước 2; mã băm của tệp
   dưới policy/M/ phải là mã ghi trong \"files\":
     sha256sum policy/M/agreements/*.toml
4. Chứng thư số của bên gọi: tên tệp là SHA-256 của nó, bằng \"certificate\".\"object\" trong bản ghi:
     sha256sum certificates/*.der ; openssl x509 -inform DER -noout -text -in certificates/TỆP.der
   Nó có hiệu lực khi đó: \"certificate\".\"path\" là SHA-256 của tệp .pem, gồm các tổ chức cấp chứng thư ở trên nó và danh sách thu hồi
   khi đó; GIÂY là thời điểm giao dịch tính từ 1970 (date -d 2026-11-26T02:00:00Z +%s); ca.pem là tổ chức tin cậy, lấy từ nơi khác:
     sha256sum certificates/*.pem
     openssl verify -attime GIÂY -purpose sslclient -crl_check_all -CAfile ca.pem -untrusted certificates/CHUỖI.pem \\
       -CRLfile certificates/CHUỖI.pem certificates/TỆP.der
5. Dữ liệu đã tiết lộ: kết quả phải bằng \"commitments\".\"NHÃN\" trong entries/N.leaf (NHÃN: request, answer, reply, subject, user):
     { printf 'phohien-commit/1\\nNHÃN\\n'; cat entries/N.NHÃN.salt entries/N.NHÃN.data; } | sha256sum
6. Phụ lục niêm phong (nếu có): phải bằng \"annex\" trong bản ghi. entries/N.annex.json là lời của người trích xuất, không tự chứng minh:
     sha256sum entries/N.annex
7. Dấu thời gian (nếu có): nhật ký đến điểm chốt này đã có trước thời điểm trong dấu, theo tổ chức cấp dấu thời gian (tsa.pem lấy từ nơi khác):
     openssl ts -verify -token_in -in anchor/token.der -data anchor/checkpoint.txt -CAfile tsa.pem
     openssl ts -reply -token_in -in anchor/token.der -token_out -text
   anchor/consistency.txt nối điểm chốt đó với điểm chốt của các bằng chứng (RFC 9162 2.1.4.2); chương trình kiểm tra bước này.
8. Câu trả lời đã ký (nếu có, messages/): chữ ký RFC 9421 bằng khóa ghi trong keys/*.leaf; chương trình kiểm tra bước này.

Gói này KHÔNG chứng minh: rằng không còn bản ghi nào khác về giao dịch; rằng dữ liệu của nguồn là đúng.
";

const EN: &str = "EVIDENCE FILE OF A PHỐ HIẾN DATA EXCHANGE GATEWAY

This file is verified offline: no gateway, no network. The one thing that must come from elsewhere is the log's verification key
(log.vkey, or a trust policy) as its operator published it: do NOT use the log.vkey in this very file unless you compared it.

By program:   phohien evidence verify case.zip --trust log.vkey --anchors ca.pem

By hand, in the folder it was unpacked to:

1. The files are those that were exported:
     sha256sum -c SHA256SUMS
2. Entry N is in the signed log (entries/N.leaf, entries/N.proof; the same under policy/, keys/, anchor/):
     bash inclusion.sh entries/N.leaf entries/N.proof log.vkey
   The entry is JSON text and can be read as it is.
3. The agreement: policy/M.leaf is the entry that put the policies into force; its \"new\" must equal \"policy\" of the entry of step 2;
   the hash of a file under policy/M/ must be the one in its \"files\":
     sha256sum policy/M/agreements/*.toml
4. The caller's certificate: the file's name is its SHA-256, and equals \"certificate\".\"object\" in the entry:
     sha256sum certificates/*.der ; openssl x509 -inform DER -noout -text -in certificates/FILE.der
   It was valid then: \"certificate\".\"path\" is the SHA-256 of the .pem file with the authorities above it and the revocation lists of then;
   SECONDS is the time of the exchange since 1970 (date -d 2026-11-26T02:00:00Z +%s); ca.pem the trusted authority, from elsewhere:
     sha256sum certificates/*.pem
     openssl verify -attime SECONDS -purpose sslclient -crl_check_all -CAfile ca.pem -untrusted certificates/PATH.pem \\
       -CRLfile certificates/PATH.pem certificates/FILE.der
5. Disclosed data: the result must equal \"commitments\".\"LABEL\" in entries/N.leaf (LABEL: request, answer, reply, subject, user):
     { printf 'phohien-commit/1\\nLABEL\\n'; cat entries/N.LABEL.salt entries/N.LABEL.data; } | sha256sum
6. The sealed annex (if it is there): must equal \"annex\" in the entry. entries/N.annex.json is the exporter's word and proves nothing by itself:
     sha256sum entries/N.annex
7. The time-stamp (if it is there): the log up to this head was there before the time in it, says the authority (tsa.pem, from elsewhere):
     openssl ts -verify -token_in -in anchor/token.der -data anchor/checkpoint.txt -CAfile tsa.pem
     openssl ts -reply -token_in -in anchor/token.der -token_out -text
   anchor/consistency.txt leads from that head to the one of the proofs (RFC 9162 2.1.4.2); the program verifies this step.
8. A signed answer (if it is there, messages/): an RFC 9421 signature by a key that keys/*.leaf names; the program verifies this step.

It does NOT prove: that there is no other entry of the exchange; that what the platform said is true.
";
