//! The life of an exchange: the stretch of the log in which its entries stand. There the log itself is read, whatever an index says, so that
//! none is left out.
//!
//! Nothing of an exchange stands before it began, which its id tells. Nothing follows `exchange.aborted` or `exchange.orphaned`; nor any
//! other outcome, once a gateway has started again or the log was closed. While its answer goes out an `exchange.aborted` may follow: that
//! is waited for as long as answers usually take at the most.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use super::reading::Found;
use super::reading::GOING_OUT;
use super::reading::Kind;
use super::reading::Reading;
use super::reading::Sorted;
use crate::clock::Timestamp;
use crate::id::ExchangeId;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan_from;

/// How an exchange stands, as far as the log was read.
#[derive(Debug, Clone, Copy)]
enum Life {
    /// It has no outcome yet.
    UnderWay,
    /// It has one since then, and its answer may be going out.
    Told(Timestamp),
}

/// What is read of some lives.
struct Lives {
    under_way: BTreeMap<ExchangeId, Life>,
    reading: Reading,
}

/// Reads the lives of exchanges, each from the entry on before which nothing of it stands, but no further than the entry `end`. What stands
/// at `size` or behind it is beyond.
///
/// # Errors
/// The log cannot be read.
pub(super) fn read(
    log: &Path,
    mut begins: Vec<(u64, ExchangeId)>,
    end: u64,
    size: u64,
) -> Result<Reading, ReadError> {
    begins.sort_unstable();
    let wanted: BTreeSet<ExchangeId> = begins.iter().map(|(_, id)| *id).collect();
    let mut lives = Lives { under_way: BTreeMap::new(), reading: Reading::default() };
    let mut begins = begins.into_iter().peekable();
    while let Some((first, id)) = begins.next() {
        lives.begin(id);
        for item in scan_from(log, first) {
            let (index, entry, _) = item?;
            if index >= end {
                break;
            }
            while let Some((_, id)) = begins.next_if(|(first, _)| *first <= index) {
                lives.begin(id);
            }
            if let Some(sorted) = Sorted::of(&entry.leaf, &wanted) {
                lives.step(sorted);
                lives.reading.take(Found { index, entry }, sorted, size);
            }
            if lives.under_way.is_empty() {
                break;
            }
        }
    }
    Ok(lives.reading)
}

impl Lives {
    fn begin(&mut self, id: ExchangeId) {
        self.under_way.insert(id, Life::UnderWay);
    }

    /// What an entry means for the lives.
    fn step(&mut self, sorted: Sorted) {
        match (sorted.exchange, sorted.kind) {
            (Some(id), Kind::Last) => {
                self.under_way.remove(&id);
            }
            (Some(_), Kind::Opened) => {}
            (Some(id), _) => {
                // Without a time it is waited for to the end.
                let told = self.under_way.get_mut(&id).zip(sorted.at);
                told.into_iter().for_each(|(life, at)| *life = Life::Told(at));
            }
            (None, Kind::Settled) => self.under_way.retain(|_, life| matches!(life, Life::UnderWay)),
            (None, _) => self.give_up(sorted.at),
        }
    }

    /// Those are no longer waited for whose answer was out long before.
    fn give_up(&mut self, now: Option<Timestamp>) {
        let late = |since: Timestamp| now.is_some_and(|now| now.duration_since(since) > GOING_OUT);
        let given_up = self.under_way.extract_if(.., |_, life| matches!(life, Life::Told(at) if late(*at)));
        self.reading.by_index.extend(given_up.map(|(id, _)| id));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audit::evidence::gather::Wish;
    use crate::audit::evidence::tests::BODY;
    use crate::audit::evidence::tests::NOW;
    use crate::audit::evidence::tests::case_by;
    use crate::audit::evidence::tests::fed_at;
    use crate::audit::evidence::tests::gathered_by;
    use crate::audit::index::place::Place;
    use crate::audit::index::postgres::tests::Server;
    use crate::audit::index::sqlite::PATIENT;
    use crate::audit::record::Exchange;
    use crate::audit::record::Record;
    use crate::audit::recorder::Recorder;
    use crate::audit::small;
    use crate::audit::small::AGENCY;
    use crate::audit::small::SmallLog;
    use crate::tlog::reader::scan;

    fn append(recorder: &Recorder, id: ExchangeId, record: &Record) {
        small::append(recorder, AGENCY, id, record, Vec::new());
    }

    fn open(recorder: &Recorder, id: ExchangeId) {
        append(recorder, id, &Record::Opened(Exchange::default()));
    }

    fn abort(recorder: &Recorder, id: ExchangeId) {
        append(recorder, id, &Record::Aborted { exchange: Box::default(), bytes: 3 });
    }

    fn failed() -> Record {
        let exchange = Exchange::default();
        Record::Failed { exchange, status: None, hop: "gateway", reason: "interrupted", bytes: None }
    }

    /// A log with exchanges of several entries each, some between those of others.
    fn log() -> (SmallLog, [ExchangeId; 4]) {
        let log = SmallLog::new(NOW);
        let recorder = log.open();
        let wait = |minutes: u64| log.clock.advance(Duration::from_secs(60 * minutes));
        log.exchange(&recorder, 9, BODY);
        wait(10);
        let (left, failing) = (log.id(1), log.id(2));
        open(&recorder, left);
        open(&recorder, failing);
        log.exchange(&recorder, 9, BODY);
        wait(10);
        log.release(&recorder, left, BODY);
        append(&recorder, failing, &failed());
        wait(10);
        let refused = log.exchange(&recorder, 3, BODY);
        abort(&recorder, left);
        let orphan = log.id(4);
        open(&recorder, orphan);
        recorder.close().unwrap();
        let recorder = log.open();
        recorder.settle_orphans().unwrap();
        log.exchange(&recorder, 9, BODY);
        recorder.close().unwrap();
        (log, [left, failing, refused, orphan])
    }

    fn wish(id: ExchangeId) -> Wish {
        Wish { exchanges: [id].into(), ..Wish::default() }
    }

    /// Whatever row an index lacks, a case found by it is the one that reading all of the log finds. `take` takes a row away.
    fn lacks_whatever_row(place: &Place, take: impl Fn(u64)) {
        let (log, ids) = log();
        let whole: Vec<_> = ids.iter().map(|id| gathered_by(&log, None, &wish(*id)).unwrap()).collect();
        let all = Wish { exchanges: ids.into(), ..Wish::default() };
        let whole_of_all = gathered_by(&log, None, &all).unwrap();
        let entries = |files: &crate::audit::evidence::archive::Files| {
            files.keys().filter(|name| name.ends_with(".leaf") && name.starts_with("entries/")).count()
        };
        assert_eq!(whole.iter().map(entries).collect::<Vec<_>>(), [3, 2, 1, 2]);
        let rows: Vec<u64> = scan(&log.log()).map(|item| item.unwrap().0).collect();
        for row in rows {
            place.open().unwrap().clear().unwrap();
            drop(fed_at(&log, place));
            take(row);
            let index = place.read(PATIENT).unwrap();
            for (id, whole) in ids.iter().zip(&whole) {
                let case = case_by(&log, Some(&*index), &wish(*id)).unwrap();
                assert!(case.files == *whole && case.by_index.is_empty(), "{row} of {id}");
            }
            assert_eq!(gathered_by(&log, Some(&*index), &all).unwrap(), whole_of_all, "{row}");
        }
    }

    #[test]
    fn whatever_row_an_index_in_a_file_lacks_no_entry_of_a_case_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        lacks_whatever_row(&Place::Folder(folder.path().to_owned()), |row| {
            let index = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
            let sql =
                format!("DELETE FROM entries WHERE idx = {row}; DELETE FROM postings WHERE idx = {row};");
            index.execute_batch(&sql).unwrap();
        });
    }

    #[test]
    fn whatever_row_an_index_in_a_database_lacks_no_entry_of_a_case_is_left_out() {
        let server = Server::start();
        let place = Place::Postgres(server.address(), small::ORIGIN.parse().unwrap());
        lacks_whatever_row(&place, |row| server.alter(&format!("DELETE FROM entries WHERE idx = {row}")));
    }

    #[test]
    fn an_answer_that_goes_out_for_long_ends_where_the_log_shows_it_or_is_said_to_be_found_by_the_index_alone()
     {
        let (log, folder) = (SmallLog::new(NOW), tempfile::tempdir().unwrap());
        let recorder = log.open();
        let wait = || log.clock.advance(Duration::try_from(GOING_OUT).unwrap() + Duration::from_secs(1));
        let slow = log.exchange(&recorder, 1, BODY);
        wait();
        let settled = log.exchange(&recorder, 2, BODY);
        abort(&recorder, slow);
        recorder.close().unwrap();
        wait();
        let recorder = log.open();
        let last = log.exchange(&recorder, 3, BODY);
        recorder.close().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let index = fed_at(&log, &place);
        let of = |id| case_by(&log, Some(&*index), &wish(id)).unwrap();
        for (id, by_index) in [(slow, true), (settled, false), (last, false)] {
            assert_eq!(of(id).files, gathered_by(&log, None, &wish(id)).unwrap(), "{id}");
            assert_eq!(of(id).by_index.contains(&id), by_index, "{id}");
        }
    }
}
