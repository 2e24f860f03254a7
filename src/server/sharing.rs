//! Limits shared with other gateways: kept in touch with the store, and written down when it is lost and when it is back.

use std::sync::Arc;
use std::time::Duration;

use crate::audit::record::Record;
use crate::gateway::door::Door;
use crate::limits::Key;
use crate::limits::shared::Reach;
use crate::limits::shared::Shared;
use crate::listener::stop::Stop;

/// How often the store is told what changed, and looked for while it is lost.
const EVERY: Duration = Duration::from_secs(1);

/// Tells the limits which accounts there are, and looks for the store once, before anything is admitted.
pub(super) async fn begin(door: &Door) {
    know(door);
    door.limits.keep_in_touch(door.policy_clock.now()).await;
}

/// Tells the limits which accounts there are by the policies in force.
pub(super) fn know(door: &Door) {
    let set = door.in_force();
    for agreement in set.policies.agreements() {
        for agency in &agreement.consumers {
            let (agreement_id, service) = (agreement.id.clone(), agreement.service.clone());
            let key = Key { agreement: agreement_id, agency: agency.clone(), service };
            door.limits.know(&key, &agreement.limits, &agreement.zone);
        }
    }
}

/// Keeps in touch until the gateway stops.
pub(super) async fn keep(door: Arc<Door>, stop: Stop) {
    let Some(shared) = door.limits.shared() else { return };
    let (mut reach, mut told) = (shared.reach(), Reach::Known);
    loop {
        let now = *reach.borrow_and_update();
        door.metrics.limits_shared(now == Reach::Known);
        if now != told {
            told = now;
            write_down(&door, shared, now).await;
        }
        tokio::select! {
            stopped = stop.within(EVERY) => if stopped { return },
            // An exchange found it lost: that is written down first.
            _ = reach.changed() => continue,
        }
        door.limits.keep_in_touch(door.policy_clock.now()).await;
    }
}

/// The entry is not waited for by anybody: what the log does not take now, metrics and health tell all the same.
async fn write_down(door: &Arc<Door>, shared: &Shared, reach: Reach) {
    let store = if reach == Reach::Known { "back" } else { "lost" };
    let (recorder, nodes) = (door.recorder.clone(), shared.nodes().get());
    // It waits for the disk: not on a thread that exchanges share.
    let noting = tokio::task::spawn_blocking(move || recorder.note(&Record::NodeLimits { store, nodes }));
    if !matches!(noting.await, Ok(Ok(_))) {
        tracing::error!(store, "that the shared limits changed could not be written down");
    }
}
