//! The signal to stop: told once, heard by all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Cheap to clone; clones hear the same signal.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Nothing stops yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Tells everybody.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Returns once it was told; at once if it was told before.
    pub async fn stopped(&self) {
        // The sender lives as long as `self`: this cannot fail before the signal.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Waits so long, or until it is told; whether it was told.
    pub async fn within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.stopped()).await.is_ok()
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
