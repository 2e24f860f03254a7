//! `GET /audit/list`, `count`, `export`, `tail`: questions to the index, as `phohien audit` asks them. An auditor asks about everything, an
//! agency about its own chain; what came of it is recorded before it is told.
//!
//! An answer is complete up to the moment it was asked, unless its header says how far the index had come. It is derived: whoever needs proof
//! asks for the entry.

use http::HeaderName;
use http::HeaderValue;
use serde_json::Value as Json;

use crate::audit::index::Order;
use crate::audit::index::column::Column;
use crate::audit::index::told;
use crate::audit::outcome::Answer;
use crate::audit::query;
use crate::audit::query::Group;
use crate::audit::query::Page;

use super::asked::Asked;
use super::asked::Found;
use super::asked::LOOK_EVERY;
use super::asked::LOOKS_A_SECOND;
use super::desk::Asking;
use super::desk::Desk;
use super::desk::Told;
use super::desk::found;
use super::parameters::Beside;
use super::parameters::Parameters;
use super::stop::Stop;

/// Where to go on: the index of the last entry that was looked at. In a list it is there only if there may be more.
pub const NEXT: HeaderName = HeaderName::from_static("desk-next");
/// How many annexes could not be searched, where the question was about annexes.
pub const UNSEARCHED: HeaderName = HeaderName::from_static("desk-unsearched");
/// How many entries the index had come to, where it had not come to all that were there when it was asked.
pub const INDEXED: HeaderName = HeaderName::from_static("desk-indexed");

/// Rows in one list unless told otherwise: what a person looks through.
const LIST: usize = 100;
/// Rows in one list at most.
pub const LIST_MAX: usize = 1_000;
/// Rows in one part of an export: some three megabytes, held until they are read.
pub const EXPORT: usize = 5_000;
/// The longest that news are waited for, in seconds: well within the time in which an idle connection is cut.
pub const WAIT_MAX: u64 = 25;

/// The kind of entry that a reading leaves.
const READING: &str = "audit.read";

/// Lists rows.
pub(super) async fn list(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    page(desk, asking, "list", LIST, LIST_MAX).await
}

/// A part of what is taken away.
pub(super) async fn export(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    page(desk, asking, "export", EXPORT, EXPORT).await
}

async fn page(
    desk: &Desk,
    asking: &Asking,
    kind: &'static str,
    usual: usize,
    most: usize,
) -> Result<Told, Stop> {
    let parameters = asking.parameters(Beside::Pages)?;
    let asked = Asked::of(desk, asking, &parameters);
    let size = asked.caught_up(desk).await?;
    let most = parameters.limit.unwrap_or(usual).min(most);
    let found = asked.rows(Page { order: parameters.order, after: parameters.after, most }).await?;
    let mut answer = lines(found.rows.iter().map(told::json));
    let last = found.rows.last().filter(|_| found.rows.len() == most);
    put(&mut answer, NEXT, last.map(|row| row.index));
    beside(&mut answer, &found, size);
    desk.show(asking, kind, parameters.filters, (found.rows.len() as u64, Some(answer))).await
}

/// Sums rows up.
pub(super) async fn count(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    let Parameters { by, mut filters, .. } = asking.parameters(Beside::Groups)?;
    let asked = Asked::of(desk, asking, &asking.parameters(Beside::Groups)?);
    let size = asked.caught_up(desk).await?;
    let (names, groups): (Vec<&str>, Vec<Group>) = by.into_iter().unzip();
    let (sums, found) = asked
        .ask(move |asked, desk| {
            let found = Found::nothing(asked, desk)?;
            Ok((query::sums(desk, &asked.view, &asked.query, &groups)?, found))
        })
        .await?;
    let mut answer = lines(sums.iter().map(|sum| told::sum(sum, &names)));
    beside(&mut answer, &found, size);
    filters.extend((!names.is_empty()).then(|| ("by", names.join(","))));
    desk.show(asking, "count", filters, (sums.len() as u64, Some(answer))).await
}

/// Waits for rows behind an index, a little, and lists them.
pub(super) async fn tail(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    let parameters = asking.parameters(Beside::News)?;
    let asked = Asked::of(desk, asking, &parameters);
    let page = Page { order: Order::Oldest, after: parameters.after, most: LIST_MAX };
    asked.caught_up(desk).await?;
    let mut looks = parameters.wait.unwrap_or(0).min(WAIT_MAX) * LOOKS_A_SECOND;
    let found = loop {
        let found = asked.rows(page).await?;
        if is_news(&found) || looks == 0 || desk.stop.within(LOOK_EVERY).await {
            break found;
        }
        looks -= 1;
    };
    let mut answer = lines(found.rows.iter().map(told::json));
    put(&mut answer, NEXT, found.seen(&page));
    desk.show(asking, "tail", parameters.filters, (found.rows.len() as u64, Some(answer))).await
}

/// Whoever follows everything would be woken by the record of having been told: that alone is no news.
fn is_news(found: &Found) -> bool {
    found.rows.iter().any(|row| row.word(Column::Kind).is_none_or(|kind| **kind != *READING))
}

fn lines(objects: impl Iterator<Item = Json>) -> Answer {
    let mut text = String::new();
    for object in objects {
        text.push_str(&object.to_string());
        text.push('\n');
    }
    found("application/jsonl", "no-store", text.into_bytes())
}

/// What is to be known beside the rows.
fn beside(answer: &mut Answer, found: &Found, size: u64) {
    put(answer, UNSEARCHED, Some(found.unsearched).filter(|unsearched| *unsearched > 0));
    put(answer, INDEXED, Some(found.indexed).filter(|indexed| *indexed < size));
}

fn put(answer: &mut Answer, name: HeaderName, number: Option<u64>) {
    answer.headers.extend(number.map(|number| (name, HeaderValue::from(number))));
}
