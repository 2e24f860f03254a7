//! The receipt's header form, from where the record stands.

use crate::message::receipt::Receipt;
use crate::tlog::Placed;

/// What stands before a leaf's number. In a string its quotes would be escaped, and no object within a leaf has a member of that name.
const SEQ: &str = ",\"seq\":";

/// `Exchange-Receipt`, or nothing where a number is beyond what the header can say (RFC 9651 3.3.1).
pub(super) fn header(placed: &Placed) -> Option<String> {
    let seq = seq(&placed.leaf)?;
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

/// The leaf's number in its agency's chain. To read all of the leaf for it would take longer than to hash it.
fn seq(leaf: &[u8]) -> Option<u64> {
    let (_, rest) = std::str::from_utf8(leaf).ok()?.rsplit_once(SEQ)?;
    rest.split_once(',').and_then(|(number, _)| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::facts::Facts;
    use crate::audit::record::Draft;
    use crate::audit::record::Exchange;
    use crate::audit::record::Record;

    #[test]
    fn a_leafs_number_is_found_whatever_the_leaf_says() {
        let odd = Some(",\"seq\":7,".to_owned());
        let facts = Facts { service: odd.clone(), purpose: odd.clone(), signed_by: odd, ..Facts::default() };
        let record = Record::Refused {
            exchange: Exchange { facts, ..Exchange::default() },
            status: 403,
            stage: "policy",
            reason: "no-agreement",
        };
        let draft = Draft::new("H31.02".parse().unwrap(), None, &record, Vec::new()).unwrap();
        for number in [1, 9_007_199_254_740_991] {
            let leaf = draft.leaf(crate::clock::Timestamp::UNIX_EPOCH, number, None);
            let read: serde_json::Value = serde_json::from_slice(&leaf).unwrap();
            assert_eq!((seq(&leaf), read["seq"].as_u64()), (Some(number), Some(number)));
        }
        assert_eq!(seq(b"{}"), None);
    }
}
