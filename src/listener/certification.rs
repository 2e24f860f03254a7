//! By what a caller's certificate is taken: the certification path above it (RFC 5280 6), up to an anchor of ours, and the revocation lists
//! that spoke of it then. Whoever holds these and the certificate can tell years later that it was valid.
//!
//! **Invariant.** A path holds what was verified, never what was sent: a caller can send certificates of its own making along, and none of
//! them comes in here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::TrustAnchor;
use rustls::pki_types::pem::PemObject as _;
use webpki::BorrowedCertRevocationList;
use webpki::CertRevocationList;
use webpki::ExpirationPolicy;
use webpki::RevocationCheckDepth;
use webpki::RevocationOptionsBuilder;
use webpki::UnknownStatusPolicy;
use webpki::VerifiedPath;
use webpki::anchor_from_trusted_cert;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use super::tls::TlsError;
use super::tls::Trust;
use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;
use crate::crypto::digest::sha256;
use crate::crypto::pem;

/// Ways that are remembered: one for each authority that issues to callers, and few have a dozen of those.
const WAYS_MAX: usize = 64;

/// A certification path, and the lists that spoke of it.
///
/// Its text is PEM: the authorities from the certificate's own issuer up, the anchor last; then the lists, in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificationPath {
    /// The authorities: the anchor is the last.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The lists; none: revocation was off.
    pub lists: Vec<CertificateRevocationListDer<'static>>,
}

/// The text of a path, once made.
#[derive(Debug, PartialEq, Eq)]
pub struct PathText {
    text: String,
    hash: Hash,
    until: Timestamp,
}

/// Where the signature over a certificate led.
#[derive(Debug, Clone)]
pub(super) struct Led {
    /// The key (SHA-256 of its SPKI) that signed it.
    pub(super) issuer: Hash,
    /// By what it is taken; none: by nothing, as of that time.
    pub(super) path: Option<Arc<PathText>>,
}

/// What the ways are made of, and those that were made.
#[derive(Debug)]
pub(super) struct Ways {
    anchors: Vec<CertificateDer<'static>>,
    lists: Vec<CertificateRevocationListDer<'static>>,
    made: Mutex<BTreeMap<Hash, Arc<PathText>>>,
}

impl PathText {
    /// The text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Its SHA-256.
    #[must_use]
    pub fn hash(&self) -> &Hash {
        &self.hash
    }

    /// Until when it holds: then one of its lists or authorities lapses.
    pub(super) fn until(&self) -> Timestamp {
        self.until
    }
}

impl CertificationPath {
    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        let authorities = self.authorities.iter().map(|der| pem::block("CERTIFICATE", der));
        authorities.chain(self.lists.iter().map(|der| pem::block("X509 CRL", der.as_ref()))).collect()
    }

    /// Reads a text, in its only spelling.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let authorities = CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>().ok()?;
        let lists = CertificateRevocationListDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>().ok()?;
        let path = Self { authorities, lists };
        (path.text().as_bytes() == text && !path.authorities.is_empty()).then_some(path)
    }

    /// Verifies that a certificate (DER) is taken by this path at a time, as the handshake's own verifier judges it: no signature is missing,
    /// nothing has lapsed, and no list names one of them. Whether the anchor is to be trusted is not asked.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify(&self, certificate: &[u8], at: Timestamp) -> Result<(), TlsError> {
        let (anchor, between) =
            self.authorities.split_last().ok_or(rustls::Error::NoCertificatesPresented)?;
        let trust = Trust::of(vec![anchor.clone()], self.lists.clone())?;
        let chain: Vec<CertificateDer<'_>> =
            std::iter::once(CertificateDer::from(certificate)).chain(between.iter().cloned()).collect();
        Ok(trust.verify(&chain, at)?)
    }

    /// The authority that it ends in.
    #[must_use]
    pub fn anchor(&self) -> Option<&CertificateDer<'static>> {
        self.authorities.last()
    }

    /// Its distinguished name. Text from outside: escape it before showing it.
    #[must_use]
    pub fn anchor_name(&self) -> String {
        let parsed = self.anchor().and_then(|der| X509Certificate::from_der(der).ok());
        parsed.map(|(_, parsed)| parsed.subject().to_string()).unwrap_or_default()
    }

    /// Whether it ends in one of these (DER): by its name and key, so that an authority that renewed its own certificate is the same.
    #[must_use]
    pub fn leads_to_one_of(&self, anchors: &[Vec<u8>]) -> bool {
        let Some(own) = self.anchor().and_then(|der| anchor_from_trusted_cert(der).ok()) else {
            return false;
        };
        anchors.iter().any(|der| {
            let der = CertificateDer::from(der.as_slice());
            let same = |other: &TrustAnchor<'_>| {
                (&other.subject, &other.subject_public_key_info)
                    == (&own.subject, &own.subject_public_key_info)
            };
            anchor_from_trusted_cert(&der).is_ok_and(|other| same(&other))
        })
    }

    /// Of when its oldest list is; none: there is no list.
    #[must_use]
    pub fn dated(&self) -> Option<Timestamp> {
        let updates = self.lists.iter().filter_map(|der| {
            let (_, parsed) = CertificateRevocationList::from_der(der.as_ref()).ok()?;
            Timestamp::from_second(parsed.last_update().timestamp()).ok()
        });
        updates.min()
    }

    /// Until when all of it holds; none if a part cannot be read.
    fn until(&self) -> Option<Timestamp> {
        let (_, between) = self.authorities.split_last()?;
        let authorities = between.iter().map(|der| {
            let (_, parsed) = X509Certificate::from_der(der).ok()?;
            Some(parsed.validity().not_after.timestamp())
        });
        let lists = self.lists.iter().map(|der| {
            let (_, parsed) = CertificateRevocationList::from_der(der.as_ref()).ok()?;
            Some(parsed.next_update()?.timestamp())
        });
        let ends = authorities.chain(lists).collect::<Option<Vec<i64>>>()?;
        ends.into_iter().min().map_or(Some(Timestamp::MAX), |end| Timestamp::from_second(end).ok())
    }
}

impl Trust {
    /// Where the signature over the leaf of a chain leads, and by what it is taken.
    pub(super) fn led(&self, chain: &[CertificateDer<'_>], at: Timestamp) -> Option<Led> {
        let told = |path: &VerifiedPath<'_>| (issuer_of(path), known_by(path));
        let (issuer, known_by) = self.walk(chain, at, None, told)?;
        let path = self.ways.known(&known_by).or_else(|| {
            let path = Arc::new(self.made(chain, at)?);
            self.ways.remember(known_by, &path);
            Some(path)
        });
        Some(Led { issuer, path })
    }

    /// By what a chain is taken.
    #[must_use]
    pub fn path(&self, chain: &[CertificateDer<'_>], at: Timestamp) -> Option<Arc<PathText>> {
        self.led(chain, at).and_then(|led| led.path)
    }

    /// Made once for each way and each set of lists. Asked with the lists this time: of two authorities by the same name and key, one may be
    /// revoked.
    fn made(&self, chain: &[CertificateDer<'_>], at: Timestamp) -> Option<PathText> {
        let lists = self.ways.lists.iter();
        let lists: Vec<_> = lists.map(|der| Some((der, parsed(der)?))).collect::<Option<_>>()?;
        let asked: Vec<_> = lists.iter().map(|(_, list)| list).collect();
        let options = RevocationOptionsBuilder::new(&asked).ok().map(|options| {
            options
                .with_depth(RevocationCheckDepth::Chain)
                .with_status_policy(UnknownStatusPolicy::Deny)
                .with_expiration_policy(ExpirationPolicy::Enforce)
                .build()
        });
        let path = self.walk(chain, at, options, |path| self.ways.of(path, &lists))??;
        let (text, until) = (path.text(), path.until()?);
        Some(PathText { hash: sha256(text.as_bytes()), text, until })
    }
}

impl Ways {
    pub(super) fn new(
        anchors: Vec<CertificateDer<'static>>,
        lists: Vec<CertificateRevocationListDer<'static>>,
    ) -> Self {
        Self { anchors, lists, made: Mutex::default() }
    }

    /// Whom we trust.
    pub(super) fn anchors(&self) -> &[CertificateDer<'static>] {
        &self.anchors
    }

    fn known(&self, by: &Hash) -> Option<Arc<PathText>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).get(by).cloned()
    }

    fn remember(&self, by: Hash, path: &Arc<PathText>) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= WAYS_MAX {
            made.clear();
        }
        made.insert(by, Arc::clone(path));
    }

    /// The authorities of a verified path, and the lists of whoever issued its certificates.
    fn of(
        &self,
        path: &VerifiedPath<'_>,
        lists: &[(&CertificateRevocationListDer<'static>, CertRevocationList<'_>)],
    ) -> Option<CertificationPath> {
        let is_the_anchor = |der: &&CertificateDer<'static>| {
            anchor_from_trusted_cert(der).is_ok_and(|anchor| anchor == *path.anchor())
        };
        let anchor = self.anchors.iter().find(is_the_anchor)?.clone();
        let between = path.intermediate_certificates().map(|certificate| certificate.der().into_owned());
        let issuers = std::iter::once(path.end_entity().issuer())
            .chain(path.intermediate_certificates().map(|certificate| certificate.issuer()));
        let mut spoke = Vec::new();
        for issuer in issuers {
            let theirs =
                lists.iter().find(|(_, list)| list.issuer() == issuer).map(|(der, _)| (*der).clone());
            spoke.extend(theirs.filter(|list| !spoke.contains(list)));
        }
        Some(CertificationPath { authorities: between.chain([anchor]).collect(), lists: spoke })
    }
}

fn parsed<'a>(der: &'a CertificateRevocationListDer<'static>) -> Option<CertRevocationList<'a>> {
    BorrowedCertRevocationList::from_der(der.as_ref()).ok().map(CertRevocationList::from)
}

/// The key (SHA-256 of its SPKI) that signed the leaf, as verified.
pub(super) fn issuer_of(path: &VerifiedPath<'_>) -> Hash {
    sha256(path.issuer_spki().as_ref())
}

/// What tells one way from another: the certificates in between, and the anchor.
fn known_by(path: &VerifiedPath<'_>) -> Hash {
    let mut hash = Sha256::new();
    for certificate in path.intermediate_certificates() {
        hash.update(&sha256(&certificate.der()));
    }
    hash.update(&sha256(path.anchor().subject.as_ref()));
    hash.update(&sha256(path.anchor().subject_public_key_info.as_ref()));
    hash.finish()
}

#[cfg(test)]
mod tests {
    use rcgen::BasicConstraints;
    use rcgen::CertificateParams;
    use rcgen::CertificateRevocationListParams;
    use rcgen::CertifiedIssuer;
    use rcgen::DnType;
    use rcgen::ExtendedKeyUsagePurpose;
    use rcgen::IsCa;
    use rcgen::KeyIdMethod;
    use rcgen::KeyPair;
    use rcgen::KeyUsagePurpose;
    use rcgen::RevokedCertParams;
    use rcgen::SerialNumber;
    use rcgen::date_time_ymd;

    use super::super::Trusted;
    use super::super::tls::TlsFiles;
    use super::super::tls::server_config;
    use super::*;

    type Authority = CertifiedIssuer<'static, KeyPair>;

    const SUB: u64 = 7;
    const LEAF: u64 = 8;

    fn params(name: &str, serial: u64) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from(serial));
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2030, 1, 1));
        params
    }

    fn authority(name: &str, serial: u64, above: Option<&Authority>) -> Authority {
        let mut params = params(name, serial);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::CrlSign, KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        match above {
            Some(above) => CertifiedIssuer::signed_by(params, key, above).unwrap(),
            None => CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    fn list(authority: &Authority, until: i32, revoked: &[u64]) -> CertificateRevocationListDer<'static> {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(authority).unwrap().der().clone()
    }

    /// A root, an authority below it, and a caller below that.
    struct World {
        root: Authority,
        sub: Authority,
        leaf: CertificateDer<'static>,
    }

    impl World {
        fn new() -> Self {
            let root = authority("root", 1, None);
            let sub = authority("sub", SUB, Some(&root));
            let mut caller = params("caller", LEAF);
            caller.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            let leaf = caller.signed_by(&KeyPair::generate().unwrap(), &sub).unwrap().der().clone();
            Self { root, sub, leaf }
        }

        fn trust(&self, lists: Vec<CertificateRevocationListDer<'static>>) -> Trust {
            Trust::of(vec![authority("other", 1, None).der().clone(), self.root.der().clone()], lists)
                .unwrap()
        }

        fn lists(&self) -> Vec<CertificateRevocationListDer<'static>> {
            vec![
                list(&self.sub, 2028, &[]),
                list(&authority("other", 1, None), 2027, &[]),
                list(&self.root, 2029, &[]),
            ]
        }

        fn path(&self, trust: &Trust) -> CertificationPath {
            let chain = [self.leaf.clone(), self.sub.der().clone()];
            CertificationPath::read(trust.path(&chain, at("2026-06-01")).unwrap().as_bytes()).unwrap()
        }
    }

    fn at(day: &str) -> Timestamp {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_path_holds_what_was_verified_and_the_lists_that_spoke_of_it_and_nothing_that_was_only_sent() {
        let world = World::new();
        let lists = world.lists();
        let trust = world.trust(lists.clone());
        let junk = authority("junk", 9, None);
        let chain =
            [world.leaf.clone(), junk.der().clone(), world.sub.der().clone(), world.root.der().clone()];
        let text = trust.path(&chain, at("2026-06-01")).unwrap();
        let path = CertificationPath::read(text.as_bytes()).unwrap();
        assert_eq!(path.authorities, [world.sub.der().clone(), world.root.der().clone()]);
        assert_eq!(path.lists, [lists[0].clone(), lists[2].clone()]);
        assert_eq!((*text.hash(), text.until()), (sha256(text.as_bytes()), at("2028-01-01")));
        // The same way is written once, whatever was sent along.
        assert!(Arc::ptr_eq(
            &text,
            &trust.path(&[world.leaf.clone(), world.sub.der().clone()], at("2026-06-02")).unwrap()
        ));
        assert_eq!(trust.path(&[junk.der().clone()], at("2026-06-01")), None);
    }

    #[test]
    fn a_path_tells_as_of_any_time_whether_the_certificate_was_taken() {
        let world = World::new();
        let path = world.path(&world.trust(world.lists()));
        let takes = |path: &CertificationPath, day| path.verify(&world.leaf, at(day)).is_ok();
        assert!(takes(&path, "2026-06-01") && takes(&path, "2027-12-31"));
        // Before it was valid; when a list had lapsed; another's certificate.
        assert!(!takes(&path, "2025-12-31") && !takes(&path, "2028-01-02"));
        assert!(path.verify(&World::new().leaf, at("2026-06-01")).is_err());
        for revoked in [
            [list(&world.sub, 2028, &[LEAF]), list(&world.root, 2029, &[])],
            [list(&world.sub, 2028, &[]), list(&world.root, 2029, &[SUB])],
            // Signed by another of that name; and one that is not there.
            [list(&authority("sub", SUB, None), 2028, &[]), list(&world.root, 2029, &[])],
            [list(&world.root, 2029, &[]), list(&world.root, 2029, &[])],
        ] {
            let path = CertificationPath { lists: revoked.to_vec(), ..path.clone() };
            assert!(!takes(&path, "2026-06-01"));
        }
        let without = CertificationPath { authorities: vec![world.root.der().clone()], ..path.clone() };
        assert!(!takes(&without, "2026-06-01"));
        let off = world.path(&world.trust(Vec::new()));
        assert!(off.lists.is_empty() && off.dated().is_none() && takes(&off, "2029-06-01"));
        assert_eq!((path.anchor_name().as_str(), path.dated()), ("CN=root", Some(at("2026-01-01"))));
        let anchor = |world: &World| world.root.der().to_vec();
        assert!(path.leads_to_one_of(&[anchor(&World::new()), anchor(&world)]));
        assert!(!path.leads_to_one_of(&[anchor(&World::new()), b"x".to_vec()]) && !path.leads_to_one_of(&[]));
    }

    #[test]
    fn of_two_authorities_by_one_key_the_one_that_is_not_revoked_is_in_the_path() {
        let world = World::new();
        // The same name and key, once more under the root: revoked, and sent first.
        let mut again = params("sub", 70);
        again.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        again.key_usages = vec![KeyUsagePurpose::CrlSign, KeyUsagePurpose::KeyCertSign];
        let again = again.signed_by(world.sub.key(), &world.root).unwrap().der().clone();
        let trust = world.trust(vec![list(&world.sub, 2028, &[]), list(&world.root, 2029, &[70])]);
        let chain = [world.leaf.clone(), again, world.sub.der().clone()];
        trust.verify(&chain, at("2026-06-01")).unwrap();
        let path = CertificationPath::read(trust.path(&chain, at("2026-06-01")).unwrap().as_bytes()).unwrap();
        path.verify(&world.leaf, at("2026-06-01")).unwrap();
    }

    #[test]
    fn a_connection_is_trusted_until_something_above_its_certificate_lapses() {
        let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
            path
        };
        let key = KeyPair::generate().unwrap();
        let crl = |list: CertificateRevocationListDer<'_>| pem::block("X509 CRL", list.as_ref());
        let files = TlsFiles {
            certificate: write("server.pem", params("server", 2).self_signed(&key).unwrap().pem()),
            key: write("server.key", key.serialize_pem()),
            anchors: vec![write("root.pem", world.root.pem())],
            crls: Some(vec![
                write("sub.crl", crl(list(&world.sub, 2029, &[]))),
                write("root.crl", crl(list(&world.root, 2028, &[]))),
            ]),
        };
        let tls = server_config(&files).unwrap();
        let (chain, held_under) = ([world.leaf.clone(), world.sub.der().clone()], tls.current());
        let led = held_under.trust.led(&chain, at("2026-06-01"));
        let trusted = Trusted::new(tls.clone(), held_under.epoch, led.as_ref());
        assert!(trusted.again(&chain, at("2027-12-31")));
        // Nothing was reloaded, and the list of the root is over: whether the authority in between was revoked nobody can say.
        assert!(!trusted.again(&chain, at("2028-01-02")));
        write("root.crl", crl(list(&world.root, 2029, &[])));
        tls.reload(&files).unwrap();
        assert!(trusted.again(&chain, at("2028-01-02")));
        let path = trusted.verified.load().path.clone().unwrap();
        assert_eq!(path.until(), at("2029-01-01"));
    }

    #[test]
    fn a_text_has_one_spelling() {
        let world = World::new();
        let path = world.path(&world.trust(world.lists()));
        let text = path.text();
        assert_eq!(CertificationPath::read(text.as_bytes()), Some(path));
        for other in
            [String::new(), format!("{text}\n"), format!("x\n{text}"), text.replace("X509 CRL", "X509 LIST")]
        {
            assert_eq!(CertificationPath::read(other.as_bytes()), None, "{other}");
        }
    }
}
