//! An agreement's file in its policy set: what is signed, and beside what.

use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::Session;
use crate::cli::exit::Failure;
use crate::cli::place;
use crate::cli::terminal::shown;
use crate::clock::Timestamp;
use crate::config::read::read;
use crate::config::settings::Settings;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::identity::revocation::Revocations;
use crate::listener::tls::Trust;
use crate::policy::Policies;
use crate::policy::load::load;
use crate::policy::model::Agreement;
use crate::policy::signed::relied_on;
use crate::server::signers;
use crate::server::signers::SignersError;

/// An agreement, its bytes and the set it stands in.
#[derive(Debug)]
pub struct Held {
    folder: PathBuf,
    policies: Policies,
    agreement: std::sync::Arc<Agreement>,
}

impl Held {
    /// Reads `…/agreements/<id>.toml` with the whole set around it.
    ///
    /// # Errors
    /// It is no such file, or the set has faults.
    pub fn read(file: &Path, now: Timestamp) -> Result<Self, Failure> {
        let whole = file.canonicalize().map_err(|cause| Failure::unreadable(file, cause))?;
        let (stem, folder) = in_set(&whole).ok_or_else(|| no_agreement(file))?;
        let policies = load(folder, now).map_err(Failure::faulty)?;
        let agreement = policies.agreements().iter().find(|agreement| agreement.id.as_str() == stem);
        let agreement = std::sync::Arc::clone(agreement.ok_or_else(|| no_agreement(file))?);
        Ok(Self { folder: folder.to_owned(), policies, agreement })
    }

    /// The folder of the set.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The set.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The agreement.
    #[must_use]
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// Its exact bytes, as they were read with the set.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.policies.file(&format!("agreements/{}.toml", self.agreement.id)).unwrap_or_default()
    }

    /// What its `relies_on` should be; none if it is that.
    #[must_use]
    pub fn unnamed(&self) -> Option<String> {
        let mut block = "relies_on = [\n".to_owned();
        let mut differs = false;
        for file in relied_on(&self.agreement) {
            let hash = sha256(self.policies.file(&file).unwrap_or_default());
            differs |= self.agreement.relies_on.get(&file) != Some(&hash);
            let _infallible = writeln!(block, "    {{ file = \"{file}\", sha256 = \"{}\" }},", hex(&hash));
        }
        block.push_str("]\n");
        differs.then_some(block)
    }
}

/// The authorities of signers that the configuration names.
///
/// # Errors
/// There is no configuration, it has faults, or it names none.
pub fn configured(session: &Session) -> Result<(Vec<PathBuf>, Option<Vec<PathBuf>>), Failure> {
    let unnamed = || {
        let vi = "Hãy nêu tổ chức cấp chứng thư số của các bên ký bằng --anchors, hoặc bằng [signers] trong cấu hình.";
        Failure::usage(
            vi,
            "Name the authority of the signers' certificates with --anchors, or by [signers] in the configuration.",
        )
    };
    let file = place::configuration(session).ok_or_else(unnamed)?;
    let settings = read(&file).map_err(Failure::faulty)?;
    let signers = settings.signers.ok_or_else(unnamed)?;
    Ok((signers.anchors, signers.crls))
}

/// Loads authorities and their lists.
///
/// # Errors
/// A file cannot be used.
pub fn authorities(anchors: &[PathBuf], crls: Option<&[PathBuf]>) -> Result<(Trust, Revocations), Failure> {
    signers::authorities(anchors, crls).map_err(unusable)
}

/// The policies as a configuration takes them into force.
///
/// # Errors
/// The signers' authorities cannot be used.
pub fn required(policies: Policies, settings: &Settings, now: Timestamp) -> Result<Policies, Failure> {
    match &settings.signers {
        Some(signers) => signers::required(policies, signers, now).map_err(unusable),
        None => Ok(policies),
    }
}

fn unusable(cause: SignersError) -> Failure {
    let vi = "Không dùng được tệp của tổ chức cấp chứng thư số cho các bên ký.";
    Failure::usage(vi, "The files of the signers' certificate authority cannot be used.").because(cause)
}

/// The stem of an agreement's file, and the folder of its set.
fn in_set(file: &Path) -> Option<(&str, &Path)> {
    let folder = file.parent()?;
    let is_agreement = folder.file_name()? == "agreements" && file.extension()? == "toml";
    Some((file.file_stem()?.to_str()?, folder.parent()?)).filter(|_| is_agreement)
}

fn no_agreement(file: &Path) -> Failure {
    let name = shown(&file.display().to_string());
    Failure::usage(
        format!(
            "`{name}` không phải là tệp thỏa thuận trong một thư mục chính sách (…/agreements/<số>.toml)."
        ),
        format!("`{name}` is no agreement's file in a folder of policies (…/agreements/<id>.toml)."),
    )
}
