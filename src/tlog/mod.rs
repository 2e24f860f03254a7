//! Bytes become durable, proven bytes: a Merkle log that knows no agency.

pub mod checkpoint;
pub mod merkle;
pub mod note;
pub mod proof;
