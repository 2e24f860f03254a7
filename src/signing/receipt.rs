//! The receipt's header form, from where the record stands.

use serde::Deserialize;

use crate::message::receipt::Receipt;
use crate::tlog::Placed;

#[derive(Deserialize)]
struct Seq {
    seq: u64,
}

/// `Exchange-Receipt`, or nothing where a number is beyond what the header can say (RFC 9651 3.3.1).
pub(super) fn header(placed: &Placed) -> Option<String> {
    let Seq { seq } = serde_json::from_slice(&placed.leaf).ok()?;
    let receipt = Receipt {
        origin: placed.head.origin.clone(),
        index: placed.index,
        seq,
        size: placed.head.size,
        root: placed.head.root,
        signature: placed.head.signature,
        leaf: placed.leaf_hash,
    };
    receipt.write().ok()
}
