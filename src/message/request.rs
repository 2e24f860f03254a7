//! Signed requests (RFC 9421), both ways: the one by which a gateway states to a platform what it vouches for, and the one by which a
//! caller shows that it asked. What a caller's must cover is decided here, and nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;
use sfv::BareItem;
use sfv::Dictionary;
use sfv::ListEntry;
use sfv::Parser;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;

use super::base::Line;
use super::base::signature_base;
use super::facts::RequestSignature;
use super::key::AnswerKey;
use super::params::Component;
use super::params::SignatureInput;
use super::params::signature_bytes;
use super::profile::LABEL;
use super::sign::SignFault;
use super::sign::SignatureHeaders;
use super::sign::sign;
use super::unsigned::Unsigned;

/// How far a caller's clock may be from ours, in seconds: what machines with a time server of any kind keep well within.
pub const WINDOW_SECONDS: i64 = 60;

/// The longest `Signature-Input` and `Signature`, in bytes: both are kept beside the record. The second holds RSA with 8192 bits.
const INPUT_MAX: usize = 1 << 10;
const SIGNATURE_MAX: usize = 1_536;

/// How long a nonce may be, in bytes: chance that does not repeat begins with sixteen digits.
const NONCE_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// What every signature covers.
const ALWAYS: [&str; 4] = ["@method", "@authority", "@path", "@query"];

/// What it covers besides where there is a body.
const WITH_BODY: [&str; 2] = ["content-digest", "content-type"];

/// What begins the name of every header that states something to the gateway: all of them are covered.
const STATED: &str = "exchange-";

/// A request's head, as it was or will be sent.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a str,
    /// The authority in lower case, without the scheme's own port (RFC 9421 2.2.3).
    pub authority: &'a str,
    /// The path.
    pub path: &'a str,
    /// The query without `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
}

/// The authority that a request names: in lower case, without the port of https (RFC 9421 2.2.3).
#[must_use]
pub fn authority_of(parts: &Parts) -> String {
    let host = || parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let authority = parts.uri.authority().map_or_else(host, |authority| authority.as_str());
    authority.to_lowercase().trim_end_matches(":443").to_owned()
}

impl<'a> Head<'a> {
    fn value(&self, component: &Component) -> Option<String> {
        if !component.params().is_empty() {
            return None;
        }
        let path = if self.path.is_empty() { "/" } else { self.path };
        match component.name() {
            "@method" => Some(self.method.to_owned()),
            "@authority" => Some(self.authority.to_owned()),
            "@path" => Some(path.to_owned()),
            "@query" => Some(format!("?{}", self.query.unwrap_or_default())),
            name if name.starts_with('@') => None,
            name => self.field(name),
        }
    }

    /// A field's lines as one value (RFC 9421 2.1); none if it is not there or is not visible text.
    fn field(&self, name: &str) -> Option<String> {
        let lines: Option<Vec<&str>> =
            self.headers.get_all(name).iter().map(|line| line.to_str().ok().map(str::trim)).collect();
        lines.filter(|lines| !lines.is_empty()).map(|lines| lines.join(", "))
    }

    /// The names of what is stated, sorted.
    fn stated(&self) -> Vec<&'a str> {
        let names = self.headers.keys().map(http::HeaderName::as_str);
        let mut names: Vec<_> = names.filter(|name| name.starts_with(STATED)).collect();
        names.sort_unstable();
        names
    }

    fn lines<'c>(&self, components: impl IntoIterator<Item = &'c Component>) -> Option<Vec<Line>> {
        components.into_iter().map(|component| Some((component.clone(), self.value(component)?))).collect()
    }
}

/// Signs a request toward a platform: everything that is stated, and the body by its digest, under our label and tag.
///
/// # Errors
/// A header cannot stand in a signature base, or the key failed: the request must not be sent.
pub fn sign_request(
    head: &Head<'_>,
    key: &AnswerKey,
    created: Timestamp,
) -> Result<SignatureHeaders, SignFault> {
    let there = |name: &&str| head.headers.contains_key(*name);
    let fields = WITH_BODY.into_iter().chain(["traceparent"]).filter(there).chain(head.stated());
    let components: Vec<_> = ALWAYS.into_iter().chain(fields).map(Component::own).collect();
    let lines = head.lines(&components).ok_or(SignFault::Base(super::base::BaseFault::Value))?;
    sign(&lines, key, created)
}

/// Signs a caller's request, as an agreement may require it.
///
/// # Errors
/// A header cannot stand in a signature base, or the key failed.
pub fn sign_claim(
    head: &Head<'_>,
    key: &AnswerKey,
    keyid: &str,
    nonce: &str,
    created: Timestamp,
) -> Result<SignatureHeaders, SignFault> {
    let there = |name: &&str| head.headers.contains_key(*name);
    let fields = WITH_BODY.into_iter().filter(there).chain(head.stated());
    let components: Vec<_> = ALWAYS.into_iter().chain(fields).map(Component::own).collect();
    let lines = head.lines(&components).ok_or(SignFault::Base(super::base::BaseFault::Value))?;
    let input = SignatureInput::with_nonce(components, created.as_second(), nonce, keyid)?;
    let signature = key.sign(signature_base(&lines, &input)?.as_bytes())?;
    Ok(SignatureHeaders {
        input: format!("{LABEL}={}", input.serialized()?),
        signature: format!("{LABEL}=:{}:", STANDARD.encode(signature)),
    })
}

/// The one signature that a request claims to have; nothing of it is verified yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its label.
    pub label: String,
    /// Its bytes.
    pub signature: Vec<u8>,
    /// The two headers, as sent.
    pub headers: SignatureHeaders,
    input: SignatureInput,
}

/// A request's own signature as it was sent, whether it counts or not: what its answer covers, too (RFC 9421 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    label: String,
    signature: Vec<u8>,
    fields: Vec<(String, String)>,
}

impl Sent {
    /// The signature of a request, if it has one that can be read and nothing is covered that is not there.
    #[must_use]
    pub fn of(head: &Head<'_>) -> Option<Self> {
        let claim = Claim::of(head.headers).ok()??;
        let covered = claim.input.components().iter().filter(|component| !component.name().starts_with('@'));
        let fields: Option<_> =
            covered.map(|field| Some((field.name().to_owned(), head.value(field)?))).collect();
        Some(Self { fields: fields?, label: claim.label, signature: claim.signature })
    }

    /// The same as a fact of the request.
    #[must_use]
    pub fn fact(&self) -> RequestSignature<'_> {
        RequestSignature { label: &self.label, signature: &self.signature, fields: &self.fields }
    }
}

/// What a claim says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// By which key.
    pub keyid: String,
    /// What no other request of this key has.
    pub nonce: String,
    /// By which algorithm, if it says so.
    pub alg: Option<String>,
}

impl Claim {
    /// Reads the signature headers; none if there are none.
    ///
    /// # Errors
    /// They cannot be read, or there is more than one signature: whichever was looked at, another could be meant.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Unsigned> {
        let (input, signature) = (only(headers, "signature-input")?, only(headers, "signature")?);
        let (input, signature) = match (input, signature) {
            (None, None) => return Ok(None),
            (Some(input), Some(signature)) => (input, signature),
            (Some(_), None) | (None, Some(_)) => return Err(Unsigned::NotOne),
        };
        if input.len() > INPUT_MAX || signature.len() > SIGNATURE_MAX {
            return Err(Unsigned::Unreadable);
        }
        let label = label_of(input)?;
        if label_of(signature)? != label {
            return Err(Unsigned::NotOne);
        }
        let bytes = signature_bytes(signature, &label).map_err(|_| Unsigned::Unreadable)?;
        let read = SignatureInput::parse(input, &label).map_err(|_| Unsigned::Component)?;
        let headers = SignatureHeaders { input: input.to_owned(), signature: signature.to_owned() };
        Ok(Some(Self { label, signature: bytes, headers, input: read }))
    }

    /// What it says of itself, if it covers what it must and was made now.
    ///
    /// # Errors
    /// It covers less, says less, or was made at another time.
    pub fn stated(&self, head: &Head<'_>, has_body: bool, now: Timestamp) -> Result<Stated, Unsigned> {
        let with_body: &[&str] = if has_body { &WITH_BODY } else { &[] };
        let demanded = ALWAYS.into_iter().chain(with_body.iter().copied()).chain(head.stated());
        for name in demanded {
            if !self.input.components().contains(&Component::own(name)) {
                return Err(Unsigned::NotCovered(name.to_owned()));
            }
        }
        let stated = self.parameters(now)?;
        let age = now.as_second().saturating_sub(stated.created);
        if (-WINDOW_SECONDS..=WINDOW_SECONDS).contains(&age) { Ok(stated) } else { Err(Unsigned::NotNow) }
    }

    /// The bytes that must have been signed.
    ///
    /// # Errors
    /// Something is covered that the request does not have, or twice.
    pub fn base(&self, head: &Head<'_>) -> Result<String, Unsigned> {
        let lines = head.lines(self.input.components()).ok_or(Unsigned::Component)?;
        signature_base(&lines, &self.input).map_err(|_| Unsigned::Component)
    }

    fn parameters(&self, now: Timestamp) -> Result<Stated, Unsigned> {
        let (mut created, mut keyid, mut nonce, mut alg) = (None, None, None, None);
        for (name, value) in self.input.parameters() {
            match (name.as_str(), value) {
                ("created", BareItem::Integer(seconds)) => created = Some((*seconds).into()),
                ("keyid", BareItem::String(text)) => keyid = Some(text.as_str().to_owned()),
                ("nonce", BareItem::String(text)) => nonce = Some(text.as_str().to_owned()),
                ("alg", BareItem::String(text)) => alg = Some(text.as_str().to_owned()),
                ("tag", BareItem::String(_)) => {}
                ("expires", BareItem::Integer(seconds)) if i64::from(*seconds) > now.as_second() => {}
                ("created", _) => return Err(Unsigned::Parameter("created")),
                ("keyid", _) => return Err(Unsigned::Parameter("keyid")),
                ("nonce", _) => return Err(Unsigned::Parameter("nonce")),
                ("alg", _) => return Err(Unsigned::Parameter("alg")),
                ("expires", _) => return Err(Unsigned::Parameter("expires")),
                _ => return Err(Unsigned::Unreadable),
            }
        }
        let missing = Unsigned::Parameter;
        Ok(Stated {
            created: created.ok_or(missing("created"))?,
            keyid: keyid.ok_or(missing("keyid"))?,
            nonce: nonce
                .filter(|nonce: &String| NONCE_BYTES.contains(&nonce.len()))
                .ok_or(missing("nonce"))?,
            alg,
        })
    }
}

impl Stated {
    /// By what a request is known again: the hash of key and nonce.
    #[must_use]
    pub fn once(&self) -> Hash {
        let mut hasher = Sha256::new();
        for text in ["phohien-nonce/1", &self.keyid, &self.nonce] {
            hasher.update(text.as_bytes());
            // Stands in neither: a structured string is visible ASCII (RFC 9651 3.3.3).
            hasher.update(b"\n");
        }
        hasher.finish()
    }
}

fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Unsigned> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) => line.to_str().map(Some).map_err(|_| Unsigned::Unreadable),
        (Some(_), Some(_)) => Err(Unsigned::NotOne),
    }
}

/// The one label in a header. Of a label that stands there twice some read the first and some the last, so that it must be alone.
fn label_of(header: &str) -> Result<String, Unsigned> {
    let members: Dictionary = Parser::new(header).parse().map_err(|_| Unsigned::Unreadable)?;
    let mut labels = members.iter().map(|(label, entry)| (label.as_str().to_owned(), is_one(entry)));
    match (labels.next(), labels.next()) {
        (Some((label, true)), None) if !has_comma(header) => Ok(label),
        _ => Err(Unsigned::NotOne),
    }
}

/// Whether a comma stands outside of strings: a dictionary with a single member has none.
fn has_comma(header: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    header.bytes().any(|byte| {
        let ends = byte == b'"' && !escaped;
        quoted ^= ends;
        escaped = quoted && byte == b'\\' && !escaped;
        byte == b',' && !quoted
    })
}

fn is_one(entry: &ListEntry) -> bool {
    match entry {
        ListEntry::InnerList(_) => true,
        ListEntry::Item(item) => matches!(item.bare_item, BareItem::ByteSequence(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sign::P256Key;
    use crate::message::digest::content_digest;

    const NONCE: &str = "0123456789abcdef";
    const BODY: &[u8] = b"{\"SoDinhDanh\":\"099190000001\"}";

    fn key() -> AnswerKey {
        AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_401_000).unwrap()
    }

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("exchange-purpose", "tra-cuu"),
            ("exchange-case", "HS-1"),
            ("content-type", "application/json"),
            ("content-digest", &content_digest(BODY)),
            ("accept", "application/json"),
        ] {
            headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        headers
    }

    fn head(headers: &HeaderMap) -> Head<'_> {
        Head { method: "POST", authority: "gw1.example", path: "/dan-cu/doi-chieu", query: None, headers }
    }

    fn signed(headers: &HeaderMap, key: &AnswerKey) -> HeaderMap {
        let signed = sign_claim(&head(headers), key, "k1", NONCE, now()).unwrap();
        let mut all = headers.clone();
        all.insert("signature-input", signed.input.parse().unwrap());
        all.insert("signature", signed.signature.parse().unwrap());
        all
    }

    /// What becomes of a request's signature, up to the key.
    fn judged(headers: &HeaderMap, now: Timestamp) -> Result<Stated, Unsigned> {
        let claim = Claim::of(headers)?.ok_or(Unsigned::NotOne)?;
        claim.stated(&head(headers), true, now)
    }

    #[test]
    fn what_a_client_signs_covers_all_that_must_be_and_verifies() {
        let (key, headers) = (key(), headers());
        let all = signed(&headers, &key);
        let claim = Claim::of(&all).unwrap().unwrap();
        let stated = claim.stated(&head(&all), true, now()).unwrap();
        assert_eq!((stated.keyid.as_str(), stated.nonce.as_str()), ("k1", NONCE));
        let base = claim.base(&head(&all)).unwrap();
        assert!(base.contains("\"exchange-case\": HS-1\n") && base.contains("\"@query\": ?\n"), "{base}");
        assert_eq!(key.public().verify(base.as_bytes(), &claim.signature), Ok(()));
    }

    #[test]
    fn a_header_that_states_something_and_is_not_covered_is_named() {
        let mut all = signed(&headers(), &key());
        all.insert("exchange-user", "can-bo-9".parse().unwrap());
        assert_eq!(judged(&all, now()), Err(Unsigned::NotCovered("exchange-user".to_owned())));
        for name in ["@method", "@authority", "@path", "@query", "content-digest", "content-type"] {
            let mut less = signed(&headers(), &key());
            let input =
                less["signature-input"].to_str().unwrap().replace(&format!("\"{name}\""), "\"accept\"");
            less.insert("signature-input", input.parse().unwrap());
            assert_eq!(judged(&less, now()), Err(Unsigned::NotCovered(name.to_owned())), "{name}");
        }
    }

    #[test]
    fn a_signature_counts_for_a_minute_before_and_after_it_was_made() {
        let all = signed(&headers(), &key());
        let at = |seconds| Timestamp::from_second(now().as_second() + seconds).unwrap();
        for (seconds, good) in [(0, true), (60, true), (-60, true), (61, false), (-61, false)] {
            assert_eq!(judged(&all, at(seconds)).is_ok(), good, "{seconds}");
        }
    }

    #[test]
    fn parameters_that_are_missing_or_odd_are_named() {
        for (from, to, fault) in [
            (";created=1795401000", "", Unsigned::Parameter("created")),
            (";created=1795401000", ";created=\"1795401000\"", Unsigned::Parameter("created")),
            (";keyid=\"k1\"", "", Unsigned::Parameter("keyid")),
            (";nonce=\"0123456789abcdef\"", "", Unsigned::Parameter("nonce")),
            ("0123456789abcdef", "0123456789abcde", Unsigned::Parameter("nonce")),
            (";keyid=\"k1\"", ";keyid=\"k1\";expires=1795400999", Unsigned::Parameter("expires")),
            (";keyid=\"k1\"", ";keyid=\"k1\";other=1", Unsigned::Unreadable),
        ] {
            let mut all = signed(&headers(), &key());
            let input = all["signature-input"].to_str().unwrap().replace(from, to);
            all.insert("signature-input", input.parse().unwrap());
            assert_eq!(judged(&all, now()), Err(fault), "{to}");
        }
    }

    #[test]
    fn two_signatures_or_half_a_one_are_none() {
        let all = signed(&headers(), &key());
        let with = |name: &'static str, value: String| {
            let mut all = all.clone();
            all.insert(name, value.parse().unwrap());
            Claim::of(&all).map(|claim| claim.map(|_| ()))
        };
        let text = |name: &str| all[name].to_str().unwrap().to_owned();
        let (input, signature) = (text("signature-input"), text("signature"));
        assert_eq!(with("signature-input", format!("{input}, b=()")), Err(Unsigned::NotOne));
        assert_eq!(with("signature-input", format!("{input}, {input}")), Err(Unsigned::NotOne));
        assert_eq!(with("signature", format!("{signature}, {signature}")), Err(Unsigned::NotOne));
        assert_eq!(with("signature", signature.replace("phohien=", "other=")), Err(Unsigned::NotOne));
        assert_eq!(with("signature", "phohien=1".to_owned()), Err(Unsigned::NotOne));
        assert_eq!(with("signature", "phohien=:".to_owned()), Err(Unsigned::Unreadable));
        assert_eq!(with("signature-input", format!("{input};x=\"a,b\"")), Ok(Some(())));
        let mut half = all.clone();
        half.remove("signature");
        assert_eq!(Claim::of(&half).map(|_| ()), Err(Unsigned::NotOne));
        assert_eq!(Claim::of(&headers()), Ok(None));
    }

    #[test]
    fn what_is_covered_with_a_parameter_or_is_not_there_has_no_base() {
        for covered in [
            "\"accept\";sf",
            "\"accept\";bs",
            "\"accept\";key=\"a\"",
            "\"x-absent\"",
            "\"@status\"",
            "\"accept\" \"accept\"",
        ] {
            let mut all = signed(&headers(), &key());
            let input = all["signature-input"]
                .to_str()
                .unwrap()
                .replace("(\"@method\"", &format!("({covered} \"@method\""));
            all.insert("signature-input", input.parse().unwrap());
            let based = Claim::of(&all).and_then(|claim| claim.unwrap().base(&head(&all)));
            assert_eq!(based, Err(Unsigned::Component), "{covered}");
        }
    }

    #[test]
    fn a_request_toward_a_platform_covers_what_is_vouched_for() {
        let key = key();
        let headers = headers();
        let signed = sign_request(&head(&headers), &key, now()).unwrap();
        let covered = "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\" \"content-type\" \"exchange-case\" \"exchange-purpose\");created=1795401000;keyid=";
        assert!(signed.input.starts_with(&format!("phohien={covered}")), "{}", signed.input);
        assert!(signed.input.ends_with(";tag=\"phohien/1\""));
    }

    #[test]
    fn key_and_nonce_are_not_confused() {
        let stated = |keyid: &str, nonce: &str| Stated {
            created: 0,
            keyid: keyid.to_owned(),
            nonce: nonce.to_owned(),
            alg: None,
        };
        assert_ne!(stated("ab", "c").once(), stated("a", "bc").once());
        assert_eq!(stated("ab", "c").once(), Stated { created: 9, ..stated("ab", "c") }.once());
    }
}
