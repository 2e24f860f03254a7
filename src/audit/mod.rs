//! The record: any outcome becomes a committed one.
