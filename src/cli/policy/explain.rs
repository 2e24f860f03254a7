//! `policy explain`: would this request be granted, and by which clause; if not, which step refuses it.

use std::path::PathBuf;

use http::Method;
use serde_json::Value;
use serde_json::json;

use super::loaded;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown_lines;
use crate::cli::when;
use crate::cli::when::Edge;
use crate::id::AgencyId;
use crate::language::Language;
use crate::policy::explain::Answer;
use crate::policy::explain::Explanation;
use crate::policy::explain::explain;
use crate::policy::judge::Facts;
use crate::request::target;
use crate::request::target::Target;

/// `policy explain`.
#[derive(Debug, clap::Args)]
pub struct Explain {
    #[arg(value_name = "METHOD")]
    method: Method,
    #[arg(value_name = "URL")]
    url: String,
    #[arg(long, value_name = "ID")]
    agency: AgencyId,
    #[arg(long, value_name = "CODE")]
    purpose: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[arg(long, value_name = "POINTERS", value_delimiter = ',')]
    fields: Vec<String>,
    #[arg(long)]
    signed: bool,
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// Explains.
///
/// # Errors
/// The policies have faults, or the address or time is none.
pub fn run(asked: &Explain, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.clock.now();
    let at = asked.at.as_deref().map(|text| when::parse(text, now, Edge::Start)).transpose()?.unwrap_or(now);
    let target = target_of(&asked.url)?;
    let policies = loaded(session, asked.policies.as_deref(), at)?;
    let segments = target.segments();
    let explanation = explain(
        &Facts {
            agency: &asked.agency,
            certificate: None,
            source: None,
            method: &asked.method,
            service: segments.first().map(String::as_str).unwrap_or_default(),
            segments: segments.get(1..).unwrap_or_default(),
            query: target.query(),
            purpose: asked.purpose.as_deref(),
            names_case: asked.case.is_some(),
            names_user: asked.user.is_some(),
            fields: (!asked.fields.is_empty()).then_some(asked.fields.as_slice()),
            signed: asked.signed,
            content_length: None,
        },
        &policies,
        at,
    );
    let terminal = &mut session.terminal;
    if terminal.json() {
        terminal.object(&object(&explanation, terminal.language()))?;
    } else {
        terminal.line(&shown_lines(&explanation.in_language(terminal.language())))?;
    }
    Ok(if explanation.outcome().is_ok() { Exit::Yes } else { Exit::No })
}

/// Path and query, judged as a gateway judges them.
fn target_of(url: &str) -> Result<Target, Failure> {
    let target = url.strip_prefix("https://").map_or(url, |rest| {
        let at = rest.find('/').unwrap_or(rest.len());
        rest.get(at..).unwrap_or_default()
    });
    target::canonical(target).map_err(|cause| {
        let text = cause.text();
        Failure::usage(text.vi, text.en).because(cause)
    })
}

fn object(explanation: &Explanation, language: Language) -> Value {
    let steps: Vec<Value> = explanation
        .steps()
        .map(|(step, answer)| {
            let answer = match answer {
                Answer::Yes => "yes",
                Answer::No => "no",
                Answer::NotReached => "not-reached",
            };
            json!({ "question": step.question().to(language), "answer": answer })
        })
        .collect();
    match explanation.outcome() {
        Ok(verdict) => json!({
            "granted": true,
            "agreement": verdict.agreement.id,
            "version": verdict.agreement.version,
            "clause": verdict.permit.number,
            "purpose": verdict.purpose,
            "fields": verdict.scope.pointers,
            "steps": steps,
        }),
        Err(refusal) => json!({
            "granted": false,
            "reason": refusal.code(),
            "says": refusal.text().to(language),
            "agreement": refusal.agreement().map(|(id, _)| id),
            "clause": refusal.clause(),
            "contact": refusal.contact(),
            "steps": steps,
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    const ASKED: &str = concat!(
        "phohien --lang en policy explain --policies ",
        env!("CARGO_MANIFEST_DIR"),
        "/policies --at 2026-11-23T09:30:00+07:00 --agency H31.01.01 GET "
    );

    #[test]
    fn a_request_under_an_agreement_is_granted_and_the_clause_is_named() {
        let named = "--purpose giai-quyet-tthc --case H31.01.01-261123-0007 --user can-bo-07";
        let (exit, out, err) = run_line(&format!("{ASKED} /dan-cu/cong-dan/099190000001 {named}"));
        assert_eq!((exit, err.as_str()), (Exit::Yes, ""), "{out}");
        assert!(out.contains("Allowed by agreement TT-2026-001"), "{out}");
    }

    #[test]
    fn a_refusal_is_a_no_that_names_its_reason() {
        let url = "https://gw1.example:8443/dan-cu/cong-dan/099190000001";
        let (exit, out, _) = run_line(&format!("{ASKED} {url} --purpose giai-quyet-tthc --json"));
        let object: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((exit, object["reason"].as_str()), (Exit::No, Some("header-missing")));
    }

    #[test]
    fn an_address_that_a_gateway_would_find_ambiguous_is_refused_here_too() {
        assert_eq!(run_line(&format!("{ASKED} /dan-cu/../ho-tich")).0, Exit::Usage);
    }
}
