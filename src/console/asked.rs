//! One question to the index, asked off the threads that exchanges share.

use std::sync::Arc;
use std::time::Duration;

use crate::audit::index::IndexError;
use crate::audit::index::annexes::Annexes;
use crate::audit::index::place::Place;
use crate::audit::index::row::Row;
use crate::audit::query;
use crate::audit::query::Codes;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::audit::query::QueryError;
use crate::audit::query::View;
use crate::id::AgencyId;

use super::access::Sight;
use super::desk::Asking;
use super::desk::Desk;
use super::parameters::Parameters;
use super::stop::Stop;
use super::stop::Why;

/// How often the index is looked at while it has not come to what is waited for.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The same the other way round.
pub(super) const LOOKS_A_SECOND: u64 = 5;
/// How often it is looked at before an answer is given without the newest entries: two seconds, ten times what the feeder needs.
const CATCH_UP: u64 = 10;
/// The work that one question may be, in steps of the index: some seconds.
const STEPS: u64 = 1 << 30;

/// What answers: the index, and what its answers are made with.
#[derive(Debug)]
pub struct Shelves {
    /// Where the index is.
    pub place: Place,
    /// The keys of marks.
    pub annexes: Annexes,
}

/// A question.
#[derive(Debug)]
pub(super) struct Asked {
    shelves: Arc<Shelves>,
    codes: Codes,
    /// Who asks.
    agency: AgencyId,
    pub(super) view: View,
    pub(super) query: Query,
}

/// A page of rows.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// How many annexes could not be searched.
    pub(super) unsearched: u64,
    /// How many entries the index had come to, before it was asked.
    pub(super) indexed: u64,
}

impl Asked {
    /// What somebody asks, about as much as that one may see.
    pub(super) fn of(desk: &Desk, asking: &Asking, parameters: &Parameters) -> Arc<Self> {
        let (shelves, agency) = (Arc::clone(&desk.shelves), asking.visitor.agency().id.clone());
        let view = match asking.sight {
            Sight::Everything => View::Everything,
            Sight::Own => View::Own(agency.clone()),
        };
        let codes = Codes::of(desk.door.in_force().policies.registry());
        Arc::new(Self { shelves, codes, agency, view, query: parameters.query.clone() })
    }

    /// Waits, a little, until the index has come to all that is in the log now; how much that is.
    pub(super) async fn caught_up(self: &Arc<Self>, desk: &Desk) -> Result<u64, Stop> {
        let size = desk.door.recorder.log().size();
        for _ in 0..CATCH_UP {
            // One that is not there yet is made by the gateway's feeder.
            let indexed = self.ask(|_, desk| indexed(desk)).await.unwrap_or(0);
            if indexed >= size || desk.stop.within(LOOK_EVERY).await {
                break;
            }
        }
        Ok(size)
    }

    /// A page of rows.
    pub(super) async fn rows(self: &Arc<Self>, page: Page) -> Result<Found, Stop> {
        self.ask(move |asked, desk| {
            let found = Found::nothing(asked, desk)?;
            Ok(Found { rows: query::rows(desk, &asked.view, &asked.query, page)?, ..found })
        })
        .await
    }

    /// Asks the index.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Self, query::Desk<'_>) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, Stop> {
        let asked = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            let Shelves { place, annexes } = asked.shelves.as_ref();
            let catalogue = place.read(STEPS)?;
            question(&asked, query::Desk { catalogue: catalogue.as_ref(), annexes, codes: &asked.codes })
        });
        match reading.await {
            Ok(answered) => answered.map_err(|error| self.unanswered(&error)),
            Err(_) => Err(Stop::Broken),
        }
    }
}

impl Asked {
    fn unanswered(&self, error: &QueryError) -> Stop {
        if matches!(error, QueryError::Index(IndexError::TooLong | IndexError::TooManyGroups)) {
            return Stop::refused(&self.agency, Why::TooMuch);
        }
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(fault = %error, cause, "a question at the desk could not be answered");
        Stop::refused(&self.agency, Why::Unindexed)
    }
}

impl Found {
    /// No rows, and how far the index has come: read before the rows are, so that nothing behind it is taken for seen.
    pub(super) fn nothing(asked: &Asked, desk: query::Desk<'_>) -> Result<Self, QueryError> {
        let unsearched = query::unsearched(desk, &asked.view, &asked.query)?;
        Ok(Self { indexed: indexed(desk)?, unsearched, rows: Vec::new() })
    }

    /// The last entry that was looked at.
    pub(super) fn seen(&self, page: &Page) -> Option<u64> {
        let last = self.rows.last().map(|row| row.index);
        let all = self.indexed.checked_sub(1).filter(|_| self.rows.len() < page.most);
        last.max(all).max(page.after)
    }
}

fn indexed(desk: query::Desk<'_>) -> Result<u64, QueryError> {
    Ok(desk.catalogue.cursor()?.map_or(0, |cursor| cursor.next))
}
