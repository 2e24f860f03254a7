//! Reading matter that compiles: threats, formats, decisions.
//!
//! | page | read it to know |
//! |---|---|
//! | [`threats`] | who may try what, and which construct answers |
//! | [`formats`] | every byte that goes onto the disk and into a receipt |
//! | [`index`] | what finds and does not prove, and how it is kept |
//! | [`platforms`] | how the owner of a platform verifies what a gateway states |
//! | [`decisions`] | why it is built like this, and what was left out for it |
//! | [`figures`] | what was asked of it, what was seen, and the command that shows it |
//!
//! Nothing runs in here. The pages stand among the code so that a change to one is reviewed with the other.

pub mod threats;
pub mod formats;
pub mod index;
pub mod platforms;
pub mod decisions;
pub mod figures;
