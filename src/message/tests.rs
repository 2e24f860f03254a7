//! The response profile, held against bases written out by hand and against RFC 9421's own example.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Timestamp;
use crate::crypto::sign::{Ed25519Key, P256Key};

use super::base::{BaseFault, signature_base};
use super::digest::content_digest;
use super::facts::{AnswerFacts, RequestFacts, RequestSignature};
use super::key::AnswerKey;
use super::params::{Component, InputFault, SignatureInput, signature_bytes};
use super::profile::Stand;
use super::sign::{SignFault, SignatureHeaders, sign_answer, sign_streamed};
use super::verify::{Unverified, verify_answer};

const BODY: &[u8] = b"{\"TrangThai\":1}";
const ID: &str = "0199a1c2-0000-7000-8000-000000000001";

fn request() -> RequestFacts<'static> {
    RequestFacts {
        method: "GET",
        authority: "gw1.hungyen.example:8443",
        path: "/dan-cu/cong-dan/099190000001",
        query: Some("phienBan=2"),
        content_digest: None,
        signature: None,
    }
}

fn answer(digest: &str) -> AnswerFacts<'_> {
    AnswerFacts {
        status: 200,
        content_digest: Some(digest),
        content_type: Some("application/json"),
        exchange_id: ID,
        exchange_receipt: Some("origin=\"gw1/2026\", index=1"),
    }
}

fn p256() -> AnswerKey {
    AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap()
}

/// The test key of RFC 9421 B.1.4.
fn rfc_key() -> AnswerKey {
    let der = STANDARD.decode("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF").unwrap();
    AnswerKey::Ed25519(Ed25519Key::from_pkcs8(&der).unwrap())
}

fn at() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn lines(pairs: &[(&str, &str)]) -> Vec<(Component, String)> {
    pairs.iter().map(|(name, value)| (Component::own(name), (*value).to_owned())).collect()
}

#[test]
fn the_base_and_the_signature_agree_with_rfc_9421_b_2_6() {
    let input = SignatureInput::parse(
        "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
         ;created=1618884473;keyid=\"test-key-ed25519\"",
        "sig-b26",
    );
    let lines = lines(&[
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("@method", "POST"),
        ("@path", "/foo"),
        ("@authority", "example.com"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ]);
    let base = signature_base(&lines, &input.unwrap()).unwrap();
    assert!(
        base.starts_with("\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n")
    );
    let signature = rfc_key().sign(base.as_bytes()).unwrap();
    let expected = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    assert_eq!(STANDARD.encode(signature), expected);
    let spki = STANDARD.encode(rfc_key().public().spki());
    assert_eq!(spki, "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=");
}

#[test]
fn the_profile_signs_exactly_these_bytes() {
    let digest = content_digest(BODY);
    let key = rfc_key();
    let headers = sign_answer(&request(), &answer(&digest), &key, at()).unwrap();
    let covered = "(\"@status\" \"content-digest\" \"content-type\" \"exchange-id\" \"exchange-receipt\" \
                   \"@method\";req \"@authority\";req \"@path\";req \"@query\";req)";
    let params = format!("{covered};created=1790000000;keyid=\"{}\";tag=\"phohien/1\"", key.id());
    assert_eq!(headers.input, format!("phohien={params}"));
    let base = format!(
        "\"@status\": 200\n\"content-digest\": {digest}\n\"content-type\": application/json\n\"exchange-id\": {ID}\n\
         \"exchange-receipt\": origin=\"gw1/2026\", index=1\n\"@method\";req: GET\n\
         \"@authority\";req: gw1.hungyen.example:8443\n\"@path\";req: /dan-cu/cong-dan/099190000001\n\
         \"@query\";req: ?phienBan=2\n\"@signature-params\": {params}"
    );
    let signature = signature_bytes(&headers.signature, "phohien").unwrap();
    assert_eq!(key.public().verify(base.as_bytes(), &signature), Ok(()));
}

#[test]
fn a_signed_requests_own_fields_and_signature_are_covered() {
    let fields = [("exchange-case", "H31-0007"), ("content-digest", "sha-256=:AA==:")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let signature = RequestSignature { label: "sig1", signature: &[1, 2], fields: &fields };
    let request = RequestFacts {
        method: "POST",
        content_digest: Some("sha-256=:AA==:"),
        signature: Some(signature),
        ..request()
    };
    let digest = content_digest(BODY);
    let key = p256();
    let headers = sign_answer(&request, &answer(&digest), &key, at()).unwrap();
    let tail =
        "\"@query\";req \"content-digest\";req \"exchange-case\";req \"signature\";req;key=\"sig1\");created";
    assert!(headers.input.contains(tail), "{}", headers.input);
    let verified = verify_answer(&request, &answer(&digest), BODY, &headers, &key.public()).unwrap();
    assert_eq!((verified.created, verified.keyid), (at(), key.id()));
    let unsigned = RequestFacts { signature: None, ..request };
    let refused = verify_answer(&unsigned, &answer(&digest), BODY, &headers, &key.public());
    assert_eq!(refused, Err(Unverified::Coverage));
}

#[test]
fn a_streamed_answers_digest_and_receipt_are_covered_as_trailers() {
    let digest = content_digest(BODY);
    let key = p256();
    let headers = sign_streamed(&request(), &answer(&digest), &key, at()).unwrap();
    let covered = "(\"@status\" \"content-digest\";tr \"content-type\" \"exchange-id\" \"exchange-receipt\";tr \"@method\";req";
    assert!(headers.input.contains(covered), "{}", headers.input);
    assert!(verify_answer(&request(), &answer(&digest), BODY, &headers, &key.public()).is_ok());
    let refused = verify_answer(&request(), &answer(&digest), b"{}", &headers, &key.public());
    assert!(matches!(refused, Err(Unverified::Body(_))));
    let moved = SignatureHeaders { input: headers.input.replace(";tr", ""), ..headers };
    let refused = verify_answer(&request(), &answer(&digest), BODY, &moved, &key.public());
    assert!(matches!(refused, Err(Unverified::Signature(_))));
}

#[test]
fn every_fact_is_bound() {
    let digest = content_digest(BODY);
    let key = p256();
    let headers = sign_answer(&request(), &answer(&digest), &key, at()).unwrap();
    let verify = |request: RequestFacts<'_>, answer: AnswerFacts<'_>, body: &[u8]| {
        verify_answer(&request, &answer, body, &headers, &key.public()).map(|_| ())
    };
    assert_eq!(verify(request(), answer(&digest), BODY), Ok(()));
    let forged = |answer| matches!(verify(request(), answer, BODY), Err(Unverified::Signature(_)));
    assert!(forged(AnswerFacts { status: 201, ..answer(&digest) }));
    assert!(forged(AnswerFacts { content_type: Some("text/html"), ..answer(&digest) }));
    assert!(forged(AnswerFacts { exchange_id: "another", ..answer(&digest) }));
    assert!(forged(AnswerFacts { exchange_receipt: Some("another"), ..answer(&digest) }));
    let other = |request| matches!(verify(request, answer(&digest), BODY), Err(Unverified::Signature(_)));
    assert!(other(RequestFacts { method: "DELETE", ..request() }));
    assert!(other(RequestFacts { authority: "gw2.hungyen.example", ..request() }));
    assert!(other(RequestFacts { path: "/dan-cu/cong-dan/099190000002", ..request() }));
    assert!(other(RequestFacts { query: None, ..request() }));
    assert!(matches!(verify(request(), answer(&digest), b"{}"), Err(Unverified::Body(_))));
}

#[test]
fn an_answer_stripped_of_a_header_is_not_covered() {
    let digest = content_digest(BODY);
    let key = p256();
    let headers = sign_answer(&request(), &answer(&digest), &key, at()).unwrap();
    let stripped = AnswerFacts { exchange_receipt: None, ..answer(&digest) };
    let refused = verify_answer(&request(), &stripped, BODY, &headers, &key.public());
    assert_eq!(refused, Err(Unverified::Coverage));
    let bare = AnswerFacts { content_digest: None, ..answer(&digest) };
    let refused = verify_answer(&request(), &bare, BODY, &headers, &key.public());
    assert_eq!(refused, Err(Unverified::DigestPresence));
}

#[test]
fn a_signature_that_covers_less_than_the_profile_is_refused() {
    let digest = content_digest(BODY);
    let key = p256();
    let mut some = super::profile::covered(&request(), &answer(&digest), Stand::Head);
    some.retain(|(component, _)| component.name() != "@path");
    let components = some.iter().map(|(component, _)| component.clone()).collect();
    let input = SignatureInput::new(components, at().as_second(), key.id().as_str(), "phohien/1").unwrap();
    let signature = key.sign(signature_base(&some, &input).unwrap().as_bytes()).unwrap();
    let headers = SignatureHeaders {
        input: format!("phohien={}", input.serialized()),
        signature: format!("phohien=:{}:", STANDARD.encode(signature)),
    };
    let refused = verify_answer(&request(), &answer(&digest), BODY, &headers, &key.public());
    assert_eq!(refused, Err(Unverified::Coverage));
}

#[test]
fn an_answer_to_head_and_one_without_content_have_no_digest() {
    let key = p256();
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let request = RequestFacts { method, ..request() };
        let answer = AnswerFacts { status, content_digest: None, content_type: None, ..answer("") };
        let headers = sign_answer(&request, &answer, &key, at()).unwrap();
        assert!(!headers.input.contains("content-digest"));
        assert!(verify_answer(&request, &answer, b"", &headers, &key.public()).is_ok());
        let refused = verify_answer(&request, &answer, b"smuggled", &headers, &key.public());
        assert_eq!(refused, Err(Unverified::DigestPresence));
    }
}

#[test]
fn an_empty_path_and_query_are_signed_as_slash_and_question_mark() {
    let bare = RequestFacts { path: "", query: None, ..request() };
    let lines = super::profile::covered(&bare, &answer("x"), Stand::Head);
    let value = |name: &str| lines.iter().find(|(c, _)| c.name() == name).map(|(_, value)| value.as_str());
    assert_eq!((value("@path"), value("@query")), (Some("/"), Some("?")));
}

#[test]
fn another_key_tag_label_or_time_is_told_apart() {
    let digest = content_digest(BODY);
    let key = p256();
    let good = sign_answer(&request(), &answer(&digest), &key, at()).unwrap();
    let verify = |headers: &SignatureHeaders, key: &AnswerKey| {
        verify_answer(&request(), &answer(&digest), BODY, headers, &key.public()).map(|_| ())
    };
    let with =
        |from: &str, to: &str| SignatureHeaders { input: good.input.replace(from, to), ..good.clone() };
    assert_eq!(verify(&good, &p256()), Err(Unverified::Key));
    assert_eq!(verify(&with("phohien/1", "phohien/2"), &key), Err(Unverified::Tag));
    assert_eq!(verify(&with("phohien=", "sig1="), &key), Err(Unverified::Input(InputFault::NoSuchLabel)));
    assert_eq!(verify(&with(";created=1790000000", ""), &key), Err(Unverified::Created));
    assert_eq!(verify(&with("1790000000", "999999999999999"), &key), Err(Unverified::Created));
    assert!(matches!(verify(&with("1790000000", "1790000001"), &key), Err(Unverified::Signature(_))));
    let cut = SignatureHeaders { signature: "phohien=:AAAA:".to_owned(), ..good.clone() };
    assert!(matches!(verify(&cut, &key), Err(Unverified::Signature(_))));
}

#[test]
fn a_value_that_could_forge_a_line_of_the_base_is_never_signed() {
    let digest = content_digest(BODY);
    let forging = AnswerFacts { content_type: Some("a\n\"@method\";req: GET"), ..answer(&digest) };
    let refused = sign_answer(&request(), &forging, &p256(), at());
    assert_eq!(refused, Err(SignFault::Base(BaseFault::Value)));
}

#[test]
fn a_component_covered_twice_has_no_base() {
    let twice = lines(&[("@status", "200"), ("@status", "200")]);
    let components = twice.iter().map(|(component, _)| component.clone()).collect();
    let input = SignatureInput::new(components, 1, "k", "t").unwrap();
    assert_eq!(signature_base(&twice, &input), Err(BaseFault::Repeated));
}
