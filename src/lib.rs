//! **Phố Hiến**, a secure data exchange gateway between public agencies.
//!
//! The order of the `mod` lines below is the order of the data: a module names only modules listed above it, and
//! `tests/layering.rs` holds that. Read `gateway::exchange` first; it shows the life of one exchange on one screen.

// what every stage may use
pub mod clock; //       time, passed in, never read
pub mod crypto; //      the one door to ring: digest, sign, verify, seal, random
pub mod id; //          names: AgencyId, ServiceId, AgreementId, ExchangeId, KeyId
pub mod language; //    what people read, vi and en
// the way of an exchange
pub mod identity; //    Handshaken      -> Peer
pub mod listener; //    sockets         -> Handshaken
pub mod policy;
pub mod request; //     head as sent    -> Request: one canonical meaning //      Peer + Request  -> Grant      | Refused
