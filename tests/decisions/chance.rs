//! Policy sets and requests made of bytes: each byte is a throw of the dice, and where they run out every throw is the first side.

use std::fmt::Write as _;

use crate::reference::Request;

/// Dice that show what the bytes say.
pub(crate) struct Dice<'a>(&'a [u8]);

impl<'a> Dice<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    fn throw(&mut self, sides: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % sides
    }

    /// Whether a thing happens that happens once in so many throws.
    fn rarely(&mut self, once_in: usize) -> bool {
        self.throw(once_in) == once_in - 1
    }

    fn one_of<T: Copy>(&mut self, sides: &[T]) -> T {
        sides[self.throw(sides.len())]
    }

    /// The usual thing, three times in four.
    fn mostly<T: Copy>(&mut self, usual: T, others: &[T]) -> T {
        if self.rarely(4) { self.one_of(others) } else { usual }
    }

    /// Some of a list, in order: mostly all.
    fn some_of<'t>(&mut self, list: &[&'t str]) -> Vec<&'t str> {
        let leave = if self.rarely(3) { self.throw(256) } else { 0 };
        let kept = list.iter().enumerate().filter(|(place, _)| leave >> (place % 8) & 1 == 0);
        kept.map(|(_, item)| *item).collect()
    }
}

const CONSUMERS: [&str; 3] = ["H31.01", "H31.02", "H31.03"];
const SERVICES: [&str; 2] = ["mot", "hai"];
const PURPOSES: [&str; 3] = ["tra-cuu", "doi-chieu", "thong-ke"];
const CATALOGUE: [&str; 9] =
    ["/a", "/b/c", "/b/d", "/b/d/e", "/f/*/g", "/f/*/h/i", "/k~1l", "/m/n", "/m/n~0o"];
const POINTERS: [&str; 12] =
    ["/a", "/b", "/b/c", "/b/d", "/b/d/e", "/f", "/f/*", "/f/*/h", "/f/*/g", "/k~1l", "/m", "/m/n~0o"];
const OPERATIONS: [&str; 5] =
    ["GET /nguoi/{so}", "GET /nguoi/{so}/{ten}", "POST /tim", "GET /danh-sach", "PUT /nguoi/{so}"];
const ZONES: [&str; 5] = ["Asia/Ho_Chi_Minh", "UTC", "Pacific/Kiritimati", "America/New_York", "Asia/Beirut"];
const TERMS: [(&str, &str); 7] = [
    ("2026-01-01", "2027-12-31"),
    ("2026-11-23", "2026-11-23"),
    ("2026-11-24", "2027-11-24"),
    ("2025-01-01", "2026-11-22"),
    ("2024-03-01", "2024-03-31"),
    ("2026-06-01", "2026-12-01"),
    ("2024-02-29", "2026-02-28"),
];
const CONFIRMED: [&str; 5] = ["2026-09-01", "2026-05-23", "2026-05-22", "2026-08-31", "2023-10-31"];
const HOURS: [&str; 5] = [
    "{ days = \"mon-fri\", from = \"07:00\", to = \"18:00\" }",
    "{ days = \"sat,sun\", from = \"00:00\", to = \"24:00\" }",
    "{ days = \"daily\", from = \"22:00\", to = \"24:00\" }",
    "{ days = \"mon\", from = \"09:30\", to = \"09:31\" }, { days = \"tue-thu,sun\", from = \"00:00\", to = \"12:00\" }",
    "{ days = \"mon, wed\", from = \"00:00\", to = \"09:30\" }",
];
/// Moments at which something begins or is over in one of the zones, and some between.
const MOMENTS: [&str; 14] = [
    "2026-11-23T02:30:00Z",
    "2026-11-23T02:29:59.999Z",
    "2026-11-22T17:00:00Z",
    "2026-11-22T16:59:59.999Z",
    "2026-11-23T17:00:00Z",
    "2026-11-22T10:00:00Z",
    "2026-11-23T05:00:00Z",
    "2024-03-30T22:00:00Z",
    "2024-03-30T21:59:59.999Z",
    "2026-02-28T11:00:00Z",
    "2024-04-30T21:00:00Z",
    "2026-11-28T16:00:00Z",
    "2027-03-01T17:00:00Z",
    "2028-06-01T00:00:00Z",
];

/// The files of a policy set. It may have faults: two agreements that overlap, above all.
pub(crate) fn files(dice: &mut Dice<'_>) -> Vec<(String, String)> {
    let mut files = vec![
        ("guardrails.toml".to_owned(), String::new()),
        ("purposes.toml".to_owned(), PURPOSES.map(purpose).concat()),
        ("agencies/G01.toml".to_owned(), agency("G01", "roles = [\"provide\", \"operate\"]")),
    ];
    for id in CONSUMERS {
        let networks =
            dice.mostly("", &["networks = [\"10.0.0.0/8\"]", "networks = [\"10.30.0.0/15\", \"fd00::/9\"]"]);
        files.push((
            format!("agencies/{id}.toml"),
            agency(id, &format!("roles = [\"exchange\"]\n{networks}")),
        ));
    }
    for id in SERVICES {
        files.push((format!("services/{id}.toml"), service(id, dice)));
    }
    let agreements = 2 + dice.throw(3);
    for number in 1..=agreements {
        files.push((format!("agreements/TT-{number}.toml"), agreement(number, dice)));
    }
    files.push(("suspensions.toml".to_owned(), suspensions(dice)));
    files
}

fn purpose(code: &str) -> String {
    format!(
        "[[purpose]]\ncode = \"{code}\"\nname = {{ vi = \"Mục đích {code}\", en = \"Purpose {code}\" }}\n"
    )
}

const CONTACTS: &str = "[contacts]\nbusiness = \"a\"\ntechnical = \"b\"\nsecurity = \"c\"\n";

fn agency(id: &str, roles: &str) -> String {
    format!("id = \"{id}\"\nname = {{ vi = \"Cơ quan\", en = \"Agency\" }}\n{roles}\n{CONTACTS}")
}

fn service(id: &str, dice: &mut Dice<'_>) -> String {
    let mut text = format!(
        "id = \"{id}\"\nname = {{ vi = \"Dịch vụ\", en = \"Service\" }}\nversion = 1\nprovider = \"G01\"\nclassification = {{ sharing = \"dung_rieng\", weight = \"khac\" }}\nendpoints = [{{ url = \"https://a.example\" }}]\ntimeouts = {{ connect = \"2 s\", answer = \"10 s\", body = \"30 s\" }}\n"
    );
    if dice.rarely(4) {
        text += "maintenance = [{ from = 2026-11-23T02:30:00Z, until = 2026-11-23T05:00:00Z, reason = \"Nâng cấp\" }]\n";
    }
    let fields = CATALOGUE.map(|pointer| {
        format!(
            "{{ pointer = \"{pointer}\", class = \"basic\", name = {{ vi = \"Trường\", en = \"field\" }} }}"
        )
    });
    let _ = writeln!(text, "fields = [{}]", fields.join(", "));
    let kind = dice.one_of(&["3 digits", "up to 3 digits", "up to 4 characters"]);
    let filter = dice.one_of(&["/a", "/b", "/f/*/h", "/m/n"]);
    let counted = dice.mostly("subject = { query = \"ai\" }\n", &[""]);
    let by_path = dice.mostly("subject = { path = \"so\" }\n", &[""]);
    let request = dice.one_of(&["", "request = \"8 B\"\n"]);
    for name in OPERATIONS {
        let _ = write!(text, "[[operations]]\nname = \"{name}\"\n");
        let path = match name.matches('{').count() {
            0 => String::new(),
            1 => format!("path = {{ so = \"{kind}\" }}\n{by_path}"),
            _ => format!("path = {{ so = \"{kind}\", ten = \"up to 9 characters\" }}\n{by_path}"),
        };
        let query = format!(
            "query = [{{ name = \"loai\" }}, {{ name = \"loc\", field = \"{filter}\" }}, {{ name = \"ai\" }}]\n"
        );
        let rest = match name {
            "POST /tim" => {
                "body = [{ pointer = \"/ai\" }, { pointer = \"/loc\", field = \"/b/d\" }]\nsubject = { body = \"/ai\" }\n"
            }
            "GET /danh-sach" => counted,
            _ => "",
        };
        text = text + &path + &query + rest + request;
    }
    text
}

fn agreement(number: usize, dice: &mut Dice<'_>) -> String {
    let consumers = some_named(dice, &CONSUMERS);
    let service = dice.mostly("mot", &SERVICES);
    // Were each to cover all, most sets would have agreements that overlap, and not be loaded.
    let purposes = quoted(&[PURPOSES[number % 3]]);
    let purposes = if dice.rarely(5) { some_named(dice, &PURPOSES) } else { purposes };
    let (from, until) = dice.mostly(TERMS[0], &TERMS);
    let zone = dice.mostly(ZONES[0], &ZONES);
    let status = dice.mostly("active", &["active", "suspended", "ended"]);
    let mut text = format!(
        "id = \"TT-{number}\"\nversion = {number}\nstatus = \"{status}\"\nprovider = \"G01\"\nconsumers = [{consumers}]\nservice = \"{service}\"\nkind = \"special\"\npurposes = [{purposes}]\nlegal_basis = [\"Luật\"]\nvalid = {{ from = {from}, until = {until} }}\nzone = \"{zone}\"\n"
    );
    if status != "active" {
        text += "since = 2026-10-01\nreason = \"Lý do\"\n";
    }
    if dice.rarely(3) {
        let _ = writeln!(text, "security_confirmed = {}", dice.one_of(&CONFIRMED));
    }
    if dice.rarely(6) {
        text += "signed_requests = true\n";
    }
    for permit in permits(dice) {
        text += &permit;
    }
    if dice.rarely(6) {
        text += "[limits]\nsubjects_per_day = 5\n";
    }
    if dice.rarely(3) {
        let _ = writeln!(text, "[hours]\nopen = [{}]", dice.one_of(&HOURS));
    }
    text + CONTACTS
}

/// Some names in quotes; at least one.
fn some_named(dice: &mut Dice<'_>, names: &[&str]) -> String {
    let some = dice.some_of(names);
    let some = if some.is_empty() { vec![names[0]] } else { some };
    quoted(&some)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// One clause, or two that share the operations.
fn permits(dice: &mut Dice<'_>) -> Vec<String> {
    let mut rest = OPERATIONS.to_vec();
    let mut permits = Vec::new();
    for _ in 0..=dice.throw(2) {
        let operations = dice.some_of(&rest);
        rest.retain(|name| !operations.contains(name));
        let operations =
            if operations.is_empty() && permits.is_empty() { rest.split_off(0) } else { operations };
        if operations.is_empty() {
            continue;
        }
        let fields = dice.some_of(&POINTERS);
        let fields = if fields.is_empty() { vec!["/a"] } else { fields };
        let require = dice.some_of(&["case", "user"]);
        let (query, body) = (dice.some_of(&["loai", "ai"]), dice.some_of(&["/ai"]));
        let query: Vec<&str> = query.into_iter().chain(dice.rarely(3).then_some("loc")).collect();
        let body = if operations.contains(&"POST /tim") { body } else { Vec::new() };
        permits.push(format!(
            "[[permit]]\noperations = [{}]\nfields = [{}]\nrequire = [{}]\nquery = [{}]\nbody = [{}]\n",
            quoted(&operations),
            quoted(&fields),
            quoted(&require),
            quoted(&query),
            quoted(&body)
        ));
    }
    permits
}

fn suspensions(dice: &mut Dice<'_>) -> String {
    let mut text = String::new();
    let certificate = format!("certificate = \"{}\"", "07".repeat(32));
    for what in ["agency = \"H31.02\"", "agreement = \"TT-1\"", "purpose = \"thong-ke\"", &certificate] {
        if dice.rarely(8) {
            let _ = write!(text, "[[suspend]]\n{what}\nsince = 2026-11-20\nreason = \"Lý do\"\n");
        }
    }
    text
}

/// A request that somebody might ask under such a set.
pub(crate) fn request(dice: &mut Dice<'_>) -> Request {
    let segments = dice.mostly(
        "nguoi/123",
        &["nguoi/12", "nguoi/123/An", "tim", "danh-sach", "nguoi/a.b", "nguoi/..", "danh-sach", ""],
    );
    let usual = if segments == "tim" { "POST" } else { "GET" };
    let method = dice.mostly(usual, &["HEAD", "PUT", "GET", "DELETE"]);
    Request {
        agency: dice.mostly("H31.01", &["H31.02", "H31.03", "G01", "H99"]).to_owned(),
        certificate: [u8::try_from(dice.throw(32)).unwrap(); 32],
        source: dice
            .one_of(&["10.31.0.7", "::ffff:10.30.9.9", "192.0.2.1", "fd00::1", "fd80::1"])
            .parse()
            .unwrap(),
        method: method.to_owned(),
        service: dice.mostly("mot", &["hai", "hai", "ba", "MOT"]).to_owned(),
        segments: segments.split('/').map(str::to_owned).collect(),
        query: query(dice),
        purpose: dice
            .one_of(&[
                Some("tra-cuu"),
                Some("doi-chieu"),
                Some("thong-ke"),
                Some("tra-cuu"),
                Some("khac"),
                None,
            ])
            .map(str::to_owned),
        case: !dice.rarely(8),
        user: !dice.rarely(8),
        fields: fields(dice),
        signed: !dice.rarely(4),
        length: dice.mostly(None, &[Some(0), Some(8), Some(9), Some(65_536), Some(65_537)]),
        now: dice.mostly(MOMENTS[0], &MOMENTS).parse().unwrap(),
    }
}

fn query(dice: &mut Dice<'_>) -> Vec<(String, String)> {
    let long = "7".repeat(129);
    let sent: [&[&str]; 5] = [&["ai"], &["loai"], &["ai", "loc"], &["ai", "la"], &["loai", "ai"]];
    let names = dice.mostly(&[][..], &sent);
    let value = dice.one_of(&["1", "1", "", &long]).to_owned();
    names.iter().map(|name| ((*name).to_owned(), value.clone())).collect()
}

fn fields(dice: &mut Dice<'_>) -> Option<Vec<String>> {
    let asked: [Option<&[&str]>; 15] = [
        None,
        Some(&["/a"]),
        Some(&[]),
        Some(&["/b"]),
        Some(&["/b/d/e", "/a"]),
        Some(&["/f"]),
        Some(&["/f/*/g", "/f/*/g"]),
        Some(&["/f/g"]),
        Some(&["/f/0/g"]),
        Some(&["/k~1l"]),
        Some(&["/k/l"]),
        Some(&["/m/n~0o"]),
        Some(&["/m/n~2o"]),
        Some(&["", "/"]),
        Some(&["/m"]),
    ];
    dice.mostly(None, &asked).map(|asked| asked.iter().map(|pointer| (*pointer).to_owned()).collect())
}
