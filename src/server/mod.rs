//! Start, drain, stop. Wiring: this sees all the stages, and no stage sees it.

pub mod health;
pub mod keys;
pub mod run;
