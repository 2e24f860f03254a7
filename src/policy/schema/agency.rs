//! `agencies/<id>.toml`.

use super::shape::Shape;
use super::shape::agency_id;
use super::shape::both;
use super::shape::contacts;
use super::shape::date;
use super::shape::form;
use super::shape::list;
use super::shape::may;
use super::shape::moment;
use super::shape::must;
use super::shape::one_of;
use super::shape::sha256;
use super::shape::table;
use super::shape::words;
use crate::identity::registry::SigningAlgorithm;

pub(super) fn file() -> Shape {
    let roles = ["exchange", "provide", "audit", "operate", "witness"];
    let keys = [
        must(
            "id",
            "Mã định danh điện tử (QĐ 20/2020/QĐ-TTg); là tên tệp",
            "The agency identifier; also the file's name",
            agency_id(),
        ),
        must("name", "Tên cơ quan, đơn vị", "The agency's name", both()),
        may(
            "formerly",
            "Mã cũ: được ghi nhớ, không xác thực cho ai",
            "Former codes: remembered, authenticating nobody",
            list(former()),
        ),
        must(
            "roles",
            "Vai trò: khai thác, cung cấp, kiểm toán, vận hành, chứng kiến",
            "What it may be to the gateway",
            list(one_of(&roles)),
        ),
        may(
            "certificate",
            "Chứng thư phải có những gì ngoài urn:agency:<mã>; mọi điều kiện đều phải khớp",
            "What its certificates must show besides urn:agency:<id>; all must match",
            certificate(),
        ),
        may(
            "networks",
            "Mạng nguồn; không ghi: từ mọi nơi",
            "Source networks; absent: anywhere",
            list(form("^[0-9a-fA-F:.]+/[0-9]{1,3}$")),
        ),
        may(
            "signing_keys",
            "Khóa ký yêu cầu (RFC 9421)",
            "Keys by which requests are signed (RFC 9421)",
            list(signing_key()),
        ),
        contacts(),
    ];
    table(keys).titled("Cơ quan, đơn vị", "Agency")
}

fn former() -> Shape {
    table([
        must("id", "Mã cũ", "The former code", agency_id()),
        must("until", "Ngày cuối cùng còn dùng", "The last day on which it was in use", date()),
    ])
}

fn certificate() -> Shape {
    table([
        may(
            "organization_identifier",
            "organizationIdentifier của chủ thể (OID 2.5.4.97)",
            "The subject's organizationIdentifier (OID 2.5.4.97)",
            words(),
        ),
        may(
            "issuing_ca",
            "SHA-256 khóa công khai (SPKI) của tổ chức cấp",
            "SHA-256 of the issuing authority's public key (SPKI)",
            sha256(),
        ),
        may(
            "spki_pins",
            "SHA-256 các khóa công khai được dùng; hai khóa khi thay khóa",
            "SHA-256 of the public keys it may hold; two while one is replaced",
            list(sha256()),
        ),
    ])
}

fn signing_key() -> Shape {
    let algorithms = SigningAlgorithm::ALL.map(SigningAlgorithm::as_str);
    table([
        must(
            "id",
            "Tên khóa: keyid trong chữ ký",
            "The key's name: the signature's keyid",
            form(r#"^[!#-\[\]-~]{1,128}$"#),
        ),
        must("algorithm", "Thuật toán của khóa", "The key's algorithm", one_of(&algorithms)),
        must(
            "public_key",
            "Khóa công khai (SPKI), Base64 hoặc PEM",
            "The public key (SPKI), in Base64 or PEM",
            form("^[A-Za-z0-9+/=\\s-]+$"),
        ),
        must("from", "Có giá trị từ thời điểm này", "Valid from this moment on", moment()),
        must("until", "Có giá trị trước thời điểm này", "Valid up to, not including, this moment", moment()),
    ])
}
