//! An answer that goes out as it comes. It runs in a task of its own: the answer's head is told once there is something to tell, and what
//! follows outlives the call that asked for it.

use std::sync::Arc;

use http::Response;
use tokio::sync::oneshot;

use crate::audit::commitment::Label;
use crate::audit::flowing::Flowing;
use crate::audit::open::Open;
use crate::disclosure::Broken;
use crate::disclosure::How;
use crate::disclosure::Stream;
use crate::signing;
use crate::signing::Outlet;
use crate::signing::RequestLine;
use crate::signing::Sealed;
use crate::upstream::Flow;

use super::answer::cause;
use super::door::Door;
use super::ending;
use super::ending::Metric;
use super::stop::Stop;

/// Where the answer's head is told.
type Tell = oneshot::Sender<Response<Sealed>>;

/// Begins the answer to an exchange that was opened, and tells its head.
pub async fn answer(door: &Arc<Door>, line: &RequestLine, open: Open, flow: Flow) -> Response<Sealed> {
    let (id, (tell, told)) = (open.id(), oneshot::channel());
    tokio::spawn(pass(Arc::clone(door), line.clone(), open, flow, tell));
    match told.await {
        Ok(response) => response,
        // The task panicked. Its record is written already: dropping an open exchange records it.
        Err(_) => ending::broken(door, line, id),
    }
}

/// Passes on what can be passed on, or refuses it.
async fn pass(door: Arc<Door>, line: RequestLine, open: Open, flow: Flow, tell: Tell) {
    let scope = Arc::clone(flow.grant().scope());
    let begun = match open.committing(Label::Reply) {
        Ok(reply) => {
            let begun = Stream::begin(flow, &scope, reply, door.policy_clock.clone()).await;
            begun.map_err(Stop::from)
        }
        Err(full) => Err(Stop::Unrecorded(full)),
    };
    match begun {
        Ok(stream) => match open.flow() {
            Ok(flowing) => passed_on(&door, &line, flowing, stream, tell).await,
            Err(open) => deliver(tell, ending::broken(&door, &line, open.id())),
        },
        Err(stop) => deliver(tell, ending::stopped(&door, &line, open, stop).await),
    }
}

/// Tells the head, then all the rest; then records how it ended, and ends it.
async fn passed_on(door: &Door, line: &RequestLine, flowing: Flowing, mut stream: Stream<'_>, tell: Tell) {
    let id = flowing.id();
    let mut outlet = match signing::seal_stream(&door.signer, line, &flowing, &stream) {
        Ok((response, outlet)) => {
            deliver(tell, response);
            outlet
        }
        Err(full) => return deliver(tell, ending::unrecorded(door, line, id, &full)),
    };
    let how = all_of_it(&mut stream, &mut outlet).await;
    let handed = outlet.stop();
    let ended = stream.end(how, handed.bytes, handed.digest, handed.answer);
    let metric = Metric::of(&ended);
    match flowing.commit(ended).await {
        Ok(committed) => {
            metric.count(door);
            if let Some(end) = signing::seal_end(&door.signer, line, committed) {
                outlet.end(end).await;
            }
        }
        // Without its record it does not end as a whole answer does.
        Err(fault) => tracing::error!(exchange = %id, %fault, "the end of a streamed answer is not recorded"),
    }
}

/// Hands on piece after piece, and tells how that ended.
async fn all_of_it(stream: &mut Stream<'_>, outlet: &mut Outlet) -> How {
    loop {
        let next = tokio::select! {
            biased;
            () = outlet.left() => return How::Aborted,
            next = stream.next() => next,
        };
        let handed = match next {
            Ok(Some(piece)) => outlet.hand(piece).await,
            Ok(None) => return outlet.drained().await.map_or(How::Aborted, |()| How::Whole),
            Err(why) => return failed(&why),
        };
        if handed.is_err() {
            return How::Aborted;
        }
    }
}

fn failed(why: &Broken) -> How {
    let (hop, reason) = match why {
        Broken::Platform(fault) => ("platform", fault.code()),
        Broken::Withheld(why) => cause(why),
    };
    tracing::warn!(reason, ?why, "a streamed answer was cut short");
    How::Failed { hop, reason }
}

/// Whoever waited for the head may have left.
fn deliver(tell: Tell, response: Response<Sealed>) {
    if let Err(undelivered) = tell.send(response) {
        undelivered.into_body().undelivered();
    }
}
