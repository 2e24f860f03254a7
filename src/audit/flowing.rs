//! An answer that goes out before its outcome is known: what stands in the log first, and what stands there last.

use crate::id::ExchangeId;

use super::commitment::Committing;
use super::commitment::Label;
use super::committed::Committed;
use super::open::Open;
use super::outcome::Outcome;
use super::recorder::Unrecorded;

/// An exchange whose `opened` record is durable: its answer may flow. Dropped, it records that it was interrupted.
///
/// Only [`Open::flow`] makes one, and only of an exchange that was opened:
/// ```
/// fn flow(open: phohien::audit::open::Open) -> Option<phohien::audit::flowing::Flowing> { open.flow().ok() }
/// ```
/// ```compile_fail,E0451
/// fn forge(open: phohien::audit::open::Open) -> phohien::audit::flowing::Flowing { phohien::audit::flowing::Flowing { open } }
/// ```
#[derive(Debug)]
pub struct Flowing {
    open: Open,
}

impl Flowing {
    pub(super) fn new(open: Open) -> Self {
        Self { open }
    }

    /// This exchange.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.open.id()
    }

    /// A commitment to what will pass by.
    ///
    /// # Errors
    /// The month's key cannot be had.
    pub fn committing(&self, label: Label) -> Result<Committing, Unrecorded> {
        self.open.committing(label)
    }

    /// Records how it ended, and returns once that is durable and in the tree.
    ///
    /// # Errors
    /// The log could not take the record: the answer must not end as a whole one.
    pub async fn commit<O: Outcome>(self, outcome: O) -> Result<Committed<O>, Unrecorded> {
        self.open.commit(outcome).await
    }
}
