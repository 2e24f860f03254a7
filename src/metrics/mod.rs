//! Counters by name.
