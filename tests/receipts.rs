//! Receipts: what proves an exchange to whoever holds it, without the gateway, and to nobody else.

#[cfg(test)]
mod world;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use phohien::audit::commitment::Label;
use phohien::audit::commitment::commit;
use phohien::crypto::digest::Hash;
use phohien::crypto::digest::hex;
use phohien::crypto::digest::sha256;
use phohien::tlog::merkle::leaf_hash;
use phohien::tlog::proof::Proof;

use world::CENTRE;
use world::CUT;
use world::HOSPITAL;
use world::PERSON;
use world::STRANGER;
use world::World;
use world::authority::Authority;
use world::authority::OF_CENTRE;
use world::client;
use world::lookup_path;

const MATCH: &str = r#"{"SoDinhDanh":"099190000001"}"#;

#[cfg(test)]
fn salt(document: &serde_json::Value, label: &str) -> Hash {
    let text = document["salts"][label].as_str().unwrap_or_else(|| panic!("no salt of {label}: {document}"));
    STANDARD.decode(text).unwrap().try_into().unwrap()
}

#[tokio::test]
async fn a_receipt_proves_every_entry_of_its_exchange_offline() {
    let world = World::start().await;
    let headers = [("exchange-purpose", "doi-chieu")];
    let answered = world.post(CENTRE, "/mau/doi-chieu", &headers, MATCH).await;
    // Others write on: the proof is against a later head.
    world.lookup(HOSPITAL).await;
    let exchange = answered.header("exchange-id").to_owned();
    let served = world.receipt(CENTRE, &exchange).await;
    assert_eq!((served.status, served.header("cache-control")), (200, "no-store"));
    let document = served.json();
    assert_eq!(
        (&document["v"], &document["exchange"]),
        (&"phohien-receipt/1".into(), &exchange.as_str().into())
    );
    let entries = document["entries"].as_array().unwrap();
    let mut kinds = Vec::new();
    let key = world.receipts.log_key();
    for entry in entries {
        let leaf = entry["leaf"].as_str().unwrap();
        let proof = Proof::parse(entry["proof"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(Some(proof.index), entry["index"].as_u64());
        let head = proof.verify(&leaf_hash(leaf.as_bytes()), &key).unwrap();
        assert!(head.size > proof.index);
        assert!(proof.verify(&leaf_hash(leaf.replace("TT-02", "TT-03").as_bytes()), &key).is_err());
        let leaf: serde_json::Value = serde_json::from_str(leaf).unwrap();
        assert_eq!(leaf["exchange"], exchange.as_str());
        kinds.push(leaf["kind"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["exchange.opened", "exchange.released"]);
    world.end().await;
}

#[tokio::test]
async fn whoever_holds_the_data_and_its_salt_can_show_what_the_leaf_committed_to() {
    let world = World::start().await;
    let headers = [("exchange-purpose", "ho-so"), ("exchange-case", "HS-77"), ("exchange-user", "can-bo-12")];
    let answered = world.get(CENTRE, &lookup_path(), &headers).await;
    assert_eq!(&*answered.body, CUT.as_bytes());
    let document = world.receipt(CENTRE, answered.header("exchange-id")).await.json();
    let leaf: serde_json::Value =
        serde_json::from_str(document["entries"][0]["leaf"].as_str().unwrap()).unwrap();
    let request = format!(
        "GET {}\nexchange-case: HS-77\nexchange-purpose: ho-so\nexchange-user: can-bo-12\n\n",
        lookup_path()
    );
    for (label, data) in [
        (Label::Answer, answered.body.as_ref()),
        (Label::Request, request.as_bytes()),
        (Label::Subject, PERSON.as_bytes()),
        (Label::User, b"can-bo-12"),
    ] {
        let name = label.as_str();
        let told = hex(&commit(label, &salt(&document, name), data));
        assert_eq!(leaf["commitments"][name], told, "the commitment `{name}`");
    }
    assert!(leaf["commitments"]["reply"].is_string(), "{leaf}");
    assert!(document["salts"].get("reply").is_none(), "with this salt the withheld fields could be guessed");
    world.end().await;
}

#[tokio::test]
async fn a_receipt_is_served_to_its_own_agency_and_to_nobody_else() {
    let world = World::start().await;
    let exchange = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    assert_eq!(world.receipt(CENTRE, &exchange).await.status, 200);
    let unknown = "00000000-0000-7000-8000-000000000000";
    for (caller, wanted, status, reason) in [
        (HOSPITAL, exchange.as_str(), 404, "not-found"),
        (STRANGER, &exchange, 404, "not-found"),
        (CENTRE, unknown, 404, "not-found"),
        (CENTRE, "x", 404, "not-found"),
        (CENTRE, "../receipts", 400, "ambiguous-request"),
        ("unknown", &exchange, 403, "no-agreement"),
        ("two-names", &exchange, 403, "no-agreement"),
    ] {
        let answered = world.receipt(caller, wanted).await;
        assert_eq!((answered.status, answered.reason().as_str()), (status, reason), "{caller} {wanted}");
    }
    let client = world.client(CENTRE);
    let posted = world.call(&client, client::build("POST", &format!("/receipts/{exchange}"), &[], "")).await;
    assert_eq!(posted.status, 404);
    world.end().await;
}

#[tokio::test]
async fn an_agency_collects_all_its_own_entries_in_order_and_no_others() {
    let world = World::start().await;
    for _ in 0..3 {
        world.lookup(CENTRE).await;
        world.lookup(HOSPITAL).await;
    }
    let lines = async |query: &str| -> Vec<serde_json::Value> {
        let served = world.get(CENTRE, &format!("/receipts{query}"), &[]).await;
        let text = String::from_utf8(served.body.to_vec()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines("").await;
    let key = world.receipts.log_key();
    for (seq, entry) in (1_u64..).zip(&all) {
        let text = entry["leaf"].as_str().unwrap();
        let proof = Proof::parse(entry["proof"].as_str().unwrap().as_bytes()).unwrap();
        proof.verify(&leaf_hash(text.as_bytes()), &key).unwrap();
        let leaf: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!((&leaf["agency"], &leaf["seq"]), (&CENTRE.into(), &seq.into()));
    }
    assert_eq!((all.len(), lines("?after=2").await.len(), lines("?after=3").await.len()), (3, 1, 0));
    world.end().await;
}

#[tokio::test]
async fn receipts_are_served_again_after_a_restart() {
    let mut world = World::start().await;
    let exchange = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    world.close().await;
    world.open().await;
    let document = world.receipt(CENTRE, &exchange).await.json();
    let leaf: serde_json::Value =
        serde_json::from_str(document["entries"][0]["leaf"].as_str().unwrap()).unwrap();
    let told = hex(&commit(Label::Answer, &salt(&document, "answer"), CUT.as_bytes()));
    assert_eq!(leaf["commitments"]["answer"], told);
    world.end().await;
}

#[tokio::test]
async fn a_receipt_leads_from_the_head_a_caller_keeps_to_the_one_it_proves() {
    let world = World::start().await;
    let first = world.lookup(CENTRE).await;
    let kept = phohien::message::receipt::Receipt::parse(first.header("exchange-receipt")).unwrap();
    let second = world.lookup(CENTRE).await;
    let id = second.header("exchange-id");
    let served = world.get(CENTRE, &format!("/receipts/{id}?since={}", kept.size), &[]).await.json();
    let path: Vec<Hash> = served["consistency"][0]["path"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| STANDARD.decode(hash.as_str().unwrap()).unwrap().try_into().unwrap())
        .collect();
    let proof = Proof::parse(served["entries"][0]["proof"].as_str().unwrap().as_bytes()).unwrap();
    let leaf = served["entries"][0]["leaf"].as_str().unwrap();
    let head = proof.verify(&leaf_hash(leaf.as_bytes()), &world.receipts.log_key()).unwrap();
    let extends = |root: &Hash| {
        phohien::tlog::merkle::verify_consistency(kept.size, head.size, root, &head.root, &path).is_ok()
    };
    assert!(extends(&kept.root));
    assert!(!extends(&[7; 32]), "another history leads there too");
    for flag in ["witnessed=0", "witnessed=true"] {
        let refused = world.get(CENTRE, &format!("/receipts/{id}?{flag}"), &[]).await;
        assert_eq!((refused.status, refused.reason().as_str()), (400, "parameter"), "{flag}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("`witnessed=1`"), "{refused:?}");
    }
    // Nobody has cosigned anything here: the flag alone is understood, and there is no such receipt.
    for flag in ["witnessed", "witnessed=1"] {
        let none = world.get(CENTRE, &format!("/receipts/{id}?{flag}"), &[]).await;
        assert_eq!((none.status, none.reason().as_str()), (404, "not-found"), "{flag}");
    }
    // To a platform a name alone could mean two things.
    let bare =
        world.get(CENTRE, &format!("{}?phienBan", lookup_path()), &[("exchange-purpose", "tra-cuu")]).await;
    assert_eq!(bare.reason(), "ambiguous-request");
    for wrong in ["since=", "since=1%2C2%2C3%2C4%2C5", "since=x", "until=1"] {
        let refused = world.get(CENTRE, &format!("/receipts/{id}?{wrong}"), &[]).await;
        assert_eq!(refused.status, 404, "{wrong}");
    }
    // A log that was cut back has no such head: there is no path, and the caller knows.
    let beyond = world.get(CENTRE, &format!("/receipts/{id}?since=999999"), &[]).await.json();
    assert_eq!(beyond.get("consistency"), None);
    world.verify();
}

/// SHA-256 of a certificate, in the one spelling of policy files.
#[cfg(test)]
fn fingerprint(world: &World, who: &str) -> String {
    let der = CertificateDer::from_pem_file(world.certificate(who).0).unwrap();
    hex(&sha256(&der))
}

/// Puts the kill switch so, at once.
#[cfg(test)]
async fn suspend(world: &World, line: &str) {
    let file = world.folder().join("policies/suspensions.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(&format!("[[suspend]]\n{line}\nsince = 2026-11-01\nreason = \"Lộ khóa\"\n"));
    world::rename_over(&file, &text);
    assert_eq!(world.gateway().reload().await.not_taken, []);
}

#[tokio::test]
async fn a_suspended_certificate_reads_no_receipt_and_a_suspended_agency_does_by_one_that_is_good() {
    let world = World::start().await;
    let (mine, theirs) = (world.lookup(CENTRE).await, world.lookup(HOSPITAL).await);
    let receipt = |answered: &client::Answered| format!("/receipts/{}", answered.header("exchange-id"));
    let (mine, theirs) = (receipt(&mine), receipt(&theirs));
    let mut open = world.client(CENTRE).session().await.unwrap();
    for path in [mine.as_str(), "/receipts?after=0"] {
        assert_eq!(world.ask(&mut open, client::get(path, &[])).await.unwrap().status, 200, "{path}");
    }
    suspend(&world, &format!("certificate = \"{}\"", fingerprint(&world, CENTRE))).await;
    suspend(&world, &format!("agency = \"{HOSPITAL}\"")).await;
    for path in [mine.as_str(), "/receipts?after=0", "/receipts", "/receipts/none"] {
        let told = world.ask(&mut open, client::get(path, &[])).await.unwrap();
        assert_eq!((told.status, told.reason().as_str()), (403, "certificate-suspended"), "{path}");
        assert!(!String::from_utf8_lossy(&told.body).contains("salts"));
        let told = world.get(CENTRE, path, &[]).await;
        assert_eq!((told.status, told.reason().as_str()), (403, "certificate-suspended"), "{path}");
        let leaves = world.leaves_of(told.header("exchange-id"));
        assert_eq!(
            (&leaves[0]["kind"], &leaves[0]["reason"]),
            (&"exchange.refused".into(), &"certificate-suspended".into())
        );
    }
    // The agency is on hold, not its certificate: what was exchanged before can be proven, and nothing more is.
    assert_eq!(world.lookup(HOSPITAL).await.reason(), "agency-suspended");
    assert_eq!(world.get(HOSPITAL, &theirs, &[]).await.status, 200);
    assert_eq!(world.get(HOSPITAL, &mine, &[]).await.status, 404);
    world.end().await;
}

#[tokio::test]
async fn a_revoked_certificate_reads_no_receipt_on_a_connection_that_was_open_before() {
    let authority = Authority::new("authority");
    let mut world = World::build("").await;
    authority.rule(&world);
    world.open().await;
    let answered = world.lookup(CENTRE).await;
    let path = format!("/receipts/{}", answered.header("exchange-id"));
    let mut open = world.client(CENTRE).session().await.unwrap();
    assert_eq!(world.ask(&mut open, client::get(&path, &[])).await.unwrap().status, 200);
    authority.revoke(&world, 2, &[OF_CENTRE], 2049);
    assert_eq!(world.gateway().reload().await.not_taken, []);
    for path in [path.as_str(), "/receipts?after=0"] {
        let told = world.ask(&mut open, client::get(path, &[])).await.unwrap();
        assert_eq!((told.status, told.reason().as_str()), (403, "no-agreement"), "{path}");
    }
    world.end().await;
}
