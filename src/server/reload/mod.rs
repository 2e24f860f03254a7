//! Reload: policies, certificates, authorities, revocation lists and some settings, without a restart and without a lost exchange.
//!
//! Built aside and checked whole, recorded durably, then swapped at once; what has faults changes nothing and is shouted about. It is
//! begun by SIGHUP, by an operator, or by a file that holds something else than before: the kill switch (`suspensions.toml`) is looked at
//! several times a second, everything else about once. Files are told by what they hold, never by their times, and count once they were
//! the same at two looks. What lifts a suspension takes the slower road: a file that is being saved is empty for a moment.
//!
//! What takes away comes first. The kill switch and the files of the sockets (who was revoked) are looked at by a thread of their own, built
//! in a moment whatever the size of the set, and put into force while the rest is still being read, compiled and compared: that is built
//! beside what is in force, and built again if something came first meanwhile.
//!
//! Invariant: exchanges are judged by one set. They take it once, when they begin, and it lives as long as they do.
//!
//! | room | what it does |
//! |---|---|
//! | `disk` | what lies on the disk, and since when |
//! | `looks` | who looks at it, and what comes first |
//! | `aside`, `signers`, `sockets` | what would be in force |
//! | `words` | what changes, in words |
//! | `standing` | what could not be taken |
//! | `ordered` | what operators have done at the desk |

mod aside;
mod disk;
mod looks;
mod ordered;
mod signers;
mod sockets;
pub mod standing;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::audit::change::Change;
use crate::config::settings::Settings;
use crate::gateway::door::Door;
use crate::id::AgencyId;
use crate::language::Text;
use crate::limits::Key;
use crate::listener::stop::Stop;
use crate::listener::tls::Tls;
use crate::policy::Policies;
use crate::policy::model::Agreement;

use super::desk;
use super::doorway::caps;
use super::revoked;
use super::revoked::Seen;
use super::revoked::SeenError;
use super::run::StartError;
use super::sharing;
use aside::Aside;
use disk::Material;
use disk::Settling;
use disk::Sockets;
use looks::First;
use looks::Rest;
use ordered::AtTheDesk;
use standing::NotTaken;
use standing::Part;
use standing::Reloaded;
use standing::Standing;

/// How often the kill switch is looked at. Seen twice, built, recorded: a suspension is in force well within a second of its saving.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What is served, as the reload has to know it. Clones are of one moment.
#[derive(Debug, Clone)]
pub struct Served {
    /// The gateway.
    pub door: Arc<Door>,
    /// TLS of the exchange.
    pub exchange: Tls,
    /// The desk and its TLS, if there is one.
    pub desk: Option<desk::Reloaded>,
    /// The settings in force.
    pub settings: Settings,
    material: Material,
    sockets: Sockets,
    /// By which files signatures over agreements are believed, and what these held: a socket may have its own reasons to look at them.
    signers: Material,
    /// The newest revocation lists that were in force.
    seen: Seen,
    /// How often something else was put into force.
    version: u64,
}

/// What the files held before anything was loaded from them, so that what changed meanwhile is seen as a change; and which revocation lists
/// were in force before.
#[derive(Debug)]
pub struct BeforeLoading {
    material: Material,
    signers: Material,
    seen: Seen,
}

/// The same of the files that policies are loaded by.
#[derive(Debug)]
pub struct BeforePolicies(Material);

impl BeforePolicies {
    /// Looks at the files.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self(Material::of(disk::of_signers(settings)))
    }
}

impl BeforeLoading {
    /// Looks at the files.
    ///
    /// # Errors
    /// A revocation list is older than the one that was in force, or nobody can say.
    pub fn of(
        settings: &Settings,
        policies: &Policies,
        BeforePolicies(signers): BeforePolicies,
    ) -> Result<Self, StartError> {
        let material = Material::of(disk::named(settings, policies));
        Ok(Self { material, signers, seen: revoked::begin(settings)? })
    }
}

/// The reload of one gateway. Clones are one and the same; one reload is made at a time.
#[derive(Debug, Clone)]
pub struct Reload(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Held while something is put into force, and while what comes first is built.
    served: Mutex<Served>,
    first: Mutex<First>,
    rest: Mutex<Rest>,
    standing: Standing,
    /// Everything is to be looked at next.
    soon: AtomicBool,
    /// What was dealt with is no longer what is in force.
    again: AtomicBool,
}

impl Reload {
    /// Begins with what a start has put into force.
    #[must_use]
    pub fn new(
        (door, exchange, desk): (Arc<Door>, Tls, Option<desk::Reloaded>),
        settings: Settings,
        BeforeLoading { material, signers, seen }: BeforeLoading,
    ) -> Self {
        let policies = Arc::clone(&door.in_force().policies);
        let sight = disk::loaded(&settings, &policies, material.clone());
        let first = First {
            suspensions: Settling::new(disk::suspensions_in(policies.files())),
            sockets: Settling::new(material.only(&disk::of_sockets(&settings))),
            looks: 0,
        };
        let served = Served {
            signers,
            sockets: Sockets::of(&settings),
            version: 0,
            door,
            exchange,
            desk,
            settings,
            material,
            seen,
        };
        Self(Arc::new(Shared {
            served: Mutex::new(served),
            first: Mutex::new(first),
            rest: Mutex::new(Rest { all: Settling::new(sight), looks: 0 }),
            standing: Standing::default(),
            soon: AtomicBool::new(false),
            again: AtomicBool::new(false),
        }))
    }

    /// Reloads everything now, as the disk has it. Blocks until then: not from async code.
    #[must_use]
    pub fn now(&self) -> Reloaded {
        let mut rest = held(&self.0.rest);
        let look = self.0.look();
        self.0.everything(&mut rest, look)
    }

    /// What could not be taken.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.0.standing
    }

    /// Lets operators have it done at the desk, if there is one; `drain` is told when they want the gateway to end.
    pub fn operated_by_the_desk(&self, drain: &Stop) {
        let desk = held(&self.0.served).desk.as_ref().map(|(desk, _)| Arc::clone(desk));
        // Set once: a gateway starts once.
        let _ = desk.map(|desk| desk.operated.set(Arc::new(AtTheDesk::new(&self.0, drain))));
    }

    /// Looks at the disk, again and again, until the gateway stops.
    pub async fn watch(self, stop: Stop) {
        tokio::join!(self.keep(Shared::look_first, &stop), self.keep(Shared::look_at_all, &stop));
    }

    async fn keep(&self, look: fn(&Shared), stop: &Stop) {
        while !stop.within(LOOK_EVERY).await {
            let reload = self.clone();
            // It reads files and waits for the disk: not on a thread that exchanges share.
            if tokio::task::spawn_blocking(move || look(&reload.0)).await.is_err() {
                tracing::error!("a reload broke: what was in force stays");
            }
        }
    }
}

/// Invariant: what is in force is swapped whole by the last lines of [`Served::put`], so that one that broke has changed nothing.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Served {
    /// The same, and what of it stays as it was.
    fn put_telling(&mut self, aside: Aside) -> (Result<bool, NotTaken>, Vec<NotTaken>) {
        let not_taken = aside.not_taken.clone();
        (self.put(aside), not_taken)
    }

    /// Records what changes, durably, and then puts it into force; whether anything did.
    fn put(&mut self, aside: Aside) -> Result<bool, NotTaken> {
        if aside.words.is_empty() {
            self.settings = aside.settings;
            return Ok(false);
        }
        let policies = &aside.in_force.policies;
        let (vi, en): (Vec<_>, Vec<_>) =
            aside.words.iter().map(|text| (text.vi.as_str(), text.en.as_str())).unzip();
        let change = Change {
            policy: *policies.hash(),
            files: policies.files(),
            words: Text::new(vi.join("\n"), en.join("\n")),
            beside: aside.beside.clone(),
            signing: policies.signing().map(|signing| &**signing),
        };
        self.note_lists(&aside)?;
        // Stopping behind this line leaves a record of a change that was not seen to: the next start loads the same files.
        let recorded = self.door.recorder.change(&change);
        recorded.map_err(|why| NotTaken { part: Part::Log, why: why.to_string() })?;
        tracing::info!(changed = en.join("; "), "a reload takes effect");
        self.swap(aside);
        Ok(true)
    }

    /// From now on no older revocation list than these comes into force.
    fn note_lists(&self, aside: &Aside) -> Result<(), NotTaken> {
        let failed = |part| move |why: SeenError| NotTaken { part, why: both(&why.text()) };
        self.seen.take(&aside.in_force.revoked).map_err(failed(Part::Exchange))?;
        match &aside.desk {
            Some((admits, _)) => self.seen.take(&admits.revoked).map_err(failed(Part::Desk)),
            None => Ok(()),
        }
    }

    /// At once: a request that begins behind the first line is judged by the new set, one that began before it ends by the old one.
    fn swap(&mut self, aside: Aside) {
        self.version += 1;
        let in_force = Arc::new(aside.in_force);
        self.door.in_force.store(Arc::clone(&in_force));
        if let Some(tls) = &aside.exchange {
            self.exchange.adopt(tls);
        }
        if let (Some((desk, tls)), Some((admits, next))) = (&self.desk, aside.desk) {
            desk.admits.store(Arc::new(admits));
            tls.adopt(&next);
        }
        let policies = &in_force.policies;
        self.door.limits.reload(caps(&aside.settings), &keys(policies));
        sharing::know(&self.door);
        self.door.budget.set(aside.settings.caps.refusals_per_minute);
        self.door.budget.retain(|agency| policies.agency(agency).is_some());
        self.door.metrics.reloaded();
        (self.settings, self.material) = (aside.settings, aside.material);
        (self.sockets, self.signers) = (aside.sockets, aside.signers);
    }
}

/// Under which names limits are counted.
fn keys(policies: &Policies) -> HashSet<Key> {
    let of = |agreement: &Arc<Agreement>| {
        let (agreement, service) = (agreement.id.clone(), agreement.service.clone());
        move |agency: &AgencyId| Key {
            agreement: agreement.clone(),
            agency: agency.clone(),
            service: service.clone(),
        }
    };
    let agreements = policies.agreements().iter();
    agreements.flat_map(|agreement| agreement.consumers.iter().map(of(agreement))).collect()
}

/// Why something is not taken, for whoever reads it.
fn both(text: &Text) -> String {
    format!("{} · {}", text.vi, text.en)
}
