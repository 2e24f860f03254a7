//! Anchors: an outside authority stamps a head of this log with its time (RFC 3161), so that an operator who holds every key cannot
//! say later that the log was another one then.
//!
//! Stamped is the SHA-256 of the head's signed text: the three lines of origin, size and root with their line feeds, without the
//! signatures below them. Nothing here speaks to a network: whoever does hands bytes in and out, and a failure costs an anchor, nothing else.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::crypto::CryptoError;
use crate::crypto::digest::hex;
use crate::crypto::random;
use crate::crypto::tsp::Request;
use crate::crypto::tsp::TspError;
use crate::tlog::checkpoint::SignedHead;

use super::record::Record;
use super::recorder::Recorder;
use super::recorder::Unrecorded;

/// How far an authority's time may lie from ours: more, and one of the clocks is wrong and somebody must look.
const APART_MAX: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Why a head is not anchored.
#[derive(Debug, thiserror::Error)]
pub enum NotAnchored {
    /// No randomness for the nonce.
    #[error("the request cannot be made")]
    Random(#[from] CryptoError),
    /// The answer is refused.
    #[error("the time-stamp is refused")]
    Stamp(#[from] TspError),
    /// The clocks disagree.
    #[error("the authority says {theirs}, and it is {ours} here: one of the clocks is wrong")]
    Clocks {
        /// The authority's time.
        theirs: Timestamp,
        /// Ours.
        ours: Timestamp,
    },
    /// The log takes no record.
    #[error("the log takes no record of it")]
    Record(#[from] Unrecorded),
}

/// A head that is being anchored.
#[derive(Debug)]
pub struct Anchoring {
    head: Arc<SignedHead>,
    request: Request,
}

/// A head that was anchored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    /// How many entries it has.
    pub size: u64,
    /// The authority's time.
    pub time: Timestamp,
    /// How many entries the log has with the record of it.
    pub recorded: u64,
}

impl Anchoring {
    /// Takes the newest signed head.
    ///
    /// # Errors
    /// No randomness.
    pub fn of(recorder: &Recorder) -> Result<Self, NotAnchored> {
        let head = recorder.log().head();
        let text = head.checkpoint().to_string();
        Ok(Self { request: Request::over(text.as_bytes(), random::bytes()?), head })
    }

    /// What to ask the authority (`application/timestamp-query`).
    ///
    /// # Errors
    /// The request cannot be written.
    pub fn query(&self) -> Result<Vec<u8>, NotAnchored> {
        Ok(self.request.der()?)
    }

    /// Takes the authority's answer (`application/timestamp-reply`): the token is verified, kept among the objects, and recorded.
    /// `authorities` are the certificates (DER) of those that are trusted. Waits for the disk.
    ///
    /// # Errors
    /// See [`NotAnchored`]; nothing is recorded then.
    pub fn answered(
        self,
        recorder: &Recorder,
        answer: &[u8],
        authorities: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Anchored, NotAnchored> {
        let (token, stamp) = self.request.answered(answer)?;
        stamp.demand_authority(authorities)?;
        if now.duration_since(stamp.time).abs() > APART_MAX {
            return Err(NotAnchored::Clocks { theirs: stamp.time, ours: now });
        }
        let SignedHead { size, root, .. } = &*self.head;
        let placed = recorder.note(&Record::TimeAnchored {
            size: *size,
            root: STANDARD.encode(root),
            token: hex(&recorder.keep(&token)?),
            time: rfc3339_millis(stamp.time),
        })?;
        Ok(Anchored { size: *size, time: stamp.time, recorded: placed.index + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::evidence::archive::pack;
    use crate::audit::evidence::gather::Source;
    use crate::audit::evidence::gather::Wish;
    use crate::audit::evidence::gather::gather;
    use crate::audit::evidence::report::Verdict;
    use crate::audit::evidence::verify::Believed;
    use crate::audit::evidence::verify::verify;
    use crate::audit::small::SmallLog;
    use crate::crypto::tsp::tests::Authority;
    use crate::tlog::trust::TrustPolicy;

    /// As `date` says: openssl stamps with the machine's time.
    fn machine() -> SmallLog {
        SmallLog::new(&crate::clock::Clock::system().now().to_string())
    }

    #[test]
    fn an_anchored_head_proves_by_openssl_and_by_a_case_that_an_entry_was_there_before() {
        let (log, authority) = (machine(), Authority::new("sha256", "ext"));
        let recorder = log.open();
        let id = log.exchange(&recorder, 1, "{}");
        let anchoring = Anchoring::of(&recorder).unwrap();
        let answer = authority.answer(&anchoring.query().unwrap());
        let trusted = [authority.read("ca.der")];
        let anchored = anchoring.answered(&recorder, &answer, &trusted, log.clock.now()).unwrap();
        assert_eq!(recorder.log().size(), anchored.recorded);
        log.exchange(&recorder, 2, "{}");
        recorder.close().unwrap();
        let (folder, key) = (log.log(), log.vkey());
        let wish = Wish { exchanges: [id].into(), ..Wish::default() };
        let source = Source { log: &folder, index: None, key: &key, months: None };
        let files = gather(source, &wish).unwrap().files;
        authority.write("text", &files["anchor/checkpoint.txt"]);
        authority.write("token", &files["anchor/token.der"]);
        assert!(authority.tried("ts -verify -token_in -in token -data text -CAfile ca.pem"));
        let trust = TrustPolicy::of_logs(vec![log.vkey()]);
        let bytes = pack(&files).unwrap();
        let of = |authorities: &[Vec<u8>], code: &str| {
            let report = verify(&bytes, Believed { stamps: authorities, ..Believed::of(&trust) });
            assert_eq!(report.stamped, Some(anchored.time));
            report.steps.iter().find(|step| step.code == code).unwrap().verdict
        };
        assert_eq!((of(&[], "anchor"), of(&[], "authority")), (Verdict::Holds, Verdict::NotChecked));
        assert_eq!(of(&trusted, "authority"), Verdict::Holds);
        let other = Authority::new("sha256", "ext");
        assert_eq!(of(&[other.read("ca.der")], "authority"), Verdict::Fails);
    }

    #[test]
    fn what_an_untrusted_or_wrongly_set_authority_says_is_not_recorded() {
        let (log, authority) = (machine(), Authority::new("sha256", "ext"));
        let recorder = log.open();
        let size = recorder.log().size();
        let tried = |trusted: &[Vec<u8>], now: Timestamp| {
            let anchoring = Anchoring::of(&recorder).unwrap();
            let answer = authority.answer(&anchoring.query().unwrap());
            anchoring.answered(&recorder, &answer, trusted, now).unwrap_err()
        };
        let (ours, hour) = (log.clock.now(), jiff::SignedDuration::from_hours(1));
        let other = Authority::new("sha256", "ext");
        assert!(matches!(tried(&[other.read("ca.der")], ours), NotAnchored::Stamp(TspError::Chain(_))));
        for wrong in [ours.saturating_add(hour).unwrap(), ours.saturating_sub(hour).unwrap()] {
            assert!(matches!(tried(&[authority.read("ca.der")], wrong), NotAnchored::Clocks { .. }));
        }
        let anchoring = Anchoring::of(&recorder).unwrap();
        assert!(anchoring.answered(&recorder, b"", &[], ours).is_err());
        assert_eq!(recorder.log().size(), size);
    }
}
