use std::cell::Cell;
use std::process::Command;
use std::sync::Arc;

use super::archive::Files;
use super::archive::pack;
use super::archive::unpack;
use super::gather::Gathered;
use super::gather::NotGathered;
use super::gather::Source;
use super::gather::Wish;
use super::gather::gather;
use super::manifest;
use super::manifest::Manifest;
use super::reading::Lookup;
use super::report::Report;
use super::report::Verdict;
use super::verify::Believed;
use super::verify::verify;
use crate::audit::change::Change;
use crate::audit::commitment::Label;
use crate::audit::disclose::NotDisclosed;
use crate::audit::disclose::disclose;
use crate::audit::index::Catalogue;
use crate::audit::index::Cursor;
use crate::audit::index::IndexError;
use crate::audit::index::Order;
use crate::audit::index::Sum;
use crate::audit::index::annexes::Annexes;
use crate::audit::index::column::By;
use crate::audit::index::column::Column;
use crate::audit::index::feeder::Feeder;
use crate::audit::index::place::Place;
use crate::audit::index::row::Row;
use crate::audit::index::sqlite::PATIENT;
use crate::audit::index::wanted::Wanted;
use crate::audit::small;
use crate::audit::small::AGREEMENT;
use crate::audit::small::SmallLog;
use crate::id::ExchangeId;
use crate::identity::development;
use crate::language::Text;
use crate::tlog::trust::TrustPolicy;

pub(super) const NOW: &str = "2026-11-26T02:00:00Z";
pub(super) const BODY: &str = r#"{"a":1}"#;

/// A closed log with three exchanges, and the second's id.
fn closed() -> (SmallLog, ExchangeId) {
    let log = SmallLog::new(NOW);
    let recorder = log.open();
    log.exchange(&recorder, 1, BODY);
    let id = log.exchange(&recorder, 2, BODY);
    log.exchange(&recorder, 3, BODY);
    recorder.close().unwrap();
    (log, id)
}

fn wish(id: ExchangeId) -> Wish {
    Wish {
        exchanges: [id].into(),
        annexes: true,
        disclosures: vec![
            (Label::Answer, Some(BODY.into())),
            (Label::Subject, Some(b"099190000001".to_vec())),
            (Label::Request, None),
        ],
        ..Wish::default()
    }
}

fn gathered(log: &SmallLog, wish: &Wish) -> Result<Files, NotGathered> {
    gathered_by(log, None, wish)
}

pub(super) fn gathered_by(
    log: &SmallLog,
    index: Option<&dyn Catalogue>,
    wish: &Wish,
) -> Result<Files, NotGathered> {
    case_by(log, index, wish).map(|case| case.files)
}

pub(super) fn case_by(
    log: &SmallLog,
    index: Option<&dyn Catalogue>,
    wish: &Wish,
) -> Result<Gathered, NotGathered> {
    let (folder, key, months) = (log.log(), log.vkey(), log.months());
    gather(Source { log: &folder, index, key: &key, months: Some(&months) }, wish)
}

/// An index of the log as it is now.
fn fed(log: &SmallLog) -> Box<dyn Catalogue> {
    fed_at(log, &Place::Folder(log.log().with_file_name("index")))
}

/// The same, kept at a place.
pub(super) fn fed_at(log: &SmallLog, place: &Place) -> Box<dyn Catalogue> {
    let keys = log.log().with_file_name("keys");
    let feeder = Feeder::new(place.open().unwrap(), &log.log(), small::ORIGIN, Annexes::with_keys(&keys));
    feeder.unwrap().feed(u64::MAX, |_| true).unwrap();
    place.read(PATIENT).unwrap()
}

/// An index that counts its pages, and says of some what is not so.
#[derive(Debug)]
struct Spy {
    index: Box<dyn Catalogue>,
    pages: Cell<u32>,
    lie: Option<(Column, Lie)>,
}

/// What is not so of the rows of a column.
#[derive(Debug, Clone, Copy)]
enum Lie {
    Elsewhere,
    Absent,
}

impl Spy {
    fn on(index: Box<dyn Catalogue>, lie: Option<(Column, Lie)>) -> Self {
        Self { index, pages: Cell::new(0), lie }
    }
}

impl Catalogue for Spy {
    fn cursor(&self) -> Result<Option<Cursor>, IndexError> {
        self.index.cursor()
    }

    fn page(&self, wanted: &Wanted, order: Order, most: usize) -> Result<Vec<Row>, IndexError> {
        self.pages.set(self.pages.get() + 1);
        let mut rows = self.index.page(wanted, order, most)?;
        match self.lie.filter(|(of, _)| wanted.is.iter().any(|(column, _)| column == of)) {
            None => {}
            Some((_, Lie::Elsewhere)) => {
                rows.iter_mut().for_each(|row| row.index = row.index.saturating_sub(1));
            }
            Some((_, Lie::Absent)) => rows.clear(),
        }
        Ok(rows)
    }

    fn sums(&self, wanted: &Wanted, by: &[By]) -> Result<Vec<Sum>, IndexError> {
        self.index.sums(wanted, by)
    }

    fn unread(&self, wanted: &Wanted) -> Result<u64, IndexError> {
        self.index.unread(wanted)
    }

    fn after_seq(&self, agency: &str, seq: u64, most: usize) -> Result<Vec<u64>, IndexError> {
        self.index.after_seq(agency, seq, most)
    }
}

#[test]
fn a_case_found_by_the_index_is_the_one_that_reading_all_of_the_log_finds_whatever_the_index_says() {
    let (log, id) = closed();
    let wanted = Wish { exchanges: [id].into(), messages: vec![(b"x".to_vec(), None)], ..wish(id) };
    let read_through = gathered(&log, &wanted).unwrap();
    let elsewhere = [Column::Exchange, Column::Kind].map(|column| Some((column, Lie::Elsewhere)));
    for lie in [None, Some((Column::Exchange, Lie::Absent))].into_iter().chain(elsewhere) {
        let spy = Spy::on(fed(&log), lie);
        assert_eq!(gathered_by(&log, Some(&spy), &wanted).unwrap(), read_through, "{lie:?}");
        assert!(spy.pages.get() > 0, "{lie:?}");
    }
    let absent = Wish { exchanges: [ExchangeId::new(1, &[0; 10])].into(), ..Wish::default() };
    let spy = Spy::on(fed(&log), None);
    assert!(matches!(gathered_by(&log, Some(&spy), &absent), Err(NotGathered::NotFound(_))));
    // One that has not come to the log's head, and one of another log.
    let old = Spy::on(fed(&log), None);
    let recorder = log.open();
    let newer = log.exchange(&recorder, 9, BODY);
    recorder.close().unwrap();
    let other = SmallLog::new(NOW);
    other.open().close().unwrap();
    for index in [old, Spy::on(fed(&other), None)] {
        let wanted = Wish { exchanges: [newer, id].into(), ..Wish::default() };
        assert_eq!(gathered_by(&log, Some(&index), &wanted).unwrap(), gathered(&log, &wanted).unwrap());
        assert_eq!(index.pages.get(), 0);
    }
}

fn judged(log: &SmallLog, files: &Files) -> Report {
    verify(&pack(files).unwrap(), Believed::of(&TrustPolicy::of_logs(vec![log.vkey()])))
}

/// The files under a manifest that fits them: what a forger would hand in.
fn resealed(mut files: Files, id: ExchangeId) -> Files {
    files.remove(manifest::NAME);
    let sum = |(name, bytes): (&String, &Vec<u8>)| {
        format!("{}  {name}\n", crate::crypto::digest::hex(&crate::crypto::digest::sha256(bytes)))
    };
    files.remove("SHA256SUMS");
    let sums: String = files.iter().map(sum).collect();
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
    let manifest = Manifest::of(crate::audit::small::ORIGIN, [id.to_string()].into(), &files);
    files.insert(manifest::NAME.to_owned(), manifest.text().into_bytes());
    files
}

fn codes(report: &Report, verdict: Verdict) -> Vec<&'static str> {
    report.steps.iter().filter(|step| step.verdict == verdict).map(|step| step.code).collect()
}

#[test]
fn a_case_is_the_same_bytes_each_time_and_every_step_of_it_holds() {
    let (log, id) = closed();
    let files = gathered(&log, &wish(id)).unwrap();
    let packed = pack(&files).unwrap();
    assert_eq!(packed, pack(&gathered(&log, &wish(id)).unwrap()).unwrap());
    assert_eq!(unpack(&packed).unwrap(), files);
    let report = judged(&log, &files);
    assert!(report.is_true(), "{report:#?}");
    assert_eq!(
        codes(&report, Verdict::Holds),
        [
            "manifest",
            "head",
            "entry",
            "policy",
            "policy-file",
            "certificate",
            "certificate-path",
            "annex",
            "disclosure",
            "disclosure"
        ]
    );
    assert_eq!(codes(&report, Verdict::NotChecked), ["certificate-authority", "annex-told", "disclosure"]);
    let annex = files.iter().find(|(name, _)| name.ends_with(".annex.json")).unwrap().1;
    assert!(std::str::from_utf8(annex).unwrap().contains("HS-1"));
}

#[test]
fn under_a_large_set_the_agreement_is_proven_by_the_list_that_the_entry_names() {
    let log = SmallLog::new(NOW);
    let recorder = log.open();
    let file = |name: String, text: &str| (name, Arc::from(text.as_bytes()));
    let mut files: Vec<_> =
        (0..200).map(|at| file(format!("agreements/TT-{at}.toml"), "id = \"x\"\n")).collect();
    files.push(file("agreements/TT-2026-001.toml".to_owned(), AGREEMENT));
    let change =
        Change { policy: [7; 32], files: &files, words: Text::default(), beside: Vec::new(), signing: None };
    recorder.change(&change).unwrap();
    let id = log.exchange(&recorder, 1, BODY);
    recorder.close().unwrap();
    let files = gathered(&log, &Wish { exchanges: [id].into(), ..Wish::default() }).unwrap();
    let report = judged(&log, &files);
    assert!(report.is_true(), "{report:#?}");
    assert_eq!(codes(&report, Verdict::Holds).iter().filter(|code| **code == "policy-file").count(), 2);
    let mut forged = files;
    let list = forged.iter_mut().find(|(name, _)| name.ends_with(".listing")).unwrap().1;
    list.push(b' ');
    assert!(!judged(&log, &resealed(forged, id)).is_true());
}

/// The first sentence about a step that fails.
fn complaint(report: &Report) -> (&'static str, String) {
    let step = report.steps.iter().find(|step| step.verdict == Verdict::Fails);
    step.map(|step| (step.code, step.says.en.clone())).unwrap_or_default()
}

#[test]
fn a_case_without_what_its_entries_name_is_incomplete_and_says_what_is_missing() {
    let (log, id) = closed();
    let files = gathered(&log, &Wish { exchanges: [id].into(), ..Wish::default() }).unwrap();
    for (taken, code, says) in [
        (&["policy/"][..], "policy", "The entry is MISSING that put the policies into force"),
        (&["policy/1/"], "policy-file", "The text of agreement TT-2026-001, version 1, which entry"),
        (&[".der"], "certificate", "The certificate that entry"),
        (&["certificates/", ".pem"], "certificate-path", "The authorities and revocation lists that entry"),
    ] {
        let mut less = files.clone();
        less.retain(|name, _| !taken.iter().all(|part| name.contains(part)));
        assert!(less.len() < files.len(), "{taken:?}");
        let (found, sentence) = complaint(&judged(&log, &resealed(less, id)));
        assert!(
            found == code && sentence.contains(says) && sentence.contains("MISSING"),
            "{found}: {sentence}"
        );
    }
}

#[test]
fn whether_the_caller_was_who_it_said_is_told_years_later_by_what_the_gateway_had_then() {
    let (mut log, id) = closed();
    let files = gathered(&log, &Wish { exchanges: [id].into(), ..Wish::default() }).unwrap();
    let bytes = pack(&files).unwrap();
    let trust = TrustPolicy::of_logs(vec![log.vkey()]);
    let der = |name: &str| {
        let pem = std::fs::read(log.certs().join(name)).unwrap();
        rustls::pki_types::pem::PemObject::from_pem_slice(&pem)
            .map(|der: rustls::pki_types::CertificateDer<'_>| der.to_vec())
            .unwrap()
    };
    let (ours, foreign) = (der(development::CA), der(development::FOREIGN_CA));
    let of = |anchors: &[Vec<u8>]| {
        let report = verify(&bytes, Believed { anchors, ..Believed::of(&trust) });
        let step = report.steps.iter().find(|step| step.code == "certificate-authority").unwrap().clone();
        (step.verdict, report.is_true())
    };
    assert_eq!(of(&[]), (Verdict::NotChecked, true));
    assert_eq!(of(std::slice::from_ref(&foreign)), (Verdict::Fails, false));
    assert_eq!(of(&[foreign, ours]), (Verdict::Holds, true));
    // What a gateway could write that takes whoever comes.
    for (random, shown, code, says) in [
        (4, "revoked", "certificate-path", "was NOT valid when the exchange"),
        (5, "expired", "certificate-path", "was NOT valid when the exchange"),
        (6, "foreign", "certificate-path", "was NOT valid when the exchange"),
        (7, development::DISSOLVED, "certificate", "is NOT that of agency H31.01.01"),
    ] {
        log.take_as_shown(shown);
        let recorder = log.open();
        let id = log.exchange(&recorder, random, BODY);
        recorder.close().unwrap();
        let files = gathered(&log, &Wish { exchanges: [id].into(), ..Wish::default() }).unwrap();
        let (found, sentence) = complaint(&judged(&log, &files));
        assert!(found == code && sentence.contains(says), "{shown}: {found}: {sentence}");
    }
}

#[test]
fn a_case_in_which_anything_was_changed_is_false_even_under_a_manifest_that_fits() {
    let (log, id) = closed();
    let files = gathered(&log, &wish(id)).unwrap();
    let told = |name: &str| {
        ["README.txt", "inclusion.sh", "trust-policy.txt", manifest::NAME, "SHA256SUMS"].contains(&name)
            || name.ends_with(".annex.json")
            || name.ends_with(".request.salt")
    };
    for name in files.keys() {
        let mut changed = files.clone();
        let bytes = changed.get_mut(name).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert!(!judged(&log, &changed).is_true(), "{name} changed");
        if !told(name) {
            let report = judged(&log, &resealed(changed, id));
            assert!(!report.is_true(), "{name} changed and sealed again: {report:#?}");
        }
        let mut without = files.clone();
        without.remove(name);
        assert!(!judged(&log, &without).is_true(), "{name} taken away");
    }
}

#[test]
fn files_that_nobody_verifies_are_not_smuggled_in() {
    let (log, id) = closed();
    let files = gathered(&log, &wish(id)).unwrap();
    for name in [
        "entries/0099.leaf",
        "opinion.txt",
        "policy/1/agreements/x.toml",
        "certificates/x.der",
        "anchor/token.der",
    ] {
        let mut more = files.clone();
        more.insert(name.to_owned(), b"x".to_vec());
        assert!(!judged(&log, &more).is_true(), "{name} unlisted");
        assert!(!judged(&log, &resealed(more, id)).is_true(), "{name} listed");
    }
    let mut claimed = files;
    claimed.remove(manifest::NAME);
    let two = [id.to_string(), ExchangeId::new(1, &[0; 10]).to_string()].into();
    let manifest = Manifest::of(crate::audit::small::ORIGIN, two, &claimed);
    claimed.insert(manifest::NAME.to_owned(), manifest.text().into_bytes());
    assert_eq!(codes(&judged(&log, &claimed), Verdict::Fails), ["exchange"]);
}

#[test]
fn a_case_of_another_log_is_false_and_so_is_what_is_no_case() {
    let ((log, id), other) = (closed(), SmallLog::new(NOW));
    let files = gathered(&log, &wish(id)).unwrap();
    assert_eq!(codes(&judged(&other, &files), Verdict::Fails), ["head"]);
    for bytes in [b"".as_slice(), b"PK\x05\x06", &[0; 100]] {
        let report = verify(bytes, Believed::of(&TrustPolicy::of_logs(vec![log.vkey()])));
        assert_eq!((codes(&report, Verdict::Fails), report.is_true()), (vec!["archive"], false));
    }
    let empty = verify(&pack(&Files::new()).unwrap(), Believed::of(&TrustPolicy::of_logs(vec![log.vkey()])));
    assert_eq!(codes(&empty, Verdict::Fails), ["manifest"]);
}

#[test]
fn what_is_not_so_is_not_gathered() {
    let (log, id) = closed();
    let absent = Wish { exchanges: [ExchangeId::new(1, &[0; 10])].into(), ..Wish::default() };
    assert!(matches!(gathered(&log, &absent), Err(NotGathered::NotFound(_))));
    let other = Wish { disclosures: vec![(Label::Answer, Some(b"{}".to_vec()))], ..wish(id) };
    assert!(matches!(gathered(&log, &other), Err(NotGathered::OtherData("answer"))));
    let user = Wish { disclosures: vec![(Label::User, None)], ..wish(id) };
    assert!(matches!(gathered(&log, &user), Err(NotGathered::Disclose(NotDisclosed::NotCommitted("user")))));
    let reply = Wish { disclosures: vec![(Label::Reply, None)], ..wish(id) };
    assert!(matches!(gathered(&log, &reply), Err(NotGathered::Disclose(NotDisclosed::ProviderAlone))));
    let provider = Wish { provider: Some("G01.HYN".parse().unwrap()), ..reply };
    assert!(gathered(&log, &provider).is_ok());
    let agreement =
        crate::crypto::digest::hex(&crate::crypto::digest::sha256(crate::audit::small::AGREEMENT.as_bytes()));
    std::fs::remove_file(log.log().join("objects").join(agreement)).unwrap();
    assert!(matches!(gathered(&log, &wish(id)), Err(NotGathered::Object(_))));
}

#[test]
fn a_salt_is_told_for_what_an_entry_commits_to_and_reply_to_its_provider_alone() {
    let (log, id) = closed();
    let (folder, months, index) = (log.log(), log.months(), fed(&log));
    let told = |label, provider: Option<&str>| {
        let provider = provider.map(|id| id.parse().unwrap());
        disclose(Lookup { log: &folder, index: Some(&*index) }, &months, id, label, provider.as_ref())
    };
    let answer = told(Label::Answer, None).unwrap();
    assert!(answer.len() == 1 && answer[0].is_of(Label::Answer, BODY.as_bytes()));
    assert!(!answer[0].is_of(Label::Answer, b"{}") && !answer[0].is_of(Label::Reply, BODY.as_bytes()));
    assert!(matches!(told(Label::User, None), Err(NotDisclosed::NotCommitted("user"))));
    assert!(matches!(told(Label::Reply, None), Err(NotDisclosed::ProviderAlone)));
    assert!(matches!(told(Label::Reply, Some("H31.05")), Err(NotDisclosed::OtherProvider { .. })));
    assert_eq!(told(Label::Reply, Some("G01.HYN")).unwrap().len(), 1);
    std::fs::remove_file(log.months_folder().join("2026-11.key")).unwrap();
    let (folder, months) = (log.log(), log.months());
    assert!(matches!(
        disclose(Lookup::through(&folder), &months, id, Label::Answer, None),
        Err(NotDisclosed::Forgotten)
    ));
}

#[test]
fn the_readmes_commands_verify_a_case_by_hand_and_refuse_a_changed_one() {
    let (log, id) = closed();
    let folder = tempfile::tempdir().unwrap();
    let files = gathered(&log, &wish(id)).unwrap();
    for (name, bytes) in &files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        crate::crypto::keyfile::write_new(&path, bytes).unwrap();
    }
    let bash = |script: &str| {
        let script = format!("set -euo pipefail\nexport LC_ALL=C.UTF-8\n{script}");
        Command::new("bash").current_dir(folder.path()).args(["-c", &script]).output().unwrap()
    };
    let index = files.keys().find_map(|name| name.strip_prefix("entries/")?.strip_suffix(".leaf")).unwrap();
    let sums = bash("sha256sum -c SHA256SUMS");
    assert!(sums.status.success(), "{sums:?}");
    for leaf in files.keys().filter_map(|name| name.strip_suffix(".leaf")) {
        let verified = bash(&format!("bash inclusion.sh {leaf}.leaf {leaf}.proof log.vkey"));
        assert!(verified.status.success(), "{leaf}: {verified:?}");
    }
    let committed = bash(&format!(
        "{{ printf 'phohien-commit/1\\nanswer\\n'; cat entries/{index}.answer.salt entries/{index}.answer.data; }} | sha256sum | cut -c1-64 | xargs -I@ grep -F '\"answer\":\"@\"' entries/{index}.leaf"
    ));
    assert!(committed.status.success(), "{committed:?}");
    let by_openssl = |seconds: i64| {
        let certificate = files.keys().find(|name| name.ends_with(".der")).unwrap();
        let (path, ca) = (files.keys().find(|name| name.ends_with(".pem")).unwrap(), log.authority());
        bash(&format!(
            "openssl verify -attime {seconds} -purpose sslclient -crl_check_all -CAfile {} -untrusted {path} -CRLfile {path} {certificate}",
            ca.display()
        ))
        .status
        .success()
    };
    let then = log.clock.now().as_second();
    assert!(by_openssl(then) && !by_openssl(then + 100 * 365 * 86_400));
    for change in [
        format!("sed -i 's/released/refused/' entries/{index}.leaf"),
        format!("sed -i 's/index {index}/index 1/' entries/{index}.proof"),
        format!("sed -i '/^index/{{n;s/./B/}}' entries/{index}.proof"),
        format!("sed -i 's/^{}$/gw2.example/' entries/{index}.proof", crate::audit::small::ORIGIN),
    ] {
        let restore = format!(
            "cp -r entries kept; {change}; r=0; bash inclusion.sh entries/{index}.leaf entries/{index}.proof log.vkey || r=$?; rm -r entries; mv kept entries; exit $r"
        );
        let refused = bash(&restore);
        assert!(!refused.status.success(), "{change}: {refused:?}");
    }
}
