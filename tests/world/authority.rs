//! An authority whose key the test keeps: it revokes, renews, and can be replaced by another.

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
use rcgen::SanType;
use rcgen::SerialNumber;
use rcgen::date_time_ymd;

use phohien::identity::development;

use super::CENTRE;
use super::World;
use super::write;

/// The serial number of the centre's certificate.
pub const OF_CENTRE: u64 = 7;

#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new one under this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// Puts a world under this authority: its anchor, an empty list, the server, and the centre.
    pub fn rule(&self, world: &World) {
        self.trust(world);
        self.serve(world, 1);
        let uri = format!("urn:agency:{CENTRE}");
        let name = SanType::URI(uri.as_str().try_into().unwrap());
        let (certificate, key) = self.issue(name, OF_CENTRE, ExtendedKeyUsagePurpose::ClientAuth);
        let (certificate_file, key_file) = world.certificate(CENTRE);
        write(&certificate_file, &certificate);
        write(&key_file, &key);
    }

    /// Its certificate and an empty list take the place of those that are trusted.
    pub fn trust(&self, world: &World) {
        write(&world.certs().join(development::CA), &self.issuer.pem());
        self.revoke(world, 1, &[], 2049);
    }

    /// A list of these serial numbers, which lapses with that year, takes the place of the one before.
    pub fn revoke(&self, world: &World, number: u64, serials: &[u64], until: i32) {
        self.revoke_as_of(world, (number, 2020), serials, until);
    }

    /// The same as of a year.
    pub fn revoke_as_of(&self, world: &World, (number, year): (u64, i32), serials: &[u64], until: i32) {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(year, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).unwrap().pem().unwrap();
        write(&world.certs().join(development::CRL), &list);
    }

    /// A new certificate of the server, with a new key, takes the place of the one before.
    pub fn serve(&self, world: &World, serial: u64) {
        let name = SanType::DnsName("localhost".try_into().unwrap());
        let (certificate, key) = self.issue(name, serial, ExtendedKeyUsagePurpose::ServerAuth);
        write(&world.certs().join(development::SERVER), &certificate);
        write(&world.certs().join(development::SERVER_KEY), &key);
    }

    fn issue(&self, name: SanType, serial: u64, usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2049, 12, 31);
        params.serial_number = Some(SerialNumber::from(serial));
        params.subject_alt_names.push(name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}
