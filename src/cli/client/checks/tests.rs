use super::*;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::Version;

use crate::cli::receipt::document::tests::SmallLog;
use crate::clock::Timestamp;
use crate::crypto::sign::P256Key;
use crate::message::digest::content_digest;
use crate::message::key::AnswerKey;
use crate::message::sign::sign_answer;

const TARGET: &str = "/dan-cu/cong-dan/099190000001?x=1";

struct World {
    log: SmallLog,
    key: AnswerKey,
    address: Address,
}

impl World {
    fn new() -> Self {
        let key = AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap();
        let address = Address::parse(&format!("https://GW1.example:8443{TARGET}")).unwrap();
        Self { log: SmallLog::new(&["a", "b", "c"]), key, address }
    }

    fn trust(&self) -> Trust {
        Trust { answers: vec![self.key.public()], logs: vec![self.log.key()] }
    }

    fn receipt(&self) -> String {
        let SignedHead { origin, size, root, signature, .. } = self.log.head(3);
        Receipt { origin, index: 2, seq: 1, size, root, signature, leaf: [9; 32] }.write().unwrap()
    }

    /// An answer as a gateway makes it.
    fn answer(&self, status: u16, body: &str) -> Answer {
        let (digest, receipt) = (content_digest(body.as_bytes()), self.receipt());
        let request = RequestFacts {
            method: "GET",
            authority: "gw1.example:8443",
            path: "/dan-cu/cong-dan/099190000001",
            query: Some("x=1"),
            content_digest: None,
            signature: None,
        };
        let facts = AnswerFacts {
            status,
            content_digest: Some(&digest),
            content_type: Some("application/json"),
            exchange_id: "0199",
            exchange_receipt: Some(&receipt),
        };
        let signed = sign_answer(&request, &facts, &self.key, Timestamp::UNIX_EPOCH).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-digest", digest.as_str()),
            ("content-type", "application/json"),
            ("exchange-id", "0199"),
            ("exchange-receipt", &receipt),
            ("signature-input", &signed.input),
            ("signature", &signed.signature),
        ] {
            headers.insert(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let body = Bytes::copy_from_slice(body.as_bytes());
        let status = StatusCode::from_u16(status).unwrap();
        Answer { version: Version::HTTP_11, status, headers, trailers: HeaderMap::new(), body }
    }

    fn words(&self, answer: &Answer, trust: &Trust) -> [&'static str; 3] {
        let checks = Checks::of(&self.address, &Ask::get(TARGET), answer, trust);
        [checks.digest.word(), checks.signature.word(), checks.receipt.word()]
    }
}

#[test]
fn a_true_answer_holds_in_headers_and_in_trailers_alike() {
    let world = World::new();
    let answer = world.answer(200, "{}");
    assert_eq!(world.words(&answer, &world.trust()), ["ok"; 3]);
    let streamed = Answer { trailers: answer.headers.clone(), headers: HeaderMap::new(), ..answer };
    assert_eq!(world.words(&streamed, &world.trust()), ["ok"; 3]);
}

#[test]
fn an_answer_that_was_changed_anywhere_fails() {
    let world = World::new();
    let good = world.answer(200, "{}");
    let body = Answer { body: Bytes::from_static(b"{ }"), ..good.clone() };
    assert_eq!(world.words(&body, &world.trust()), ["failed", "failed", "ok"]);
    let status = Answer { status: StatusCode::CREATED, ..good.clone() };
    assert_eq!(world.words(&status, &world.trust()), ["ok", "failed", "ok"]);
    let mut receipt = good.clone();
    let text = world.receipt().replace("size=3", "size=4");
    receipt.headers.insert("exchange-receipt", HeaderValue::from_str(&text).unwrap());
    assert_eq!(world.words(&receipt, &world.trust()), ["ok", "failed", "failed"]);
}

#[test]
fn an_answer_to_another_question_fails() {
    let world = World::new();
    let checks =
        Checks::of(&world.address, &Ask::get("/dan-cu/other"), &world.answer(200, "{}"), &world.trust());
    assert!(checks.signature.failed());
}

#[test]
fn what_cannot_be_checked_is_said_and_not_passed_off_as_true() {
    let world = World::new();
    assert_eq!(
        world.words(&world.answer(200, "{}"), &Trust::default()),
        ["ok", "not-checked", "not-checked"]
    );
    let other = World::new();
    assert_eq!(world.words(&world.answer(200, "{}"), &other.trust()), ["ok", "failed", "failed"]);
}

#[test]
fn released_data_without_signature_receipt_or_digest_fails() {
    let world = World::new();
    let bare = Answer { headers: HeaderMap::new(), ..world.answer(200, "{}") };
    assert_eq!(world.words(&bare, &world.trust()), ["failed"; 3]);
}

#[test]
fn an_error_of_the_http_layer_claims_nothing_and_so_nothing_fails() {
    let world = World::new();
    let bare = Answer { headers: HeaderMap::new(), ..world.answer(400, "") };
    assert_eq!(world.words(&bare, &world.trust()), ["not-checked"; 3]);
}

#[test]
fn a_header_given_twice_is_as_good_as_none() {
    let world = World::new();
    let mut answer = world.answer(200, "{}");
    let again = answer.headers.get("exchange-receipt").unwrap().clone();
    answer.headers.append("exchange-receipt", again);
    assert_eq!(world.words(&answer, &world.trust()), ["ok", "failed", "failed"]);
}
