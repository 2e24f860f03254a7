//! The policies that were in force at an entry of the log: named there by hash, kept beside it.

use std::collections::BTreeMap;

use crate::audit::index::Order;
use crate::audit::index::column::Column;
use crate::audit::index::row::Row;
use crate::audit::query;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::audit::query::View;
use crate::cli::audit::entry::Seen;
use crate::cli::audit::source::Source;
use crate::cli::audit::source::unanswered;
use crate::cli::audit::unread;
use crate::cli::exit::Failure;
use crate::crypto::digest::sha256;
use crate::crypto::digest::unhex;
use crate::policy::Policies;
use crate::policy::compile::compile;
use crate::policy::policies::PolicyFile;
use crate::tlog::reader::scan_from;

/// Rows that are looked at in one page.
const PAGE: usize = 1_000;

/// The last entry of a kind before an index.
///
/// # Errors
/// The log cannot be read.
pub fn last(source: &Source, kind: &str, before: u64) -> Result<Option<Seen>, Failure> {
    let query = Query { all: true, ..Query::default() };
    let mut after = Some(before);
    while after.is_some_and(|index| index > 0) {
        let page = Page { order: Order::Newest, after, most: PAGE };
        let rows = query::rows(source.desk(), &View::Everything, &query, page).map_err(unanswered)?;
        let of_kind = |row: &&Row| row.word(Column::Kind).is_some_and(|found| **found == *kind);
        if let Some(row) = rows.iter().find(of_kind) {
            return entry(source, row.index).map(|seen| seen.filter(|seen| seen.kind() == kind));
        }
        after = rows.last().map(|row| row.index);
    }
    Ok(None)
}

fn entry(source: &Source, index: u64) -> Result<Option<Seen>, Failure> {
    let item = scan_from(&source.log, index).next().transpose().map_err(unread)?;
    Ok(item.map(|(index, entry, _)| Seen::new(index, &entry.leaf, Vec::new())))
}

/// The log's origin, as its first entry says.
///
/// # Errors
/// The log cannot be read.
pub fn origin(source: &Source) -> Result<String, Failure> {
    let opened = entry(source, 0)?;
    Ok(opened.and_then(|seen| seen.text("origin").map(str::to_owned)).unwrap_or_default())
}

/// The policies in force at an entry; none if they are not kept beside the log, or this program no longer reads them.
///
/// # Errors
/// The log cannot be read.
pub fn in_force(source: &Source, index: u64) -> Result<Option<Policies>, Failure> {
    let Some(changed) = last(source, "policy.changed", index)? else { return Ok(None) };
    let named = changed.leaf.get("files").and_then(serde_json::Value::as_object);
    let named: Option<BTreeMap<&String, &str>> =
        named.and_then(|files| files.iter().map(|(name, hash)| Some((name, hash.as_str()?))).collect());
    let files: Option<Vec<PolicyFile>> =
        named.unwrap_or_default().into_iter().map(|(name, hash)| kept(source, name, hash)).collect();
    let at = changed.at().unwrap_or_default();
    Ok(files.filter(|files| !files.is_empty()).and_then(|files| compile(files, at).ok()))
}

/// A file by the hash that the log names: another's bytes are not taken for it.
fn kept(source: &Source, name: &str, hash: &str) -> Option<PolicyFile> {
    let wanted = unhex(hash)?;
    let bytes = std::fs::read(source.log.join("objects").join(hash)).ok()?;
    (sha256(&bytes) == wanted).then(|| (name.to_owned(), bytes.into()))
}
