use super::*;

use std::path::Path;

use super::column::Column;
use super::row::Annexed;
use super::sqlite::PATIENT;
use super::sqlite::Sqlite;
use super::wanted::Wanted;

/// A source of chance that is the same in every run (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// November begins at this millisecond; December 30 days later.
const NOVEMBER: u64 = 1_793_491_200_000;

/// Rows of a log with few different values, so that every question has answers.
pub(crate) fn rows(count: u64) -> Vec<Row> {
    let mut chance = Chance(7);
    let mut seqs = [0; 4];
    (0..count).map(|index| row(index, &mut chance, &mut seqs, count)).collect()
}

fn row(index: u64, chance: &mut Chance, seqs: &mut [u64; 4], count: u64) -> Row {
    let millis = NOVEMBER + index * (40 * 86_400_000) / count;
    let mut row = Row::bare(index, i64::try_from(millis).unwrap());
    let agency = usize::try_from(chance.below(4)).unwrap();
    seqs[agency] += 1;
    row.seq = seqs[agency];
    let word = |prefix: &str, number: u64| Some(Value::from(format!("{prefix}{number}").as_str()));
    row.set(Column::Agency, word("H3", u64::try_from(agency).unwrap()));
    row.set(Column::Kind, word("exchange.", chance.below(3)));
    row.set(Column::Status, Some(Value::Number(i64::try_from(200 + chance.below(3)).unwrap())));
    let random = std::array::from_fn(|_| u8::try_from(chance.below(256)).unwrap());
    row.set(Column::Exchange, Some(Value::Bytes(*crate::id::ExchangeId::new(millis, &random).as_bytes())));
    if chance.below(3) > 0 {
        row.set(Column::Service, word("service-", chance.below(3)));
    }
    if chance.below(10) == 0 {
        row.set(Column::Times, Some(Value::Number(i64::try_from(chance.below(50)).unwrap())));
    }
    row.annex = Annexed::of_number(i64::try_from(chance.below(4)).unwrap());
    if row.annex == Annexed::Told {
        for column in [Column::Case, Column::User, Column::Subject] {
            row.set(column, Some(mark(chance.below(12))));
        }
        row.set(Column::Code, word("code-", chance.below(3)));
    }
    row
}

/// A mark that is random where keys are taken from.
fn mark(number: u64) -> Value {
    let hash = crate::crypto::digest::sha256(&number.to_be_bytes());
    Value::Bytes(std::array::from_fn(|at| hash[at]))
}

/// Questions of every shape.
fn questions(rows: &[Row], count: usize) -> Vec<Wanted> {
    let mut chance = Chance(11);
    let mut all = vec![Wanted::default()];
    for _ in 0..count {
        let mut wanted = Wanted::default();
        let any = |chance: &mut Chance| &rows[usize::try_from(chance.below(rows.len() as u64)).unwrap()];
        if chance.below(2) == 0 {
            wanted.since = Some(any(&mut chance).at);
        }
        if chance.below(3) == 0 {
            wanted.until = Some(any(&mut chance).at + 1);
        }
        if chance.below(4) == 0 {
            wanted.first = any(&mut chance).index;
        }
        for _ in 0..chance.below(3) {
            let column = Column::ALL[usize::try_from(chance.below(Column::ALL.len() as u64)).unwrap()];
            let values = (0..=chance.below(2)).filter_map(|_| any(&mut chance).get(column).cloned());
            wanted = wanted.and(column, values.collect());
        }
        all.push(wanted);
    }
    all.push(Wanted::default().and(Column::Service, vec![Value::from("no-such-service")]));
    all
}

/// Feeds rows in batches of several sizes.
pub(crate) fn fill(index: &mut dyn Index, rows: &[Row]) {
    let mut cursor = index.cursor().unwrap().unwrap_or_else(|| Cursor::start("gw1.example/2026"));
    let mut rest = rows;
    for size in [1, 7, 60, 200].into_iter().cycle() {
        let (batch, behind) = rest.split_at(rest.len().min(size));
        let to = Cursor { next: cursor.next + batch.len() as u64, last: [1; 32], ..cursor.clone() };
        index.add(&cursor, batch.to_vec(), &to).unwrap();
        (cursor, rest) = (to, behind);
        if rest.is_empty() {
            return;
        }
    }
}

/// Whatever keeps an index does all this, with so many questions. `make` opens the same one, empty at first.
pub(crate) fn suite(count: usize, make: &mut dyn FnMut() -> Box<dyn Index>) {
    let all = rows(1_000);
    let asked = questions(&all, count);
    let mut index = make();
    assert_eq!(index.cursor().unwrap(), None);
    assert!(index.page(&Wanted::default(), Order::Oldest, 10).unwrap().is_empty());
    fill(index.as_mut(), &all);
    answers_as_reading_every_row_would(index.as_ref(), &all, &asked);
    pages_are_cut_once(index.as_ref(), &all);
    chains_are_followed(index.as_ref(), &all);
    what_is_added_elsewhere_is_not_added_again(index.as_mut(), &all);
    let again = make();
    answers_as_reading_every_row_would(again.as_ref(), &all, &asked);
    what_a_month_told_is_forgotten(index.as_mut(), &all, &asked);
    what_is_cleared_is_fed_again_without_what_was_forgotten(index.as_mut(), again.as_ref(), &all, &asked);
}

fn answers_as_reading_every_row_would(index: &dyn Index, all: &[Row], asked: &[Wanted]) {
    for wanted in asked {
        let mut expected: Vec<Row> = all.iter().filter(|row| wanted.takes(row)).cloned().collect();
        assert!(index.page(wanted, Order::Oldest, 20_000).unwrap() == expected, "{wanted:?}");
        for by in [
            vec![],
            vec![By::Column(Column::Agency), By::Day],
            vec![By::Column(Column::Subject)],
            vec![By::Hour],
        ] {
            assert_eq!(index.sums(wanted, &by).unwrap(), summed(&expected, &by), "{wanted:?} {by:?}");
        }
        let span = Wanted { is: Vec::new(), ..wanted.clone() };
        let unread = all.iter().filter(|row| row.annex.is_unread() && span.takes(row)).count() as u64;
        assert_eq!(index.unread(wanted).unwrap(), unread, "{wanted:?}");
        expected.reverse();
        expected.truncate(9);
        assert!(index.page(wanted, Order::Newest, 9).unwrap() == expected, "{wanted:?}");
    }
}

fn summed(rows: &[Row], by: &[By]) -> Vec<Sum> {
    let mut sums = std::collections::BTreeMap::<_, (u64, u64)>::new();
    for row in rows {
        let key: Vec<Option<Value>> = by
            .iter()
            .map(|by| match by {
                By::Column(column) => row.get(*column).cloned(),
                By::Hour => Some(Value::Number((row.at + 7 * 3_600_000) / 3_600_000)),
                By::Day => Some(Value::Number((row.at + 7 * 3_600_000) / 86_400_000)),
            })
            .collect();
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + 1, sum.1 + row.events());
    }
    sums.into_iter().map(|(key, (entries, events))| Sum { key, entries, events }).collect()
}

fn pages_are_cut_once(index: &dyn Index, all: &[Row]) {
    let wanted = Wanted::default().and(Column::User, vec![mark(3), mark(4)]);
    let (mut seen, mut after) = (Vec::new(), wanted.clone());
    loop {
        let page = index.page(&after, Order::Oldest, 7).unwrap();
        let Some(last) = page.last() else { break };
        after.first = last.index + 1;
        seen.extend(page);
    }
    assert!(seen == all.iter().filter(|row| wanted.takes(row)).cloned().collect::<Vec<_>>());
}

fn chains_are_followed(index: &dyn Index, all: &[Row]) {
    for agency in ["H30", "H33", "H39"] {
        for seq in [0, 1, 17, 100, 5_000] {
            let of = |row: &&Row| &**row.word(Column::Agency).unwrap() == agency && row.seq > seq;
            let expected: Vec<u64> = all.iter().filter(of).take(40).map(|row| row.index).collect();
            assert_eq!(index.after_seq(agency, seq, 40).unwrap(), expected, "{agency} after {seq}");
        }
    }
}

fn what_is_added_elsewhere_is_not_added_again(index: &mut dyn Index, all: &[Row]) {
    let at = index.cursor().unwrap().unwrap();
    let behind = Cursor { next: at.next - 1, ..at.clone() };
    let twice = index.add(&behind, vec![all.last().unwrap().clone()], &at);
    assert!(matches!(twice, Err(IndexError::Moved(next)) if next == at.next), "{twice:?}");
    let other = Cursor { origin: "gw2.example/2026".to_owned(), ..at.clone() };
    let other = index.add(&other, vec![Row::bare(at.next, 0)], &other);
    assert!(matches!(other, Err(IndexError::OtherLog(_))), "{other:?}");
    assert_eq!(index.cursor().unwrap(), Some(at));
    assert!(index.page(&Wanted::default(), Order::Oldest, 20_000).unwrap() == all);
}

fn november_forgotten(all: &[Row]) -> Vec<Row> {
    let mut left = all.to_vec();
    let november: Month = "2026-11".parse().unwrap();
    for row in &mut left {
        let id = row.exchange().unwrap();
        if Month::of_millis(id.unix_millis()) == november && row.annex == Annexed::Told {
            row.forget();
        }
    }
    left
}

fn what_a_month_told_is_forgotten(index: &mut dyn Index, all: &[Row], asked: &[Wanted]) {
    let left = november_forgotten(all);
    let told = |rows: &[Row]| rows.iter().filter(|row| row.annex == Annexed::Told).count() as u64;
    assert!(0 < told(&left) && told(&left) < told(all));
    assert_eq!(index.forget("2026-11".parse().unwrap()).unwrap(), told(all) - told(&left));
    assert_eq!(index.forget("2026-11".parse().unwrap()).unwrap(), 0);
    answers_as_reading_every_row_would(index, &left, asked);
}

fn what_is_cleared_is_fed_again_without_what_was_forgotten(
    index: &mut dyn Index,
    again: &dyn Index,
    all: &[Row],
    asked: &[Wanted],
) {
    index.clear().unwrap();
    assert_eq!(index.cursor().unwrap(), None);
    assert!(again.page(&Wanted::default(), Order::Oldest, 20_000).unwrap().is_empty());
    // In another order, so that texts have other numbers than before.
    let mut strange = all[0].clone();
    strange.set(Column::Agency, Some(Value::from("first")));
    let one = Cursor { next: 1, last: [2; 32], ..Cursor::start("gw1.example/2026") };
    index.add(&Cursor::start("gw1.example/2026"), vec![strange.clone()], &one).unwrap();
    fill(index, &all[1..]);
    let mut left = november_forgotten(all);
    strange.forget();
    strange.annex = left[0].annex;
    left[0] = strange;
    answers_as_reading_every_row_would(index, &left, asked);
    answers_as_reading_every_row_would(again, &left, asked);
}

#[test]
fn an_index_in_a_file_answers_as_reading_the_log_would() {
    let folder = tempfile::tempdir().unwrap();
    suite(120, &mut || Box::new(Sqlite::open(&folder.path().join("index")).unwrap()));
}

fn holds(file: &Path, bytes: &[u8]) -> bool {
    std::fs::read(file).is_ok_and(|held| held.windows(bytes.len()).any(|window| window == bytes))
}

#[test]
fn what_was_forgotten_is_not_left_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut index = Sqlite::open(folder.path()).unwrap();
    let all: Vec<Row> = rows(600).into_iter().filter(|row| row.at < 1_796_000_000_000).collect();
    fill(&mut index, &all);
    let Value::Bytes(mark) = mark(3) else { panic!("a mark") };
    let anywhere = |folder: &Path| {
        ["index.sqlite", "index.sqlite-wal"].iter().any(|name| holds(&folder.join(name), &mark))
    };
    assert!(anywhere(folder.path()));
    index.forget("2026-11".parse().unwrap()).unwrap();
    assert!(!anywhere(folder.path()));
}

#[test]
fn who_only_asks_cannot_write_and_is_not_asked_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let all = rows(1_000);
    fill(&mut Sqlite::open(folder.path()).unwrap(), &all);
    let mut asked = Sqlite::read(folder.path(), PATIENT).unwrap();
    assert!(asked.page(&Wanted::default(), Order::Oldest, 20_000).unwrap() == all);
    assert!(matches!(asked.forget("2026-11".parse().unwrap()), Err(IndexError::Sqlite(_))));
    let hurried = Sqlite::read(folder.path(), 1).unwrap();
    assert!(matches!(hurried.sums(&Wanted::default(), &[By::Hour]), Err(IndexError::TooLong)));
    assert!(Sqlite::read(&folder.path().join("none"), PATIENT).is_err());
}

#[test]
fn a_file_of_another_form_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let index = Sqlite::open(folder.path()).unwrap();
    rusqlite::Connection::open(index.file()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Sqlite::open(folder.path()), Err(IndexError::Form(99))));
    assert!(matches!(Sqlite::read(folder.path(), PATIENT), Err(IndexError::Form(99))));
    Sqlite::remove(folder.path()).unwrap();
    assert!(Sqlite::open(folder.path()).is_ok());
}

#[test]
fn an_index_is_for_its_owners_eyes() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let index = Sqlite::open(&folder.path().join("index")).unwrap();
    let mode = std::fs::metadata(index.file().parent().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_month_has_one_spelling() {
    let november: Month = "2026-11".parse().unwrap();
    assert_eq!((november, november.to_string().as_str()), (Month::of_millis(NOVEMBER), "2026-11"));
    assert_ne!(Month::of_millis(NOVEMBER - 1), november);
    for wrong in ["2026-1", "2026-13", "26-11", "2026-11-01", "", "2026-11 "] {
        assert!(wrong.parse::<Month>().is_err(), "{wrong}");
    }
}
