//! `policy access`: who can reach what, by which agreement and clause.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::loaded;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::table::Table;
use crate::cli::terminal::Terminal;
use crate::id::AgencyId;
use crate::id::ServiceId;
use crate::policy::Policies;
use crate::policy::calendar::shown as day;
use crate::policy::calendar::today;
use crate::policy::model::Agreement;
use crate::policy::model::Permit;
use crate::policy::model::Status;

/// `policy access`.
#[derive(Debug, clap::Args)]
pub struct Access {
    #[arg(long, value_name = "ID")]
    agency: Option<AgencyId>,
    #[arg(long, value_name = "ID")]
    service: Option<ServiceId>,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// One line of the answer: a consumer, and an operation it may ask for.
struct Reach<'a> {
    consumer: &'a AgencyId,
    agreement: &'a Arc<Agreement>,
    permit: &'a Arc<Permit>,
    operation: &'a str,
}

/// Lists them.
///
/// # Errors
/// The policies have faults.
pub fn run(access: &Access, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.clock.now();
    let policies = loaded(session, access.policies.as_deref(), now)?;
    let found: Vec<Reach<'_>> = reaches(&policies).filter(|reach| wanted(access, reach)).collect();
    let terminal = &mut session.terminal;
    if terminal.json() {
        for reach in &found {
            let standing = standing(reach.agreement, now).0;
            terminal.object(&json!({
                "agency": reach.consumer,
                "service": reach.agreement.service,
                "operation": reach.operation,
                "agreement": reach.agreement.id,
                "clause": reach.permit.number,
                "purposes": reach.agreement.purposes,
                "fields": reach.permit.scope.pointers,
                "from": reach.agreement.from.to_string(),
                "until": reach.agreement.until.to_string(),
                "standing": standing,
            }))?;
        }
        return Ok(Exit::Yes);
    }
    for line in table(&found, now, terminal).lines() {
        terminal.line(&line)?;
    }
    Ok(Exit::Yes)
}

fn reaches(policies: &Policies) -> impl Iterator<Item = Reach<'_>> {
    policies.agreements().iter().flat_map(|agreement| {
        agreement.consumers.iter().flat_map(move |consumer| {
            agreement.permits.iter().flat_map(move |permit| {
                permit.operations.iter().map(move |operation| Reach {
                    consumer,
                    agreement,
                    permit,
                    operation,
                })
            })
        })
    })
}

fn wanted(access: &Access, reach: &Reach<'_>) -> bool {
    access.agency.as_ref().is_none_or(|agency| agency == reach.consumer)
        && access.service.as_ref().is_none_or(|service| *service == reach.agreement.service)
}

fn table(found: &[Reach<'_>], now: crate::clock::Timestamp, terminal: &Terminal) -> Table {
    let heading = terminal.pick(
        "cơ quan|dịch vụ|thao tác|thỏa thuận|khoản|số trường|đến hết|tình trạng",
        "agency|service|operation|agreement|clause|fields|until|standing",
    );
    let mut table = Table::new(&heading.split('|').collect::<Vec<_>>());
    for reach in found {
        let (en, vi) = standing(reach.agreement, now);
        table.row([
            reach.consumer.as_str(),
            reach.agreement.service.as_str(),
            reach.operation,
            reach.agreement.id.as_str(),
            &reach.permit.number.to_string(),
            &reach.permit.scope.pointers.len().to_string(),
            &day(reach.agreement.until),
            terminal.pick(vi, en),
        ]);
    }
    table
}

/// How an agreement stands today, in English and Vietnamese.
fn standing(agreement: &Agreement, now: crate::clock::Timestamp) -> (&'static str, &'static str) {
    let today = today(&agreement.zone, now);
    match agreement.status {
        Status::Suspended { .. } => ("suspended", "tạm dừng"),
        Status::Ended { .. } => ("ended", "đã kết thúc"),
        Status::Active if today < agreement.from => ("not yet", "chưa đến hạn"),
        Status::Active if today > agreement.until => ("over", "hết hạn"),
        Status::Active => ("in force", "hiệu lực"),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    const ASKED: &str =
        concat!("phohien --lang en policy access --policies ", env!("CARGO_MANIFEST_DIR"), "/policies ");

    #[test]
    fn who_can_reach_what_is_told_by_agency_and_by_service() {
        let (exit, out, err) = run_line(&format!("{ASKED} --agency H31.99.01"));
        assert_eq!((exit, err.as_str()), (Exit::Yes, ""));
        assert!(out.contains("TT-2026-003") && !out.contains("TT-2026-001"), "{out}");
        let (_, out, _) = run_line(&format!("{ASKED} --service an-sinh --json"));
        for line in out.lines() {
            assert_eq!(serde_json::from_str::<serde_json::Value>(line).unwrap()["service"], "an-sinh");
        }
        assert!(out.lines().count() >= 2, "{out}");
    }
}
