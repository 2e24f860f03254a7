//! A compiled policy set: immutable, and right in every part.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::crypto::digest::Hash;
use crate::diagnostic::fault::Faults;
use crate::id::{AgencyId, AgreementId, PurposeCode, ServiceId};
use crate::identity::registry::{Agency, Registry, Role};

use super::fingerprint;
use super::model::{Agreement, Purpose, Service, Suspensions};

/// A policy file by its name under the folder, such as `agencies/H31.02.toml`, and its exact bytes.
pub type PolicyFile = (String, Arc<[u8]>);

/// Everything the policy files say. Only `policy::load` and `policy::load_files` make one, after all faults are ruled out.
#[derive(Debug)]
pub struct Policies {
    registry: Registry,
    services: BTreeMap<ServiceId, Arc<Service>>,
    agreements: Vec<Arc<Agreement>>,
    // Invariant: holds each agreement once for each of its consumers, so that a decision is one look-up.
    standing: HashMap<(AgencyId, ServiceId), Vec<Arc<Agreement>>>,
    purposes: BTreeMap<PurposeCode, Purpose>,
    suspensions: Suspensions,
    hash: Hash,
    files: Vec<PolicyFile>,
    warnings: Faults,
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
        Self {
            standing: standing(&parts.agreements),
            // Compiling refused codes that name two agencies; were it to forget, nobody would be recognized.
            registry: Registry::new(parts.agencies).unwrap_or_default(),
            services: parts.services.into_iter().map(|service| (service.id.clone(), service)).collect(),
            agreements: parts.agreements,
            purposes: parts.purposes.into_iter().map(|purpose| (purpose.code.clone(), purpose)).collect(),
            suspensions: parts.suspensions,
            hash: fingerprint::of(&files),
            files,
            warnings,
        }
    }

    /// The agencies, as `identity` asks for them.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The agencies, by id.
    pub fn agencies(&self) -> impl Iterator<Item = &Arc<Agency>> {
        self.registry.iter()
    }

    /// One agency.
    #[must_use]
    pub fn agency(&self, id: &AgencyId) -> Option<&Arc<Agency>> {
        self.registry.get(id)
    }

    /// The agency that now stands where a merged code stood.
    #[must_use]
    pub fn successor(&self, former: &AgencyId) -> Option<&Arc<Agency>> {
        self.registry.by_former(former)
    }

    /// Who runs the gateway: whom a stranger may ask. The first by id, if several do.
    #[must_use]
    pub fn operator(&self) -> Option<&Arc<Agency>> {
        self.agencies().find(|agency| agency.roles.contains(&Role::Operate))
    }

    /// The services, by id.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// One service, by the first segment of a path.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Arc<Service>> {
        name.parse().ok().and_then(|id: ServiceId| self.services.get(&id))
    }

    /// The agreements, by id.
    #[must_use]
    pub fn agreements(&self) -> &[Arc<Agreement>] {
        &self.agreements
    }

    /// One agreement.
    #[must_use]
    pub fn agreement(&self, id: &AgreementId) -> Option<&Arc<Agreement>> {
        self.agreements.iter().find(|agreement| agreement.id == *id)
    }

    /// The agreements of a consumer with a service, whatever their state.
    #[must_use]
    pub fn between(&self, consumer: &AgencyId, service: &ServiceId) -> &[Arc<Agreement>] {
        self.standing.get(&(consumer.clone(), service.clone())).map(Vec::as_slice).unwrap_or_default()
    }

    /// The agreements under which an agency may ask.
    pub fn of_consumer(&self, consumer: &AgencyId) -> impl Iterator<Item = &Arc<Agreement>> {
        self.agreements.iter().filter(move |agreement| agreement.consumers.contains(consumer))
    }

    /// The purposes, by code.
    #[must_use]
    pub fn purposes(&self) -> &BTreeMap<PurposeCode, Purpose> {
        &self.purposes
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

    /// What somebody should look at: what lapsed, or is about to.
    #[must_use]
    pub fn warnings(&self) -> &Faults {
        &self.warnings
    }
}

fn standing(agreements: &[Arc<Agreement>]) -> HashMap<(AgencyId, ServiceId), Vec<Arc<Agreement>>> {
    let mut standing: HashMap<_, Vec<_>> = HashMap::new();
    for agreement in agreements {
        for consumer in &agreement.consumers {
            let key = (consumer.clone(), agreement.service.clone());
            standing.entry(key).or_default().push(Arc::clone(agreement));
        }
    }
    standing
}
