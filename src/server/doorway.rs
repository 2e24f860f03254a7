//! The door, from settings and what a start has opened; and what a reload makes of them anew.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::audit::recorder::Recorder;
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::gateway::body::Rules;
use crate::gateway::door::Door;
use crate::gateway::in_force::InForce;
use crate::gateway::nonces::Nonces;
use crate::limits;
use crate::limits::budget::RefusalBudget;
use crate::metrics::Metrics;
use crate::policy::Policies;
use crate::request::authority::Authorities;
use crate::signing::Signer;
use crate::tlog::witness::kept::Kept;
use crate::upstream::Platforms;
use crate::upstream::tls::PlatformTls;

use super::quotas::Quotas;
use super::rotation::past;
use super::run::StartError;
use super::socket;

/// Everything that an exchange needs.
///
/// # Errors
/// The names, the lists or the way to a platform cannot be used.
pub(super) fn door(
    settings: &Settings,
    policies: Policies,
    quotas: &Quotas,
    recorder: Recorder,
    witnessed: Arc<Kept>,
    signer: Signer,
    (clock, policy_clock): (Clock, Clock),
) -> Result<Door, StartError> {
    let socket = &settings.exchange.socket;
    let platforms = Platforms::new(policies.services(), &platform_tls(settings), clock.clone())?;
    let in_force = InForce {
        authorities: Arc::new(Authorities::parse(socket.names.iter().map(String::as_str))?),
        revoked: Arc::new(socket::revoked(socket)?),
        platforms: Arc::new(platforms),
        policies: Arc::new(policies),
        bodies: Rules { within: settings.exchange.body_timeout },
        contact: settings.contact.clone(),
    };
    Ok(Door {
        in_force: ArcSwap::from_pointee(in_force),
        limits: quotas.limits(settings, &clock, &policy_clock),
        budget: RefusalBudget::new(settings.caps.refusals_per_minute),
        nonces: Nonces::default(),
        closed: past::logs(settings, &recorder).into(),
        recorder,
        witnessed,
        signer,
        clock,
        policy_clock,
        metrics: Metrics::new(),
    })
}

/// The rates that no agreement can widen.
pub(super) fn caps(settings: &Settings) -> limits::Caps {
    let caps = settings.caps;
    limits::Caps { gateway: caps.gateway, agency: caps.agency, service: caps.service }
}

/// How platforms are reached by TLS.
pub(super) fn platform_tls(settings: &Settings) -> PlatformTls {
    PlatformTls { certs_dir: settings.certs.clone(), anchors: settings.platform_anchors.clone() }
}
