//! The life of one exchange. Read [`exchange`] first: it is all there, on one screen.
//!
//! ```text
//! Handshaken ─▶ Peer ─▶ Request ─▶ Grant ─▶ Admission ─▶ Cleared ─▶ Reply ─▶ Disclosure ─▶ Committed ─▶ the signed answer
//!      identity   request   policy    limits       audit     upstream   disclosure     audit      signing
//!          └─────────┴─────────┴────────┴───────────┴───────────┴──────────┴─▶ a refusal ─▶ Committed ─▶ the signed answer
//! ```

pub mod answer;
pub mod body;
pub mod door;
pub mod ending;
pub mod exchange;
pub mod flow;
pub mod in_force;
pub mod nonces;
pub mod problem;
pub mod receipts;
pub mod standing;
pub mod stop;
pub mod threshold;
pub mod titles;
