//! `policy sign`: a party's detached signature over an agreement's exact bytes, as `openssl cms -sign -binary -outform DER` makes it.

use std::path::Path;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::signed::Held;
use crate::cli::Session;
use crate::cli::client::heads::replace;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::crypto::cms::CmsError;
use crate::crypto::cms::sign::CmsSigner;
use crate::id::AgencyId;
use crate::identity::certificate;
use crate::policy::signed::parties;
use crate::policy::signed::signature_name;

/// `policy sign`.
#[derive(Debug, clap::Args)]
pub struct Sign {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Signs for the agency that the certificate speaks for, and puts the signature beside the file.
///
/// # Errors
/// The file is no agreement of a policy set, it does not name what it relies on, or the certificate is no party's.
pub fn run(asked: &Sign, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.clock.now();
    let held = Held::read(&asked.file, now)?;
    if let Some(block) = held.unnamed() {
        return Err(unnamed(&block));
    }
    let chain = certificates(&asked.cert)?;
    let agency = agency(chain.first())?;
    if !parties(held.agreement()).any(|party| *party == agency) {
        return Err(no_party(&agency));
    }
    let signature = signer(&chain, &asked.key)?.sign_detached(held.bytes(), now).map_err(unsigned)?;
    let name = signature_name(&held.agreement().id, &agency);
    let into = held.folder().join(&name);
    replace(&into, &signature)?;
    let file = shown(&into.display().to_string());
    let terminal = &mut session.terminal;
    if terminal.json() {
        terminal.object(
            &serde_json::json!({ "agreement": held.agreement().id, "agency": agency, "signature": name }),
        )?;
        return Ok(Exit::Yes);
    }
    terminal.say(
        &format!(
            "{agency} đã ký thỏa thuận {}: `{file}`. Sửa dù một byte của văn bản là phải ký lại.",
            held.agreement().id
        ),
        &format!(
            "{agency} has signed agreement {}: `{file}`. To change one byte of the text is to sign again.",
            held.agreement().id
        ),
    )?;
    Ok(Exit::Yes)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    all.map_err(|cause| unusable(file).because(cause))
}

/// The one agency that a certificate names.
fn agency(leaf: Option<&CertificateDer<'_>>) -> Result<AgencyId, Failure> {
    let none = || {
        Failure::usage(
            "Chứng thư số không mang đúng một mã cơ quan (urn:agency:…).",
            "The certificate does not name exactly one agency (urn:agency:…).",
        )
    };
    let read = certificate::read(leaf.ok_or_else(none)?).map_err(|cause| none().because(cause))?;
    let [name] = read.agency_names.as_slice() else { return Err(none()) };
    name.strip_prefix(certificate::AGENCY_PREFIX).and_then(|id| id.parse().ok()).ok_or_else(none)
}

fn signer(chain: &[CertificateDer<'_>], key: &Path) -> Result<CmsSigner, Failure> {
    let pkcs8 = match PrivateKeyDer::from_pem_file(key).map_err(|cause| unusable(key).because(cause))? {
        PrivateKeyDer::Pkcs8(key) => key,
        _ => {
            let vi = "Khóa riêng phải ở dạng PKCS #8 (BEGIN PRIVATE KEY). Đổi bằng `openssl pkcs8 -topk8 -nocrypt`.";
            let en = "The private key must be PKCS #8 (BEGIN PRIVATE KEY). `openssl pkcs8 -topk8 -nocrypt` makes it so.";
            return Err(Failure::usage(vi, en));
        }
    };
    let (leaf, others) =
        chain.split_first().ok_or_else(|| unsigned(CmsError::Malformed("no certificate")))?;
    let signer = CmsSigner::new(pkcs8.secret_pkcs8_der(), leaf).map_err(unsigned)?;
    signer.with_others(others).map_err(unsigned)
}

fn unusable(file: &Path) -> Failure {
    let name = shown(&file.display().to_string());
    Failure::usage(
        format!("Không dùng được `{name}`: phải là PEM."),
        format!("`{name}` cannot be used: it must be PEM."),
    )
}

fn unsigned(cause: CmsError) -> Failure {
    let vi = "Không ký được bằng khóa và chứng thư số này: cần ECDSA P-256 hoặc RSA từ 2048 bit, và khóa phải là của chứng thư.";
    let en = "This key and certificate cannot sign: ECDSA P-256 or RSA from 2048 bits, and the key must be the certificate's.";
    Failure::usage(vi, en).because(cause)
}

fn no_party(agency: &AgencyId) -> Failure {
    let vi = format!("{agency} không phải là bên cung cấp hay bên khai thác của thỏa thuận này.");
    Failure::new(
        Exit::No,
        "no-party",
        vi,
        format!("{agency} is neither provider nor consumer of this agreement."),
    )
}

/// What must stand in the agreement before anybody signs it.
fn unnamed(block: &str) -> Failure {
    let vi = format!(
        "Văn bản chưa nêu đúng mã băm của các tệp cơ quan và dịch vụ mà nó dựa vào. Thêm trước mục [[permit]] đầu tiên:\n\n{block}"
    );
    let en = format!(
        "The text does not name the agency and service files it relies on as they are. Add before the first [[permit]]:\n\n{block}"
    );
    Failure::new(Exit::No, "relies-on-unnamed", vi, en)
}
