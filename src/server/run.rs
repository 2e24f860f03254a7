//! A gateway, from settings to the last drained exchange.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::audit::begin;
use crate::audit::begin::BeginError;
use crate::audit::begin::Beginning;
use crate::audit::begin::Opened;
use crate::audit::bounds;
use crate::audit::bounds::TooLarge;
use crate::audit::recorder::Recorder;
use crate::audit::recorder::Unrecorded;
use crate::clock::Clock;
use crate::clock::rfc3339_millis;
use crate::config::settings::AnchorSettings;
use crate::config::settings::Settings;
use crate::diagnostic::fault::Faults;
use crate::gateway::door::Door;
use crate::gateway::threshold::SharedDoor;
use crate::id::Origin;
use crate::identity::revocation::RevocationError;
use crate::listener::stop::Stop;
use crate::listener::tls::TlsError;
use crate::policy::Policies;
use crate::request::authority::NotAuthorities;
use crate::signing::Signer;
use crate::tlog;
use crate::tlog::Recovered;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::disk::OsDisk;
use crate::tlog::note::VerifierKey;
use crate::tlog::reader::ReadError;
use crate::tlog::witness::kept::Kept;
use crate::upstream::tls::Unusable;

use super::anchors::Anchors;
use super::anchors::AnchorsError;
use super::begun;
use super::desk;
use super::doorway::door;
use super::doorway::platform_tls;
use super::guard;
use super::health;
use super::health::Seen;
use super::indexing;
use super::indexing::Indexing;
use super::keys::Keys;
use super::keys::KeysError;
use super::quotas;
use super::quotas::Quotas;
use super::quotas::QuotasError;
use super::rates;
use super::reload::BeforeLoading;
use super::reload::BeforePolicies;
use super::reload::Reload;
use super::reload::standing::Reloaded;
use super::revoked::SeenError;
use super::rotation;
use super::sharing;
use super::signers;
use super::signers::SignersError;
use super::socket;
use super::socket::Serving;
use super::upkeep;
use super::witnesses::Contradiction;
use super::witnesses::Witnesses;

/// What a start may set apart from its settings.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The clock of agreements and limits: only the demonstration sets one.
    pub policy_clock: Option<Clock>,
    /// Start although no witness answers; the log says so.
    pub unwitnessed: bool,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policies have faults.
    #[error("the policies have faults")]
    Policies(Faults),
    /// A record under the policies would not fit an entry.
    #[error("a record under these policies would not fit the log")]
    TooLarge(#[from] TooLarge),
    /// A key cannot be had.
    #[error("the gateway's keys cannot be had")]
    Keys(#[from] KeysError),
    /// The log cannot begin.
    #[error("the log cannot begin")]
    Log(#[from] BeginError),
    /// The log is another one than the configuration names.
    #[error("the log in the folder is `{found}`, and `origin` says `{origin}`")]
    OtherOrigin {
        /// The log that is there.
        found: Origin,
        /// The configured one.
        origin: Origin,
    },
    /// The log was begun, and nothing of it is there.
    #[error("`{0}` was begun by this gateway, and its folder is empty")]
    Gone(Origin),
    /// The log was being closed for good when that was interrupted.
    #[error("`keys rotate` was begun and not ended")]
    Rotating,
    /// What was counted towards quotas cannot be found out.
    #[error("the quotas cannot go on from where they were")]
    Quotas(#[from] QuotasError),
    /// Which signatures of requests were used lately cannot be found out.
    #[error("the signed requests of the last minutes cannot be read")]
    Signatures(#[from] ReadError),
    /// Anchors cannot be set up.
    #[error("the log's anchors cannot be set up")]
    Anchors(#[from] AnchorsError),
    /// Whom to believe that they sign for agencies cannot be set up.
    #[error("the authorities of those who sign agreements cannot be used")]
    Signers(#[from] SignersError),
    /// TLS cannot be set up.
    #[error("the certificates of a socket cannot be used")]
    Tls(#[from] TlsError),
    /// The desk trusts an authority of the exchange: whoever may ask for data could read the log by the same certificate.
    #[error("[desk] and [exchange] trust the same authority: the desk has one of its own")]
    SharedAuthority,
    /// The revocation lists cannot be used.
    #[error("the revocation lists cannot be used")]
    Revocation(#[from] RevocationError),
    /// A revocation list was put back to an older one, or nobody can say.
    #[error("the revocation lists cannot come into force")]
    Revoked(#[from] SeenError),
    /// The configured names are wrong.
    #[error("the configured names cannot be used")]
    Names(#[from] NotAuthorities),
    /// The way to the platforms cannot be set up.
    #[error("the way to the platforms cannot be set up")]
    Platforms(#[from] Unusable),
    /// A socket cannot be opened.
    #[error("`{address}` cannot be listened on")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A witness has seen another log under this name.
    #[error("this log is not the one that a witness has seen")]
    RolledBack(#[from] Contradiction),
    /// The way to a witness cannot be set up.
    #[error("the way to a witness cannot be set up")]
    Witnesses(#[source] Unusable),
    /// A task of the start ended before its time.
    #[error("the start was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// A gateway that serves.
#[derive(Debug)]
pub struct Gateway {
    exchange: Serving,
    desk: Option<Serving>,
    metrics_address: Option<SocketAddr>,
    recovered: Recovered,
    warnings: Faults,
    door: Arc<Door>,
    reload: Reload,
    drain: Stop,
    stop: Stop,
    helpers: Vec<JoinHandle<()>>,
    witnesses: Arc<Witnesses>,
    given_up: watch::Receiver<Option<Arc<StartError>>>,
}

impl Gateway {
    /// Starts a gateway. When this returns it answers.
    ///
    /// # Errors
    /// See [`StartError`]: nothing is served then.
    pub async fn start(settings: Settings, overrides: Overrides) -> Result<Self, StartError> {
        let clock = Clock::system();
        rotation::refuse_begun(&settings.keys)?;
        let policy_clock = overrides.policy_clock.clone().unwrap_or_else(|| clock.clone());
        let first = BeforePolicies::of(&settings);
        let policies = signers::policies(&settings, policy_clock.now(), clock.now())?;
        if let Some(first) = bounds::too_large(&policies).into_iter().next() {
            return Err(first.into());
        }
        let warnings = policies.warnings().clone();
        let before = BeforeLoading::of(&settings, &policies, first)?;
        let (opened, signer, key) = open_log(&settings, &policies, &overrides, clock.clone()).await?;
        let (recorder, recovered) = (opened.recorder().clone(), opened.recovered().clone());
        let witnesses = witnesses(&settings, &recorder, &key, clock.clone()).await?;
        let waiting = guard::begin(opened, &witnesses, overrides.unwitnessed).await?;
        begun::keep_if(waiting.is_none(), &settings)?;
        let (kept, quotas) = (Arc::clone(witnesses.kept()), Quotas::read_or_make(&settings)?);
        let clocks = (clock, policy_clock);
        let door = door(&settings, policies, &quotas, recorder, kept, signer, clocks)?;
        let door = Arc::new(door);
        let stop = Stop::new();
        let quotas = quotas.begin(&door).await?;
        upkeep::remember_signatures(&door, &settings).await?;
        let tls = socket::tls(&settings.exchange.socket)?;
        let (desk, reloads_desk) = desk::listen(&settings, &tls, (&door, key), &stop).await?.unzip();
        let reload = Reload::new((Arc::clone(&door), tls.clone(), reloads_desk), settings.clone(), before);
        let drain = Stop::new();
        reload.operated_by_the_desk(&drain);
        let at_the_door = SharedDoor(Arc::clone(&door));
        let exchange = socket::serve(&settings.exchange.socket, tls, at_the_door, &door, &stop).await?;
        let (door_seen, reload_seen) = (Arc::clone(&door), reload.clone());
        let seen = Seen { door: door_seen, witnesses: Arc::clone(&witnesses), reload: reload_seen };
        let (metrics_address, mut helpers) = health::listen(settings.metrics, seen, &stop).await?;
        helpers.push(tokio::spawn(rates::keep(settings.keys.clone(), Arc::clone(&door), stop.clone())));
        helpers.push(tokio::spawn(quotas::keep(quotas, Arc::clone(&door), stop.clone())));
        helpers.push(tokio::spawn(reload.clone().watch(stop.clone())));
        helpers.push(tokio::spawn(sharing::keep(Arc::clone(&door), stop.clone())));
        helpers.push(tokio::spawn(upkeep::flush_tallies(door.recorder.clone(), stop.clone())));
        helpers.push(tokio::spawn(indexing::follow(Indexing::of(&settings, &door), stop.clone())));
        if let Some(anchor) = &settings.anchor {
            let anchors = anchors(anchor, &settings, &door)?;
            helpers.push(tokio::spawn(anchors.run(stop.clone())));
        }
        let (feeding, given_up) = guard::watch(waiting, &witnesses, &stop);
        helpers.extend(feeding);
        Ok(Self {
            exchange,
            desk,
            metrics_address,
            recovered,
            warnings,
            door,
            reload,
            drain,
            stop,
            helpers,
            witnesses,
            given_up,
        })
    }

    /// Reloads everything now, as the disk has it.
    pub async fn reload(&self) -> Reloaded {
        let reload = self.reload.clone();
        // It reads files and waits for the disk: not on a thread that exchanges share.
        tokio::task::spawn_blocking(move || reload.now()).await.unwrap_or_default()
    }

    /// Why this gateway must stop by itself, once it must: a witness that did not answer at the start has since said that it knows
    /// another log. Until then, and otherwise for ever, this waits.
    pub async fn given_up(&self) -> Arc<StartError> {
        let mut given_up = self.given_up.clone();
        match given_up.wait_for(Option::is_some).await.map(|found| found.clone()) {
            Ok(Some(why)) => why,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Returns once an operator has said at the desk that this gateway is to end; otherwise never.
    pub async fn told_to_drain(&self) {
        self.drain.stopped().await;
    }

    /// Where agencies reach it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.exchange.address
    }

    /// Where the log is read, if anywhere.
    #[must_use]
    pub fn desk_address(&self) -> Option<SocketAddr> {
        self.desk.as_ref().map(|desk| desk.address)
    }

    /// Where metrics and health are told, if anywhere.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// What recovery found.
    #[must_use]
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Whether it waits for a witness, and takes nothing until one has answered.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.door.recorder.availability(), Err(Unrecorded::Unwitnessed))
    }

    /// The witnesses that were never told of this log.
    #[must_use]
    pub fn strangers(&self) -> Vec<String> {
        self.witnesses.strangers()
    }

    /// What will soon lapse, and other warnings of the policies.
    #[must_use]
    pub fn warnings(&self) -> &Faults {
        &self.warnings
    }

    /// Stops taking connections, lets exchanges under way end, writes the last entries and closes the log.
    pub async fn stop(self) {
        let held = self.is_held();
        self.stop.stop();
        self.exchange.ended().await;
        if let Some(desk) = self.desk {
            desk.ended().await;
        }
        for helper in self.helpers {
            let _ = helper.await;
        }
        let recorder = self.door.recorder.clone();
        let closed = tokio::task::spawn_blocking(move || close(&recorder)).await;
        if !held {
            self.witnesses.feed_last().await;
        }
        if closed.is_err() {
            tracing::error!("the log did not close in order; the next start will recover it");
        }
    }
}

fn close(recorder: &Recorder) {
    if let Err(fault) = recorder.close() {
        tracing::error!(%fault, "the log took no last entry");
    }
}

pub(super) async fn open_log(
    settings: &Settings,
    policies: &Policies,
    overrides: &Overrides,
    clock: Clock,
) -> Result<(Opened, Signer, VerifierKey), StartError> {
    let (folder, origin) = (&settings.log.folder, &settings.log.origin);
    let keys = Keys::read_or_make(&settings.keys, settings.answers.algorithm)?;
    if let Some(found) = keys.signed_origin(folder).filter(|found| found != origin) {
        return Err(StartError::OtherOrigin { found, origin: origin.clone() });
    }
    begun::refuse_anew(&settings.keys, &settings.log)?;
    let answer_keys = vec![keys.answer_spki()];
    let log = tlog::Settings {
        folder: settings.log.folder.clone(),
        origin: settings.log.origin.clone(),
        segment_bytes: settings.log.segment,
        queue: settings.log.queue,
    };
    std::fs::create_dir_all(&log.folder)
        .map_err(|source| KeysError::File { path: log.folder.clone(), source })?;
    let papers = keys.papers(origin);
    let public = VerifierKey::new(&log.origin, keys.log.public_raw());
    let signer = Signer::new(Arc::new(keys.answer), settings.answers.when, clock.clone());
    let beginning = Beginning {
        log,
        key: keys.log,
        months: keys.months,
        operator: settings.operator.clone(),
        clock,
        answer_keys,
        signing: policies.signing().cloned(),
        policy: *policies.hash(),
        policy_files: policies.files().to_vec(),
        policy_clock: overrides.policy_clock.as_ref().map(|clock| rfc3339_millis(clock.now())),
        index: Some(settings.index.clone()),
    };
    // The log waits for the disk: not on a thread that others' exchanges share.
    let opened = tokio::task::spawn_blocking(move || begin::open(beginning, Arc::new(OsDisk))).await?;
    let opened = opened.map_err(|why| rotation::explained(why, folder))?;
    // Only once it is known that the log is this key's: what stands beside another must not be replaced.
    papers.publish(folder)?;
    Ok((opened, signer, public))
}

pub(super) async fn witnesses(
    settings: &Settings,
    recorder: &Recorder,
    key: &VerifierKey,
    clock: Clock,
) -> Result<Arc<Witnesses>, StartError> {
    let (folder, key) = (settings.log.folder.clone(), key.clone());
    let cosigners: Vec<CosignerKey> = settings.witnesses.iter().map(|witness| witness.key.clone()).collect();
    let kept = tokio::task::spawn_blocking(move || {
        Kept::open(Arc::new(OsDisk), &folder, &key, &cosigners.iter().collect::<Vec<_>>())
    });
    let (kept, tls) = (Arc::new(kept.await?), platform_tls(settings));
    let witnesses = Witnesses::new(&settings.witnesses, &tls, recorder.clone(), kept, clock);
    Ok(Arc::new(witnesses.map_err(StartError::Witnesses)?))
}

fn anchors(anchor: &AnchorSettings, settings: &Settings, door: &Door) -> Result<Anchors, AnchorsError> {
    let (recorder, clock) = (door.recorder.clone(), door.clock.clone());
    Anchors::new(anchor, &platform_tls(settings), recorder, clock, door.metrics.clone())
}
