//! Start, drain, stop. Wiring: this sees all the stages, and no stage sees it.

pub mod guard;
pub mod health;
pub mod keys;
pub mod run;
pub mod witness;
pub mod witnesses;
