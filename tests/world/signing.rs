//! Agencies with keys of their own, and requests that they sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use phohien::clock::Clock;
use phohien::clock::Timestamp;
use phohien::message::key::AnswerKey;
use phohien::message::request::Head;
use phohien::message::request::sign_claim;

use super::World;

/// Registers a key of an agency, for these years, before the gateway is started.
pub fn register(world: &World, agency: &str, id: &str, key: &AnswerKey, years: (u16, u16)) {
    let spki = STANDARD.encode(key.public().spki());
    register_as(world, agency, id, (key.public().algorithm(), &spki), years);
}

/// The same of a key that is given by its algorithm and its SubjectPublicKeyInfo in Base64.
pub fn register_as(
    world: &World,
    agency: &str,
    id: &str,
    (algorithm, spki): (&str, &str),
    (from, until): (u16, u16),
) {
    let file = world.folder().join(format!("policies/agencies/{agency}.toml"));
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(&format!(
        "\n[[signing_keys]]\nid = \"{id}\"\nalgorithm = \"{algorithm}\"\npublic_key = \"{spki}\"\nfrom = {from}-01-01T00:00:00Z\nuntil = {until}-01-01T00:00:00Z\n"
    ));
    super::write(&file, &text);
}

/// The machine's time, which is what signatures are judged by.
pub fn now() -> Timestamp {
    Clock::system().now()
}

/// A nonce that no other call of these tests has.
pub fn nonce() -> String {
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering;
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let chance = phohien::crypto::random::bytes::<16>().unwrap();
    format!("{}-{}", STANDARD.encode(chance), NEXT.fetch_add(1, Ordering::SeqCst))
}

/// Signs a request as a client of an agency does.
pub fn sign(request: Request<Full<Bytes>>, key: &AnswerKey, keyid: &str) -> Request<Full<Bytes>> {
    sign_at(request, key, keyid, &nonce(), now())
}

/// The head that is signed.
pub fn head(request: &Request<Full<Bytes>>) -> Head<'_> {
    Head {
        method: request.method().as_str(),
        authority: "localhost",
        path: request.uri().path(),
        query: request.uri().query(),
        headers: request.headers(),
    }
}

pub fn sign_at(
    mut request: Request<Full<Bytes>>,
    key: &AnswerKey,
    keyid: &str,
    nonce: &str,
    created: Timestamp,
) -> Request<Full<Bytes>> {
    let signed = sign_claim(&head(&request), key, keyid, nonce, created).unwrap();
    request.headers_mut().insert("signature-input", signed.input.parse().unwrap());
    request.headers_mut().insert("signature", signed.signature.parse().unwrap());
    request
}
