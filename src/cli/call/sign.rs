//! The caller's own signature over its request (RFC 9421), where an agreement demands one.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

use crate::cli::client::connection::Ask;
use crate::cli::client::gateway::Address;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::clock::Timestamp;
use crate::crypto::random;
use crate::message::key::AnswerKey;
use crate::message::request::Head;
use crate::message::request::sign_claim;

/// Signs what will be sent, by the key in a file that the registry knows under this name.
///
/// # Errors
/// The file holds no key that can sign, or the request cannot be signed.
pub fn sign(
    ask: &mut Ask,
    address: &Address,
    file: &Path,
    keyid: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let (key, authority) = (key(file)?, address.authority());
    let target = address.with_target(ask.target.clone());
    let (path, query) = target.path_and_query();
    let nonce = STANDARD.encode(random::bytes::<24>().map_err(|cause| unsigned().because(cause))?);
    let method = ask.method.as_str();
    let head = Head { method, authority: &authority, path, query, headers: &ask.headers };
    let signed = sign_claim(&head, &key, keyid, &nonce, now).map_err(|cause| unsigned().because(cause))?;
    for (name, value) in [("signature-input", signed.input), ("signature", signed.signature)] {
        let value = HeaderValue::try_from(value).map_err(|cause| unsigned().because(cause))?;
        ask.headers.insert(name, value);
    }
    Ok(())
}

fn key(file: &Path) -> Result<AnswerKey, Failure> {
    let none = || {
        let name = shown(&file.display().to_string());
        let vi = format!("Tệp `{name}` không chứa khóa riêng P-256 hoặc Ed25519 (PEM, PKCS #8).");
        let en = format!("The file `{name}` holds no private key of P-256 or Ed25519 (PEM, PKCS #8).");
        Failure::usage(vi, en)
    };
    let pem = std::fs::read(file).map_err(|cause| Failure::unreadable(file, cause))?;
    let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|cause| none().because(cause))?;
    AnswerKey::from_pkcs8(der.secret_pkcs8_der()).map_err(|cause| none().because(cause))
}

fn unsigned() -> Failure {
    Failure::usage("Không ký được yêu cầu này.", "This request cannot be signed.")
}
