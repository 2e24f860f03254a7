//! The desk: the second socket, where the log is read. Auditors see everything, an agency what stands in its own chain, witnesses and
//! mirrors the tree without the entries. Nothing is changed from here.
//!
//! Callers are known by certificates of an authority that issues none for exchanging: whoever may ask a platform for data cannot read the
//! log by the same certificate, nor the other way round. Whatever shows entries is recorded first ([`crate::audit::reading`]), and the
//! type of what is shown says so.
//!
//! | file | duty |
//! |---|---|
//! | [`access`] | who may see what: pure, one table |
//! | [`desk`] | the life of one request |
//! | [`stop`] | every refusal and its status |
//! | [`proofs`] | the log's key, its newest head, its tiles |
//! | [`receipts`] | one exchange or one entry, with proofs |
//! | [`questions`] | rows of the index: list, count, export, tail |
//! | [`operate`] | what operators have done: reload, drain, forget a month |
//! | [`parameters`] | what a question is narrowed down by |
//! | [`asked`] | one question to the index |

pub mod access;
pub mod asked;
pub mod desk;
pub mod operate;
pub mod parameters;
pub mod proofs;
pub mod questions;
pub mod receipts;
pub mod stop;
