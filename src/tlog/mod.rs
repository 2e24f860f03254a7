//! Bytes become durable, proven bytes: a Merkle log that knows no agency.
