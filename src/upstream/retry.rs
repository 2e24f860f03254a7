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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;

    use super::*;
    use crate::upstream::refusal::Fault;

    /// What hyper says of a request that was handed to a connection already closed: the request comes back unwritten.
    async fn unsent() -> hyper::Error {
        let (ours, _theirs) = tokio::io::duplex(64);
        let (mut sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        drop(connection);
        let mut refused =
            sender.try_send_request(http::Request::new(Full::<Bytes>::default())).await.unwrap_err();
        assert!(refused.take_message().is_some());
        refused.into_error()
    }

    #[tokio::test]
    async fn what_was_not_written_may_be_sent_again_whatever_it_is() {
        for idempotent in [true, false] {
            assert!(allowed(&Failure::Unsent { reused: true, error: unsent().await }, idempotent));
            assert!(!allowed(&Failure::Unsent { reused: false, error: unsent().await }, idempotent));
        }
    }

    #[tokio::test]
    async fn what_was_written_may_be_sent_again_only_if_idempotent_unanswered_and_on_a_reused_connection() {
        for (reused, answered, idempotent) in
            [(true, false, true), (true, false, false), (true, true, true), (false, false, true)]
        {
            let failure = Failure::Cut { reused, answered, error: unsent().await };
            assert_eq!(allowed(&failure, idempotent), (reused, answered, idempotent) == (true, false, true));
        }
        assert!(!allowed(&Failure::Final(Fault::TooLarge(1)), true));
    }
}
