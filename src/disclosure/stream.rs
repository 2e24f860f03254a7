//! A reply that is not held: each piece of it is cut as it comes, and goes on before the next is asked for. What is found wrong midway
//! ends it for good; what has gone on by then is no JSON, for its end was not told.

use bytes::Bytes;
use http::HeaderMap;
use http::Method;

use crate::audit::Cleared;
use crate::audit::annex::Annex;
use crate::audit::commitment::Committing;
use crate::audit::facts::Facts;
use crate::audit::outcome::Answer;
use crate::audit::outcome::Outcome;
use crate::audit::outcome::Streamed;
use crate::audit::outcome::Verdict;
use crate::clock::Clock;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::limits::in_flight::Slot;
use crate::policy::Grant;
use crate::policy::model::SubjectPlace;
use crate::policy::scope::Scope;
use crate::upstream::Failed;
use crate::upstream::Flow;
use crate::upstream::Timing;
use crate::upstream::refusal::Fault;
use crate::upstream::source::Source;

use super::disclose::Withheld;
use super::disclose::annex_of;
use super::disclose::goes_on;
use super::filter::Filter;
use super::headers;
use super::pointed::Code;
use super::records::Records;
use super::released::Report;

/// A reply of which the first piece may go on; the others are cut as they are asked for. Only [`Stream::begin`] makes one.
///
/// ```
/// fn begins<'a>(stream: &'a phohien::disclosure::Stream<'_>) -> &'a phohien::audit::outcome::Answer { stream.head() }
/// ```
/// ```compile_fail,E0451
/// fn forge<'s>(one: phohien::disclosure::Stream<'s>) -> phohien::disclosure::Stream<'s> {
///     phohien::disclosure::Stream { first: None, ..one }
/// }
/// ```
#[derive(Debug)]
pub struct Stream<'s> {
    cleared: Cleared,
    source: Source,
    cut: Cut<'s>,
    head: Answer,
    first: Option<Bytes>,
}

/// What is cut, and what runs along.
#[derive(Debug)]
struct Cut<'s> {
    /// None once the reply has ended.
    filter: Option<Filter<'s>>,
    report: Report,
    /// Where people are counted whom the reply names: no record goes on before they are.
    records: Option<Records>,
    code: Code,
    reply: Committing,
    clock: Clock,
}

/// Why a reply went no further.
#[derive(Debug)]
pub enum Broken {
    /// The platform.
    Platform(Fault),
    /// Its bytes.
    Withheld(Withheld),
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::Platform(fault)
    }
}

impl From<Withheld> for Broken {
    fn from(why: Withheld) -> Self {
        Self::Withheld(why)
    }
}

/// Why a reply does not begin to flow: nothing of it has gone on.
#[derive(Debug)]
pub enum NotBegun {
    /// The platform.
    Platform(Box<Failed<Fault>>),
    /// Its bytes.
    Withheld(Box<Failed<Withheld>>),
}

impl NotBegun {
    fn new(cleared: Cleared, why: Broken) -> Self {
        match why {
            Broken::Platform(reason) => Self::Platform(Box::new(Failed { cleared, reply: None, reason })),
            Broken::Withheld(reason) => Self::Withheld(Box::new(Failed { cleared, reply: None, reason })),
        }
    }
}

impl<'s> Stream<'s> {
    /// Reads until there is something to go on, so that what is wrong from the start is refused as any other answer. `scope` is the
    /// grant's, `reply` the commitment to the platform's bytes, `clock` the one by whose calendar people are counted.
    ///
    /// # Errors
    /// The platform fails or its reply cannot be cut safely, before anything could go on.
    pub async fn begin(
        flow: Flow,
        scope: &'s Scope,
        reply: Committing,
        clock: Clock,
    ) -> Result<Self, NotBegun> {
        let (mut cleared, mut source) = flow.into_parts();
        let mut cut = Cut::new(cleared.grant(), scope, reply, clock);
        let first = match is_readable(&source) {
            Ok(()) => cut.next(&mut source, &mut cleared).await,
            Err(why) => Err(why.into()),
        };
        match first {
            Ok(first) => Ok(Self { head: head(&cleared, &source), cleared, source, cut, first }),
            Err(why) => Err(NotBegun::new(cleared, why)),
        }
    }

    /// Status and headers; the body is empty.
    #[must_use]
    pub fn head(&self) -> &Answer {
        &self.head
    }

    /// What goes on next; none once the reply has ended as it should and all of it went on.
    ///
    /// # Errors
    /// It goes no further: nothing of what was read last may go on.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.cut.next(&mut self.source, &mut self.cleared).await,
        }
    }

    /// How it ended: `bytes` of the answer had been handed to the connection, whose digest is `digest` and the commitment to which is
    /// `answer`.
    #[must_use]
    pub fn end(self, how: How, bytes: u64, digest: Hash, answer: Hash) -> Ended {
        let Self { cleared, source, cut, head, .. } = self;
        let report = cut.filter.as_ref().map_or(cut.report, Filter::so_far);
        let streamed = Streamed { bytes, digest, answer, reply: cut.reply.finish() };
        Ended { cleared, head, how, streamed, report, code: cut.code.found(), timing: source.timing() }
    }
}

impl<'s> Cut<'s> {
    fn new(grant: &Grant, scope: &'s Scope, reply: Committing, clock: Clock) -> Self {
        let code = Code::at(grant.service().result_code.as_deref());
        let filter = Some(Filter::new(scope));
        Self { filter, report: Report::default(), records: records(grant), code, reply, clock }
    }

    /// The next piece that goes on, whatever has to be read for it.
    async fn next(&mut self, source: &mut Source, cleared: &mut Cleared) -> Result<Option<Bytes>, Broken> {
        let mut out = Vec::new();
        while out.is_empty() && self.filter.is_some() {
            match source.chunk().await? {
                Some(chunk) => self.take(&chunk, cleared, &mut out).await?,
                None => self.finish(cleared, &mut out).await?,
            }
        }
        Ok((!out.is_empty()).then(|| Bytes::from(out)))
    }

    /// Whoever a chunk names is counted before anything of it goes on, and before anything of a record in which somebody is named.
    async fn take(&mut self, chunk: &[u8], cleared: &mut Cleared, out: &mut Vec<u8>) -> Result<(), Withheld> {
        self.reply.take(chunk);
        self.code.feed(chunk);
        let Some(named) = self.records.as_mut().map(|records| records.take(chunk)).transpose()? else {
            return self.cut(chunk, out);
        };
        self.charge(&named, cleared).await?;
        let settled = self.records.as_mut().map(Records::settled).transpose()?.unwrap_or_default();
        self.cut(&settled, out)
    }

    fn cut(&mut self, settled: &[u8], out: &mut Vec<u8>) -> Result<(), Withheld> {
        match &mut self.filter {
            Some(filter) => Ok(filter.feed(settled, out)?),
            None => Ok(()),
        }
    }

    async fn finish(&mut self, cleared: &mut Cleared, out: &mut Vec<u8>) -> Result<(), Withheld> {
        if let Some(records) = self.records.take() {
            let (named, rest) = records.finish()?;
            self.charge(&named, cleared).await?;
            self.cut(&rest, out)?;
        }
        let Some(filter) = self.filter.take() else { return Ok(()) };
        self.report = filter.so_far();
        self.report = filter.finish(out)?;
        Ok(())
    }

    async fn charge(&self, named: &[String], cleared: &mut Cleared) -> Result<(), Withheld> {
        cleared.people(named, self.clock.now()).await.map_err(Withheld::People)
    }
}

/// Where people are counted by what the answer says of them, its records; of each as much is held as of any answer of the operation.
fn records(grant: &Grant) -> Option<Records> {
    let (operation, limits) = (grant.operation(), &grant.agreement().limits);
    match &operation.subject {
        Some(SubjectPlace::Answer(pointer)) if limits.subjects_per_day.is_some() => {
            Records::at(pointer, operation.buffer_limit)
        }
        _ => None,
    }
}

/// Whether the head promises what can be cut at all.
fn is_readable(source: &Source) -> Result<(), Withheld> {
    if !goes_on(source.status) {
        return Err(Withheld::Status(source.status));
    }
    headers::declared_json(&source.headers).map_err(Withheld::NotJson)
}

fn head(cleared: &Cleared, source: &Source) -> Answer {
    let mut headers: HeaderMap = headers::disclosed(&source.headers);
    headers.extend(cleared.admission().told().fields());
    Answer { status: source.status, headers, body: Bytes::new() }
}

/// Whether the answer to a granted request is passed on as it comes. One that has no body by definition is held like any other.
#[must_use]
pub fn is_streamed(grant: &Grant) -> bool {
    grant.operation().stream && grant.request().method() != Method::HEAD
}

/// How a streamed answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Whole.
    Whole,
    /// The caller left, or did not take it.
    Aborted,
    /// It could not go on.
    Failed {
        /// `gateway` or `platform`.
        hop: &'static str,
        /// The reason's code.
        reason: &'static str,
    },
}

/// A streamed answer that has ended. Only [`Stream::end`] makes one.
///
/// ```
/// fn how(ended: &phohien::disclosure::Ended) -> phohien::disclosure::How { ended.how() }
/// ```
/// ```compile_fail,E0451
/// fn forge(one: phohien::disclosure::Ended) -> phohien::disclosure::Ended {
///     phohien::disclosure::Ended { how: phohien::disclosure::How::Whole, ..one }
/// }
/// ```
#[derive(Debug)]
pub struct Ended {
    cleared: Cleared,
    head: Answer,
    how: How,
    streamed: Streamed,
    report: Report,
    code: Option<String>,
    timing: Timing,
}

impl Ended {
    /// How it ended.
    #[must_use]
    pub fn how(&self) -> How {
        self.how
    }

    /// What has gone out was told, however it ended.
    fn keeps_its_charge(&self) -> bool {
        self.streamed.bytes > 0
    }
}

impl Outcome for Ended {
    fn agency(&self) -> Option<&AgencyId> {
        Some(&self.cleared.grant().peer().agency().id)
    }

    /// What keeps its charge says so.
    fn facts(&self) -> Facts {
        let charge = self.cleared.admission().charge();
        let charged = self.keeps_its_charge().then(|| charge.day().to_string());
        Facts { charged, ..Facts::of_grant(self.cleared.grant()) }
    }

    fn annex(&self) -> Annex {
        let annex = annex_of(&self.cleared, self.code.as_ref(), &self.report, &self.timing);
        let people = if self.keeps_its_charge() { annex.people } else { Vec::new() };
        Annex { digest: Some(hex(&self.streamed.digest)), people, ..annex }
    }

    fn verdict(&self) -> Verdict<'_> {
        let scope = self.cleared.grant().scope();
        match self.how {
            How::Whole => Verdict::Released { scope: scope.hash, fields: scope.pointers.as_slice().into() },
            How::Aborted => Verdict::Aborted,
            How::Failed { hop, reason } => Verdict::Failed { hop, reason },
        }
    }

    fn answer(&self) -> &Answer {
        &self.head
    }

    fn streamed(&self) -> Option<&Streamed> {
        Some(&self.streamed)
    }

    fn conclude(self) -> (Answer, Option<Slot>) {
        let keeps = self.keeps_its_charge();
        let (_, slot, charge, _) = self.cleared.into_admission().into_parts();
        if keeps {
            charge.keep();
        }
        (self.head, Some(slot))
    }
}
