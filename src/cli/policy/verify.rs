//! `policy verify`: whether the parties signed an agreement's exact bytes, and by which certificates.

use std::path::PathBuf;

use serde_json::json;

use super::signed::Held;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::Paint;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::local;
use crate::cli::terminal::shown;
use crate::clock::rfc3339_millis;
use crate::crypto::digest::hex;
use crate::identity::certificate;
use crate::identity::revocation::Revocations;
use crate::language::Language;
use crate::language::causes::told;
use crate::listener::tls::Trust;
use crate::policy::signed::NotSigned;
use crate::policy::signed::Signatory;
use crate::policy::signed::Signers;
use crate::policy::signed::judge;

/// `policy verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    anchors: Vec<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "anchors")]
    crl: Vec<PathBuf>,
}

/// Tells who signed, or what is missing.
///
/// # Errors
/// The file is no agreement of a policy set, or no anchors are named.
pub fn run(asked: &Verify, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.clock.now();
    let held = Held::read(&asked.file, now)?;
    let (trust, revoked) = asked.authorities(session)?;
    let signers = Signers { trust: &trust, revoked: &revoked, now };
    let terminal = &mut session.terminal;
    match judge(held.agreement(), held.policies(), signers) {
        Ok(signed) => {
            signed.iter().try_for_each(|signatory| tell(signatory, terminal))?;
            if !terminal.json() {
                let yes = terminal
                    .paint(Paint::Good, terminal.pick("✓ Đủ chữ ký của các bên.", "✓ All parties signed."));
                terminal.line(&yes)?;
            }
            Ok(Exit::Yes)
        }
        Err(why) => refuse(&why, terminal),
    }
}

impl Verify {
    fn authorities(&self, session: &Session) -> Result<(Trust, Revocations), Failure> {
        let (anchors, crls) = match self.anchors.as_slice() {
            [] => super::signed::configured(session)?,
            _ => (self.anchors.clone(), (!self.crl.is_empty()).then(|| self.crl.clone())),
        };
        super::signed::authorities(&anchors, crls.as_deref())
    }
}

fn tell(Signatory { agency, signed, .. }: &Signatory, terminal: &mut Terminal) -> Result<(), Failure> {
    let read = certificate::read(&signed.certificate).ok();
    let (serial, issuer) = read.map(|it| (it.serial, it.issuer)).unwrap_or_default();
    let at = signed.signing_time.unwrap_or_default();
    if terminal.json() {
        return terminal.object(&json!({
            "agency": agency, "at": rfc3339_millis(at), "serial": serial, "issuer": issuer,
            "certificate": hex(&signed.fingerprint()),
        }));
    }
    let (serial, issuer, at) = (shown(&serial), shown(&issuer), local(at));
    terminal.say(
        &format!("{agency}: ký lúc {at} (GMT+7, theo lời bên ký), chứng thư số {serial} của {issuer}"),
        &format!("{agency}: signed at {at} (GMT+7, by its own word), certificate {serial} of {issuer}"),
    )
}

/// A signature that is missing is an answer; one that is false is evidence.
fn refuse(why: &NotSigned, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let exit = match why {
        NotSigned::Missing(_) | NotSigned::Unnamed(_) | NotSigned::Changed(_) => Exit::No,
        NotSigned::Signature { .. }
        | NotSigned::Undated(_)
        | NotSigned::Signer { .. }
        | NotSigned::OtherAgency { .. } => Exit::False,
    };
    let text = why.text();
    let cause = std::iter::successors(std::error::Error::source(why), |cause| cause.source());
    let language = if terminal.json() { Language::En } else { terminal.language() };
    let causes: Vec<String> = cause.map(|cause| shown(&told(&cause.to_string(), language))).collect();
    if terminal.json() {
        terminal.object(
            &json!({ "signed": false, "text": { "vi": text.vi, "en": text.en }, "causes": causes }),
        )?;
        return Ok(exit);
    }
    let text = shown(text.to(terminal.language()));
    let no = terminal.pick("✗ Chưa đủ chữ ký", "✗ Not signed by its parties");
    let line = terminal.paint(Paint::Bad, &format!("{no}: {text}."));
    terminal.line(&line)?;
    causes.iter().try_for_each(|cause| terminal.line(&format!("  {cause}")))?;
    Ok(exit)
}
