//! Who sees what of an index, and how it is summed.

use std::sync::Arc;

use jiff::civil::Date;

use super::*;
use crate::audit::index::Cursor;
use crate::audit::index::Index as _;
use crate::audit::index::column::By;
use crate::audit::index::sqlite::Sqlite;
use crate::identity::registry::Agency;
use crate::identity::registry::FormerId;
use crate::identity::registry::Registry;

/// A province in which the centre was two agencies until July.
fn codes() -> Codes {
    let until = Date::constant(2026, 6, 30);
    let formerly = ["H31.01", "H10.04"].map(|id| FormerId { id: id.parse().unwrap(), until }).to_vec();
    let agency = |id: &str, formerly: Vec<FormerId>| {
        Arc::new(Agency {
            id: id.parse().unwrap(),
            name: crate::language::Text::default(),
            formerly,
            roles: BTreeSet::new(),
            organization_identifier: None,
            spki_pins: Vec::new(),
            issuing_ca: None,
            contacts: Default::default(),
            networks: Vec::new(),
            signing_keys: Vec::new(),
        })
    };
    Codes::of(&Registry::new(vec![agency("H31.02", formerly), agency("H31.03", Vec::new())]).unwrap())
}

/// One entry of each agency, an hour apart from noon (GMT+7) on the last day of October; then one that is no exchange.
struct Answers {
    index: Sqlite,
    annexes: Annexes,
    codes: Codes,
    _folder: tempfile::TempDir,
}

const AGENCIES: [&str; 5] = ["H10.04", "H31.01", "H31.02", "H31.03", "H31.02"];

impl Answers {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Sqlite::open(folder.path()).unwrap();
        let noon: Timestamp = "2026-10-31T05:00:00Z".parse().unwrap();
        let mut rows = Vec::new();
        for (number, agency) in (0..).zip(AGENCIES) {
            let mut row =
                Row::bare(number, noon.as_millisecond() + 3_600_000 * i64::try_from(number).unwrap());
            row.set(Column::Agency, Some(Value::from(agency)));
            let kind = if number == 4 { "node.started" } else { "exchange.refused" };
            row.set(Column::Kind, Some(Value::from(kind)));
            rows.push(row);
        }
        let to = Cursor { next: 5, last: [1; 32], origin: "gw1".to_owned() };
        index.add(&Cursor::start("gw1"), rows, &to).unwrap();
        let annexes = Annexes::for_once(None).unwrap();
        Self { index, annexes, codes: codes(), _folder: folder }
    }

    fn desk(&self) -> Desk<'_> {
        Desk { catalogue: &self.index, annexes: &self.annexes, codes: &self.codes }
    }

    fn rows(&self, view: &View, query: &Query) -> Vec<u64> {
        let page = Page { order: Order::Oldest, after: None, most: 10 };
        rows(self.desk(), view, query, page).unwrap().iter().map(|row| row.index).collect()
    }
}

fn of(agency: &str) -> Query {
    Query { agency: Some(agency.to_owned()), ..Query::default() }
}

#[test]
fn an_agency_is_found_under_every_code_it_has_or_had() {
    let answers = Answers::new();
    for code in ["H31.02", "H31.01", "H10.04"] {
        assert_eq!(answers.rows(&View::Everything, &of(code)), [0, 1, 2], "{code}");
    }
    assert_eq!(answers.rows(&View::Everything, &of("H31.03")), [3]);
    assert!(answers.rows(&View::Everything, &of("H31")).is_empty());
    let by = [GROUPS[0].1];
    let sums = sums(answers.desk(), &View::Everything, &Query::default(), &by).unwrap();
    let told: Vec<_> =
        sums.iter().map(|sum| (sum.key[0].clone().unwrap().to_string(), sum.entries)).collect();
    assert_eq!(told, [("H31.02".to_owned(), 3), ("H31.03".to_owned(), 1)]);
}

#[test]
fn an_agency_sees_its_own_and_nothing_of_another_whatever_it_asks() {
    let answers = Answers::new();
    let own = |id: &str| View::Own(id.parse().unwrap());
    let all = Query { all: true, ..Query::default() };
    assert_eq!(answers.rows(&own("H31.02"), &all), [0, 1, 2, 4]);
    assert_eq!(answers.rows(&own("H31.03"), &all), [3]);
    assert!(answers.rows(&own("H31.03"), &of("H31.02")).is_empty());
    let told = sums(answers.desk(), &own("H31.03"), &all, &[GROUPS[0].1]).unwrap();
    assert_eq!(told.iter().map(|sum| sum.entries).sum::<u64>(), 1);
}

#[test]
fn what_is_no_exchange_is_told_only_where_all_is_asked_for() {
    let answers = Answers::new();
    assert_eq!(answers.rows(&View::Everything, &Query::default()), [0, 1, 2, 3]);
    let started = Query { all: true, since: "2026-10-31T09:00:00Z".parse().ok(), ..Query::default() };
    assert_eq!(answers.rows(&View::Everything, &started), [4]);
}

#[test]
fn hours_days_and_months_are_those_of_the_clocks_here() {
    let fold = |group: Group, number| group.fold(Value::Number(number), &Codes::default()).to_string();
    let midnight: Timestamp = "2026-10-31T17:00:00Z".parse().unwrap();
    let hours = (midnight.as_millisecond() + By::AHEAD) / 3_600_000;
    assert_eq!(fold(Group::By(By::Hour), hours), "2026-11-01 00:00");
    assert_eq!(fold(Group::By(By::Hour), hours - 1), "2026-10-31 23:00");
    assert_eq!(fold(Group::By(By::Day), hours / 24), "2026-11-01");
    assert_eq!(
        (fold(Group::Month, hours / 24), fold(Group::Month, hours / 24 - 1)),
        ("2026-11".into(), "2026-10".into())
    );
}

#[test]
fn a_certificate_is_asked_for_by_serial_number_or_by_key() {
    assert_eq!(of_certificate("0a1b"), Column::Serial);
    assert_eq!(of_certificate(&"ab".repeat(32)), Column::Spki);
}
