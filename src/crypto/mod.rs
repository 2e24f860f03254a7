//! The one door to ring, and to RustCrypto's SHA-256. No other module names them, so that exchanging the primitives is one change.
//!
//! | need | here |
//! |---|---|
//! | hashes | [`digest::sha256`], [`digest::Sha256`], [`digest::hmac_sha256`]; of many texts at once [`lanes::sha256_each`] |
//! | signatures | [`sign::Ed25519Key`], [`sign::P256Key`], [`verify::PublicKey`] |
//! | signatures by certificates | [`cms`] |
//! | time-stamps | [`tsp`] |
//! | secrecy | [`seal::SealingKey`] (AES-256-GCM) |
//! | chance | [`random::bytes`] |
//! | PEM, written | [`pem::block`] |

pub mod cms;
pub mod digest;
pub mod keyfile;
pub mod lanes;
pub mod pem;
pub mod random;
pub mod seal;
pub mod sign;
pub mod tls;
pub mod tsp;
pub mod verify;

/// A primitive failed: a damaged key, a forged signature, or a machine without randomness. Says nothing more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CryptoError(&'static str);
