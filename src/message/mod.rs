//! RFC 9421 and 9530: bases, signatures, digests of HTTP messages.
