//! HTTP messages as things that can be digested and signed: RFC 9530 content digests, RFC 9421 signatures, and the receipt's
//! header form. Pure text and bytes: this module sends nothing, reads no clock and knows no agency.
//!
//! | need | here |
//! |---|---|
//! | `Content-Digest` | [`digest::content_digest`], [`digest::check`] |
//! | a signed answer | [`sign::sign_answer`] and [`verify::verify_answer`], over the facts of [`facts`] |
//! | which components are covered | [`profile::covered`], and nowhere else |
//! | a signed request | [`request::sign_request`]; what a caller's own claims, [`request::Claim`] |
//! | the signature base, byte by byte | [`base::signature_base`] |
//! | `Signature-Input` | [`params::SignatureInput`] |
//! | `Exchange-Receipt` | [`receipt::Receipt`] |
//!
//! The same [`profile`] tells the signer what to cover and the verifier what to demand: a component forgotten on one side is a
//! failed test, not a silent gap.

pub mod base;
pub mod digest;
pub mod facts;
pub mod key;
pub mod params;
pub mod profile;
pub mod receipt;
pub mod request;
pub mod sign;
pub mod unsigned;
pub mod verify;

#[cfg(test)]
mod tests;
