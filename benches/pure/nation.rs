//! A policy set as large as a nation's: 1,600 agencies, 40 services, 10,000 agreements, each for one consumer, service and purpose.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use http::Method;
use phohien::id::AgencyId;
use phohien::policy::judge::Facts;

/// How many agencies there are.
pub(crate) const AGENCIES: usize = 1_600;

/// How many agreements.
pub(crate) const AGREEMENTS: usize = 10_000;

/// How many services: no consumer has two agreements with one.
const SERVICES: usize = 40;

/// How many purposes.
const PURPOSES: usize = 25;

/// How many fields a service's catalogue has.
const FIELDS: usize = 36;

/// How many different field scopes the agreements with one service have.
const SCOPES: usize = 12;

/// All files, by name.
pub(crate) fn files() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut files = vec![
        ("guardrails.toml".to_owned(), GUARDRAILS.to_owned()),
        ("suspensions.toml".to_owned(), String::new()),
        ("purposes.toml".to_owned(), purposes()?),
    ];
    for number in 0..AGENCIES {
        files.push((format!("agencies/{}.toml", agency(number)), agency_file(number)));
    }
    for number in 0..SERVICES {
        files.push((format!("services/dich-vu-{number}.toml"), service_file(number)?));
    }
    for number in 0..AGREEMENTS {
        files.push((format!("agreements/TT-{number:05}.toml"), agreement_file(number)?));
    }
    Ok(files)
}

/// Writes them into a folder.
pub(crate) fn write(folder: &Path, files: &[(String, String)]) -> std::io::Result<()> {
    for name in ["agencies", "services", "agreements"] {
        fs::create_dir(folder.join(name))?;
    }
    for (name, text) in files {
        fs::File::create(folder.join(name))?.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// What an agreement grants, as its consumer would ask it.
pub(crate) struct Ask {
    agency: AgencyId,
    service: String,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    purpose: String,
    /// The agreement that must answer.
    pub(crate) expected: String,
}

impl Ask {
    /// The request under an agreement.
    pub(crate) fn of(number: usize) -> Result<Self, Box<dyn Error>> {
        let Parties { consumer, service, purpose } = parties(number);
        Ok(Self {
            agency: agency(consumer).parse()?,
            service: format!("dich-vu-{service}"),
            segments: vec!["ho-so".to_owned(), format!("{:012}", 99_190_000_000_u64 + number as u64)],
            query: vec![("phienBan".to_owned(), "2".to_owned())],
            purpose: format!("muc-dich-{purpose}"),
            expected: format!("TT-{number:05}"),
        })
    }

    /// The facts that are judged.
    pub(crate) fn facts<'a>(&'a self, method: &'a Method) -> Facts<'a> {
        Facts {
            agency: &self.agency,
            certificate: Some(&[7; 32]),
            source: Some(std::net::IpAddr::from([10, 31, 0, 7])),
            method,
            service: &self.service,
            segments: &self.segments,
            query: &self.query,
            purpose: Some(&self.purpose),
            names_case: true,
            names_user: true,
            fields: None,
            signed: false,
            content_length: None,
        }
    }
}

struct Parties {
    consumer: usize,
    service: usize,
    purpose: usize,
}

/// Each consumer's agreements are with services that lie seven apart: no two are with one.
fn parties(number: usize) -> Parties {
    let (consumer, turn) = (number % AGENCIES, number / AGENCIES);
    Parties { consumer, service: (consumer + turn * 7) % SERVICES, purpose: (consumer + turn) % PURPOSES }
}

fn agency(number: usize) -> String {
    format!("H{:02}.{:02}.{:02}", 10 + number / 400, number / 20 % 20, number % 20)
}

fn agency_file(number: usize) -> String {
    let id = agency(number);
    let role = if number < SERVICES { "\"exchange\", \"provide\"" } else { "\"exchange\"" };
    let role = if number == 0 { "\"exchange\", \"provide\", \"operate\"" } else { role };
    format!(
        "id = \"{id}\"\nname = {{ vi = \"Cơ quan {id}\", en = \"Agency {id}\" }}\nroles = [{role}]\nnetworks = [\"10.31.0.0/16\"]\n{CONTACTS}"
    )
}

fn purposes() -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for number in 0..PURPOSES {
        writeln!(
            text,
            "[[purpose]]\ncode = \"muc-dich-{number}\"\nname = {{ vi = \"Mục đích {number}\", en = \"Purpose {number}\" }}"
        )?;
    }
    Ok(text)
}

fn service_file(number: usize) -> Result<String, std::fmt::Error> {
    let provider = agency(number);
    let mut text = format!(
        "id = \"dich-vu-{number}\"\nname = {{ vi = \"Dịch vụ {number}\", en = \"Service {number}\" }}\nversion = 1\nprovider = \"{provider}\"\n{SERVICE}fields = [\n"
    );
    for field in 0..FIELDS {
        let class = if field == FIELDS - 1 { "sensitive" } else { "basic" };
        writeln!(
            text,
            "    {{ pointer = \"/nhom{}/truong{field}\", class = \"{class}\", name = {{ vi = \"Trường {field}\", en = \"Field {field}\" }} }},",
            field % 6
        )?;
    }
    text.push_str("]\n");
    for path in ["ho-so", "lich-su", "tom-tat", "danh-muc", "trang-thai"] {
        writeln!(
            text,
            "[[operations]]\nname = \"GET /{path}/{{so}}\"\npath = {{ so = \"12 digits\" }}\nquery = [{{ name = \"phienBan\" }}]\nsubject = {{ path = \"so\" }}"
        )?;
    }
    Ok(text)
}

fn agreement_file(number: usize) -> Result<String, std::fmt::Error> {
    let Parties { consumer, service, purpose } = parties(number);
    let (consumer, provider) = (agency(consumer), agency(service));
    let mut text = format!(
        "id = \"TT-{number:05}\"\nprovider = \"{provider}\"\nconsumers = [\"{consumer}\"]\nservice = \"dich-vu-{service}\"\npurposes = [\"muc-dich-{purpose}\"]\n{AGREEMENT}"
    );
    for (operations, first) in [("ho-so", 0), ("lich-su", 1)] {
        let fields: Vec<String> = (0..8).map(|place| field(number % SCOPES + place * 2 + first)).collect();
        writeln!(
            text,
            "[[permit]]\noperations = [\"GET /{operations}/{{so}}\"]\nfields = [{}]\nrequire = [\"case\", \"user\"]\nquery = [\"phienBan\"]\n",
            fields.join(", ")
        )?;
    }
    text.push_str(LIMITS);
    text.push_str(CONTACTS);
    Ok(text)
}

/// A field that is not the sensitive one.
fn field(place: usize) -> String {
    let place = place % (FIELDS - 1);
    format!("\"/nhom{}/truong{place}\"", place % 6)
}

const GUARDRAILS: &str = r#"max_term = "3 years"
max_daily = 300_000
no_sensitive_without_basis = true

[[never]]
fields = ["dich-vu-1:/nhom5/truong35", "dich-vu-2:/nhom5/truong35"]
consumers = ["*"]
"#;

const SERVICE: &str = r#"classification = { sharing = "dung_rieng", weight = "quan_trong" }
endpoints = [{ url = "https://nen-tang.example:8443" }]
timeouts = { connect = "2 s", answer = "10 s", body = "30 s" }
"#;

const AGREEMENT: &str = r#"version = 1
status = "active"
kind = "on_request"
legal_basis = ["Nghị định 278/2025/NĐ-CP", "Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15"]
valid = { from = 2026-01-01, until = 2027-12-31 }
security_confirmed = 2026-09-01
zone = "Asia/Ho_Chi_Minh"

"#;

const LIMITS: &str = r#"[limits]
rate = { requests = 100, per = "minute", burst = 20 }
daily = 20_000
subjects_per_day = 5_000
in_flight = 8
response = "1 MiB"

[hours]
open = [{ days = "mon-fri", from = "07:00", to = "18:00" }]

"#;

const CONTACTS: &str = r#"[contacts]
business = "Đầu mối nghiệp vụ, nghiepvu@mau.example"
technical = "Đầu mối kỹ thuật, kythuat@mau.example"
security = "Đầu mối an ninh mạng, anninhmang@mau.example"
"#;
