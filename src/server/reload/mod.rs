//! Reload: policies, certificates, authorities, revocation lists and some settings, without a restart and without a lost exchange.
//!
//! Built aside and checked whole, recorded durably, then swapped at once; what has faults changes nothing and is shouted about. It is
//! begun by SIGHUP, by an operator, or by a file that holds something else than before: the kill switch (`suspensions.toml`) is looked at
//! several times a second, everything else about once. Files are told by what they hold, never by their times, and count once they were
//! the same at two looks. What lifts a suspension takes the slower road: a file that is being saved is empty for a moment.
//!
//! Invariant: exchanges are judged by one set. They take it once, when they begin, and it lives as long as they do.
//!
//! | room | what it does |
//! |---|---|
//! | `disk` | what lies on the disk, and since when |
//! | `aside` | what would be in force |
//! | `words` | what changes, in words |
//! | `standing` | what could not be taken |
//! | `ordered` | what operators have done at the desk |

mod aside;
mod disk;
mod ordered;
pub mod standing;
mod words;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use crate::audit::change::Change;
use crate::config::settings::Settings;
use crate::diagnostic::file;
use crate::gateway::door::Door;
use crate::id::AgencyId;
use crate::language::Text;
use crate::limits::Key;
use crate::listener::stop::Stop;
use crate::listener::tls::Tls;
use crate::policy::Policies;
use crate::policy::model::Agreement;
use crate::policy::model::Suspensions;

use super::desk;
use super::doorway::caps;
use super::sharing;
use super::signers;
use aside::Aside;
use disk::Look;
use disk::Material;
use disk::Settling;
use disk::Sight;
use disk::Sockets;
use ordered::AtTheDesk;
use standing::NotTaken;
use standing::Part;
use standing::Reloaded;
use standing::Standing;

/// How often the kill switch is looked at. Seen twice, built, recorded: a suspension is in force well within a second of its saving.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Everything else is looked at every so many looks: once a second.
const LOOKS_PER_LOOK_AT_ALL: u32 = 5;

/// Looking at everything takes at most this share of the time of one thread: a set of ten thousand agreements is looked at less often.
const SHARE_OF_TIME: u32 = 20;

/// What is served, as the reload has to know it.
#[derive(Debug)]
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
    /// Whom signatures over agreements are believed from, as this start recorded it.
    signers: Vec<String>,
}

/// What the files held before anything was loaded from them, so that what changed meanwhile is seen as a change.
#[derive(Debug)]
pub struct BeforeLoading(Material);

impl BeforeLoading {
    /// Looks at the files.
    #[must_use]
    pub fn of(settings: &Settings, policies: &Policies) -> Self {
        Self(Material::of(disk::named(settings, policies)))
    }
}

/// The reload of one gateway. Clones are one and the same; one reload is made at a time.
#[derive(Debug, Clone)]
pub struct Reload(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    work: Mutex<Work>,
    standing: Standing,
}

#[derive(Debug)]
struct Work {
    served: Served,
    suspensions: Settling<Option<Vec<u8>>>,
    all: Settling<Sight>,
    /// Looks until everything is looked at.
    looks: u32,
}

impl Reload {
    /// Begins with what a start has put into force.
    #[must_use]
    pub fn new(
        (door, exchange, desk): (Arc<Door>, Tls, Option<desk::Reloaded>),
        settings: Settings,
        BeforeLoading(material): BeforeLoading,
    ) -> Self {
        let policies = Arc::clone(&door.in_force().policies);
        let sight = disk::loaded(&settings, &policies, material.clone());
        // What cannot be read now is not what was recorded: no other set is taken then.
        let signers = signers::named(&settings).unwrap_or_default();
        let work = Work {
            suspensions: Settling::new(disk::suspensions_in(policies.files())),
            all: Settling::new(sight),
            looks: 0,
            served: Served {
                door,
                exchange,
                desk,
                sockets: Sockets::of(&settings),
                settings,
                material,
                signers,
            },
        };
        Self(Arc::new(Shared { work: Mutex::new(work), standing: Standing::default() }))
    }

    /// Reloads everything now, as the disk has it. Blocks until then: not from async code.
    #[must_use]
    pub fn now(&self) -> Reloaded {
        let mut work = self.work();
        let look = Look::at(&work.served.settings, &work.served.door.in_force().policies);
        work.everything(look, &self.0.standing)
    }

    /// What could not be taken.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.0.standing
    }

    /// Lets operators have it done at the desk, if there is one; `drain` is told when they want the gateway to end.
    pub fn operated_by_the_desk(&self, drain: &Stop) {
        let desk = self.work().served.desk.as_ref().map(|(desk, _)| Arc::clone(desk));
        // Set once: a gateway starts once.
        let _ = desk.map(|desk| desk.operated.set(Arc::new(AtTheDesk::new(&self.0, drain))));
    }

    /// Looks at the disk, again and again, until the gateway stops.
    pub async fn watch(self, stop: Stop) {
        while !stop.within(LOOK_EVERY).await {
            let reload = self.clone();
            // It reads files and waits for the disk: not on a thread that exchanges share.
            if tokio::task::spawn_blocking(move || reload.look()).await.is_err() {
                tracing::error!("a reload broke: what was in force stays");
            }
        }
    }

    fn look(&self) {
        self.work().look(&self.0.standing);
    }

    /// Invariant: what is in force is swapped whole by its last lines, so that one that broke has changed nothing.
    fn work(&self) -> std::sync::MutexGuard<'_, Work> {
        self.0.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    fn look(&mut self, standing: &Standing) {
        let suspensions = file::read(&self.served.settings.policies.join(disk::SUSPENSIONS)).ok();
        if self.suspensions.look(&suspensions) {
            self.kill_switch(suspensions);
        }
        if self.looks > 0 {
            self.looks -= 1;
            return;
        }
        let clock = self.served.door.clock.clone();
        let begun = clock.now();
        let look = Look::at(&self.served.settings, &self.served.door.in_force().policies);
        let took = Duration::try_from(clock.now().duration_since(begun)).unwrap_or_default();
        self.looks = looks_to_skip(took);
        if self.all.look(&look.sight) {
            let _told = self.everything(look, standing);
        }
    }

    /// What is wrong is told by the look at everything, which comes next: the kill switch may name what another new file brings. That look
    /// is also the one that lifts suspensions.
    fn kill_switch(&mut self, suspensions: Option<Vec<u8>>) {
        let mut aside = Aside::of(&self.served);
        let before = self.served.door.in_force();
        if !aside.take_suspensions(&self.served, suspensions.as_deref())
            || lifts(before.policies.suspensions(), aside.in_force.policies.suspensions())
        {
            self.looks = 0;
            return self.suspensions.deal(suspensions);
        }
        match self.served.put(aside) {
            Ok(changed) => {
                self.suspensions.deal(suspensions);
                if changed {
                    self.all.forget();
                }
            }
            Err(_) => self.looks = 0,
        }
    }

    fn everything(&mut self, look: Look, standing: &Standing) -> Reloaded {
        let (sight, suspensions) = (look.sight.clone(), disk::suspensions_in(&look.files));
        let mut aside = Aside::of(&self.served);
        aside.take_all(&self.served, look);
        let mut not_taken = aside.not_taken.clone();
        let changed = match self.served.put(aside) {
            Ok(changed) => {
                self.all.deal(sight);
                self.suspensions.deal(suspensions);
                changed
            }
            // Nothing is wrong on the disk: it is tried again.
            Err(fault) => {
                not_taken.push(fault);
                false
            }
        };
        standing.note(&not_taken, self.served.door.clock.now(), &self.served.door.metrics);
        Reloaded { changed, not_taken }
    }
}

impl Served {
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
        };
        // Stopping behind this line leaves a record of a change that was not seen to: the next start loads the same files.
        let recorded = self.door.recorder.change(&change);
        recorded.map_err(|why| NotTaken { part: Part::Log, why: why.to_string() })?;
        tracing::info!(changed = en.join("; "), "a reload takes effect");
        self.swap(aside);
        Ok(true)
    }

    /// At once: a request that begins behind the first line is judged by the new set, one that began before it ends by the old one.
    fn swap(&mut self, aside: Aside) {
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
        (self.settings, self.material, self.sockets) = (aside.settings, aside.material, aside.sockets);
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

/// Whether anything that was suspended no longer is.
fn lifts(before: &Suspensions, now: &Suspensions) -> bool {
    before.agencies.keys().any(|id| !now.agencies.contains_key(id))
        || before.certificates.keys().any(|hash| !now.certificates.contains_key(hash))
        || before.agreements.keys().any(|id| !now.agreements.contains_key(id))
        || before.purposes.keys().any(|code| !now.purposes.contains_key(code))
}

/// How many looks pass before everything is looked at again, after a look that took so long.
fn looks_to_skip(took: Duration) -> u32 {
    let looks = took.saturating_mul(SHARE_OF_TIME).as_millis() / LOOK_EVERY.as_millis();
    u32::try_from(looks).unwrap_or(u32::MAX).max(LOOKS_PER_LOOK_AT_ALL - 1)
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;
    use crate::policy::model::Suspension;

    #[test]
    fn whatever_is_no_longer_suspended_was_lifted_and_another_reason_lifts_nothing() {
        let of = |reason: &str| Suspension { since: Date::constant(2026, 11, 1), reason: reason.to_owned() };
        let mut before = Suspensions::default();
        before.agencies.insert("H31.07".parse().unwrap(), of("x"));
        let mut after = before.clone();
        after.agencies.insert("H31.07".parse().unwrap(), of("y"));
        after.certificates.insert([7; 32], of("x"));
        after.agreements.insert("TT-1".parse().unwrap(), of("x"));
        after.purposes.insert("tra-cuu".parse().unwrap(), of("x"));
        assert!(!lifts(&before, &after));
        assert!(lifts(&before, &Suspensions::default()));
        for less in [
            Suspensions { certificates: Default::default(), ..after.clone() },
            Suspensions { agreements: Default::default(), ..after.clone() },
            Suspensions { purposes: Default::default(), ..after.clone() },
        ] {
            assert!(lifts(&after, &less), "{less:?}");
        }
    }

    #[test]
    fn a_small_set_is_looked_at_once_a_second_and_a_large_one_takes_a_twentieth_of_a_thread() {
        assert_eq!(looks_to_skip(Duration::from_millis(2)), 4);
        assert_eq!(looks_to_skip(Duration::from_millis(200)), 20);
    }
}
