//! What an answer proves, checked against keys held on this side: its content digest, its signature, its receipt, and that the log
//! extends what was seen before.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::crypto::digest::sha256;
use crate::crypto::verify::PublicKey;
use crate::language::Text;
use crate::message::digest;
use crate::message::facts::AnswerFacts;
use crate::message::facts::RequestFacts;
use crate::message::facts::has_no_content;
use crate::message::receipt::Receipt;
use crate::message::request::Head;
use crate::message::request::Sent;
use crate::message::sign::SignatureHeaders;
use crate::message::verify::Unverified;
use crate::message::verify::verify_answer;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::note::VerifierKey;

use super::connection::Answer;
use super::connection::Ask;
use super::gateway::Address;

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails(String),
    /// It was not tried, and why.
    NotChecked(Text),
}

impl Verdict {
    /// `ok`, `failed` or `not-checked`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds => "ok",
            Self::Fails(_) => "failed",
            Self::NotChecked(_) => "not-checked",
        }
    }

    /// Whether it was tried and failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self, Self::Fails(_))
    }

    fn of<E: std::error::Error>(result: Result<(), E>) -> Self {
        result.map_or_else(|error| Self::Fails(causes(&error)), |()| Self::Holds)
    }

    pub(in crate::cli) fn not_checked(vi: &str, en: &str) -> Self {
        Self::NotChecked(Text::new(vi, en))
    }
}

impl Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// An error and what is under it, in one line.
pub(in crate::cli) fn causes(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |error| error.source());
    below.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Whom we trust.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Keys that sign the gateway's answers; empty: none is known.
    pub answers: Vec<PublicKey>,
    /// Keys that sign the gateway's logs; empty: none is known.
    pub logs: Vec<VerifierKey>,
}

/// Every check of one answer.
#[derive(Debug, Clone, Serialize)]
pub struct Checks {
    /// The body is the one that `Content-Digest` states (RFC 9530).
    pub digest: Verdict,
    /// The signature is the gateway's over this answer to this request (RFC 9421).
    pub signature: Verdict,
    /// The receipt's tree head is signed by the log.
    pub receipt: Verdict,
    /// The entry is in that tree.
    pub inclusion: Verdict,
    /// The log extends what was seen of it before.
    pub consistency: Verdict,
    /// The receipt, where it holds: with the head it was checked by.
    #[serde(skip)]
    pub proven: Option<(Receipt, SignedHead, VerifierKey)>,
}

impl Checks {
    /// Checks what can be checked of an answer by itself; inclusion and consistency need more from the gateway.
    #[must_use]
    pub fn of(address: &Address, ask: &Ask, answer: &Answer, trust: &Trust) -> Self {
        let (receipt, proven) = receipt(address, answer, trust);
        Self {
            digest: digest(ask, answer),
            signature: signature(address, ask, answer, trust),
            receipt,
            inclusion: Verdict::not_checked("không yêu cầu (--proof)", "not asked for (--proof)"),
            consistency: Verdict::not_checked("không yêu cầu (--heads)", "not asked for (--heads)"),
            proven,
        }
    }

    /// All of them with their names, in order.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &Verdict); 5] {
        [
            ("digest", &self.digest),
            ("signature", &self.signature),
            ("receipt", &self.receipt),
            ("inclusion", &self.inclusion),
            ("consistency", &self.consistency),
        ]
    }

    /// Whether one failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.all().iter().any(|(_, verdict)| verdict.failed())
    }
}

/// An error without `Exchange-Id` was made below the gateway's own code, by the HTTP library that read the request: it proves nothing and
/// grants nothing. A success without it is an answer that somebody else made.
fn is_bare(answer: &Answer) -> bool {
    !answer.status.is_success() && answer.field("exchange-id").is_none()
}

fn bare() -> Verdict {
    Verdict::not_checked(
        "lỗi ở tầng HTTP, không phải câu trả lời của cổng",
        "an error of the HTTP layer, no answer of the gateway",
    )
}

fn digest(ask: &Ask, answer: &Answer) -> Verdict {
    if has_no_content(ask.method.as_str(), answer.status.as_u16()) {
        return Verdict::not_checked("câu trả lời không có nội dung", "the answer has no content");
    }
    match answer.field("content-digest") {
        Some(stated) => Verdict::of(digest::check(stated, &sha256(&answer.body))),
        None if is_bare(answer) => bare(),
        None => Verdict::Fails("the answer has no content digest".to_owned()),
    }
}

fn signature(address: &Address, ask: &Ask, answer: &Answer, trust: &Trust) -> Verdict {
    if trust.answers.is_empty() {
        let vi = "chưa có khóa kiểm tra câu trả lời (--answer-key)";
        return Verdict::not_checked(vi, "no key given (--answer-key)");
    }
    let headers = answer.field("signature-input").zip(answer.field("signature"));
    let Some((input, signature)) = headers else {
        let unsigned = || {
            Verdict::Fails("the answer is not signed (does the gateway want --accept-signature?)".to_owned())
        };
        return if is_bare(answer) { bare() } else { unsigned() };
    };
    let headers = SignatureHeaders { input: input.to_owned(), signature: signature.to_owned() };
    Verdict::of(verified(address, ask, answer, &headers, &trust.answers))
}

/// Under the key that the signature names, or the first one's complaint.
fn verified(
    address: &Address,
    ask: &Ask,
    answer: &Answer,
    headers: &SignatureHeaders,
    keys: &[PublicKey],
) -> Result<(), Unverified> {
    let authority = address.authority();
    let target = address.with_target(ask.target.clone());
    let (path, query) = target.path_and_query();
    let own = Sent::of(&Head {
        method: ask.method.as_str(),
        authority: &authority,
        path,
        query,
        headers: &ask.headers,
    });
    let sent = |name: &str| ask.headers.get(name).and_then(|value| value.to_str().ok());
    let request = RequestFacts {
        method: ask.method.as_str(),
        authority: &authority,
        path,
        query,
        content_digest: sent("content-digest"),
        signature: own.as_ref().map(Sent::fact),
    };
    let facts = AnswerFacts {
        status: answer.status.as_u16(),
        content_digest: answer.field("content-digest"),
        content_type: answer.field("content-type"),
        exchange_id: answer.field("exchange-id").unwrap_or_default(),
        exchange_receipt: answer.field("exchange-receipt"),
    };
    let mut first = None;
    for key in keys {
        match verify_answer(&request, &facts, &answer.body, headers, key) {
            Ok(_) => return Ok(()),
            Err(Unverified::Key) => first = first.or(Some(Unverified::Key)),
            Err(fault) => return Err(fault),
        }
    }
    Err(first.unwrap_or(Unverified::Key))
}

type Proven = Option<(Receipt, SignedHead, VerifierKey)>;

fn receipt(address: &Address, answer: &Answer, trust: &Trust) -> (Verdict, Proven) {
    let Some(header) = answer.field("exchange-receipt") else {
        return (without_receipt(address, answer), None);
    };
    if trust.logs.is_empty() {
        return (
            Verdict::not_checked("chưa có khóa kiểm tra nhật ký (--vkey)", "no key given (--vkey)"),
            None,
        );
    }
    let receipt = match Receipt::parse(header) {
        Ok(receipt) => receipt,
        Err(fault) => return (Verdict::Fails(fault.to_string()), None),
    };
    let Some(key) = trust.logs.iter().find(|key| key.name() == receipt.origin.as_str()) else {
        return (Verdict::Fails("the receipt is of a log that is not trusted here".to_owned()), None);
    };
    match SignedHead::open(note(&receipt, key).as_bytes(), key) {
        Ok(head) => (Verdict::Holds, Some((receipt, head, key.clone()))),
        Err(fault) => (Verdict::Fails(causes(&fault)), None),
    }
}

/// Refusals that are counted rather than recorded one by one, answers while nothing is recorded, and the gateway's own services have
/// no receipt; released data always has.
fn without_receipt(address: &Address, answer: &Answer) -> Verdict {
    let own = ["/receipts", "/.well-known/"].iter().any(|path| address.target.starts_with(path));
    if answer.status.is_success() && !own {
        return Verdict::Fails("the answer has no receipt".to_owned());
    }
    Verdict::not_checked("câu trả lời loại này không có biên nhận", "answers of this kind have no receipt")
}

/// The signed note that a receipt's header stands for (C2SP signed-note): the checkpoint its numbers make, under its bare signature.
#[must_use]
pub fn note(receipt: &Receipt, key: &VerifierKey) -> String {
    let Receipt { origin, size, root, signature, .. } = receipt;
    let text = Checkpoint { origin: origin.clone(), size: *size, root: *root }.to_string();
    let blob = [key.id().as_slice(), signature].concat();
    format!("{text}\n\u{2014} {} {}\n", key.name(), STANDARD.encode(blob))
}

#[cfg(test)]
mod tests;
