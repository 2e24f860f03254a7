//! `policy access`: who can reach what, by which agreement and clause; or agencies by services.

mod matrix;

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::loaded;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::table::Table;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::shown;
use crate::clock::Timestamp;
use crate::diagnostic::nearest::nearest;
use crate::id::AgencyId;
use crate::id::ServiceId;
use crate::policy::Policies;
use crate::policy::access::Reach;
use crate::policy::access::reaches;
use crate::policy::calendar::shown as day;
use crate::policy::scope::Field;
use crate::policy::scope::Node;

/// `policy access`.
#[derive(Debug, clap::Args)]
pub struct Access {
    #[arg(long, value_name = "ID")]
    agency: Option<AgencyId>,
    #[arg(long, value_name = "ID")]
    service: Option<ServiceId>,
    #[arg(long, value_name = "SERVICE:POINTER", value_parser = place, conflicts_with = "service")]
    field: Option<Place>,
    #[arg(long, conflicts_with_all = ["agency", "service", "field"])]
    matrix: bool,
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table", requires = "matrix")]
    format: matrix::Format,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// A field of a service, as it was asked for.
#[derive(Debug, Clone)]
struct Place {
    service: ServiceId,
    pointer: String,
}

fn place(text: &str) -> Result<Place, String> {
    let wrong = || "a field of a service is written like `dan-cu:/CongDan/TonGiao`".to_owned();
    let (service, pointer) = text.split_once(':').ok_or_else(wrong)?;
    let service = service.parse().map_err(|_| wrong())?;
    Ok(Place { service, pointer: pointer.to_owned() })
}

/// Lists them.
///
/// # Errors
/// The policies have faults, or there is no such field.
pub fn run(access: &Access, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.clock.now();
    let policies = loaded(session, access.policies.as_deref(), now)?;
    if access.matrix {
        return matrix::tell(&policies, now, access.format, session);
    }
    access.is_about_somebody(&policies)?;
    if let Some(place) = &access.field {
        is_catalogued(place, &policies)?;
    }
    let found: Vec<Reach<'_>> = reaches(&policies).filter(|reach| access.wants(reach)).collect();
    let asked = Asked { policies: &policies, now, field: access.field.as_ref() };
    let terminal = &mut session.terminal;
    if terminal.json() {
        found.iter().try_for_each(|reach| terminal.object(&asked.object(reach)))?;
        return Ok(Exit::Yes);
    }
    if found.is_empty() {
        terminal.note("Không có cơ quan, đơn vị nào.", "Nobody.");
        return Ok(Exit::Yes);
    }
    for line in asked.table(&found, terminal).lines() {
        terminal.line(&line)?;
    }
    Ok(Exit::Yes)
}

impl Access {
    /// Of an agency or a service that nobody has heard of, "nobody" would be a false comfort.
    fn is_about_somebody(&self, policies: &Policies) -> Result<(), Failure> {
        if let Some(agency) = self.agency.as_ref().filter(|id| policies.agency(id).is_none()) {
            let known = policies.agencies().map(|known| known.id.as_str());
            let (vi, en) = ("Không có cơ quan, đơn vị", "There is no agency");
            return Err(not_found(vi, en, agency.as_str(), nearest(agency.as_str(), known)));
        }
        if let Some(service) = self.service.as_ref().filter(|id| policies.service(id.as_str()).is_none()) {
            let known = policies.services().map(|known| known.id.as_str());
            let (vi, en) = ("Không có dịch vụ", "There is no service");
            return Err(not_found(vi, en, service.as_str(), nearest(service.as_str(), known)));
        }
        Ok(())
    }

    fn wants(&self, reach: &Reach<'_>) -> bool {
        let touches = |place: &Place| {
            place.service == reach.agreement.service && !reach.touching(&place.pointer).is_empty()
        };
        self.agency.as_ref().is_none_or(|agency| agency == reach.consumer)
            && self.service.as_ref().is_none_or(|service| *service == reach.agreement.service)
            && self.field.as_ref().is_none_or(touches)
    }
}

/// A field that nobody has heard of is not one that nobody reaches.
fn is_catalogued(place: &Place, policies: &Policies) -> Result<(), Failure> {
    let service = policies.service(place.service.as_str());
    let fields = service.map(|service| service.catalogue.as_slice()).unwrap_or_default();
    if Node::catalogue(fields).at(&place.pointer).is_some() {
        return Ok(());
    }
    let near = nearest(&place.pointer, fields.iter().map(|field| field.pointer.as_str()));
    let asked = format!("{}:{}", place.service, place.pointer);
    Err(not_found("Danh mục không có trường", "The catalogue has no field", &asked, near))
}

fn not_found(vi: &str, en: &str, asked: &str, near: Option<&str>) -> Failure {
    let asked = shown(asked);
    let (mut vi, mut en) = (format!("{vi} `{asked}`."), format!("{en} `{asked}`."));
    if let Some(near) = near.map(shown) {
        vi.push_str(&format!(" Có phải là `{near}`?"));
        en.push_str(&format!(" Did you mean `{near}`?"));
    }
    Failure::new(Exit::No, "not-found", vi, en)
}

/// What is asked, beside which reaches are found.
struct Asked<'a> {
    policies: &'a Policies,
    now: Timestamp,
    field: Option<&'a Place>,
}

impl Asked<'_> {
    fn object(&self, reach: &Reach<'_>) -> Value {
        let mut object = json!({
            "agency": reach.consumer,
            "service": reach.agreement.service,
            "operation": reach.operation,
            "agreement": reach.agreement.id,
            "clause": reach.permit.number,
            "purposes": reach.agreement.purposes,
            "fields": reach.permit.scope.pointers,
            "from": reach.agreement.from.to_string(),
            "until": reach.agreement.until.to_string(),
            "standing": reach.standing(self.policies, self.now).code(),
        });
        if let (Some(touching), Some(members)) = (self.touching(reach), object.as_object_mut()) {
            let field = |field: &&Field| json!({ "pointer": field.pointer, "class": field.class.code() });
            members.insert("reached".to_owned(), touching.iter().map(field).collect());
        }
        object
    }

    /// The fields at, below or above the place that was asked for.
    fn touching<'r>(&self, reach: &Reach<'r>) -> Option<Vec<&'r Field>> {
        self.field.map(|place| reach.touching(&place.pointer))
    }

    fn table(&self, found: &[Reach<'_>], terminal: &Terminal) -> Table {
        let heading = terminal.pick(
            "cơ quan|dịch vụ|thao tác|thỏa thuận|khoản|số trường|đến hết|tình trạng",
            "agency|service|operation|agreement|clause|fields|until|standing",
        );
        let mut table = Table::new(&heading.split('|').collect::<Vec<_>>());
        for reach in found {
            let standing = reach.standing(self.policies, self.now).text();
            let fields = self.touching(reach).map_or_else(
                || reach.permit.scope.pointers.len().to_string(),
                |touching| touching.iter().map(|field| field.pointer.as_str()).collect::<Vec<_>>().join(" "),
            );
            table.row([
                reach.consumer.as_str(),
                reach.agreement.service.as_str(),
                reach.operation,
                reach.agreement.id.as_str(),
                &reach.permit.number.to_string(),
                &fields,
                &day(reach.agreement.until),
                standing.to(terminal.language()),
            ]);
        }
        table
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

    #[test]
    fn an_agency_or_a_service_that_nobody_knows_is_not_one_that_reaches_nothing() {
        for asked in ["--agency H31.99.02", "--service an-sin"] {
            let (exit, out, err) = run_line(&format!("{ASKED} {asked}"));
            assert_eq!((exit, out.as_str()), (Exit::No, ""), "{asked}");
            assert!(err.contains("Did you mean"), "{asked}: {err}");
        }
    }

    #[test]
    fn who_can_reach_a_field_is_told_for_what_is_above_and_below_it_too() {
        let agreements = |field: &str| -> Vec<String> {
            let (exit, out, err) = run_line(&format!("{ASKED} --field {field} --json"));
            assert_eq!((exit, err.as_str()), (Exit::Yes, ""));
            let told = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            told.map(|object| object["agreement"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(agreements("dan-cu:/CongDan/NgayThangNamSinh"), ["TT-2026-001"]);
        assert!(agreements("dan-cu:/CongDan").contains(&"TT-2026-001".to_owned()));
        assert_eq!(agreements("dan-cu:/CongDan/HoVaTen/Ten")[0], "TT-2026-001");
        assert!(agreements("dan-cu:/CongDan/TonGiao").is_empty());
        let (_, out, _) = run_line(&format!("{ASKED} --field dan-cu:/CongDan/HoVaTen"));
        assert!(out.contains("/CongDan/HoVaTen/ChuDem"), "{out}");
    }

    #[test]
    fn a_field_that_nobody_catalogued_is_not_one_that_nobody_reaches() {
        let (exit, out, err) = run_line(&format!("{ASKED} --field dan-cu:/CongDan/TonGiaos"));
        assert_eq!((exit, out.as_str()), (Exit::No, ""));
        assert!(err.contains("Did you mean `/CongDan/TonGiao`?"), "{err}");
        let (exit, ..) = run_line(&format!("{ASKED} --field TonGiao"));
        assert_eq!(exit, Exit::Usage);
    }
}
