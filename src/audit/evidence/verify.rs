//! Verifying an evidence file: bytes and a trust policy in, a report out. No network, no folder, no configuration, no clock.
//!
//! Nothing in the file is believed. Every leaf is hashed and led to the one head of the case, which a trusted log signed; everything
//! else in the file must be what a proven leaf says it is, or it is told that it proves nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::merkle::leaf_hash;
use crate::tlog::merkle::verify_inclusion;
use crate::tlog::proof::Proof;
use crate::tlog::trust::TrustPolicy;

use super::archive;
use super::archive::Files;
use super::claims;
use super::manifest;
use super::manifest::Manifest;
use super::manifest::ManifestError;
use super::readme;
use super::report::Proven;
use super::report::Report;
use super::report::causes;
use super::stamp;

/// Files that help people and are relied on by nobody.
const FOR_PEOPLE: [&str; 3] = [readme::NAME, readme::SCRIPT_NAME, "trust-policy.txt"];

/// Whom the judge believes. None of it comes from the file.
#[derive(Debug, Clone, Copy)]
pub struct Believed<'a> {
    /// The logs, and who cosigns them.
    pub trust: &'a TrustPolicy,
    /// The certificates (DER) of those whose time-stamps are trusted; none: whose they are is not judged.
    pub stamps: &'a [Vec<u8>],
    /// The certificates (DER) of the authorities that issue to callers; none: who vouches for callers is not judged.
    pub anchors: &'a [Vec<u8>],
}

impl<'a> Believed<'a> {
    /// The logs alone.
    #[must_use]
    pub fn of(trust: &'a TrustPolicy) -> Self {
        Self { trust, stamps: &[], anchors: &[] }
    }
}

/// Verifies an evidence file.
#[must_use]
pub fn verify(bytes: &[u8], believed: Believed<'_>) -> Report {
    let mut report = Report::default();
    let files = match archive::unpack(bytes) {
        Ok(files) => files,
        Err(error) => {
            let (vi, en) =
                ("Gói bằng chứng hỏng hoặc không đúng dạng.", "The evidence file is damaged, or none.");
            report.fails("archive", "", vi, en, causes(&error));
            return report;
        }
    };
    let manifest = match Manifest::check(&files) {
        Ok(manifest) => manifest,
        Err(error) => {
            let (file, vi, en) = not_as_listed(&error);
            report.fails("manifest", file, vi, en, causes(&error));
            return report;
        }
    };
    let count = files.len() - 1;
    let vi = format!("Gói có {count} tệp; tệp nào cũng đúng với bản kê.");
    report.holds(
        "manifest",
        manifest::NAME,
        vi,
        format!("There are {count} files, each the one that is listed."),
    );
    if let Some(head) = head(&files, believed.trust, &mut report) {
        let mut court = Court { files: &files, believed, head, seen: BTreeSet::new(), report };
        court.entries(&manifest);
        claims::judge(&mut court, &manifest);
        stamp::judge(&mut court);
        court.rest();
        report = court.report;
    }
    report
}

/// The file that is not as it is listed, and what is wrong with it.
fn not_as_listed(error: &ManifestError) -> (&str, &'static str, &'static str) {
    match error {
        ManifestError::Missing => {
            (manifest::NAME, "Gói KHÔNG có bản kê các tệp.", "The list of the files is MISSING.")
        }
        ManifestError::Unreadable => (
            manifest::NAME,
            "Bản kê các tệp hỏng, hoặc không đúng dạng.",
            "The list of the files is damaged, or has another form.",
        ),
        ManifestError::Changed(name) => (
            name,
            "Tệp này KHÔNG đúng với bản kê: nó đã bị sửa sau khi trích xuất.",
            "This file is NOT the one that is listed: it was changed after the export.",
        ),
        ManifestError::Absent(name) => (
            name,
            "Tệp này có trong bản kê mà KHÔNG có trong gói: nó đã bị bớt sau khi trích xuất.",
            "This file is listed and MISSING: it was taken out after the export.",
        ),
        ManifestError::Unlisted(name) => (
            name,
            "Tệp này có trong gói mà KHÔNG có trong bản kê: nó đã bị thêm sau khi trích xuất.",
            "This file is NOT listed: it was added after the export.",
        ),
    }
}

/// The one head under which everything is proven.
fn head(files: &Files, trust: &TrustPolicy, report: &mut Report) -> Option<SignedHead> {
    let note = files.get("checkpoint").map(Vec::as_slice).unwrap_or_default();
    match trust.open(note) {
        Ok(head) => {
            let (origin, size) = (head.origin.as_str(), head.size);
            let vi = format!("Điểm chốt {size} bản ghi do khóa đã tin cậy của nhật ký {origin} ký.");
            let en = format!("The head of {size} entries is signed by the trusted key of the log {origin}.");
            report.holds("head", "checkpoint", vi, en);
            (report.log, report.size) = (Some(origin.to_owned()), size);
            witnesses(note, trust, report);
            Some(head)
        }
        Err(error) => {
            let vi = "Điểm chốt KHÔNG do nhật ký đã tin cậy ký (hoặc thiếu bên chứng kiến): gói không chứng minh được gì.";
            let en = "The head is NOT signed by a trusted log (or witnesses are missing): the file proves nothing.";
            report.fails("head", "checkpoint", vi, en, causes(&error));
            None
        }
    }
}

/// Who cosigned that head, and when: by their word it was the log's largest then, and the log had only grown.
fn witnesses(note: &[u8], trust: &TrustPolicy, report: &mut Report) {
    for one in trust.cosignatures(note).unwrap_or_default() {
        let name = &one.by().name;
        let time = i64::try_from(one.time()).ok().and_then(|time| Timestamp::from_second(time).ok());
        let time = time.unwrap_or(Timestamp::MAX);
        let vi = format!("Bên chứng kiến {name} đã ký xác nhận điểm chốt này lúc {time} (UTC).");
        let en = format!("The witness {name} cosigned this head at {time} (UTC).");
        report.holds("witness", "checkpoint", vi, en);
    }
}

/// A case under judgement.
pub(super) struct Court<'a> {
    pub(super) files: &'a Files,
    pub(super) believed: Believed<'a>,
    pub(super) head: SignedHead,
    /// Files that some step took into account.
    seen: BTreeSet<String>,
    pub(super) report: Report,
}

impl<'a> Court<'a> {
    /// A file, which is thereby taken into account.
    pub(super) fn file(&mut self, name: &str) -> Option<&'a [u8]> {
        self.seen.insert(name.to_owned());
        self.files.get(name).map(Vec::as_slice)
    }

    /// Whether some step took it into account.
    pub(super) fn is_seen(&self, name: &str) -> bool {
        self.seen.contains(name)
    }

    /// The names in a folder that end so, with the number that they begin with.
    pub(super) fn numbered(&self, folder: &str, ending: &str) -> Vec<u64> {
        let number = |name: &String| name.strip_prefix(folder)?.strip_suffix(ending)?.parse().ok();
        let mut found: Vec<u64> = self.files.keys().filter_map(number).collect();
        found.sort_unstable();
        found
    }

    /// A leaf that is proven under the case's head, from its two files.
    pub(super) fn proven(&mut self, folder: &str, index: u64) -> Result<&'a [u8], String> {
        let name = |ending| format!("{folder}/{index}.{ending}");
        let leaf = self.file(&name("leaf")).ok_or("the leaf is missing")?;
        let proof = self.file(&name("proof")).ok_or("the proof is missing")?;
        let proof = Proof::parse(proof).map_err(|error| causes(&error))?;
        let head = self.believed.trust.open(proof.note.as_bytes()).map_err(|error| causes(&error))?;
        if head.checkpoint() != self.head.checkpoint() || proof.index != index {
            return Err("the proof is of another entry, or under another head than the case's".to_owned());
        }
        verify_inclusion(&leaf_hash(leaf), index, head.size, &proof.path, &head.root)
            .map_err(|error| causes(&error))?;
        Ok(leaf)
    }

    fn entries(&mut self, manifest: &Manifest) {
        let mut missing = manifest.exchanges.clone();
        for index in self.numbered("entries/", ".leaf") {
            let file = format!("entries/{index}.leaf");
            match self.entry(index, manifest) {
                Ok((leaf, exchange)) => {
                    missing.remove(&exchange);
                    self.report.entries.push(Proven { index, leaf: leaf.to_vec() });
                    let vi = format!("Bản ghi số {index} có trong nhật ký đã ký, đúng từng byte.");
                    let en = format!("Entry {index} is in the signed log, byte for byte.");
                    self.report.holds("entry", &file, vi, en);
                }
                Err(cause) => {
                    let vi = format!("Bản ghi số {index} KHÔNG được chứng minh là có trong nhật ký.");
                    let en = format!("Entry {index} is NOT proven to be in the log.");
                    self.report.fails("entry", &file, vi, en, cause);
                }
            }
        }
        for exchange in missing {
            let vi = format!("Gói nói về giao dịch {exchange} nhưng không có bản ghi nào của nó.");
            let en = format!("The file claims the exchange {exchange} and holds no entry of it.");
            self.report.fails("exchange", manifest::NAME, vi, en, None);
        }
    }

    fn entry(&mut self, index: u64, manifest: &Manifest) -> Result<(&'a [u8], String), String> {
        let leaf = self.proven("entries", index)?;
        let json: Value = serde_json::from_slice(leaf).map_err(|error| causes(&error))?;
        let exchange = json.get("exchange").and_then(Value::as_str).unwrap_or_default();
        if manifest.exchanges.contains(exchange) {
            return Ok((leaf, exchange.to_owned()));
        }
        Err("it is of another exchange than the file claims".to_owned())
    }

    /// What people read and run: whoever made the case could have written something else there.
    fn for_people(&mut self) {
        let ours = [(readme::NAME, readme::text()), (readme::SCRIPT_NAME, readme::SCRIPT.to_owned())];
        for (name, _) in
            ours.iter().filter(|(name, own)| self.files.get(*name).is_some_and(|it| it != own.as_bytes()))
        {
            let vi = "Tệp này khác với tệp của chương trình này (phiên bản khác, hoặc đã bị sửa): đọc kỹ trước khi tin hoặc chạy nó.";
            let en = "This file is not as this program writes it (another version, or changed): read it with care before believing or running it.";
            self.report.not_checked("for-people", name, vi, en);
        }
        let policy = self.files.get("trust-policy.txt").map(|bytes| TrustPolicy::parse(bytes));
        let trusted = self.believed.trust.logs();
        let is_ours = |policy: &TrustPolicy| policy.logs().iter().all(|key| trusted.contains(key));
        if policy.is_some_and(|policy| !policy.as_ref().is_ok_and(is_ours)) {
            let vi = "Chính sách tin cậy kèm trong gói nêu nhật ký mà bên kiểm tra chưa tin cậy: không dùng nó để kiểm tra.";
            let en =
                "The trust policy in the file names a log that is not trusted here: do not verify by it.";
            self.report.not_checked("for-people", "trust-policy.txt", vi, en);
        }
    }

    /// What nobody looked at, and the files for people.
    fn rest(&mut self) {
        let sums = |files: &Files| -> String {
            let listed =
                files.iter().filter(|(name, _)| !matches!(name.as_str(), manifest::NAME | "SHA256SUMS"));
            listed.map(|(name, bytes)| format!("{}  {name}\n", hex(&sha256(bytes)))).collect()
        };
        let expected = sums(self.files);
        if self.file("SHA256SUMS").is_none_or(|own| own != expected.as_bytes()) {
            let (vi, en) = ("SHA256SUMS không đúng với các tệp.", "SHA256SUMS is not that of the files.");
            self.report.fails("sums", "SHA256SUMS", vi, en, None);
        }
        let key = self.file("log.vkey").and_then(|text| std::str::from_utf8(text).ok());
        let key = key.and_then(|text| text.trim_end().parse().ok());
        if key.is_none_or(|key| !self.believed.trust.logs().contains(&key)) {
            let vi = "log.vkey trong gói KHÔNG phải là khóa đã tin cậy: không dùng nó để kiểm tra bằng tay.";
            let en = "log.vkey in the file is NOT a trusted key: do not use it to verify by hand.";
            self.report.fails("key", "log.vkey", vi, en, None);
        }
        self.for_people();
        let known = |name: &str| FOR_PEOPLE.contains(&name) || matches!(name, manifest::NAME | "checkpoint");
        let unknown: Vec<&String> =
            self.files.keys().filter(|name| !known(name) && !self.seen.contains(*name)).collect();
        for name in unknown {
            let vi = "Tệp này không thuộc về bước kiểm tra nào.";
            let en = "This file belongs to none of the steps.";
            self.report.fails("unknown-file", name, vi, en, None);
        }
    }
}
