//! What a witness says that has seen another log under this log's name: nothing may be signed then.

/// A witness has seen another log under this log's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// It has seen more.
    #[error(
        "the witness {witness} has seen {theirs} entries of this log, which has {ours}: its end was cut off, or an older state was put back"
    )]
    Ahead {
        /// Who.
        witness: String,
        /// What it has seen.
        theirs: u64,
        /// What there is.
        ours: u64,
    },
    /// It has seen others.
    #[error("the witness {witness} has seen other entries than this log's {ours}: there are two histories")]
    Differs {
        /// Who.
        witness: String,
        /// What there is.
        ours: u64,
    },
}
