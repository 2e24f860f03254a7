//! The life of one exchange, top to bottom. Every way out of [`answer`] passes the recorder.

use std::sync::Arc;

use http::Response;

use crate::audit::open::Open;
use crate::disclosure;
use crate::disclosure::Disclosure;
use crate::identity;
use crate::identity::signed;
use crate::policy;
use crate::request;
use crate::signing::Sealed;
use crate::upstream;
use crate::upstream::Flow;

use super::door::Arrival;
use super::door::Door;
use super::ending;
use super::flow;
use super::in_force::InForce;
use super::stop::Stop;

/// What a platform's answer becomes.
enum Told {
    /// It was held and cut: it is recorded, then told.
    Whole(Box<Disclosure>),
    /// It is cut and told as it comes: it was recorded that it begins.
    Flows(Box<Flow>),
}

/// Answers a request: reserve, live, record, seal. There is no other order.
pub async fn answer(door: &Arc<Door>, arrival: Arrival) -> Response<Sealed> {
    let line = Arc::clone(&arrival.line);
    let set = door.in_force();
    let mut open = match door.recorder.open(arrival.id, set.policies.hash()) {
        Ok(open) => open,
        Err(full) => return ending::unrecorded(door, &line, arrival.id, &full),
    };
    match live(door, &set, &mut open, arrival).await {
        Ok(Told::Whole(disclosure)) => ending::committed(door, &line, open, *disclosure).await,
        Ok(Told::Flows(flow)) => flow::answer(door, &line, open, *flow).await,
        Err(stop) => ending::stopped(door, &line, open, stop).await,
    }
}

/// What becomes what. Each stage takes the one before by value: a step left out does not compile.
async fn live(door: &Door, set: &InForce, open: &mut Open, arrival: Arrival) -> Result<Told, Stop> {
    let Arrival { id, handshake, parts, line: _, body } = arrival;
    let peer = identity::recognize(&handshake, set.policies.registry(), &set.revoked, door.clock.now())?;
    open.know(&peer, &handshake).await?;
    let request =
        request::read(id, &handshake, &parts, &set.authorities).map_err(|why| Stop::ambiguous(&peer, why))?;
    let signature = signed::attest(peer.agency(), &parts, request.has_body(), door.clock.now());
    let request = request.with_signature(signature);
    let grant = policy::decide(peer, request, &set.policies, door.policy_clock.now())?;
    let admission = door.limits.admit(grant, door.policy_clock.now()).await?;
    let admission = door.nonces.admit(admission, door.clock.now(), door.limits.shared()).await?;
    let (admission, body) = body.read(admission, set.bodies, door.policy_clock.now()).await?;
    open.hear(crate::audit::receipt::request_image(admission.grant().request(), &body));
    let cleared = open.clear(admission).await?;
    let reply = if disclosure::is_streamed(cleared.grant()) {
        match upstream::flow(&set.platforms, cleared, body, door.signer.stamp()).await?.bodiless() {
            Ok(reply) => reply,
            Err(flow) => return Ok(Told::Flows(flow)),
        }
    } else {
        upstream::relay(&set.platforms, cleared, body, door.signer.stamp()).await?
    };
    Ok(Told::Whole(Box::new(disclosure::cut(reply, door.policy_clock.now()).await?)))
}
