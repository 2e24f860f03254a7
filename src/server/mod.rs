//! Start, drain, stop.
