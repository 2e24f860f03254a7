//! The policies of the tests: their own, small, with one agreement for each thing that can be refused. The purpose chooses it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use super::AUDITOR;
use super::CENTRE;
use super::ELSEWHERE;
use super::HOSPITAL;
use super::STRANGER;
use super::SUSPENDED;
use super::WITNESS;

/// Each agreement of the centre with the service `mau`: its number, its purpose, and what sets it apart.
const AGREEMENTS: [(&str, &str, &str, &str); 12] = [
    // number, purpose, lines at the head, lines after the permit
    ("TT-01", "tra-cuu", "", ""),
    ("TT-03", "gioi-han", "", "[limits]\nrate = { requests = 2, per = \"day\", burst = 2 }"),
    (
        "TT-04",
        "gio-hanh-chinh",
        "",
        "[hours]\nopen = [{ days = \"mon-fri\", from = \"07:00\", to = \"18:00\" }]",
    ),
    ("TT-05", "tam-dung", "status = \"suspended\"\nsince = 2026-10-01\nreason = \"Rà soát an toàn\"", ""),
    ("TT-06", "ket-thuc", "status = \"ended\"\nsince = 2026-10-01\nreason = \"Hết nhu cầu\"", ""),
    ("TT-07", "het-han", "valid = { from = 2020-01-01, until = 2025-12-31 }", ""),
    ("TT-08", "ho-so", "", ""),
    ("TT-09", "nho", "", "[limits]\nresponse = \"64 B\""),
    ("TT-10", "chua-xac-nhan", "security_confirmed = 2026-03-01", ""),
    ("TT-11", "ky-so", "signed_requests = true", ""),
    ("TT-12", "chua-den-han", "valid = { from = 2030-01-01, until = 2031-12-31 }", ""),
    (
        "TT-13",
        "moi-ngay",
        "",
        "[limits]\nrate = { requests = 100, per = \"minute\" }\ndaily = 2\nsubjects_per_day = 1",
    ),
];

/// Writes the policies; the platforms listen at these addresses.
pub fn write(folder: &Path, platform: SocketAddr, silent: SocketAddr) {
    agencies(&folder.join("agencies"));
    service(folder, "mau", &format!("http://{platform}"), "10 s");
    service(folder, "cham", &format!("http://{silent}"), "200 ms");
    // Nobody listens on port 1 of the loopback interface.
    service(folder, "vang", "http://127.0.0.1:1", "10 s");
    for (id, purpose, head, tail) in AGREEMENTS {
        let consumers =
            if id == "TT-01" { vec![CENTRE, HOSPITAL, ELSEWHERE, SUSPENDED] } else { vec![CENTRE] };
        let more =
            if id == "TT-08" { "require = [\"case\", \"user\"]" } else { "query = [\"phienBan\", \"ten\"]" };
        let permit = format!("operations = [\"GET /cong-dan/{{so}}\"]\n{more}");
        agreement(
            folder,
            &Agreement { id, consumers: &consumers, service: "mau", purpose, head, permit: &permit, tail },
        );
    }
    let matching = "operations = [\"POST /doi-chieu\"]\nbody = [\"/SoDinhDanh\", \"/HoVaTen\"]";
    for (id, service) in [("TT-02", "mau"), ("TT-21", "cham"), ("TT-31", "vang")] {
        let (consumers, purpose) = (&[CENTRE, HOSPITAL][..], "doi-chieu");
        agreement(
            folder,
            &Agreement { id, consumers, service, purpose, head: "", permit: matching, tail: "" },
        );
    }
    for (id, service) in [("TT-20", "cham"), ("TT-30", "vang")] {
        let permit = "operations = [\"GET /cong-dan/{so}\"]";
        agreement(
            folder,
            &Agreement { id, consumers: &[CENTRE], service, purpose: "tra-cuu", head: "", permit, tail: "" },
        );
    }
    purposes(folder);
    write_all(folder, "guardrails.toml", "no_sensitive_without_basis = true\n");
    let suspended =
        format!("[[suspend]]\nagency = \"{SUSPENDED}\"\nsince = 2026-11-01\nreason = \"Nghi lộ khóa\"\n");
    write_all(folder, "suspensions.toml", &suspended);
}

struct Agreement<'a> {
    id: &'a str,
    consumers: &'a [&'a str],
    service: &'a str,
    purpose: &'a str,
    head: &'a str,
    permit: &'a str,
    tail: &'a str,
}

fn agencies(folder: &Path) {
    let exchange = "roles = [\"exchange\"]";
    for (id, more) in [
        (CENTRE, exchange.to_owned()),
        (HOSPITAL, exchange.to_owned()),
        (STRANGER, exchange.to_owned()),
        (SUSPENDED, exchange.to_owned()),
        (ELSEWHERE, format!("{exchange}\nnetworks = [\"10.31.0.0/16\"]")),
        ("H31.05", format!("{exchange}\nformerly = [{{ id = \"H54.05\", until = 2025-06-30 }}]")),
        ("H31.02", "roles = [\"operate\"]".to_owned()),
        (AUDITOR, "roles = [\"audit\"]".to_owned()),
        (WITNESS, "roles = [\"witness\"]".to_owned()),
        ("G01.HYN", "roles = [\"provide\"]".to_owned()),
    ] {
        let text = format!(
            "id = \"{id}\"\nname = {{ vi = \"Cơ quan {id}\", en = \"Agency {id}\" }}\n{more}\n[contacts]\nbusiness = \"Nghiệp vụ {id}\"\ntechnical = \"Kỹ thuật {id}\"\nsecurity = \"An ninh {id}\"\n"
        );
        super::write(&folder.join(format!("{id}.toml")), &text);
    }
}

fn service(folder: &Path, id: &str, url: &str, answer: &str) {
    let text = format!(
        r#"id = "{id}"
name = {{ vi = "Nền tảng {id}", en = "Platform {id}" }}
version = 1
provider = "G01.HYN"
classification = {{ sharing = "dung_rieng", weight = "khac" }}
endpoints = [{{ url = "{url}" }}]
result_code = "/TrangThai"
timeouts = {{ connect = "5 s", answer = "{answer}", body = "5 s" }}
fields = [
    {{ pointer = "/MaGiaoDich", class = "none", name = {{ vi = "Mã giao dịch", en = "transaction" }} }},
    {{ pointer = "/TrangThai", class = "none", name = {{ vi = "Trạng thái", en = "status" }} }},
    {{ pointer = "/KetQua", class = "basic", name = {{ vi = "Kết quả", en = "result" }} }},
    {{ pointer = "/CongDan/SoDinhDanh", class = "basic", name = {{ vi = "Số định danh", en = "number" }} }},
    {{ pointer = "/CongDan/HoVaTen", class = "basic", name = {{ vi = "Họ và tên", en = "name" }} }},
    {{ pointer = "/CongDan/TonGiao", class = "sensitive", name = {{ vi = "Tôn giáo", en = "religion" }} }},
]

[[operations]]
name = "GET /cong-dan/{{so}}"
path = {{ so = "12 digits" }}
query = [{{ name = "phienBan" }}, {{ name = "ten", field = "/CongDan/HoVaTen" }}, {{ name = "dao", field = "/CongDan/TonGiao" }}]
subject = {{ path = "so" }}

[[operations]]
name = "POST /doi-chieu"
body = [
    {{ pointer = "/SoDinhDanh", field = "/CongDan/SoDinhDanh" }},
    {{ pointer = "/HoVaTen", field = "/CongDan/HoVaTen" }},
]
subject = {{ body = "/SoDinhDanh" }}
request = "1 KiB"
"#
    );
    write_all(folder, &format!("services/{id}.toml"), &text);
}

fn agreement(
    folder: &Path,
    Agreement { id, consumers, service, purpose, head, permit, tail }: &Agreement<'_>,
) {
    let mut head = (*head).to_owned();
    if !head.contains("status = ") {
        head.push_str("\nstatus = \"active\"");
    }
    if !head.contains("valid = ") {
        // Whatever the year is: the gateway as a process of its own lives in real time.
        head.push_str("\nvalid = { from = 2020-01-01, until = 2099-12-31 }");
    }
    let text = format!(
        r#"id = "{id}"
version = 1
provider = "G01.HYN"
consumers = {consumers:?}
service = "{service}"
kind = "on_request"
purposes = ["{purpose}"]
legal_basis = ["Nghị định 278/2025/NĐ-CP"]
zone = "Asia/Ho_Chi_Minh"
{head}

[[permit]]
{permit}
fields = ["/MaGiaoDich", "/TrangThai", "/KetQua", "/CongDan/SoDinhDanh", "/CongDan/HoVaTen"]

{tail}

[contacts]
business = "Nghiệp vụ {id}"
technical = "Kỹ thuật {id}"
security = "An ninh {id}"
"#
    );
    write_all(folder, &format!("agreements/{id}.toml"), &text);
}

fn purposes(folder: &Path) {
    let codes = AGREEMENTS.iter().map(|(_, purpose, ..)| *purpose).chain(["doi-chieu"]);
    let mut text = String::new();
    for code in codes {
        writeln!(
            text,
            "[[purpose]]\ncode = \"{code}\"\nname = {{ vi = \"Mục đích {code}\", en = \"Purpose {code}\" }}"
        )
        .unwrap();
    }
    write_all(folder, "purposes.toml", &text);
}

fn write_all(folder: &Path, name: &str, text: &str) {
    super::write(&folder.join(name), text);
}
