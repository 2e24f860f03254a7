//! Commitments: `SHA-256("phohien-commit/1" LF label LF salt data)`, the salt an HMAC of the month's key over exchange and label.
//!
//! There is no store of salts. A party that holds the data and is told the one salt can prove its case; without it nobody can
//! guess a body of few possibilities, such as a citizen's number, from the log.

use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;
use crate::crypto::digest::hmac_sha256;
use crate::id::ExchangeId;

/// What a commitment is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The request: target, the headers we read, body. Its salt is told to the caller.
    Request,
    /// The bytes released. Its salt is told to the caller.
    Answer,
    /// The platform's bytes. Its salt is for the provider alone, or withheld fields could be guessed.
    Reply,
    /// The data subject's identifier. Its salt is told to the caller.
    Subject,
    /// The end user at the caller's. Its salt is told to the caller.
    User,
}

impl Label {
    /// Those whose salts a caller is told.
    pub const CALLERS: [Self; 4] = [Self::Request, Self::Answer, Self::Subject, Self::User];

    /// The label of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Request, Self::Answer, Self::Reply, Self::Subject, Self::User];
        all.into_iter().find(|label| label.as_str() == name)
    }

    /// The label as it is hashed and written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Reply => "reply",
            Self::Subject => "subject",
            Self::User => "user",
        }
    }
}

/// The salt of one commitment: HMAC-SHA-256(month's key, exchange id's 16 bytes, label).
#[must_use]
pub fn salt(month_key: &[u8; 32], exchange: ExchangeId, label: Label) -> Hash {
    hmac_sha256(month_key, &[exchange.as_bytes(), label.as_str().as_bytes()])
}

/// The commitment to `data` under a salt.
#[must_use]
pub fn commit(label: Label, salt: &Hash, data: &[u8]) -> Hash {
    let mut committing = Committing::begin(label, salt);
    committing.take(data);
    committing.finish()
}

/// A commitment to data that pass by piece by piece.
#[derive(Debug, Clone)]
pub struct Committing(Sha256);

impl Committing {
    /// Before the first piece.
    #[must_use]
    pub fn begin(label: Label, salt: &Hash) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"phohien-commit/1\n");
        hasher.update(label.as_str().as_bytes());
        hasher.update(b"\n");
        hasher.update(salt);
        Self(hasher)
    }

    /// Takes in the next piece.
    pub fn take(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The commitment to everything that was taken in.
    #[must_use]
    pub fn finish(self) -> Hash {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_data_commits_differently_in_every_exchange_and_under_every_label() {
        let (one, two) = (ExchangeId::new(1, &[0; 10]), ExchangeId::new(1, &[1; 10]));
        let of = |exchange, label| commit(label, &salt(&[9; 32], exchange, label), b"099190000001");
        let all = [of(one, Label::Subject), of(two, Label::Subject), of(one, Label::User)];
        assert!(all.iter().enumerate().all(|(i, a)| all.iter().skip(i + 1).all(|b| a != b)));
    }
}
