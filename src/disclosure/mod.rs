//! A reply becomes a disclosure: only what the grant names.
