//! Start, reload, drain, stop. Wiring: this sees all the stages, and no stage sees it.

pub mod anchors;
pub mod attend;
mod begun;
pub mod contradiction;
pub mod desk;
mod doorway;
pub mod guard;
pub mod health;
mod indexing;
mod sharing;
pub mod keys;
pub mod quotas;
pub mod rates;
pub mod reload;
pub mod revoked;
pub mod rotation;
pub mod run;
pub mod signers;
pub mod socket;
mod upkeep;
pub mod witness;
pub mod witnesses;
