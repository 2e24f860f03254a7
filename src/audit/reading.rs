//! What is read at the desk: auditors are audited. That entries were read is durable before they are shown, and nothing is shown
//! where the log does not take it.
//!
//! The leaf says who read, by which certificate, what kind of question it was and how many rows came of it; of what it was narrowed down
//! by only the names. A question about a person names that person, so the values stand in the annex, sealed: with the right of the
//! operator an annex can be opened, and who looked for somebody is found as who asked about somebody is.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity::Certificate;
use crate::identity::Visitor;
use crate::listener::Handshaken;
use crate::listener::certification::PathText;

use super::annex::Annex;
use super::facts::CertificateFacts;
use super::record::Draft;
use super::record::Record;
use super::recorder::Recorder;
use super::recorder::Unrecorded;
use super::recorder::unmakeable;

/// One question at the desk.
#[derive(Debug)]
pub struct Reading {
    id: ExchangeId,
    agency: AgencyId,
    certificate: Arc<Certificate>,
    leaf: Vec<u8>,
    path: Option<Arc<PathText>>,
    source: SocketAddr,
    question: Question,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its kind.
    pub kind: &'static str,
    /// Whether everybody's entries are seen, or the reader's own alone.
    pub everything: bool,
    /// By what it is narrowed down.
    pub filters: Vec<(&'static str, String)>,
}

/// What may be shown: its reading is durable. Only [`Recorder::show`] makes one.
///
/// ```
/// fn answer(shown: phohien::audit::reading::Shown<Vec<u8>>) -> Vec<u8> { shown.into_inner() }
/// ```
/// ```compile_fail,E0603
/// fn forge(rows: Vec<u8>) -> phohien::audit::reading::Shown<Vec<u8>> { phohien::audit::reading::Shown(rows) }
/// ```
#[derive(Debug)]
pub struct Shown<T>(T);

impl<T> Shown<T> {
    /// What is shown.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Shown<Option<T>> {
    /// What is shown, if there is anything.
    #[must_use]
    pub fn there(self) -> Option<Shown<T>> {
        self.0.map(Shown)
    }
}

impl Reading {
    /// A question of somebody at the desk, under the id of the request.
    #[must_use]
    pub fn new(id: ExchangeId, visitor: &Visitor, handshake: &Handshaken, question: Question) -> Self {
        Self {
            id,
            agency: visitor.agency().id.clone(),
            certificate: Arc::clone(visitor.certificate()),
            leaf: handshake.chain().first().map(|leaf| leaf.to_vec()).unwrap_or_default(),
            path: visitor.path().cloned(),
            source: visitor.source(),
            question,
        }
    }

    fn annex(&self) -> Annex {
        let mut annex = Annex { source: Some(self.source.ip().to_string()), ..Annex::default() };
        for (name, value) in &self.question.filters {
            match *name {
                "case" => annex.case = Some(value.clone()),
                "user" => annex.user = Some(value.clone()),
                "subject" => annex.subject = Some(value.clone()),
                other => drop(annex.asked.insert(other, value.clone())),
            }
        }
        annex
    }

    fn draft(&self, recorder: &Recorder, rows: u64) -> Result<Draft, Unrecorded> {
        let key = recorder.months().of(self.id).map_err(unmakeable)?;
        let sealed = self.annex().seal(self.id, &key).map_err(unmakeable)?;
        let record = Record::Read {
            certificate: CertificateFacts::of(&self.certificate, self.path.as_ref()),
            question: self.question.kind,
            view: if self.question.everything { "everything" } else { "own" },
            filters: self.question.filters.iter().map(|(name, _)| *name).collect(),
            rows,
            annex: hex(&sha256(&sealed)),
        };
        recorder.draft(Some(&self.agency), Some(self.id), &record, sealed)
    }
}

impl Recorder {
    /// Records that so many rows are shown, in the chain of the agency that reads, and hands them out once that is durable.
    ///
    /// # Errors
    /// The log takes nothing now: nothing may be shown.
    pub async fn show<T>(&self, reading: &Reading, rows: u64, what: T) -> Result<Shown<T>, Unrecorded> {
        self.availability()?;
        self.keep_caller(&reading.leaf, &reading.certificate.fingerprint, reading.path.as_ref()).await?;
        let draft = reading.draft(self, rows)?;
        self.log().reserve()?.append(draft).await?;
        Ok(Shown(what))
    }

    /// Records an order that an operator gives at the desk, in that agency's chain: it may be carried out once that is durable.
    ///
    /// # Errors
    /// The log takes nothing now: it may not be carried out.
    pub async fn ordered(
        &self,
        id: ExchangeId,
        visitor: &Visitor,
        handshake: &Handshaken,
        asked: &'static str,
    ) -> Result<(), Unrecorded> {
        self.availability()?;
        let certificate = visitor.certificate();
        let leaf = handshake.chain().first().map(|leaf| leaf.to_vec()).unwrap_or_default();
        self.keep_caller(&leaf, &certificate.fingerprint, visitor.path()).await?;
        let record =
            Record::Ordered { certificate: CertificateFacts::of(certificate, visitor.path()), asked };
        let draft = self.draft(Some(&visitor.agency().id), Some(id), &record, Vec::new())?;
        self.log().reserve()?.append(draft).await.map(drop)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;
    use crate::audit::open::tests::recorder;
    use crate::identity::certificate;
    use crate::identity::development;
    use crate::identity::development::Plan;

    fn reading(folder: &std::path::Path) -> Reading {
        let certs = folder.join("certs");
        development::make(&certs, &Plan::usual(&["H31.10".parse().unwrap()])).unwrap();
        let leaf = CertificateDer::from_pem_file(certs.join("agencies/H31.10.pem")).unwrap();
        let filters = vec![("subject", "099190000001".to_owned()), ("agency", "H31.05".to_owned())];
        Reading {
            id: ExchangeId::new(1_795_401_000_000, &[1; 10]),
            agency: "H31.10".parse().unwrap(),
            certificate: Arc::new(certificate::read(&leaf).unwrap()),
            leaf: leaf.to_vec(),
            path: None,
            source: "127.0.0.1:9".parse().unwrap(),
            question: Question { kind: "list", everything: true, filters },
        }
    }

    #[tokio::test]
    async fn what_was_looked_for_is_sealed_and_a_person_is_found_as_in_any_annex() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder(folder.path());
        let reading = reading(folder.path());
        assert_eq!(recorder.show(&reading, 3, "rows").await.unwrap().into_inner(), "rows");
        let entry = recorder.log().read(recorder.log().size() - 1).unwrap();
        let leaf = String::from_utf8(entry.leaf).unwrap();
        assert!(leaf.contains(r#""filters":["subject","agency"]"#) && leaf.contains(r#""rows":3"#), "{leaf}");
        assert!(!leaf.contains("099190000001") && !leaf.contains("H31.05"), "{leaf}");
        let key = recorder.months().of(reading.id).unwrap();
        let annex = key.sealing.open(reading.id.as_bytes(), &entry.annex).unwrap();
        let annex: serde_json::Value = serde_json::from_slice(&annex).unwrap();
        assert_eq!(
            (&annex["subject"], &annex["asked"]["agency"]),
            (&"099190000001".into(), &"H31.05".into())
        );
    }

    #[tokio::test]
    async fn where_the_log_takes_no_record_nothing_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder(folder.path());
        recorder.log().close();
        let shown = recorder.show(&reading(folder.path()), 3, "rows").await;
        assert!(matches!(shown, Err(Unrecorded::Log(_))), "{shown:?}");
    }
}
