//! What a signature covers, and which are none.

use http::HeaderMap;

use super::*;
use crate::crypto::sign::P256Key;
use crate::message::digest::content_digest;
use crate::message::unsigned::Unsigned;

const NONCE: &str = "0123456789abcdef";
const BODY: &[u8] = b"{\"SoDinhDanh\":\"099190000001\"}";

fn key() -> AnswerKey {
    AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_401_000).unwrap()
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("exchange-purpose", "tra-cuu"),
        ("exchange-case", "HS-1"),
        ("content-type", "application/json"),
        ("content-digest", &content_digest(BODY)),
        ("accept", "application/json"),
    ] {
        headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    headers
}

fn head(headers: &HeaderMap) -> Head<'_> {
    Head { method: "POST", authority: "gw1.example", path: "/dan-cu/doi-chieu", query: None, headers }
}

fn signed(headers: &HeaderMap, key: &AnswerKey) -> HeaderMap {
    let signed = sign_claim(&head(headers), key, "k1", NONCE, now()).unwrap();
    let mut all = headers.clone();
    all.insert("signature-input", signed.input.parse().unwrap());
    all.insert("signature", signed.signature.parse().unwrap());
    all
}

/// What becomes of a request's signature, up to the key.
fn judged(headers: &HeaderMap, now: Timestamp) -> Result<Stated, Unsigned> {
    let claim = Claim::of(headers)?.ok_or(Unsigned::NotOne)?;
    claim.stated(&head(headers), true, now)
}

#[test]
fn what_a_client_signs_covers_all_that_must_be_and_verifies() {
    let (key, headers) = (key(), headers());
    let all = signed(&headers, &key);
    let claim = Claim::of(&all).unwrap().unwrap();
    let stated = claim.stated(&head(&all), true, now()).unwrap();
    assert_eq!((stated.keyid.as_str(), stated.nonce.as_str()), ("k1", NONCE));
    let base = claim.base(&head(&all)).unwrap();
    assert!(base.contains("\"exchange-case\": HS-1\n") && base.contains("\"@query\": ?\n"), "{base}");
    assert_eq!(key.public().verify(base.as_bytes(), &claim.signature), Ok(()));
}

#[test]
fn a_header_that_states_something_and_is_not_covered_is_named() {
    let mut all = signed(&headers(), &key());
    all.insert("exchange-user", "can-bo-9".parse().unwrap());
    assert_eq!(judged(&all, now()), Err(Unsigned::NotCovered("exchange-user".to_owned())));
    for name in ["@method", "@authority", "@path", "@query", "content-digest", "content-type"] {
        let mut less = signed(&headers(), &key());
        let input = less["signature-input"].to_str().unwrap().replace(&format!("\"{name}\""), "\"accept\"");
        less.insert("signature-input", input.parse().unwrap());
        assert_eq!(judged(&less, now()), Err(Unsigned::NotCovered(name.to_owned())), "{name}");
    }
}

#[test]
fn a_signature_counts_for_a_minute_before_and_after_it_was_made() {
    let all = signed(&headers(), &key());
    let at = |seconds| Timestamp::from_second(now().as_second() + seconds).unwrap();
    for (seconds, good) in [(0, true), (60, true), (-60, true), (61, false), (-61, false)] {
        assert_eq!(judged(&all, at(seconds)).is_ok(), good, "{seconds}");
    }
}

#[test]
fn parameters_that_are_missing_or_odd_are_named() {
    for (from, to, fault) in [
        (";created=1795401000", "", Unsigned::Parameter("created")),
        (";created=1795401000", ";created=\"1795401000\"", Unsigned::Parameter("created")),
        (";keyid=\"k1\"", "", Unsigned::Parameter("keyid")),
        (";nonce=\"0123456789abcdef\"", "", Unsigned::Parameter("nonce")),
        ("0123456789abcdef", "0123456789abcde", Unsigned::Parameter("nonce")),
        (";keyid=\"k1\"", ";keyid=\"k1\";expires=1795400999", Unsigned::Parameter("expires")),
        (";keyid=\"k1\"", ";keyid=\"k1\";other=1", Unsigned::Unreadable),
    ] {
        let mut all = signed(&headers(), &key());
        let input = all["signature-input"].to_str().unwrap().replace(from, to);
        all.insert("signature-input", input.parse().unwrap());
        assert_eq!(judged(&all, now()), Err(fault), "{to}");
    }
}

#[test]
fn two_signatures_or_half_a_one_are_none() {
    let all = signed(&headers(), &key());
    let with = |name: &'static str, value: String| {
        let mut all = all.clone();
        all.insert(name, value.parse().unwrap());
        Claim::of(&all).map(|claim| claim.map(|_| ()))
    };
    let text = |name: &str| all[name].to_str().unwrap().to_owned();
    let (input, signature) = (text("signature-input"), text("signature"));
    assert_eq!(with("signature-input", format!("{input}, b=()")), Err(Unsigned::NotOne));
    assert_eq!(with("signature-input", format!("{input}, {input}")), Err(Unsigned::NotOne));
    assert_eq!(with("signature", format!("{signature}, {signature}")), Err(Unsigned::NotOne));
    assert_eq!(with("signature", signature.replace("phohien=", "other=")), Err(Unsigned::NotOne));
    assert_eq!(with("signature", "phohien=1".to_owned()), Err(Unsigned::NotOne));
    assert_eq!(with("signature", "phohien=:".to_owned()), Err(Unsigned::Unreadable));
    assert_eq!(with("signature-input", format!("{input};x=\"a,b\"")), Ok(Some(())));
    let mut half = all.clone();
    half.remove("signature");
    assert_eq!(Claim::of(&half).map(|_| ()), Err(Unsigned::NotOne));
    assert_eq!(Claim::of(&headers()), Ok(None));
}

#[test]
fn what_is_covered_with_a_parameter_or_is_not_there_has_no_base() {
    for covered in [
        "\"accept\";sf",
        "\"accept\";bs",
        "\"accept\";key=\"a\"",
        "\"x-absent\"",
        "\"@status\"",
        "\"accept\" \"accept\"",
    ] {
        let mut all = signed(&headers(), &key());
        let input = all["signature-input"]
            .to_str()
            .unwrap()
            .replace("(\"@method\"", &format!("({covered} \"@method\""));
        all.insert("signature-input", input.parse().unwrap());
        let based = Claim::of(&all).and_then(|claim| claim.unwrap().base(&head(&all)));
        assert_eq!(based, Err(Unsigned::Component), "{covered}");
    }
}

#[test]
fn a_request_toward_a_platform_covers_what_is_vouched_for() {
    let key = key();
    let headers = headers();
    let signed = sign_request(&head(&headers), &key, now()).unwrap();
    let covered = "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\" \"content-type\" \"exchange-case\" \"exchange-purpose\");created=1795401000;keyid=";
    assert!(signed.input.starts_with(&format!("phohien={covered}")), "{}", signed.input);
    assert!(signed.input.ends_with(";tag=\"phohien/1\""));
}

#[test]
fn key_and_nonce_are_not_confused() {
    let stated = |keyid: &str, nonce: &str| Stated {
        created: 0,
        keyid: keyid.to_owned(),
        nonce: nonce.to_owned(),
        alg: None,
    };
    assert_ne!(stated("ab", "c").once(), stated("a", "bc").once());
    assert_eq!(stated("ab", "c").once(), Stated { created: 9, ..stated("ab", "c") }.once());
}
