//! `policy`: questions about the sharing policies, answered by the code that decides requests.

pub mod access;
pub mod diff;
pub mod explain;
pub mod schema;
pub mod past;
pub mod replay;
pub mod sign;
pub mod signed;
pub mod then;
pub mod unused;
pub mod suspend;
mod suspensions;
pub mod verify;

use std::path::Path;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;
use super::place;
use super::place::Folder;
use super::place::folder;
use crate::clock::Timestamp;
use crate::config::read::read;
use crate::policy::Policies;
use crate::policy::load::load;

/// `policy …`.
#[derive(Debug, clap::Subcommand)]
pub enum Policy {
    /// Would a request be granted?
    Explain(Box<explain::Explain>),
    /// Who can reach what?
    Access(access::Access),
    /// What may a policy file hold?
    Schema(schema::Schema),
    /// What does a change give and take?
    Diff(diff::Diff),
    /// Which past exchanges would have ended otherwise?
    Replay(Box<replay::Replay>),
    /// What does nobody need?
    Unused(Box<unused::Unused>),
    /// Stops an agency, a certificate, an agreement or a purpose.
    Suspend(suspend::Suspend),
    /// Takes that back.
    Resume(suspend::Suspend),
    /// Sign an agreement.
    Sign(sign::Sign),
    /// Who signed an agreement?
    Verify(verify::Verify),
}

/// Answers one of them.
///
/// # Errors
/// The policies have faults, or the question cannot be understood.
pub fn run(policy: &Policy, session: &mut Session) -> Result<Exit, Failure> {
    match policy {
        Policy::Explain(explain) => explain::run(explain, session),
        Policy::Access(access) => access::run(access, session),
        Policy::Schema(schema) => schema::run(schema, session),
        Policy::Diff(diff) => diff::run(diff, session),
        Policy::Replay(replay) => replay::run(replay, session),
        Policy::Unused(unused) => unused::run(unused, session),
        Policy::Suspend(asked) => suspend::suspend(asked, session),
        Policy::Resume(asked) => suspend::resume(asked, session),
        Policy::Sign(sign) => sign::run(sign, session),
        Policy::Verify(verify) => verify::run(verify, session),
    }
}

/// The policies of the folder that was named, or of the configuration: then with the signatures that it requires.
fn loaded(session: &Session, given: Option<&Path>, now: Timestamp) -> Result<Policies, Failure> {
    let policies = load(&folder(session, given, Folder::Policies)?, now).map_err(Failure::faulty)?;
    let configured = given.map_or_else(|| place::configuration(session), |_| None);
    // A fault elsewhere in the configuration keeps nobody from asking: `check` tells of it.
    let settings = configured.and_then(|file| read(&file).ok());
    match settings.as_ref().filter(|settings| settings.require_signed_agreements) {
        // Whatever time is asked about: who signed is asked as of today.
        Some(settings) => signed::required(policies, settings, session.clock.now()),
        None => Ok(policies),
    }
}

#[cfg(test)]
mod tests;
