//! The product's decision beside the reference's, on the same files and requests.

use phohien::clock::Timestamp;
use phohien::diagnostic::fault::Faults;
use phohien::diagnostic::source::Source;
use phohien::policy::document::agency;
use phohien::policy::document::agreement;
use phohien::policy::document::rules;
use phohien::policy::document::service;
use phohien::policy::judge::Facts;
use phohien::policy::judge::judge;
use phohien::policy::load_files;
use phohien::policy::policies::Policies;

use crate::chance;
use crate::chance::Dice;
use crate::reference;
use crate::reference::Answer;
use crate::reference::Request;
use crate::reference::Set;

/// How many requests one set is asked at most.
const REQUESTS: usize = 24;

/// Makes a set and requests of bytes, and has both decide. What was answered; nothing if the set has faults.
///
/// # Panics
/// The two differ, or two agreements answer one request and the set was let load all the same.
pub(crate) fn hold(bytes: &[u8]) -> Option<Vec<Answer>> {
    let mut dice = Dice::new(bytes);
    let files = chance::files(&mut dice);
    let loaded_at = Timestamp::from_millisecond(1_795_401_000_000).unwrap();
    let policies = load_files(files.clone(), loaded_at).ok()?;
    let set = as_written(&files);
    let mut answers = Vec::new();
    while answers.len() < REQUESTS {
        let request = chance::request(&mut dice);
        let (found, expected) = (decided(&request, &policies), reference::decide(&set, &request));
        assert_eq!(found, expected, "{request:?}\n{files:#?}");
        answers.push(found);
        if dice.is_over() {
            break;
        }
    }
    Some(answers)
}

/// The files as documents.
fn as_written(files: &[(String, String)]) -> Set {
    let mut set = Set::default();
    let mut faults = Faults::new();
    for (name, text) in files {
        let source = Source::new(name.as_str(), text.as_str());
        match name.split('/').next() {
            Some("agencies") => set.agencies.extend(agency::read(&source, &mut faults)),
            Some("services") => set.services.extend(service::read(&source, &mut faults)),
            Some("agreements") => set.agreements.extend(agreement::read(&source, &mut faults)),
            Some("suspensions.toml") => set.suspensions = rules::suspensions(&source, &mut faults),
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{faults}");
    set
}

fn decided(request: &Request, policies: &Policies) -> Answer {
    // A text that is no agency's identifier is nobody's: such a caller is never recognized.
    let agency = request.agency.parse().unwrap();
    let facts = Facts {
        agency: &agency,
        certificate: Some(&request.certificate),
        source: Some(request.source),
        method: &request.method.parse().unwrap(),
        service: &request.service,
        segments: &request.segments,
        query: &request.query,
        purpose: request.purpose.as_deref(),
        names_case: request.case,
        names_user: request.user,
        fields: request.fields.as_deref(),
        signed: request.signed,
        content_length: request.length,
    };
    match judge(&facts, policies, request.now) {
        Ok(verdict) => Answer::Granted {
            agreement: verdict.agreement.id.to_string(),
            version: verdict.agreement.version,
            clause: verdict.permit.number,
            purpose: verdict.purpose.to_string(),
            body: verdict.permit.body.clone(),
            fields: verdict.scope.kept().map(|field| field.pointer.clone()).collect(),
            subject: verdict.subject,
        },
        Err(refusal) => Answer::Refused {
            reason: refusal.code(),
            agreement: refusal.agreement().map(|(id, _)| id.to_string()),
        },
    }
}
