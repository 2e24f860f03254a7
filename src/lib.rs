//! **Phố Hiến**, a secure data exchange gateway between public agencies.
//!
//! The order of the `mod` lines below is the order of the data: a module names only modules listed above it, and
//! `tests/layering.rs` holds that. Read `gateway::exchange` first; it shows the life of one exchange on one screen.

pub mod manual; //      reading matter that compiles: threats, formats, decisions
// what every stage may use
pub mod id; //          names: AgencyId, ServiceId, AgreementId, ExchangeId, KeyId
pub mod clock; //       time, passed in, never read
pub mod crypto; //      the one door to ring: digest, sign, verify, seal, random
pub mod language; //    what people read, vi and en
pub mod diagnostic; //  faults in files: file, line, caret, code
pub mod metrics; //     counters by name
pub mod message; //     RFC 9421 and 9530: bases, signatures, digests of HTTP messages
// the way of an exchange
pub mod listener; //    sockets         -> Handshaken
pub mod identity; //    Handshaken      -> Peer
pub mod request; //     head as sent    -> Request: one canonical meaning
pub mod policy; //      Peer + Request  -> Grant      | Refused
pub mod limits; //      Grant           -> Admission  | Refused
pub mod tlog; //        bytes           -> durable, proven bytes: a Merkle log that knows no agency
pub mod audit; //       Admission       -> Cleared; any Outcome -> Committed<Outcome>
pub mod upstream; //    Cleared         -> Reply      | Refused
pub mod disclosure; //  Reply           -> Disclosure | Refused: only what the grant names
pub mod signing; //     Committed       -> the signed answer
pub mod gateway; //     the life of one exchange
// around it
pub mod console; //     the desk, where the log is read
pub mod config; //      files -> settings of all the above
pub mod server; //      start, reload, drain, stop
pub mod cli; //         the commands
