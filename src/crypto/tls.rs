//! The primitives that TLS uses, on every side: ring's, named here and nowhere else.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;

/// The provider that every TLS configuration is built with. Never the process-wide default: two providers in one dependency
/// graph make that a panic.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
