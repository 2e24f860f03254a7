//! `gateway.toml` becomes [`settings::Settings`]: every key checked, every fault told at once, unknown keys refused.
//!
//! Paths are relative to the file itself. `keys` must not lie under `log`: the log can be copied to an auditor as it is.

mod anchor;
pub mod index;
mod limits;
pub mod read;
pub mod settings;
mod signers;
mod socket;
pub mod witness;
mod witnesses;
