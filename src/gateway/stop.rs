//! Why an exchange went no further: every stage's refusal, with what was known by then.

use crate::audit::facts::Facts;
use crate::audit::recorder::Unrecorded;
use crate::disclosure::NotBegun;
use crate::disclosure::Withheld;
use crate::id::AgencyId;
use crate::identity::Peer;
use crate::identity::Unrecognized;
use crate::limits::Admission;
use crate::limits::Declined;
use crate::limits::refusal::Refusal;
use crate::message::unsigned::Unsigned;
use crate::policy;
use crate::policy::Refused;
use crate::request::refused::Ambiguous;
use crate::upstream::Failed;
use crate::upstream::refusal::Fault;

use super::body::Unread;

/// A stage's refusal.
#[derive(Debug)]
pub enum Stop {
    /// The certificate speaks for no agency of ours.
    Unrecognized(Unrecognized),
    /// The head has no single meaning.
    Ambiguous {
        /// Who sent it.
        agency: AgencyId,
        /// What its certificate tells.
        facts: Box<Facts>,
        /// What was ambiguous.
        why: Ambiguous,
    },
    /// No agreement answers for it.
    Refused(Box<Refused<policy::Refusal>>),
    /// A limit.
    Declined(Box<Declined<Refusal>>),
    /// The signature came before.
    Used {
        /// Who was admitted.
        admission: Box<Admission>,
        /// What is wrong with the signature.
        why: Unsigned,
    },
    /// The body.
    Unread {
        /// Who was admitted.
        admission: Box<Admission>,
        /// What is wrong with the body.
        why: Unread,
    },
    /// The log takes nothing.
    Unrecorded(Unrecorded),
    /// The platform.
    Platform(Box<Failed<Fault>>),
    /// The platform's answer.
    Withheld(Box<Failed<Withheld>>),
}

impl Stop {
    /// A head that could not be read, of a caller we know.
    #[must_use]
    pub fn ambiguous(peer: &Peer, why: Ambiguous) -> Self {
        Self::Ambiguous { agency: peer.agency().id.clone(), facts: Box::new(Facts::of_peer(peer)), why }
    }
}

impl Stop {
    /// Whether it is recorded by itself, however many refusals the agency has had: a platform was asked, or a person was named
    /// whom there was no more room for.
    #[must_use]
    pub fn is_never_tallied(&self) -> bool {
        match self {
            Self::Platform(_) | Self::Withheld(_) => true,
            Self::Unread { why, .. } => matches!(why, Unread::People(_)),
            Self::Unrecognized(_)
            | Self::Ambiguous { .. }
            | Self::Refused(_)
            | Self::Declined(_)
            | Self::Used { .. }
            | Self::Unrecorded(_) => false,
        }
    }
}

impl From<Unrecognized> for Stop {
    fn from(why: Unrecognized) -> Self {
        Self::Unrecognized(why)
    }
}

impl From<Refused<policy::Refusal>> for Stop {
    fn from(refused: Refused<policy::Refusal>) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<Box<Declined<Refusal>>> for Stop {
    fn from(declined: Box<Declined<Refusal>>) -> Self {
        Self::Declined(declined)
    }
}

impl From<Unrecorded> for Stop {
    fn from(why: Unrecorded) -> Self {
        Self::Unrecorded(why)
    }
}

impl From<Box<Failed<Fault>>> for Stop {
    fn from(failed: Box<Failed<Fault>>) -> Self {
        Self::Platform(failed)
    }
}

impl From<Box<Failed<Withheld>>> for Stop {
    fn from(failed: Box<Failed<Withheld>>) -> Self {
        Self::Withheld(failed)
    }
}

impl From<NotBegun> for Stop {
    fn from(why: NotBegun) -> Self {
        match why {
            NotBegun::Platform(failed) => Self::Platform(failed),
            NotBegun::Withheld(failed) => Self::Withheld(failed),
        }
    }
}
