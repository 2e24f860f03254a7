//! The province's example policies, and what they decide.

mod codes;
mod diff;
mod faults;
mod guide;
mod never;
mod province;
mod replay;
mod schemas;
mod steps;
mod unused;
mod validator;

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use http::Method;

use super::judge::{Facts, Verdict, judge};
use super::load::load_files;
use super::policies::Policies;
use super::refusal::Refusal;
use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::diagnostic::fault::Faults;
use crate::id::AgencyId;

/// Monday, 23 November 2026, 09:30 in Hưng Yên.
const NOW: &str = "2026-11-23T02:30:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

/// The example's files, by name.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for name in ["purposes.toml", "guardrails.toml", "suspensions.toml"] {
        files.push((name.to_owned(), fs::read_to_string(folder().join(name)).unwrap()));
    }
    for kind in ["agencies", "services", "agreements"] {
        for entry in fs::read_dir(folder().join(kind)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{kind}/{}", entry.file_name().to_str().unwrap());
            files.push((name, fs::read_to_string(entry.path()).unwrap()));
        }
    }
    files
}

/// The example with one text of one file replaced.
fn files_with(name: &str, old: &str, new: &str) -> Vec<(String, String)> {
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(found, _)| found == name).unwrap();
    assert!(text.contains(old), "`{old}` is not in {name}");
    *text = text.replacen(old, new, 1);
    files
}

/// The example in which an agreement has ended, and another grants the same in its stead.
fn files_of_a_successor() -> Vec<(String, String)> {
    const OLD: &str = "agreements/TT-2026-001.toml";
    let ended = "status = \"ended\"\nsince = 2026-10-01\nreason = \"Thay bằng TT-2026-010\"";
    let mut files = files_with(OLD, "status = \"active\"", ended);
    let (_, old) = self::files().into_iter().find(|(name, _)| name == OLD).unwrap();
    files.push(("agreements/TT-2026-010.toml".to_owned(), old.replace("TT-2026-001", "TT-2026-010")));
    files
}

fn load(files: Vec<(String, String)>) -> Result<Policies, Faults> {
    load_files(files, at(NOW))
}

fn province() -> Policies {
    load(files()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn with(name: &str, old: &str, new: &str) -> Policies {
    load(files_with(name, old, new)).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A request as a test writes it: everything named, nothing special.
#[derive(Debug, Clone)]
struct Ask {
    agency: AgencyId,
    certificate: Option<Hash>,
    source: Option<IpAddr>,
    method: Method,
    service: String,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    purpose: Option<String>,
    case: bool,
    user: bool,
    fields: Option<Vec<String>>,
    signed: bool,
    length: Option<u64>,
    now: Timestamp,
}

fn ask(agency: &str, operation: &str, purpose: &str) -> Ask {
    let (method, path) = operation.split_once(" /").unwrap();
    let mut segments = path.split('/').map(str::to_owned);
    Ask {
        agency: agency.parse().unwrap(),
        certificate: None,
        source: Some("10.31.0.7".parse().unwrap()),
        method: method.parse().unwrap(),
        service: segments.next().unwrap(),
        segments: segments.collect(),
        query: Vec::new(),
        purpose: Some(purpose.to_owned()),
        case: true,
        user: true,
        fields: None,
        signed: false,
        length: None,
        now: at(NOW),
    }
}

/// The one-stop centre looks a citizen up: granted under TT-2026-001.
fn citizen() -> Ask {
    ask("H31.01.01", "GET /dan-cu/cong-dan/099190000001", "giai-quyet-tthc")
}

impl Ask {
    fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            agency: &self.agency,
            certificate: self.certificate.as_ref(),
            source: self.source,
            method: &self.method,
            service: &self.service,
            segments: &self.segments,
            query: &self.query,
            purpose: self.purpose.as_deref(),
            names_case: self.case,
            names_user: self.user,
            fields: self.fields.as_deref(),
            signed: self.signed,
            content_length: self.length,
        }
    }

    fn of(&self, policies: &Policies) -> Result<Verdict, Refusal> {
        judge(&self.facts(), policies, self.now)
    }

    /// The agreement that grants it, or the reason's code.
    fn answer(&self, policies: &Policies) -> String {
        match self.of(policies) {
            Ok(verdict) => verdict.agreement.id.to_string(),
            Err(refusal) => refusal.code().to_owned(),
        }
    }
}

fn wish(pointers: &[&str]) -> Option<Vec<String>> {
    Some(pointers.iter().map(|pointer| (*pointer).to_owned()).collect())
}
