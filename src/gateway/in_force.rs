//! What is in force: all that an exchange is judged and answered by, as of one reload. It is swapped whole, and an exchange takes it
//! once, so that nobody is judged by halves of two sets and what is under way ends as it began.

use std::sync::Arc;

use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::policy::Policies;
use crate::request::authority::Authorities;
use crate::upstream::Platforms;

use super::body::Rules;

/// One set, built aside and never changed. Clones share their parts: a reload replaces those that changed.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The policies.
    pub policies: Arc<Policies>,
    /// The names under which we are called.
    pub authorities: Arc<Authorities>,
    /// Certificates that were revoked.
    pub revoked: Arc<Revocations>,
    /// The way to the platforms of those policies.
    pub platforms: Arc<Platforms>,
    /// How a request's body is read.
    pub bodies: Rules,
    /// Whom a stranger may ask.
    pub contact: Text,
}
