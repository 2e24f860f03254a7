//! What needs a second question: the receipt document, the inclusion of the entry, and that the log extends what was seen before.
//!
//! `GET /receipts/<id>?since=<size>[%2C<size>]` gives the document with a consistency path from each of these sizes to the head its proofs
//! are under. Both the head kept from last time and the head of this answer must lead to that one: then neither was a fork.

use bytes::Bytes;

use super::Call;
use crate::cli::client::checks::Checks;
use crate::cli::client::checks::Verdict;
use crate::cli::client::checks::causes;
use crate::cli::client::connection::Answer;
use crate::cli::client::connection::Ask;
use crate::cli::client::connection::Connection;
use crate::cli::client::heads::Heads;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::receipt::document::Document;
use crate::cli::receipt::document::FalseReceipt;
use crate::cli::receipt::document::Proven;
use crate::message::receipt::Receipt;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::note::VerifierKey;
use crate::tlog::trust::TrustPolicy;

/// Asks on as far as it was asked for, and enters the verdicts. Gives the document as it came.
///
/// # Errors
/// The connection breaks, or the file of heads cannot be used.
pub async fn follow(
    call: &Call,
    connection: &mut Connection,
    answer: &Answer,
    checks: &mut Checks,
) -> Result<Option<Bytes>, Failure> {
    let wanted = call.proof || call.heads.is_some() || call.save_receipt.is_some();
    let id = answer.field("exchange-id").filter(|id| id.parse::<crate::id::ExchangeId>().is_ok());
    let (Some(id), Some(_)) = (id.filter(|_| wanted), answer.field("exchange-receipt")) else {
        return Ok(None);
    };
    let mut heads = call.heads.as_deref().map(Heads::read).transpose()?;
    let proven = checks.proven.clone();
    let kept = match (&heads, &proven) {
        (Some(heads), Some((_, _, key))) => heads.of(key)?,
        _ => None,
    };
    let body = fetch(connection, id, proven.as_ref().map(|(_, head, _)| head), kept.as_ref()).await?;
    let Some((receipt, head, key)) = proven else { return Ok(Some(body)) };
    let newest = inclusion(&body, &receipt, &head, &key, id, checks);
    if let Some(heads) = &mut heads {
        let newest = consistency(newest, &head, kept.as_ref(), checks);
        if let Some(newest) = newest {
            heads.keep(&newest)?;
        }
    }
    Ok(Some(body))
}

async fn fetch(
    connection: &mut Connection,
    id: &str,
    head: Option<&SignedHead>,
    kept: Option<&SignedHead>,
) -> Result<Bytes, Failure> {
    let sizes: Vec<String> = kept.into_iter().chain(head).map(|head| head.size.to_string()).collect();
    let since = if kept.is_some() { format!("?since={}", sizes.join("%2C")) } else { String::new() };
    let answer = connection.send(&Ask::get(format!("/receipts/{id}{since}"))).await?;
    if answer.status.is_success() {
        return Ok(answer.body);
    }
    let vi = "Câu trả lời có biên nhận, nhưng cổng không đưa ra bằng chứng của nó. Hãy báo đơn vị vận hành.";
    let en = "The answer has a receipt, but the gateway does not give its proof. Tell the operator.";
    Err(Failure::new(Exit::CouldNot, "no-proof", vi, en).because(format!("HTTP {}", answer.status.as_u16())))
}

/// The entry is in the log, and it is the one that the receipt's header named. Gives the document and the head that proves it.
fn inclusion(
    body: &Bytes,
    receipt: &Receipt,
    head: &SignedHead,
    key: &VerifierKey,
    id: &str,
    checks: &mut Checks,
) -> Option<(Document, SignedHead)> {
    match proven(body, receipt, key, id) {
        Ok((document, newest)) if newest.size >= head.size => {
            checks.inclusion = Verdict::Holds;
            Some((document, newest))
        }
        Ok((_, newest)) => {
            let what = format!(
                "the proof is in a tree of {}, the receipt in one of {} entries",
                newest.size, head.size
            );
            checks.inclusion = Verdict::Fails(what);
            None
        }
        Err(fault) => {
            checks.inclusion = Verdict::Fails(causes(&fault));
            None
        }
    }
}

fn proven(
    body: &Bytes,
    receipt: &Receipt,
    key: &VerifierKey,
    id: &str,
) -> Result<(Document, SignedHead), FalseReceipt> {
    let document = Document::parse(body)?;
    if document.exchange != id {
        return Err(FalseReceipt::Exchange(receipt.index));
    }
    let proven = document.verify(&TrustPolicy::of_logs(vec![key.clone()]))?;
    let own = proven
        .into_iter()
        .find(|Proven { index, hash, .. }| (*index, hash) == (receipt.index, &receipt.leaf));
    let head = own.ok_or(FalseReceipt::Index(receipt.index))?.head;
    Ok((document, head))
}

/// The head kept and the head of this answer both lead to the newest. Gives the head to keep, where nothing is wrong.
fn consistency(
    newest: Option<(Document, SignedHead)>,
    head: &SignedHead,
    kept: Option<&SignedHead>,
    checks: &mut Checks,
) -> Option<SignedHead> {
    let Some((document, newest)) = newest else {
        checks.consistency = Verdict::Fails("there is no proof to hold it against".to_owned());
        return None;
    };
    let Some(kept) = kept else {
        checks.consistency = Verdict::not_checked(
            "lần đầu thấy nhật ký này; đã lưu điểm chốt",
            "the first head seen of this log; it is kept",
        );
        return Some(head.clone());
    };
    let extends = |old: &SignedHead| document.extends((old.size, &old.root), &newest);
    match extends(kept).and_then(|()| extends(head)) {
        Ok(()) => {
            checks.consistency = Verdict::Holds;
            Some(newest)
        }
        Err(fault) => {
            checks.consistency = Verdict::Fails(causes(&fault));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::receipt::document::tests::SmallLog;
    use crate::tlog::merkle::leaf_hash;

    const LEAVES: [&str; 3] = [r#"{"exchange":"a"}"#, r#"{"exchange":"b"}"#, r#"{"exchange":"c"}"#];

    fn checks() -> Checks {
        let none = || Verdict::not_checked("", "");
        Checks {
            digest: none(),
            signature: none(),
            receipt: none(),
            inclusion: none(),
            consistency: none(),
            proven: None,
        }
    }

    /// The receipt of entry 2 under a head of `size`, judged with the document, against a head kept from before.
    fn judged(
        log: &SmallLog,
        size: u64,
        document: &str,
        kept: Option<&SignedHead>,
    ) -> (Checks, Option<SignedHead>) {
        let (head, mut checks) = (log.head(size), checks());
        let SignedHead { origin, root, signature, .. } = head.clone();
        let receipt = Receipt {
            origin,
            index: 2,
            seq: 1,
            size,
            root,
            signature,
            leaf: leaf_hash(LEAVES[2].as_bytes()),
        };
        let body = Bytes::copy_from_slice(document.as_bytes());
        let newest = inclusion(&body, &receipt, &head, &log.key(), "c", &mut checks);
        let keep = consistency(newest, &head, kept, &mut checks);
        (checks, keep)
    }

    fn grown() -> SmallLog {
        let mut log = SmallLog::new(&LEAVES);
        log.push("later");
        log
    }

    #[test]
    fn a_log_that_only_grew_is_consistent_and_its_newest_head_is_kept() {
        let log = grown();
        let (checks, keep) = judged(&log, 3, &log.document("c", 2, &[2, 3]), Some(&log.head(2)));
        assert_eq!((checks.inclusion.word(), checks.consistency.word()), ("ok", "ok"));
        assert_eq!(keep, Some(log.head(4)));
    }

    #[test]
    fn the_first_head_is_kept_and_not_called_consistent() {
        let log = grown();
        let (checks, keep) = judged(&log, 3, &log.document("c", 2, &[]), None);
        assert_eq!(checks.consistency.word(), "not-checked");
        assert_eq!(keep, Some(log.head(3)));
    }

    #[test]
    fn a_fork_a_cut_back_log_and_a_missing_path_fail_and_nothing_is_kept() {
        let log = grown();
        let mut forked = log.head(2);
        forked.root = [1; 32];
        let longer = SignedHead { size: 9, ..log.head(4) };
        for (kept, since) in
            [(forked, vec![2, 3]), (longer, vec![3]), (log.head(2), vec![]), (log.head(2), vec![2])]
        {
            let (checks, keep) = judged(&log, 3, &log.document("c", 2, &since), Some(&kept));
            assert_eq!((checks.consistency.word(), keep), ("failed", None), "{} {since:?}", kept.size);
        }
    }

    #[test]
    fn a_proof_of_another_entry_or_exchange_is_none() {
        let log = grown();
        for document in [log.document("b", 1, &[]), log.document("c", 1, &[]), "{}".to_owned()] {
            assert_eq!(judged(&log, 3, &document, None).0.inclusion.word(), "failed");
        }
    }

    #[test]
    fn a_proof_in_an_older_tree_than_the_receipts_fails() {
        let (log, short) = (grown(), SmallLog::new(&LEAVES));
        drop(short);
        let (checks, keep) = judged(&log, 4, &log.document("c", 2, &[]), None);
        assert_eq!((checks.inclusion.word(), keep.map(|head| head.size)), ("ok", Some(4)));
    }
}
