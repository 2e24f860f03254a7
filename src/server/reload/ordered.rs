//! What operators have done at the desk. The desk is part of what is reloaded: it does not keep it alive.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use serde_json::Value;
use serde_json::json;

use crate::audit::forget;
use crate::audit::forget::Approved;
use crate::audit::forget::Done;
use crate::audit::forget::approve::Grounds;
use crate::audit::forget::approve::approve;
use crate::config::settings::Settings;
use crate::console::operate::Operated;
use crate::console::operate::Undone;
use crate::gateway::door::Door;
use crate::listener::stop::Stop;
use crate::server::signers::authorities;

use super::NotTaken;
use super::Reload;
use super::Reloaded;
use super::Shared;
use super::held;

/// The gateway, as operators at the desk have it do things.
#[derive(Debug)]
pub(super) struct AtTheDesk {
    reload: Weak<Shared>,
    drain: Stop,
    /// One month at a time: two that begin at once would each find that the log says nothing of it yet.
    forgetting: Mutex<()>,
}

impl AtTheDesk {
    pub(super) fn new(reload: &Arc<Shared>, drain: &Stop) -> Self {
        Self { reload: Arc::downgrade(reload), drain: drain.clone(), forgetting: Mutex::default() }
    }

    fn reload(&self) -> Result<Reload, Undone> {
        self.reload.upgrade().map(Reload).ok_or_else(|| Undone::Broken("the gateway is stopping".to_owned()))
    }

    fn served(&self) -> Result<(Arc<Door>, Settings), Undone> {
        let reload = self.reload()?;
        let served = held(&reload.0.served);
        Ok((Arc::clone(&served.door), served.settings.clone()))
    }
}

impl Operated for AtTheDesk {
    fn reload(&self) -> Value {
        let Ok(reload) = self.reload() else { return Value::Null };
        let Reloaded { changed, not_taken } = reload.now();
        let told = |fault: &NotTaken| json!({ "part": fault.part.to_string(), "why": fault.why });
        json!({ "changed": changed, "not_taken": not_taken.iter().map(told).collect::<Vec<_>>() })
    }

    fn drain(&self) {
        self.drain.stop();
    }

    /// By the desk's own authority, as its files are now: they are read again, since nothing else keeps them in this form.
    fn approve(&self, order: &[u8], signatures: &[Vec<u8>]) -> Result<Approved, Undone> {
        let (door, settings) = self.served()?;
        let desk = settings.desk.as_ref().ok_or_else(|| Undone::Broken("there is no desk".to_owned()))?;
        let (trust, revoked) = authorities(&desk.anchors, desk.crls.as_deref())
            .map_err(|why| Undone::Broken(why.to_string()))?;
        let in_force = door.in_force();
        let grounds = Grounds {
            trust: &trust,
            registry: in_force.policies.registry(),
            revoked: &revoked,
            suspended: in_force.policies.suspensions(),
            origin: &settings.log.origin,
            now: door.clock.now(),
        };
        Ok(approve(order, signatures, grounds)?)
    }

    fn forget(&self, approved: &Approved) -> Result<Done, Undone> {
        let _turn = self.forgetting.lock().unwrap_or_else(PoisonError::into_inner);
        let (door, settings) = self.served()?;
        // The index first: it is derived, and what it says less it says rightly once the key is gone.
        let forgotten = settings.index.forget(approved.month());
        forgotten.map_err(|why| Undone::Broken(why.to_string()))?;
        Ok(forget::forget(&door.recorder, door.recorder.log().folder(), approved)?)
    }
}
