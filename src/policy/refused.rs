//! A refusal with what was known when it fell: an outcome like any other, to be committed and answered.

use crate::identity::Peer;
use crate::request::Request;

/// A stage refused. Whoever holds it still holds the peer and the request, as far as they were known.
///
/// Only the stages make one:
/// ```
/// fn reason(refused: phohien::policy::Refused<&'static str>) -> &'static str { refused.reason }
/// ```
/// ```compile_fail,E0451
/// fn forge() -> phohien::policy::Refused<&'static str> {
///     phohien::policy::Refused { peer: None, request: None, reason: "", _made: loop {} }
/// }
/// ```
#[derive(Debug)]
pub struct Refused<R> {
    /// Who asked, if that was known.
    pub peer: Option<Peer>,
    /// What was asked, if that was understood.
    pub request: Option<Request>,
    /// Why it is refused.
    pub reason: R,
    _made: ByAStage,
}

/// Nobody outside has one: that is what keeps a refusal from being forged.
#[derive(Debug)]
struct ByAStage;

impl<R> Refused<R> {
    pub(crate) fn new(peer: Option<Peer>, request: Option<Request>, reason: R) -> Self {
        Self { peer, request, reason, _made: ByAStage }
    }
}
