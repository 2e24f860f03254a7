//! Requests that their agency signed, and what passes for one and is not: refused, with the reason. And the gateway's own signature, which
//! a platform verifies.

#[cfg(test)]
mod world;

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use phohien::clock::Timestamp;
use phohien::crypto::digest::sha256;
use phohien::crypto::sign::Ed25519Key;
use phohien::crypto::sign::P256Key;
use phohien::message::digest::content_digest;
use phohien::message::key::AnswerKey;
use phohien::message::request::Claim;
use phohien::message::request::Head;

use world::CENTRE;
use world::CUT;
use world::HOSPITAL;
use world::World;
use world::client;
use world::kinds;
use world::lookup_path;
use world::signing::head;
use world::signing::nonce;
use world::signing::now;
use world::signing::register;
use world::signing::register_as;
use world::signing::sign;
use world::signing::sign_at;

const SIGNED: &str = "ky-so";
const MATCH: &str = r#"{"SoDinhDanh":"099190000001","HoVaTen":"Nguyễn Văn Mẫu"}"#;

/// A caller's keys: the registered ones, and one that is not.
struct Keys {
    p256: AnswerKey,
    ed25519: AnswerKey,
    old: AnswerKey,
    next: AnswerKey,
    stranger: AnswerKey,
}

/// A world in which the centre has keys, and its second agreement on matching wants them.
#[cfg(test)]
async fn world_of_signers() -> (World, Keys) {
    let (mut world, keys) = built().await;
    world.open().await;
    (world, keys)
}

#[cfg(test)]
async fn built() -> (World, Keys) {
    let world = World::build("").await;
    let p256 = || AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap();
    let ed25519 = AnswerKey::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    let keys = Keys { p256: p256(), ed25519, old: p256(), next: p256(), stranger: p256() };
    for (id, key, years) in [
        ("k1", &keys.p256, (2020, 2099)),
        ("k2", &keys.ed25519, (2020, 2099)),
        ("old", &keys.old, (2020, 2021)),
        ("next", &keys.next, (2090, 2099)),
    ] {
        register(&world, CENTRE, id, key, years);
    }
    register(&world, HOSPITAL, "hospital", &keys.stranger, (2020, 2099));
    let agreement = world.folder().join("policies/agreements/TT-02.toml");
    world::replace(&agreement, "[\"H31.01.01\", \"H31.06.11\"]", "[\"H31.06.11\"]");
    let text = std::fs::read_to_string(&agreement).unwrap();
    let signed = text.replace("TT-02", "TT-14").replace("[\"H31.06.11\"]", "[\"H31.01.01\"]");
    world::write(
        &world.folder().join("policies/agreements/TT-14.toml"),
        &signed.replace("kind = ", "signed_requests = true\nkind = "),
    );
    (world, keys)
}

#[cfg(test)]
fn lookup() -> Request<Full<Bytes>> {
    client::get(&format!("{}?phienBan=2", lookup_path()), &[("exchange-purpose", SIGNED)])
}

#[cfg(test)]
fn matching(body: &str) -> Request<Full<Bytes>> {
    let digest = content_digest(body.as_bytes());
    let headers = [
        ("exchange-purpose", "doi-chieu"),
        ("content-type", "application/json"),
        ("content-digest", &digest),
    ];
    client::build("POST", "/mau/doi-chieu", &headers, body)
}

#[cfg(test)]
fn put(mut request: Request<Full<Bytes>>, name: &'static str, value: &str) -> Request<Full<Bytes>> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

/// Changes the text of what is stated of the signature.
#[cfg(test)]
fn input(request: Request<Full<Bytes>>, from: &str, to: &str) -> Request<Full<Bytes>> {
    let text = request.headers()["signature-input"].to_str().unwrap().to_owned();
    assert!(text.contains(from), "{text}");
    put(request, "signature-input", &text.replace(from, to))
}

#[tokio::test]
async fn a_request_that_its_agency_signed_is_answered_and_the_record_says_by_which_key() {
    let (world, keys) = world_of_signers().await;
    for (key, id, alpn) in [(&keys.p256, "k1", "http/1.1"), (&keys.ed25519, "k2", "h2")] {
        let client = world.client_over(CENTRE, &[alpn]);
        // The world verifies that the answer's signature covers the request's.
        let answered = world.call(&client, sign(lookup(), key, id)).await;
        assert_eq!((answered.status, &*answered.body), (200, CUT.as_bytes()), "{alpn}");
        assert!(answered.header("signature-input").contains("\"signature\";req;key=\"phohien\""));
        let exchange = answered.header("exchange-id").to_owned();
        assert_eq!(world.leaves_of(&exchange)[0]["signed_by"], id);
        let annex = world.annex_of(&exchange);
        assert!(annex["signature"]["input"].as_str().unwrap().contains("nonce="), "{annex}");
        assert_eq!(annex["nonce"].as_str().unwrap().len(), 64);
    }
    let answered = world.call(&world.client(CENTRE), sign(matching(MATCH), &keys.p256, "k1")).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    let leaves = world.leaves_of(answered.header("exchange-id"));
    assert_eq!(kinds(&leaves), ["exchange.opened", "exchange.released"]);
    assert!(leaves.iter().all(|leaf| leaf["signed_by"] == "k1"));
    world.end().await;
}

/// `openssl` in the world's folder.
#[cfg(test)]
fn openssl(world: &World, words: &str) -> Vec<u8> {
    let output = Command::new("openssl").current_dir(world.folder()).args(words.split(' ')).output().unwrap();
    assert!(output.status.success(), "openssl {words}: {output:?}");
    output.stdout
}

/// The same request with the signature that `openssl` makes over its base.
#[cfg(test)]
fn signed_by_openssl(world: &World, request: Request<Full<Bytes>>, options: &str) -> Request<Full<Bytes>> {
    let claim = Claim::of(request.headers()).unwrap().unwrap();
    world::write(&world.folder().join("base"), &claim.base(&head(&request)).unwrap());
    let signature = openssl(world, &format!("dgst -sign rsa.pem {options} base"));
    put(request, "signature", &format!("phohien=:{}:", STANDARD.encode(signature)))
}

#[tokio::test]
async fn an_rsa_key_signs_by_pss_with_sha_512_and_by_nothing_else() {
    const PSS: &str = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:";
    let (mut world, keys) = built().await;
    openssl(&world, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem");
    let spki = STANDARD.encode(openssl(&world, "pkey -in rsa.pem -pubout -outform DER"));
    register_as(&world, CENTRE, "rsa", ("rsa-pss-sha512", &spki), (2020, 2099));
    world.open().await;
    let counts = format!("-sha512 {PSS}64");
    for alpn in ["http/1.1", "h2"] {
        let request = signed_by_openssl(&world, sign(lookup(), &keys.stranger, "rsa"), &counts);
        let answered = world.call(&world.client_over(CENTRE, &[alpn]), request).await;
        assert_eq!((answered.status, &*answered.body), (200, CUT.as_bytes()), "{alpn}: {answered:?}");
        assert_eq!(world.leaves_of(answered.header("exchange-id"))[0]["signed_by"], "rsa");
    }
    let body = signed_by_openssl(&world, sign(matching(MATCH), &keys.stranger, "rsa"), &counts);
    assert_eq!(world.call(&world.client(CENTRE), body).await.status, 200);
    let asked = world.platform.seen().len();
    for options in [format!("-sha256 {PSS}32"), format!("-sha512 {PSS}20"), "-sha512".to_owned()] {
        let request = signed_by_openssl(&world, sign(lookup(), &keys.stranger, "rsa"), &options);
        let answered = world.call(&world.client(CENTRE), request).await;
        assert_eq!((answered.status, answered.reason().as_str()), (403, "signature-required"), "{options}");
    }
    let moved = signed_by_openssl(&world, sign(lookup(), &keys.stranger, "rsa"), &counts);
    let moved = put(moved, "exchange-case", "HS-2");
    assert_eq!(world.call(&world.client(CENTRE), moved).await.reason(), "signature-required");
    assert_eq!(world.platform.seen().len(), asked);
    world.end().await;
}

#[tokio::test]
async fn a_request_whose_signature_does_not_count_is_refused_with_the_reason() {
    let (world, keys) = world_of_signers().await;
    let (key, good) = (&keys.p256, || sign(lookup(), &keys.p256, "k1"));
    let seconds = |seconds| Timestamp::from_second(now().as_second() + seconds).unwrap();
    let moved = |query: &str| {
        let (mut parts, body) = good().into_parts();
        parts.uri = format!("https://localhost{}{query}", lookup_path()).parse().unwrap();
        Request::from_parts(parts, body)
    };
    let fields = r#""/CongDan/HoVaTen""#;
    for (what, request, says) in [
        ("nothing", lookup(), "requires every request"),
        ("another's key", sign(lookup(), &keys.stranger, "k1"), "not the registered key's"),
        ("a key nobody registered", sign(lookup(), &keys.stranger, "k9"), "not registered"),
        ("another agency's key", sign(lookup(), &keys.stranger, "hospital"), "not registered"),
        ("a key that is over", sign(lookup(), &keys.old, "old"), "not valid yet or any more"),
        ("a key that is to come", sign(lookup(), &keys.next, "next"), "not valid yet or any more"),
        ("another query", moved("?phienBan=3"), "not the registered key's"),
        ("no query", moved(""), "not the registered key's"),
        ("another purpose", put(good(), "exchange-case", "HS-1"), "exchange-case"),
        ("fields after the fact", put(good(), "exchange-fields", fields), "exchange-fields"),
        ("less covered", input(good(), " \"@query\"", ""), "@query"),
        (
            "nothing covered",
            input(good(), "(\"@method\" \"@authority\" \"@path\" \"@query\" \"exchange-purpose\")", "()"),
            "@method",
        ),
        ("a nonce taken out", input(good(), ";nonce=", ";tag="), "nonce"),
        ("a time taken out", input(good(), "created=", "expires=9"), "created"),
        ("another algorithm", input(good(), ";keyid", ";alg=\"ed25519\";keyid"), "algorithm"),
        ("an hour old", sign_at(lookup(), key, "k1", &nonce(), seconds(-3_600)), "60 seconds"),
        ("two minutes ahead", sign_at(lookup(), key, "k1", &nonce(), seconds(120)), "60 seconds"),
        ("two signatures", input(good(), "phohien=", "a=(), phohien="), "exactly one"),
        ("no signature", put(good(), "signature", "phohien=:AAAA:"), "not the registered key's"),
        (
            "half",
            {
                let mut half = good();
                half.headers_mut().remove("signature");
                half
            },
            "exactly one",
        ),
        (
            "a key in the message",
            input(good(), "keyid=\"k1\"", "keyid=\"data:application/octet-stream;base64,AA\""),
            "not registered",
        ),
    ] {
        let answered = world.call(&world.client(CENTRE), put(request, "accept-language", "en")).await;
        assert_eq!((answered.status, answered.reason().as_str()), (403, "signature-required"), "{what}");
        let detail = answered.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{what}: {detail}");
    }
    assert_eq!(world.platform.seen().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_signed_body_cannot_be_exchanged() {
    let (world, keys) = world_of_signers().await;
    let (parts, _) = sign(matching(MATCH), &keys.p256, "k1").into_parts();
    let other = MATCH.replace("0001", "0002");
    let answered =
        world.call(&world.client(CENTRE), Request::from_parts(parts, Full::from(other.clone()))).await;
    assert_eq!((answered.status, answered.reason().as_str()), (400, "ambiguous-request"));
    let redigested =
        put(sign(matching(MATCH), &keys.p256, "k1"), "content-digest", &content_digest(other.as_bytes()));
    let (parts, _) = redigested.into_parts();
    let answered = world.call(&world.client(CENTRE), Request::from_parts(parts, Full::from(other))).await;
    assert_eq!((answered.status, answered.reason().as_str()), (403, "signature-required"));
    let mut bare = matching(MATCH);
    bare.headers_mut().remove("content-digest");
    let answered = world.call(&world.client(CENTRE), sign(bare, &keys.p256, "k1")).await;
    assert_eq!((answered.status, answered.reason().as_str()), (403, "signature-required"));
    assert_eq!(world.platform.seen().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn of_one_signature_one_request_is_answered_however_many_come_at_once_and_after_a_restart() {
    let (mut world, keys) = world_of_signers().await;
    let nonce = nonce();
    let (nonce, at) = (&nonce, now());
    let again = || sign_at(lookup(), &keys.p256, "k1", nonce, at);
    let client = world.client(CENTRE);
    let calls = (0..8).map(|_| world.call(&client, again()));
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call);
    }
    let answers = together(answers).await;
    let good = answers.iter().filter(|answered| answered.status == 200).count();
    assert_eq!(good, 1, "{answers:?}");
    let refused = answers.iter().find(|answered| answered.status != 200).unwrap();
    assert_eq!((refused.status, refused.reason().as_str()), (403, "signature-required"));
    assert_eq!(world.platform.seen().len(), 1);
    world.close().await;
    world.open().await;
    let answered = world.call(&world.client(CENTRE), again()).await;
    assert_eq!((answered.status, answered.reason().as_str()), (403, "signature-required"), "after a restart");
    let answered = world.call(&world.client(CENTRE), sign(lookup(), &keys.p256, "k1")).await;
    assert_eq!(answered.status, 200, "another one counts");
    world.end().await;
}

/// All of them at once.
#[cfg(test)]
async fn together<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test]
async fn a_request_toward_a_platform_is_signed_by_the_gateways_published_key() {
    let (world, keys) = world_of_signers().await;
    let case = put(lookup(), "exchange-case", "HS-1");
    world.call(&world.client(CENTRE), sign(case, &keys.p256, "k1")).await;
    world.call(&world.client(CENTRE), sign(matching(MATCH), &keys.p256, "k1")).await;
    let authority = world.platform.address.to_string();
    for seen in world.platform.seen() {
        let claim = Claim::of(&seen.headers).unwrap().unwrap();
        let (path, query) = seen.target.split_once('?').map_or((&*seen.target, None), |(p, q)| (p, Some(q)));
        let head = Head { method: &seen.method, authority: &authority, path, query, headers: &seen.headers };
        let base = claim.base(&head).unwrap();
        let verified = world.receipts.answer_key().verify(base.as_bytes(), &claim.signature);
        assert!(verified.is_ok(), "{base}");
        // Everything that is stated is covered, and nothing of the caller's own signature is left.
        for name in seen.headers.keys().filter(|name| name.as_str().starts_with("exchange-")) {
            assert!(base.contains(&format!("\"{name}\": ")), "{name}: {base}");
        }
        assert!(seen.headers.contains_key("exchange-consumer") && seen.headers.contains_key("exchange-id"));
        let input = seen.headers["signature-input"].to_str().unwrap();
        let named = world.receipts.answer_key().spki_hash();
        assert!(input.starts_with("phohien=") && input.ends_with(";tag=\"phohien/1\""), "{input}");
        assert!(input.contains(phohien::id::KeyId::of_spki_hash(&named).as_str()));
        if !seen.body.is_empty() {
            assert!(
                base.contains(&format!("\"content-digest\": {}\n", content_digest(&seen.body))),
                "{base}"
            );
            assert_eq!(sha256(&seen.body), sha256(MATCH.as_bytes()));
        }
    }
    assert_eq!(world.platform.seen().len(), 2);
    world.end().await;
}

#[tokio::test]
async fn the_programs_own_client_signs_what_it_asks_and_verifies_that_the_answer_covers_it() {
    let (mut world, _) = built().await;
    let pkcs8 = P256Key::generate_pkcs8().unwrap();
    let file = world.folder().join("signing.pem");
    let pem =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(&pkcs8));
    world::write(&file, &pem);
    register(&world, CENTRE, "client", &AnswerKey::from_pkcs8(&pkcs8).unwrap(), (2020, 2099));
    world.open().await;
    for (key_id, good) in [("client", true), ("k1", false)] {
        let mut command = world.program(CENTRE, &format!("{}?phienBan=2", lookup_path()));
        command.args(["--purpose", SIGNED, "--case", "HS-1", "--key-id", key_id, "--sign-key"]).arg(&file);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(i32::from(!good)), "{said}");
        assert_eq!(said.matches('✓').count(), 3, "{said}");
    }
    world.end().await;
}
