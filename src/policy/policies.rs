//! A compiled policy set: immutable, and right in every part.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::crypto::digest::Hash;
use crate::diagnostic::fault::Faults;
use crate::id::{AgencyId, AgreementId, PurposeCode, ServiceId};
use crate::identity::registry::{Agency, Registry, Role};

use super::fingerprint;
use super::model::{Agreement, Purpose, Service, Suspension, Suspensions};
use super::signed::NotSigned;
use super::signing::Signing;
use super::tables::Tables;

/// A policy file by its name under the folder, such as `agencies/H31.02.toml`, and its exact bytes.
pub type PolicyFile = (String, Arc<[u8]>);

/// Everything the policy files say. Only `policy::load` and `policy::load_files` make one, after all faults are ruled out.
#[derive(Debug)]
pub struct Policies {
    // What only other files than the kill switch's change: sets that differ in that one share it.
    fixed: Arc<Fixed>,
    tables: Tables,
    suspensions: Suspensions,
    hash: Hash,
    files: Vec<PolicyFile>,
    warnings: Faults,
    /// Why an agreement's parties did not sign it, where they must.
    unsigned: Arc<BTreeMap<AgreementId, NotSigned>>,
    /// Who signed the others; none: nobody must.
    signing: Option<Arc<Signing>>,
}

/// What agencies, services, agreements and purposes say.
#[derive(Debug)]
struct Fixed {
    registry: Registry,
    services: BTreeMap<ServiceId, Arc<Service>>,
    agreements: Vec<Arc<Agreement>>,
    // Invariant: each agreement once by its number, and once for each of its consumers.
    by_number: HashMap<AgreementId, Arc<Agreement>>,
    by_consumer: HashMap<AgencyId, Vec<Arc<Agreement>>>,
    operators: Operators,
    purposes: BTreeMap<PurposeCode, Purpose>,
}

/// Whom to ask where no agreement says it: those who run the gateway.
#[derive(Debug)]
pub(super) struct Operators {
    /// About what may be shared.
    pub(super) business: Arc<str>,
    /// About incidents.
    pub(super) security: Arc<str>,
}

/// What compiling found to be right.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) agencies: Vec<Arc<Agency>>,
    pub(super) services: Vec<Arc<Service>>,
    pub(super) agreements: Vec<Arc<Agreement>>,
    pub(super) purposes: Vec<Purpose>,
    pub(super) suspensions: Suspensions,
}

impl Policies {
    pub(super) fn new(parts: Parts, files: Vec<PolicyFile>, warnings: Faults) -> Self {
        // Compiling refused codes that name two agencies; were it to forget, nobody would be recognized.
        let registry = Registry::new(parts.agencies).unwrap_or_default();
        let services: BTreeMap<_, _> =
            parts.services.into_iter().map(|service| (service.id.clone(), service)).collect();
        let fixed = Fixed {
            operators: Operators::of(&registry),
            by_number: parts.agreements.iter().map(|one| (one.id.clone(), Arc::clone(one))).collect(),
            by_consumer: by_consumer(&parts.agreements),
            registry,
            services,
            agreements: parts.agreements,
            purposes: parts.purposes.into_iter().map(|purpose| (purpose.code.clone(), purpose)).collect(),
        };
        Self {
            tables: fixed.tables(&parts.suspensions),
            fixed: Arc::new(fixed),
            suspensions: parts.suspensions,
            hash: fingerprint::of(&files),
            files,
            warnings,
            unsigned: Arc::default(),
            signing: None,
        }
    }

    /// The same policies under another kill switch, which `files` has in the place of the one before.
    pub(super) fn under(&self, suspensions: Suspensions, files: Vec<PolicyFile>) -> Self {
        Self {
            fixed: Arc::clone(&self.fixed),
            tables: self.fixed.tables(&held(&suspensions, &self.unsigned)),
            suspensions,
            hash: fingerprint::of(&files),
            files,
            warnings: self.warnings.clone(),
            unsigned: Arc::clone(&self.unsigned),
            signing: self.signing.clone(),
        }
    }

    /// The agencies, as `identity` asks for them.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.fixed.registry
    }

    /// The agencies, by id.
    pub fn agencies(&self) -> impl Iterator<Item = &Arc<Agency>> {
        self.fixed.registry.iter()
    }

    /// One agency.
    #[must_use]
    pub fn agency(&self, id: &AgencyId) -> Option<&Arc<Agency>> {
        self.fixed.registry.get(id)
    }

    /// The agency that now stands where a merged code stood.
    #[must_use]
    pub fn successor(&self, former: &AgencyId) -> Option<&Arc<Agency>> {
        self.fixed.registry.by_former(former)
    }

    /// Who runs the gateway: whom a stranger may ask. The first by id, if several do.
    #[must_use]
    pub fn operator(&self) -> Option<&Arc<Agency>> {
        operator(&self.fixed.registry)
    }

    pub(super) fn operators(&self) -> &Operators {
        &self.fixed.operators
    }

    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The services, by id.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.fixed.services.values()
    }

    /// One service, by the first segment of a path.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Arc<Service>> {
        name.parse().ok().and_then(|id: ServiceId| self.fixed.services.get(&id))
    }

    /// The agreements, by id.
    #[must_use]
    pub fn agreements(&self) -> &[Arc<Agreement>] {
        &self.fixed.agreements
    }

    /// One agreement.
    #[must_use]
    pub fn agreement(&self, id: &AgreementId) -> Option<&Arc<Agreement>> {
        self.fixed.by_number.get(id)
    }

    /// The agreements under which an agency may ask, by id, whatever their state.
    pub fn of_consumer(&self, consumer: &AgencyId) -> impl Iterator<Item = &Arc<Agreement>> {
        self.fixed.by_consumer.get(consumer).into_iter().flatten()
    }

    /// The purposes, by code.
    #[must_use]
    pub fn purposes(&self) -> &BTreeMap<PurposeCode, Purpose> {
        &self.fixed.purposes
    }

    /// The kill switch.
    #[must_use]
    pub fn suspensions(&self) -> &Suspensions {
        &self.suspensions
    }

    /// The hash of the files: a Merkle root over their names and bytes.
    #[must_use]
    pub fn hash(&self) -> &Hash {
        &self.hash
    }

    /// The files, sorted by name.
    #[must_use]
    pub fn files(&self) -> &[PolicyFile] {
        &self.files
    }

    /// A file, by its name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        let place = self.files.binary_search_by(|(found, _)| found.as_str().cmp(name)).ok()?;
        self.files.get(place).map(|(_, bytes)| &**bytes)
    }

    /// Why an agreement's parties did not sign it, where the gateway requires that they did: it answers nothing.
    #[must_use]
    pub fn unsigned(&self, id: &AgreementId) -> Option<&NotSigned> {
        self.unsigned.get(id)
    }

    /// Who signed those that are in force, and whom that was believed from; none: nobody must.
    #[must_use]
    pub fn signing(&self) -> Option<&Arc<Signing>> {
        self.signing.as_ref()
    }

    /// Takes agreements out of force that are not signed, each with a warning.
    pub(super) fn without(mut self, unsigned: BTreeMap<AgreementId, NotSigned>, signing: Signing) -> Self {
        unsigned.iter().for_each(|(id, why)| self.warnings.push(why.warning(id)));
        self.tables = self.fixed.tables(&held(&self.suspensions, &unsigned));
        self.unsigned = Arc::new(unsigned);
        self.signing = Some(Arc::new(signing));
        self
    }

    /// What somebody should look at: what lapsed, or is about to.
    #[must_use]
    pub fn warnings(&self) -> &Faults {
        &self.warnings
    }
}

impl Fixed {
    fn tables(&self, held: &Suspensions) -> Tables {
        Tables::new(&self.agreements, &self.services, &self.registry, held)
    }
}

/// What is suspended, and what is held up for want of a signature: to the tables it is all one, and who asks is told by `unsigned`.
fn held(suspensions: &Suspensions, unsigned: &BTreeMap<AgreementId, NotSigned>) -> Suspensions {
    let mut held = suspensions.clone();
    for (id, why) in unsigned {
        let held_up = Suspension { since: jiff::civil::Date::ZERO, reason: why.to_string() };
        held.agreements.entry(id.clone()).or_insert(held_up);
    }
    held
}

impl Operators {
    fn of(registry: &Registry) -> Self {
        let contacts = operator(registry).map(|agency| &agency.contacts);
        Self {
            business: contacts.map(|contacts| contacts.business.as_str()).unwrap_or_default().into(),
            security: contacts.map(|contacts| contacts.security.as_str()).unwrap_or_default().into(),
        }
    }
}

fn operator(registry: &Registry) -> Option<&Arc<Agency>> {
    registry.iter().find(|agency| agency.roles.contains(&Role::Operate))
}

fn by_consumer(agreements: &[Arc<Agreement>]) -> HashMap<AgencyId, Vec<Arc<Agreement>>> {
    let mut by_consumer: HashMap<_, Vec<_>> = HashMap::new();
    for agreement in agreements {
        for consumer in &agreement.consumers {
            by_consumer.entry(consumer.clone()).or_default().push(Arc::clone(agreement));
        }
    }
    by_consumer
}
