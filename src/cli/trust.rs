//! Whom a verifier trusts: verification keys of logs, and public keys that sign answers, from files held on this side.

use std::path::Path;
use std::path::PathBuf;

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;

use super::exit::Failure;
use super::terminal::shown;
use crate::crypto::verify::PublicKey;
use crate::tlog::note::VerifierKey;
use crate::tlog::trust::TrustPolicy;

/// The verification keys in a file: one a line; empty lines and lines that begin with `#` do not count.
///
/// # Errors
/// The file cannot be read, a line is no key, or there is none.
pub fn log_keys(file: &Path) -> Result<Vec<VerifierKey>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|cause| Failure::unreadable(file, cause))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(str::parse).collect::<Result<Vec<VerifierKey>, _>>();
    let keys = keys.map_err(|cause| not_a_key(file).because(cause))?;
    if keys.is_empty() { Err(not_a_key(file)) } else { Ok(keys) }
}

/// Whom a file says to trust: a trust policy (C2SP tlog-policy), or verification keys of logs, one a line, whose heads nobody need have
/// cosigned.
///
/// # Errors
/// The file cannot be read, or is neither.
pub fn policy(file: &Path) -> Result<TrustPolicy, Failure> {
    let bytes = std::fs::read(file).map_err(|cause| Failure::unreadable(file, cause))?;
    // Every policy has a quorum line, and no file of keys has one.
    let is_policy = bytes.split(|byte| *byte == b'\n').any(|line| line.trim_ascii().starts_with(b"quorum"));
    if !is_policy {
        return log_keys(file).map(TrustPolicy::of_logs);
    }
    let policy = TrustPolicy::parse(&bytes).map_err(|cause| not_a_policy(file).because(cause))?;
    if policy.logs().is_empty() { Err(not_a_policy(file)) } else { Ok(policy) }
}

/// The public keys (SubjectPublicKeyInfo, PEM) in a file.
///
/// # Errors
/// The file cannot be read, holds something else, or a key of a kind that signs no answers.
pub fn answer_keys(file: &Path) -> Result<Vec<PublicKey>, Failure> {
    let bytes = std::fs::read(file).map_err(|cause| Failure::unreadable(file, cause))?;
    let mut keys = Vec::new();
    for spki in SubjectPublicKeyInfoDer::pem_slice_iter(&bytes) {
        let spki = spki.map_err(|cause| not_a_key(file).because(cause))?;
        keys.push(PublicKey::from_spki(spki.as_ref()).map_err(|cause| not_a_key(file).because(cause))?);
    }
    if keys.is_empty() { Err(not_a_key(file)) } else { Ok(keys) }
}

/// The verification key of a log's folder by convention: `log.vkey` beside the folder `log`.
#[must_use]
pub fn vkey_beside(log: &Path) -> Option<PathBuf> {
    beside(log, "vkey")
}

/// That no verification key stands beside a log's folder; or that there is no such folder, where that is why.
#[must_use]
pub fn no_vkey_beside(log: &Path) -> Failure {
    if let Err(cause) = std::fs::metadata(log) {
        return Failure::unreadable(log, cause);
    }
    let vi = "Không thấy khóa kiểm tra nhật ký cạnh thư mục. Hãy nêu bằng `--vkey TỆP`.";
    Failure::usage(vi, "There is no verification key beside the folder. Name it with `--vkey FILE`.")
}

/// The answer key of a log's folder by convention: `log.answer.pem` beside the folder `log`.
#[must_use]
pub fn answer_key_beside(log: &Path) -> Option<PathBuf> {
    beside(log, "answer.pem")
}

/// Named as the folder is, or `log` whatever the folder's name.
fn beside(log: &Path, extension: &str) -> Option<PathBuf> {
    let log = log.canonicalize().unwrap_or_else(|_| log.to_owned());
    let named = [log.with_extension(extension), log.with_file_name("log").with_extension(extension)];
    named.into_iter().find(|file| file.is_file())
}

fn not_a_policy(file: &Path) -> Failure {
    let name = shown(&file.display().to_string());
    Failure::usage(
        format!("Tệp `{name}` không phải là chính sách tin cậy (tlog-policy) có nêu nhật ký."),
        format!("The file `{name}` is not a trust policy (tlog-policy) that names a log."),
    )
}

fn not_a_key(file: &Path) -> Failure {
    let name = shown(&file.display().to_string());
    Failure::usage(
        format!("Tệp `{name}` không phải là tệp khóa kiểm tra."),
        format!("The file `{name}` is not a file of verification keys."),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path
    }

    #[test]
    fn a_key_file_may_have_comments_but_nothing_else_beside_keys() {
        let folder = tempfile::tempdir().unwrap();
        let key = VerifierKey::new(&"gw1.example/2026".parse().unwrap(), [7; 32]);
        let good = file(folder.path(), "good", &format!("# ours\n\n{key}\n"));
        assert_eq!(log_keys(&good).unwrap(), std::slice::from_ref(&key));
        for text in ["", "# only\n", "nonsense", &format!("{key}\nx")] {
            assert!(log_keys(&file(folder.path(), "bad", text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_trust_policy_and_a_file_of_keys_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let key = VerifierKey::new(&"gw1.example/2026".parse().unwrap(), [7; 32]);
        for text in [format!("{key}\n"), format!("log {key}\nquorum none\n")] {
            let trusted = policy(&file(folder.path(), "trust", &text)).unwrap();
            assert_eq!(trusted, TrustPolicy::of_logs(vec![key.clone()]));
        }
        for text in [format!("log {key}\n"), "quorum none\n".to_owned(), format!("log {key}\nquorum x\n")] {
            assert_eq!(
                policy(&file(folder.path(), "trust", &text)).unwrap_err().exit().number(),
                2,
                "{text}"
            );
        }
    }

    #[test]
    fn an_answer_key_is_read_from_what_openssl_writes_and_from_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        // openssl genpkey -algorithm ed25519 | openssl pkey -pubout
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        assert_eq!(answer_keys(&file(folder.path(), "good", pem)).unwrap()[0].algorithm(), "ed25519");
        for text in ["", "x", &pem.replace("PUBLIC", "PRIVATE"), &pem.replace("MCow", "MCow!")] {
            assert!(answer_keys(&file(folder.path(), "bad", text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_keys_of_a_log_stand_beside_its_folder() {
        let place = tempfile::tempdir().unwrap();
        let log = place.path().join("gw1");
        std::fs::create_dir(&log).unwrap();
        assert_eq!(vkey_beside(&log), None);
        let common = file(place.path(), "log.vkey", "");
        assert!(vkey_beside(&log).unwrap().ends_with("log.vkey") && common.is_file());
        file(place.path(), "gw1.vkey", "");
        assert!(vkey_beside(&log).unwrap().ends_with("gw1.vkey"));
    }
}
