//! Randomness from the operating system.

use ring::rand::SecureRandom as _;
use ring::rand::SystemRandom;

use super::CryptoError;

/// Random bytes.
///
/// # Errors
/// The operating system gave none.
pub fn bytes<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).map_err(|_| CryptoError("the operating system gave no randomness"))?;
    Ok(out)
}
