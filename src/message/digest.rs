//! Content digests (RFC 9530). We write and check `sha-256` and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sfv::{BareItem, Dictionary, ListEntry, Parser};

use crate::crypto::digest::{Hash, sha256};

/// The algorithm's key in the header's dictionary (RFC 9530 5).
const SHA_256: &str = "sha-256";

/// Why a `Content-Digest` does not vouch for a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestFault {
    /// It is no dictionary of byte sequences (RFC 9530 2).
    #[error("the content digest is not a dictionary of byte sequences")]
    Unreadable,
    /// It names no algorithm that we check.
    #[error("the content digest has no `sha-256`")]
    Unsupported,
    /// The body is another.
    #[error("the content digest is not that of the body")]
    Mismatch,
}

/// The `Content-Digest` of some bytes: `sha-256=:…:`.
#[must_use]
pub fn content_digest(bytes: &[u8]) -> String {
    content_digest_of(&sha256(bytes))
}

/// The `Content-Digest` of bytes whose SHA-256 is known already, as when a body was streamed.
#[must_use]
pub fn content_digest_of(hash: &Hash) -> String {
    format!("{SHA_256}=:{}:", STANDARD.encode(hash))
}

/// The SHA-256 that a caller's `Content-Digest` states. Other algorithms beside it are ignored, as RFC 9530 2 allows.
///
/// # Errors
/// The header is unreadable, or names no `sha-256`.
pub fn parse(header: &str) -> Result<Hash, DigestFault> {
    let dictionary: Dictionary = Parser::new(header).parse().map_err(|_| DigestFault::Unreadable)?;
    match dictionary.get(SHA_256).ok_or(DigestFault::Unsupported)? {
        ListEntry::Item(item) => hash_of(&item.bare_item),
        ListEntry::InnerList(_) => Err(DigestFault::Unreadable),
    }
}

/// Holds a `Content-Digest` against the SHA-256 of the body that came.
///
/// # Errors
/// The header is unreadable, names no `sha-256`, or states another body's.
pub fn check(header: &str, body: &Hash) -> Result<(), DigestFault> {
    if parse(header)? == *body { Ok(()) } else { Err(DigestFault::Mismatch) }
}

fn hash_of(item: &BareItem) -> Result<Hash, DigestFault> {
    item.as_byte_sequence().and_then(|bytes| bytes.try_into().ok()).ok_or(DigestFault::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_one_the_formats_name() {
        assert_eq!(content_digest(b""), "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
    }

    #[test]
    fn the_digest_agrees_with_rfc_9530() {
        let body = b"{\"hello\": \"world\"}";
        assert_eq!(content_digest(body), "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
    }

    #[test]
    fn a_digest_vouches_for_its_own_body_only() {
        let header = format!("sha-512=:AAAA:, {}", content_digest(b"one"));
        assert_eq!(check(&header, &sha256(b"one")), Ok(()));
        assert_eq!(check(&header, &sha256(b"two")), Err(DigestFault::Mismatch));
    }

    #[test]
    fn what_is_no_sha_256_digest_vouches_for_nothing() {
        for (header, fault) in [
            ("", DigestFault::Unsupported),
            ("sha-512=:AAAA:", DigestFault::Unsupported),
            ("SHA-256=:AAAA:", DigestFault::Unreadable),
            ("sha-256", DigestFault::Unreadable),
            ("sha-256=(:AAAA:)", DigestFault::Unreadable),
            ("sha-256=:AAAA:", DigestFault::Unreadable),
            ("sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", DigestFault::Unreadable),
            ("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:,", DigestFault::Unreadable),
        ] {
            assert_eq!(parse(header), Err(fault), "{header}");
        }
    }
}
