//! Policy files become [`Policies`], or all their faults at once.

mod agencies;
mod agreements;
mod clauses;
mod guardrails;
mod limits;
mod never;
mod overlap;
mod relies_on;
mod rules;
mod services;
mod signatures;
mod signing;
mod suspended;
mod warnings;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::source::{Place, Placed, Source};
use crate::id::{AgencyId, PurposeCode, ServiceId};
use crate::identity::registry::Agency;

use super::document;
use super::document::agency::AgencyDocument;
use super::document::agreement::AgreementDocument;
use super::document::rules::{GuardrailsDocument, PurposeDocument, SuspensionDocument};
use super::document::service::ServiceDocument;
use super::model::{Operation, Service};
use super::policies::{Parts, Policies, PolicyFile};
use super::scope::{Node, Scope};

pub use rules::suspending;
pub use services::endpoint;

/// How many files make another thread worth starting: some milliseconds of reading.
const FILES_A_THREAD: usize = 512;

/// How many threads read at most: beyond it the compiling that follows takes longer than the reading.
const THREADS_MAX: usize = 8;

/// Compiles a policy set, given by file name and bytes. `now` only decides what is warned of.
///
/// # Errors
/// All faults of all files, with the warnings among them, sorted by file and line.
pub fn compile(mut files: Vec<PolicyFile>, now: Timestamp) -> Result<Policies, Faults> {
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut faults = Faults::new();
    let documents = Documents::read(&files, &mut faults);
    let parts = documents.compile(&files, now, &mut faults);
    faults.sort();
    if faults.has_faults() { Err(faults) } else { Ok(Policies::new(parts, files, faults)) }
}

/// A document and the stem of its file.
struct Named<D> {
    stem: String,
    /// Absent when it has faults of its own: its name is known all the same.
    document: Option<D>,
}

/// All files as written.
#[derive(Default)]
struct Documents {
    agencies: Vec<Named<AgencyDocument>>,
    services: Vec<Named<ServiceDocument>>,
    agreements: Vec<Named<AgreementDocument>>,
    purposes: Option<Vec<PurposeDocument>>,
    guardrails: Option<GuardrailsDocument>,
    suspensions: Option<Vec<SuspensionDocument>>,
    /// The names of the files that are signatures over agreements.
    signatures: Vec<String>,
}

impl Documents {
    /// Reads all files, by as many other threads beside this one as they are worth.
    fn read(files: &[PolicyFile], faults: &mut Faults) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(THREADS_MAX);
        let share = files.len().div_ceil(threads).max(FILES_A_THREAD);
        let mut documents = Self::default();
        let mut shares = files.chunks(share);
        let own = shares.next().unwrap_or_default();
        std::thread::scope(|scope| {
            let others: Vec<_> = shares.map(|files| scope.spawn(|| Self::read_some(files))).collect();
            let mut take = |(some, more): (Self, Faults)| {
                documents.append(some);
                faults.extend(more);
            };
            take(Self::read_some(own));
            for other in others {
                other.join().map_or_else(|panic| std::panic::resume_unwind(panic), &mut take);
            }
        });
        documents.require_rules(faults);
        documents
    }

    fn read_some(files: &[PolicyFile]) -> (Self, Faults) {
        let (mut documents, mut faults) = (Self::default(), Faults::new());
        for (name, bytes) in files {
            if signatures::is_one(name) {
                documents.signatures.push(name.clone());
                continue;
            }
            match std::str::from_utf8(bytes) {
                Ok(text) => documents.take(&Source::new(name.as_str(), text), &mut faults),
                Err(_) => faults.push(not_utf8(name)),
            }
        }
        (documents, faults)
    }

    fn append(&mut self, more: Self) {
        self.agencies.extend(more.agencies);
        self.services.extend(more.services);
        self.agreements.extend(more.agreements);
        self.purposes = self.purposes.take().or(more.purposes);
        self.guardrails = self.guardrails.take().or(more.guardrails);
        self.suspensions = self.suspensions.take().or(more.suspensions);
        self.signatures.extend(more.signatures);
    }

    fn take(&mut self, source: &Source, faults: &mut Faults) {
        match (folder_and_stem(source.name()), source.name()) {
            (Some(("agencies", stem)), _) => {
                self.agencies.push(Named::new(stem, document::agency::read(source, faults)));
            }
            (Some(("services", stem)), _) => {
                self.services.push(Named::new(stem, document::service::read(source, faults)));
            }
            (Some(("agreements", stem)), _) => {
                self.agreements.push(Named::new(stem, document::agreement::read(source, faults)));
            }
            (_, "purposes.toml") => self.purposes = Some(document::rules::purposes(source, faults)),
            (_, "guardrails.toml") => self.guardrails = Some(document::rules::guardrails(source, faults)),
            (_, "suspensions.toml") => self.suspensions = Some(document::rules::suspensions(source, faults)),
            _ => faults.push(unknown_file(source)),
        }
    }

    fn require_rules(&self, faults: &mut Faults) {
        let there = [
            ("purposes.toml", self.purposes.is_some()),
            ("guardrails.toml", self.guardrails.is_some()),
            ("suspensions.toml", self.suspensions.is_some()),
        ];
        for (name, _) in there.iter().filter(|(_, there)| !there) {
            let fault = Fault::new(Code::MissingFile, format!("there is no file `{name}`"));
            faults.push(fault.help("write it, even if it lists nothing"));
        }
    }

    fn compile(self, files: &[PolicyFile], now: Timestamp, faults: &mut Faults) -> Parts {
        let purposes = rules::purposes(self.purposes.unwrap_or_default(), faults);
        let mut known = Known {
            agencies: agencies::compile(&self.agencies, faults),
            services: BTreeMap::new(),
            purposes: purposes.iter().map(|purpose| purpose.code.clone()).collect(),
            files,
        };
        known.services = services::compile(&self.services, &known.agencies, faults);
        let guardrails = guardrails::compile(self.guardrails.unwrap_or_default(), &known, faults);
        let mut agreements = agreements::compile(&self.agreements, &known, &guardrails, faults);
        agreements.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        overlap::check(&agreements, faults);
        signatures::check(&self.signatures, &agreements, known.files, faults);
        warnings::warn(&agreements, now, faults);
        let suspended = self.suspensions.unwrap_or_default();
        suspended::warn(&agreements, &suspended, faults);
        signing::warn(&agreements, &known.agencies, now, faults);
        let names = rules::Names {
            agencies: &known.agencies,
            agreements: self.agreements.iter().map(|named| named.stem.as_str()).collect(),
            purposes: &known.purposes,
        };
        let suspensions = rules::suspensions(suspended, &names, faults);
        Parts {
            agencies: known.agencies.into_values().flatten().collect(),
            services: known.services.into_values().flatten().map(|known| known.service).collect(),
            agreements: agreements.into_iter().map(|(_, agreement)| Arc::new(agreement)).collect(),
            purposes,
            suspensions,
        }
    }
}

/// `agencies/H31.02.toml` as `("agencies", "H31.02")`.
fn folder_and_stem(name: &str) -> Option<(&str, &str)> {
    let (folder, file) = name.split_once('/')?;
    let stem = file.strip_suffix(".toml")?;
    (!stem.contains('/') && !stem.is_empty()).then_some((folder, stem))
}

fn not_utf8(name: &str) -> Fault {
    Fault::new(Code::Unreadable, format!("the file `{}` is not UTF-8", shown(name)))
}

fn unknown_file(source: &Source) -> Fault {
    let fault = Fault::new(Code::UnknownFile, "this file has no place in a policy set").at(source.start());
    let known = ["agencies", "services", "agreements"];
    let near = source.name().split_once('/').and_then(|(folder, _)| nearest(folder, known));
    match near.filter(|_| folder_and_stem(source.name()).is_some()) {
        Some(folder) => fault.help(format!("did you mean the folder `{folder}`?")),
        None => fault.help(
            "a policy set is agencies/*.toml, services/*.toml, agreements/*.toml, purposes.toml, guardrails.toml, suspensions.toml",
        ),
    }
}

impl<D> Named<D> {
    fn new(stem: &str, document: Option<D>) -> Self {
        Self { stem: stem.to_owned(), document }
    }

    /// Checks that the file has the name of what it describes.
    fn check_stem(&self, id: &Placed<impl std::fmt::Display>, faults: &mut Faults) {
        if self.stem != id.value.to_string() {
            let message = format!("the file is called `{}` but describes `{}`", shown(&self.stem), id.value);
            let fault = Fault::new(Code::StemDiffers, message).at(id.place.clone()).label("this is the id");
            faults.push(fault.help(format!("rename the file to `{}.toml`, or correct the id", id.value)));
        }
    }
}

/// What the other files can refer to. A name without a value is that of a file with faults of its own.
struct Known<'a> {
    agencies: BTreeMap<AgencyId, Option<Arc<Agency>>>,
    services: BTreeMap<ServiceId, Option<KnownService>>,
    purposes: BTreeSet<PurposeCode>,
    /// All files, sorted by name.
    files: &'a [PolicyFile],
}

impl Known<'_> {
    fn agency(&self, id: &AgencyId) -> AgencyId {
        self.agencies.get(id).and_then(Option::as_ref).map_or(id, |agency| &agency.id).clone()
    }

    fn purpose(&self, code: &PurposeCode) -> PurposeCode {
        self.purposes.get(code).unwrap_or(code).clone()
    }
}

/// A service, its operations by name, and its catalogue as a tree, nothing kept.
struct KnownService {
    service: Arc<Service>,
    operations: BTreeMap<String, Arc<Operation>>,
    catalogue: Node,
    // Clauses that name the same fields share a scope: most of a province's agreements are of a few kinds.
    scopes: RefCell<HashMap<Vec<String>, Option<Arc<Scope>>>>,
}

impl KnownService {
    fn new(service: Arc<Service>, catalogue: Node) -> Self {
        let named = |operation: &Arc<Operation>| (operation.name(), Arc::clone(operation));
        let operations = service.operations.iter().map(named).collect();
        Self { service, operations, catalogue, scopes: RefCell::default() }
    }

    /// The scope that keeps these pointers; none if one leads nowhere.
    fn scope(&self, pointers: Vec<String>) -> Option<Arc<Scope>> {
        let mut scopes = self.scopes.borrow_mut();
        let entry = scopes.entry(pointers);
        entry.or_insert_with_key(|pointers| Scope::new(&self.catalogue, pointers).ok().map(Arc::new)).clone()
    }
}

/// A fault about a name that is not in the list: with the nearest that is.
fn unknown<'a>(
    code: Code,
    what: &str,
    written: &str,
    place: &Place,
    known: impl IntoIterator<Item = &'a str>,
) -> Fault {
    let message = format!("there is no {what} `{}`", shown(written));
    Fault::new(code, message).at(place.clone()).label("not known").suggest(nearest(written, known))
}

/// Which place claimed a name first.
struct Claims<K>(BTreeMap<K, Place>);

impl<K: Ord> Claims<K> {
    fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Claims a name, or says who did before.
    fn claim(&mut self, name: K, place: &Place) -> Option<Place> {
        if let Some(first) = self.0.get(&name) {
            return Some(first.clone());
        }
        self.0.insert(name, place.clone());
        None
    }
}

/// A fault about a name that was claimed before.
fn twice(code: Code, message: String, place: &Place, first: Place) -> Fault {
    Fault::new(code, message).at(place.clone()).label("again here").also(first, "first here")
}
