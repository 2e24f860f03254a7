//! The evidence file: a zip that proves exchanges to whoever holds it and the log's public key, years later, without the gateway.
//!
//! | file | duty |
//! |---|---|
//! | [`archive`] | the zip: written the same each time, read within limits |
//! | [`manifest`] | what it holds, each file with its hash |
//! | [`reading`], `indexed`, `lives` | the entries of a log's folder, read through or found by the index; from where to where an exchange's can stand |
//! | [`gather`] | a case, gathered from it |
//! | [`anchor`] | the files of a time-stamp |
//! | [`http`] | a signed answer as a party kept it |
//! | [`readme`] | how to verify each step without us |
//! | [`verify`], `claims`, `policies`, `callers`, `stamp` | the judgement: bytes and trust in, a report out |
//! | [`report`] | that report, in words |

pub mod anchor;
pub mod archive;
mod callers;
mod claims;
pub mod gather;
pub mod http;
mod indexed;
mod lives;
pub mod manifest;
mod policies;
pub mod readme;
pub mod reading;
pub mod report;
mod stamp;
pub mod verify;

#[cfg(test)]
mod tests;
