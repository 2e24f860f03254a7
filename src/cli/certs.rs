//! `certs`: a development PKI, and whom a chain would be taken for, by the handshake's own code.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::Session;
use super::client::checks::causes;
use super::exit::Exit;
use super::exit::Failure;
use super::place::Folder;
use super::place::folder;
use super::terminal::Paint;
use super::terminal::local;
use super::terminal::shown;
use super::when;
use super::when::Edge;
use crate::clock::Timestamp;
use crate::identity::development;
use crate::identity::development::Caller;
use crate::identity::development::Plan;
use crate::identity::judgement::NotTaken;
use crate::identity::judgement::judge_chain;
use crate::identity::registry::Agency;
use crate::identity::registry::Role;
use crate::identity::revocation::Revocations;
use crate::listener::tls::Trust;
use crate::policy::Policies;
use crate::policy::load::load;

/// Who has business at the desk.
const AT_THE_DESK: [Role; 4] = [Role::Exchange, Role::Audit, Role::Operate, Role::Witness];

/// `certs …`.
#[derive(Debug, clap::Subcommand)]
pub enum Certs {
    /// Make certificates for development.
    Dev(Dev),
    /// Judge a chain.
    Check(Check),
}

/// `certs dev`.
#[derive(Debug, clap::Args)]
pub struct Dev {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[arg(long, value_name = "NAME", default_values = ["localhost", "127.0.0.1", "::1"])]
    name: Vec<String>,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// `certs check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE", required = true)]
    anchors: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// Runs one of them.
///
/// # Errors
/// Files cannot be read or written, or are not what they should be.
pub fn run(certs: &Certs, session: &mut Session) -> Result<Exit, Failure> {
    match certs {
        Certs::Dev(dev) => make(dev, session),
        Certs::Check(check) => judge(check, session),
    }
}

fn policies(session: &Session, given: Option<&Path>) -> Result<Policies, Failure> {
    load(&folder(session, given, Folder::Policies)?, session.clock.now()).map_err(Failure::faulty)
}

fn make(dev: &Dev, session: &mut Session) -> Result<Exit, Failure> {
    let policies = policies(session, dev.policies.as_deref())?;
    let plan_for = |roles: &[Role]| {
        let has = |agency: &&Arc<Agency>| roles.iter().any(|role| agency.roles.contains(role));
        let callers = policies.agencies().filter(has).map(|agency| Caller::agency(&agency.id)).collect();
        Plan { server_names: dev.name.clone(), callers }
    };
    let (plan, desk) = (plan_for(&[Role::Exchange]), plan_for(&AT_THE_DESK));
    let made = development::make(&dev.folder, &plan);
    made.and_then(|_| development::make_desk(&dev.folder, &desk)).map_err(|cause| {
        let name = shown(&dev.folder.display().to_string());
        let vi = format!("Không tạo được chứng thư số thử nghiệm trong `{name}`. Tệp đã có không bị ghi đè; hãy chọn thư mục mới.");
        let en = format!("No development certificates can be made in `{name}`. What is there is not replaced; name a new folder.");
        Failure::could_not("certificates-not-made", vi, en).because(cause)
    })?;
    let terminal = &mut session.terminal;
    let names = |plan: &Plan| plan.callers.iter().map(|caller| caller.name.clone()).collect::<Vec<_>>();
    let (names, desk) = (names(&plan), names(&desk));
    if terminal.json() {
        let folder = dev.folder.display().to_string();
        terminal.object(&json!({ "folder": folder, "agencies": names, "desk": desk }))?;
        return Ok(Exit::Yes);
    }
    let place = shown(&dev.folder.display().to_string());
    let (names, desk) = (names.join(", "), desk.join(", "));
    let vi = format!(
        "Đã tạo chứng thư số THỬ NGHIỆM trong {place} cho: {names}; để đọc nhật ký, trong {place}/desk cho: {desk}. Không dùng cho môi trường chính thức."
    );
    let en = format!(
        "Made DEVELOPMENT certificates in {place} for: {names}; to read the log, in {place}/desk for: {desk}. Not for production."
    );
    terminal.say(&vi, &en)?;
    Ok(Exit::Yes)
}

fn judge(check: &Check, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.clock.now();
    let at = check.at.as_deref().map(|text| when::parse(text, now, Edge::Start)).transpose()?.unwrap_or(now);
    let policies = policies(session, check.policies.as_deref())?;
    let verdict = taken_for(check, &policies, at)?;
    let terminal = &mut session.terminal;
    let when = local(at);
    match verdict {
        Ok(agency) if terminal.json() => {
            terminal.object(&json!({ "taken_for": agency, "at": at.to_string() }))?;
            Ok(Exit::Yes)
        }
        Ok(agency) => {
            let (vi, en) =
                (format!("Được nhận là {agency}, vào {when}."), format!("Taken for {agency}, at {when}."));
            let line = terminal.paint(Paint::Good, terminal.pick(&vi, &en));
            terminal.line(&line)?;
            Ok(Exit::Yes)
        }
        Err((vi, en, cause)) => {
            let vi = format!("Bị từ chối vào {when}: {vi}");
            let failure =
                Failure::new(Exit::No, "certificate-refused", vi, format!("Refused at {when}: {en}"));
            Err(failure.because(cause))
        }
    }
}

/// Whom, or why nobody: in Vietnamese, in English, and the cause.
type Verdict = Result<String, (String, String, String)>;

/// First the handshake's judgement of the chain, then the registry's of the certificate: the gateway's own code for both.
fn taken_for(check: &Check, policies: &Policies, at: Timestamp) -> Result<Verdict, Failure> {
    let chain = std::fs::read(&check.file).map_err(|cause| Failure::unreadable(&check.file, cause))?;
    let crls = (!check.crl.is_empty()).then_some(check.crl.as_slice());
    let trust = Trust::load(&check.anchors, crls).map_err(|cause| {
        let vi = "Tệp --anchors hoặc --crl không dùng được.";
        Failure::usage(vi, "The files of --anchors or --crl cannot be used.").because(cause)
    })?;
    let revoked = match crls {
        Some(files) => Revocations::load(files).map_err(|cause| {
            let (vi, en) = ("Danh sách thu hồi không dùng được.", "The revocation list cannot be used.");
            Failure::usage(vi, en).because(cause)
        })?,
        None => Revocations::none(),
    };
    match judge_chain(&chain, &trust, policies.registry(), &revoked, at) {
        Ok(taken) => Ok(Ok(taken.agency.id.to_string())),
        Err(NotTaken::Pem(_) | NotTaken::Length(_)) => {
            Err(Failure::usage("Tệp không có chuỗi chứng thư số.", "The file has no certificate chain."))
        }
        Err(NotTaken::Handshake(cause)) => {
            let (vi, en) = ("chuỗi chứng thư số không được công nhận.", "the chain is not accepted.");
            Ok(Err((vi.to_owned(), en.to_owned(), causes(&cause))))
        }
        Err(NotTaken::Unrecognized(cause)) => Ok(Err((cause.text().vi, cause.text().en, causes(&cause)))),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;
    use crate::identity::development;
    use crate::identity::development::Caller;
    use crate::identity::development::Flaw;
    use crate::identity::development::Plan;

    const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");

    #[test]
    fn a_development_certificate_is_taken_for_its_agency_and_none_is_made_twice() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("certs").display().to_string();
        let (exit, out, err) = run_line(&format!("phohien certs dev {folder} --policies {POLICIES}"));
        assert_eq!((exit, err.as_str()), (Exit::Yes, ""));
        assert!(out.contains("H31.01.01"), "{out}");
        let judged = format!(
            "phohien --lang en certs check {folder}/agencies/H31.01.01.pem --anchors {folder}/ca.pem --crl {folder}/ca.crl.pem --policies {POLICIES} --at 2026-11-23"
        );
        let (exit, out, err) = run_line(&judged);
        assert_eq!((exit, err.as_str()), (Exit::Yes, ""));
        assert!(out.starts_with("Taken for H31.01.01"), "{out}");
        let (exit, _, err) = run_line(&judged.replace("2026-11-23", "2100-01-01"));
        assert_eq!(exit, Exit::No, "{err}");
        let again = run_line(&format!("phohien certs dev {folder} --policies {POLICIES}"));
        assert_eq!(again.0, Exit::CouldNot);
    }

    #[test]
    fn a_chain_that_the_handshake_refuses_or_that_names_nobody_known_is_a_no() {
        let place = tempfile::tempdir().unwrap();
        let caller = |name, code, flaw| Caller::named(name, &[code], flaw);
        let callers = vec![
            caller("foreign", "H31.01.01", Flaw::Foreign),
            caller("server", "H31.01.01", Flaw::ServerOnly),
            caller("former", "H54.05", Flaw::None),
            caller("unknown", "H99", Flaw::None),
        ];
        development::make(place.path(), &Plan { server_names: vec!["localhost".into()], callers }).unwrap();
        let folder = place.path().display();
        for (name, word) in
            [("foreign", "chain"), ("server", "chain"), ("former", "H31.05"), ("unknown", "H99")]
        {
            let (exit, _, err) = run_line(&format!(
                "phohien --lang en certs check {folder}/agencies/{name}.pem --anchors {folder}/ca.pem --policies {POLICIES} --at 2026-11-23"
            ));
            assert!(exit == Exit::No && err.contains(word), "{name}: {err}");
        }
    }
}
