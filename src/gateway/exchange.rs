//! The life of one exchange, top to bottom. Every way out of [`answer`] passes the recorder.

use http::Response;

use crate::audit::open::Open;
use crate::disclosure;
use crate::disclosure::Disclosure;
use crate::identity;
use crate::policy;
use crate::request;
use crate::signing::RequestLine;
use crate::signing::Sealed;
use crate::upstream;

use super::door::Arrival;
use super::door::Door;
use super::ending;
use super::stop::Stop;

/// Answers a request: reserve, live, record, seal. There is no other order.
pub async fn answer(door: &Door, arrival: Arrival) -> Response<Sealed> {
    let line = RequestLine::of(&arrival.parts);
    let mut open = match door.recorder.open(arrival.id) {
        Ok(open) => open,
        Err(full) => return ending::unrecorded(door, &line, arrival.id, &full),
    };
    match live(door, &mut open, arrival).await {
        Ok(disclosure) => ending::committed(door, &line, open, disclosure).await,
        Err(stop) => ending::stopped(door, &line, open, stop).await,
    }
}

/// What becomes what. Each stage takes the one before by value: a step left out does not compile.
async fn live(door: &Door, open: &mut Open, arrival: Arrival) -> Result<Disclosure, Stop> {
    let Arrival { id, handshake, parts, body } = arrival;
    let policies = door.policies.load_full();
    let peer = identity::recognize(&handshake, policies.registry(), &door.revoked, door.clock.now())?;
    open.know(&peer, &handshake).await?;
    let request = request::read(id, &handshake, &parts, &door.authorities)
        .map_err(|why| Stop::ambiguous(&peer, why))?;
    let grant = policy::decide(peer, request, &policies, door.policy_clock.now())?;
    let admission = door.limits.admit(grant, door.policy_clock.now())?;
    let (admission, body) = body.read(admission, door.bodies, door.policy_clock.now()).await?;
    open.hear(crate::audit::receipt::request_image(admission.grant().request(), &body));
    let cleared = open.clear(admission).await?;
    let reply = upstream::relay(&door.platforms, cleared, body).await?;
    Ok(disclosure::cut(reply, door.policy_clock.now())?)
}
