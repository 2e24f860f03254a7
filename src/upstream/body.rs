//! A body, whole and bounded. hyper reports an end before the announced length or the last chunk as an error, and TLS an end
//! without close_notify as one too, so a body that is complete here is complete.

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::refusal::{BrokenAnswer, Fault};

/// Holds at most `limit` bytes. Trailers are dropped: nothing in them was judged.
pub(super) async fn read(mut body: Incoming, limit: u64) -> Result<Bytes, Fault> {
    if body.size_hint().lower() > limit {
        return Err(Fault::TooLarge(limit));
    }
    let mut held = Held::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Fault::Broken(BrokenAnswer::Http(error)))?;
        if let Ok(data) = frame.into_data() {
            held.take(data, limit)?;
        }
    }
    Ok(held.whole())
}

/// What has come so far. The first piece is not copied: most answers are one.
#[derive(Debug, Default)]
struct Held {
    first: Bytes,
    joined: Vec<u8>,
}

impl Held {
    fn take(&mut self, data: Bytes, limit: u64) -> Result<(), Fault> {
        let total = self.first.len().max(self.joined.len()) + data.len();
        if u64::try_from(total).is_ok_and(|total| total > limit) {
            return Err(Fault::TooLarge(limit));
        }
        if self.first.is_empty() && self.joined.is_empty() {
            self.first = data;
        } else {
            self.joined.extend_from_slice(&std::mem::take(&mut self.first));
            self.joined.extend_from_slice(&data);
        }
        Ok(())
    }

    fn whole(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { Bytes::from(self.joined) }
    }
}
