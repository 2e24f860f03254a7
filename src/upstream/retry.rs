//! Whether a request may be sent a second time. Once at most, and over a new connection.

use super::client::Failure;

/// Whether the failure allows a second try: only on a connection that was used before, which the platform may have been
/// closing while we wrote. Then either nothing was written, or no byte came back and twice has no more effect than once.
/// Every request can be sent again: its body is held.
pub(super) fn allowed(failure: &Failure, idempotent: bool) -> bool {
    match failure {
        Failure::Unsent { reused, .. } => *reused,
        Failure::Cut { reused, answered, .. } => *reused && !*answered && idempotent,
        Failure::Final(_) => false,
    }
}
