//! The record: an admission becomes [`Cleared`], and any [`outcome::Outcome`] becomes [`Committed`]. Nothing is answered without it.
//!
//! The **leaf** proves and holds nothing about a person; it lives as long as the log. The **annex** tells what may one day have to
//! be forgotten, sealed under the month's key; the leaf holds the hash of the sealed bytes, so every proof outlives the annex.
//!
//! | file | duty |
//! |---|---|
//! | [`record`] | the kinds of entry, each with just its members |
//! | [`facts`] | what a leaf may say of an exchange |
//! | [`anchor`] | heads of the log stamped by an outside authority |
//! | [`annex`] | what is sealed beside it |
//! | [`commitment`] | hashes by which a party that holds the data can prove its case, and nobody can guess it |
//! | [`chain`] | time, sequence and predecessor, filled in when the order is known |
//! | [`charged`] | how many exchanges count towards each quota |
//! | [`directory`], [`older`] | where entries are found again: the newest in memory, the others in the log |
//! | [`people`] | whom exchanges of a day were charged with |
//! | [`change`] | a change of what is in force, recorded before it takes effect |
//! | [`recorder`] | what all exchanges share of the log |
//! | [`open`] | one exchange under way: clear, commit, or interrupted |
//! | [`admitted`] | which exchanges spent of their rates lately |
//! | [`attested`] | which signatures of requests were used lately |
//! | [`flowing`] | an answer that goes out before its outcome is known |
//! | [`committed`] | the proofs that the log was asked first |
//! | [`tally`] | refusals that are summed up, so that nobody fills the disk by knocking |
//! | [`reading`] | what is read at the desk, recorded before it is shown |
//! | [`closed`] | logs that were closed for good, of which receipts are told on |
//! | [`tree`] | the tree of a log's folder |
//! | [`receipt`] | the document that proves an exchange |
//! | [`evidence`] | the file that proves exchanges to a court |
//! | [`disclose`] | the one salt with which a party proves its case |
//! | [`forget`] | a month's key destroyed by the order of two operators |
//! | [`index`] | what the entries say, arranged for questions: derived, never evidence |
//! | [`query`] | the questions, and who may ask which |
//! | [`verify`] | the auditor's judgement of the entries, sharing no code with the writer |

pub mod admitted;
pub mod anchor;
pub mod annex;
pub mod attested;
pub mod begin;
pub mod bounds;
pub mod chain;
pub mod charged;
pub mod change;
pub mod closed;
pub mod commitment;
pub mod committed;
pub mod directory;
pub mod disclose;
pub mod evidence;
pub mod facts;
pub mod flowing;
pub mod forget;
pub mod index;
pub mod months;
pub mod objects;
pub mod older;
pub mod open;
pub mod outcome;
pub mod people;
pub mod reading;
pub mod receipt;
pub mod query;
pub mod record;
pub mod recorder;
#[cfg(test)]
pub(crate) mod small;
pub mod tally;
pub mod tree;
pub mod verify;

pub use committed::Cleared;
pub use committed::Committed;
