//! What a collector of receipts holds a gateway to: each receipt verified as it comes, and each head shown to extend the last one seen.

use std::path::Path;

use super::document::Document;
use super::document::FalseReceipt;
use super::list::List;
use crate::cli::client::heads::Heads;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::trust;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::note::VerifierKey;
use crate::tlog::trust::TrustPolicy;

/// Holds a gateway to what it showed before. Without a trust policy it only asks for the ways, so that whoever verifies later has them.
#[derive(Debug)]
pub(super) struct Keeper {
    trust: Option<TrustPolicy>,
    heads: Option<Heads>,
    /// The last head seen of each log, verified.
    seen: Vec<SignedHead>,
    /// The size of the last portion's head, as stated.
    stated: Option<u64>,
}

impl Keeper {
    /// Reads whom to trust, and what was seen before.
    pub(super) fn new(trust: Option<&Path>, heads: Option<&Path>) -> Result<Self, Failure> {
        let trust = trust.map(trust::policy).transpose()?;
        let heads = heads.map(Heads::read).transpose()?;
        let logs = trust.as_ref().map(TrustPolicy::logs).unwrap_or_default();
        let kept = |key: &VerifierKey| heads.as_ref().map_or(Ok(None), |heads| heads.of(key));
        let seen = logs.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { trust, seen: seen.into_iter().flatten().collect(), heads, stated: None })
    }

    /// The part of a query that asks for the ways from what was seen; of one log alone, where that is named.
    pub(super) fn since(&self, before: &str, log: Option<&str>) -> String {
        let seen = self.seen.iter().filter(|head| log.is_none_or(|log| log == head.origin.as_str()));
        let mut sizes: Vec<u64> = seen.map(|head| head.size).chain(self.stated).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        if sizes.is_empty() { String::new() } else { format!("{before}since={}", sizes.join("%2C")) }
    }

    /// What comes next is another log's.
    pub(super) fn cross(&mut self) {
        self.stated = None;
    }

    /// Takes a portion of a list.
    pub(super) fn take(&mut self, list: &List) -> Result<(), Failure> {
        let last = list.entries().next_back();
        self.stated = last.and_then(super::document::Entry::stated_size);
        let Some(trust) = &self.trust else { return Ok(()) };
        let proven = list.verify(trust).map_err(untrue)?;
        for proven in proven {
            self.see(proven.head, |old, new| list.extends(old, new))?;
        }
        Ok(())
    }

    /// Takes one receipt.
    pub(super) fn take_one(&mut self, body: &[u8]) -> Result<(), Failure> {
        let Some(trust) = &self.trust else { return Ok(()) };
        let document = Document::parse(body).map_err(untrue)?;
        for proven in document.verify(trust).map_err(untrue)? {
            self.see(proven.head, |old, new| document.extends((old.size, &old.root), new))?;
        }
        Ok(())
    }

    /// A head must extend the last one of its log.
    fn see(
        &mut self,
        head: SignedHead,
        extends: impl Fn(&SignedHead, &SignedHead) -> Result<(), FalseReceipt>,
    ) -> Result<(), Failure> {
        match self.seen.iter_mut().find(|seen| seen.origin == head.origin) {
            Some(seen) => {
                extends(seen, &head).map_err(cut_back)?;
                *seen = head;
            }
            None => self.seen.push(head),
        }
        Ok(())
    }

    /// Keeps the last heads for the next time.
    pub(super) fn keep(mut self) -> Result<(), Failure> {
        let Some(heads) = &mut self.heads else { return Ok(()) };
        self.seen.iter().try_for_each(|head| heads.keep(head))
    }
}

fn untrue(cause: FalseReceipt) -> Failure {
    let vi = "Cổng đưa biên nhận KHÔNG đúng với các khóa đã tin cậy. Không lưu gì; hãy báo đơn vị vận hành.";
    let en = "The gateway gave a receipt that is FALSE under the trusted keys. Nothing was kept; tell the operator.";
    Failure::new(Exit::False, "false-receipt", vi, en).because(cause)
}

fn cut_back(cause: FalseReceipt) -> Failure {
    let vi =
        "Nhật ký KHÔNG được chứng minh là nối tiếp điểm chốt đã thấy: có thể đã bị cắt bớt hoặc viết lại.";
    let en = "The log is NOT shown to extend the head that was seen: it may have been cut back or rewritten.";
    Failure::new(Exit::False, "inconsistent-log", vi, en).because(cause)
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::SmallLog;
    use super::*;
    use crate::cli::client::heads::replace;

    const LEAVES: [&str; 3] = ["a", "b", "c"];

    fn list(text: &str) -> List {
        List::parse(text).unwrap()
    }

    #[test]
    fn what_was_seen_is_asked_for_and_a_head_that_does_not_extend_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (trust, heads) = (folder.path().join("log.vkey"), folder.path().join("heads"));
        let mut log = SmallLog::new(&LEAVES);
        replace(&trust, format!("{}\n", log.key()).as_bytes()).unwrap();
        let keeper = || Keeper::new(Some(&trust), Some(&heads)).unwrap();
        let mut first = keeper();
        assert_eq!(first.since("&", None), "");
        first.take(&list(&log.entry(1).to_string())).unwrap();
        assert_eq!(first.since("&", None), "&since=3");
        first.keep().unwrap();
        log.push("d");
        let (without, with) = (log.entry(3).to_string(), format!("{}\n{}", log.entry(3), log.ways(&[3])));
        assert_eq!(keeper().since("?", None), "?since=3");
        assert_eq!(keeper().take(&list(&without)).unwrap_err().code(), "inconsistent-log");
        assert!(keeper().take(&list(&with)).is_ok());
        let fork = log.forked(&["a", "b", "x", "y"]);
        let forked = format!("{}\n{}", fork.entry(3), fork.ways(&[3]));
        assert_eq!(keeper().take(&list(&forked)).unwrap_err().code(), "inconsistent-log");
        let other = SmallLog::new(&LEAVES);
        assert_eq!(keeper().take(&list(&other.entry(1).to_string())).unwrap_err().code(), "false-receipt");
    }

    #[test]
    fn without_trust_the_ways_are_collected_all_the_same() {
        let log = SmallLog::new(&LEAVES);
        let mut keeper = Keeper::new(None, None).unwrap();
        keeper.take(&list(&log.entry(1).to_string())).unwrap();
        assert_eq!(keeper.since("&", None), "&since=3");
    }
}
