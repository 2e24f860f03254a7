//! Whom a verifier trusts (C2SP tlog-policy): logs by key, witnesses by key, and how many witnesses make a head good.
//!
//! Lines of octets: `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, `group <name> <k>|any|all <name>…`, and one
//! `quorum <name>|none`. Whatever else is a fault: a misread policy would trust too much.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::checkpoint::CheckpointError;
use super::checkpoint::SignedHead;
use super::cosignature::Cosignature;
use super::cosignature::CosignerKey;
use super::cosignature::of_note;
use super::note::Note;
use super::note::NoteError;
use super::note::VerifierKey;

/// The longest file we read: twice what the largest policy the format asks of us needs.
pub const POLICY_BYTES_MAX: usize = 64 * 1024;

/// The most logs, witnesses and groups, each; the format asks for 32 at least.
const EACH_MAX: usize = 64;

/// Why a text is no trust policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is too long.
    #[error("the trust policy is too long")]
    TooLong,
    /// A line is wrong.
    #[error("line {line} of the trust policy: {what}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is no quorum line.
    #[error("the trust policy has no quorum line")]
    NoQuorum,
}

/// Why a head is not good under a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// No log of the policy signed it, or what signed it is refused.
    #[error("no log of the trust policy signed the head")]
    Log(#[from] CheckpointError),
    /// The policy names no log.
    #[error("the trust policy names no log")]
    NoLog,
    /// A known witness's line does not verify.
    #[error("a witness's line on the head is refused")]
    Witness(#[source] NoteError),
    /// Too few witnesses cosigned it.
    #[error("the head is not cosigned as the trust policy's quorum demands")]
    Quorum,
}

/// A witness of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    name: Vec<u8>,
    key: CosignerKey,
}

impl Witness {
    /// The name by which the policy refers to it.
    #[must_use]
    pub fn name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &CosignerKey {
        &self.key
    }
}

/// Who must have witnessed a head.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Quorum {
    None,
    Witness(Vec<u8>),
    Group { least: usize, of: Vec<Quorum> },
}

/// A trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    logs: Vec<VerifierKey>,
    witnesses: Vec<Witness>,
    quorum: Quorum,
}

impl TrustPolicy {
    /// A policy of logs alone: nobody need have cosigned.
    #[must_use]
    pub fn of_logs(logs: Vec<VerifierKey>) -> Self {
        Self { logs, witnesses: Vec::new(), quorum: Quorum::None }
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLong);
        }
        let mut reading = Reading::default();
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            reading.line(line).map_err(|what| PolicyError::Line { line: at + 1, what })?;
        }
        let quorum = reading.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Self { logs: reading.logs, witnesses: reading.witnesses, quorum })
    }

    /// The logs it trusts.
    #[must_use]
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The witnesses it knows.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether it demands any cosignature at all.
    #[must_use]
    pub fn demands_witnesses(&self) -> bool {
        self.quorum != Quorum::None
    }

    /// The head in a signed note, if a log of this policy signed it and its quorum of witnesses cosigned it.
    ///
    /// # Errors
    /// See [`Untrusted`].
    pub fn open(&self, note: &[u8]) -> Result<SignedHead, Untrusted> {
        let head = self.open_unwitnessed(note)?;
        let cosignatures = self.cosignatures(note)?;
        let by = |witness: &Witness, one: &Cosignature| witness.key.signatory() == one.by();
        let cosigned = |name: &[u8]| {
            let witness = self.witnesses.iter().find(|witness| witness.name == name);
            witness.is_some_and(|witness| cosignatures.iter().any(|one| by(witness, one)))
        };
        if self.quorum.is_met(&cosigned) { Ok(head) } else { Err(Untrusted::Quorum) }
    }

    /// The cosignatures on a note by witnesses of this policy.
    ///
    /// # Errors
    /// A known witness's line does not verify.
    pub fn cosignatures(&self, note: &[u8]) -> Result<Vec<Cosignature>, Untrusted> {
        let keys: Vec<&CosignerKey> = self.witnesses.iter().map(|witness| &witness.key).collect();
        Note::parse(note).and_then(|note| of_note(&note, &keys)).map_err(Untrusted::Witness)
    }

    /// The head in a signed note, if a log of this policy signed it, whoever cosigned it.
    ///
    /// # Errors
    /// None did, or what signed it is refused.
    pub fn open_unwitnessed(&self, note: &[u8]) -> Result<SignedHead, Untrusted> {
        let mut first = None;
        for key in &self.logs {
            match SignedHead::open(note, key) {
                Ok(head) => return Ok(head),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.map_or(Untrusted::NoLog, Untrusted::Log))
    }
}

impl Quorum {
    fn is_met(&self, cosigned: &impl Fn(&[u8]) -> bool) -> bool {
        match self {
            Self::None => true,
            Self::Witness(name) => cosigned(name),
            Self::Group { least, of } => of.iter().filter(|one| one.is_met(cosigned)).count() >= *least,
        }
    }
}

/// What the lines before this one said.
#[derive(Debug, Default)]
struct Reading {
    logs: Vec<VerifierKey>,
    witnesses: Vec<Witness>,
    named: BTreeMap<Vec<u8>, Quorum>,
    /// Names that are members of a group: each may be one once.
    members: BTreeSet<Vec<u8>>,
    quorum: Option<Quorum>,
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if line.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
            return Err("it has control characters");
        }
        let words: Vec<&[u8]> =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] | [b"log", key, _] => self.log(key),
            [b"witness", name, key] | [b"witness", name, key, _] => self.witness(name, key),
            [b"group", name, least, members @ ..] => self.group(name, least, members),
            [b"quorum", name] => self.quorum(name),
            _ => Err("it is neither a log, a witness, a group nor a quorum"),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), &'static str> {
        let key = std::str::from_utf8(key).ok().and_then(|key| key.parse::<VerifierKey>().ok());
        let key = key.ok_or("the log's key is none of the type 01 (Ed25519)")?;
        if self.logs.iter().any(|known| known.raw() == key.raw()) {
            return Err("the log's key was named before");
        }
        self.logs.push(key);
        if self.logs.len() > EACH_MAX { Err("there are too many logs") } else { Ok(()) }
    }

    fn witness(&mut self, name: &[u8], key: &[u8]) -> Result<(), &'static str> {
        let key = std::str::from_utf8(key).ok().and_then(|key| key.parse::<CosignerKey>().ok());
        let key = key.ok_or("the witness's key is none of the type 04 (Ed25519 cosignature)")?;
        if self.witnesses.iter().any(|known| known.key.raw() == key.raw()) {
            return Err("the witness's key was named before");
        }
        self.name(name, Quorum::Witness(name.to_vec()))?;
        self.witnesses.push(Witness { name: name.to_vec(), key });
        Ok(())
    }

    fn group(&mut self, name: &[u8], least: &[u8], members: &[&[u8]]) -> Result<(), &'static str> {
        let mut of = Vec::new();
        for member in members {
            of.push(self.named.get(*member).cloned().ok_or("a member was not named on a line before")?);
            if !self.members.insert(member.to_vec()) {
                return Err("a member is in a group already");
            }
        }
        let least = match least {
            b"any" => Some(1),
            b"all" => Some(of.len()),
            number => decimal(number),
        };
        let least = least.filter(|least| (1..=of.len()).contains(least));
        let least = least.ok_or("the number of members needed is not from 1 to as many as there are")?;
        self.name(name, Quorum::Group { least, of })
    }

    fn name(&mut self, name: &[u8], what: Quorum) -> Result<(), &'static str> {
        if name == b"none" || self.named.insert(name.to_vec(), what).is_some() {
            return Err("the name is taken");
        }
        if self.named.len() > 2 * EACH_MAX { Err("there are too many witnesses and groups") } else { Ok(()) }
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), &'static str> {
        let named = match name {
            b"none" => Quorum::None,
            name => self.named.get(name).cloned().ok_or("the quorum was not named on a line before")?,
        };
        if self.quorum.replace(named).is_some() { Err("there is a second quorum") } else { Ok(()) }
    }
}

fn decimal(text: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(text).ok()?;
    let number: usize = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sign::Ed25519Key;
    use crate::tlog::checkpoint::Checkpoint;
    use crate::tlog::cosignature::Cosigner;
    use crate::tlog::cosignature::merged;
    use crate::tlog::note::Signer;

    fn signer(origin: &str) -> Signer {
        let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        Signer::new(&origin.parse().unwrap(), key)
    }

    fn witness(name: &str, raw: u8) -> String {
        CosignerKey::new(&name.parse().unwrap(), [raw; 32]).to_string()
    }

    fn fault(text: &str) -> String {
        TrustPolicy::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_policy_says_which_logs_and_witnesses_it_trusts() {
        let log = signer("gw1.example/2026");
        let text = format!(
            "# ours\n\n\tlog {}  https://gw1.example/\nwitness W1 {}\nwitness W2 {} https://w2/\ngroup both all W1 W2\nquorum both",
            log.public(),
            witness("w1.example", 1),
            witness("w2.example", 2)
        );
        let policy = TrustPolicy::parse(text.as_bytes()).unwrap();
        assert_eq!(policy.logs(), [log.public().clone()]);
        let names: Vec<_> = policy.witnesses().iter().map(Witness::name).collect();
        assert_eq!((names, policy.demands_witnesses()), (vec!["W1".to_owned(), "W2".to_owned()], true));
    }

    #[test]
    fn a_head_is_good_under_the_logs_of_its_policy_only_and_only_with_its_quorum() {
        let (log, other) = (signer("gw1.example/2026"), signer("gw1.example/2026"));
        let head = Checkpoint { origin: "gw1.example/2026".parse().unwrap(), size: 3, root: [7; 32] };
        let note = SignedHead::sign(head, &log).note;
        let under = |key: &Signer, rest: &str| {
            TrustPolicy::parse(format!("log {}\n{rest}", key.public()).as_bytes())
                .unwrap()
                .open(note.as_bytes())
                .map(|head| head.size)
        };
        assert_eq!(under(&log, "quorum none\n"), Ok(3));
        assert!(matches!(under(&other, "quorum none\n"), Err(Untrusted::Log(_))));
        let witnessed = format!("witness W {}\nquorum W\n", witness("w.example", 1));
        assert_eq!(under(&log, &witnessed), Err(Untrusted::Quorum));
        assert_eq!(TrustPolicy::parse(b"quorum none").unwrap().open(note.as_bytes()), Err(Untrusted::NoLog));
    }

    #[test]
    fn a_quorum_is_met_by_cosignatures_that_verify_and_by_nothing_else() {
        let log = signer("gw1.example/2026");
        let head = Checkpoint { origin: "gw1.example/2026".parse().unwrap(), size: 3, root: [7; 32] };
        let note = SignedHead::sign(head.clone(), &log).note;
        let cosigner = |name: &str| {
            let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
            Cosigner::new(&name.parse().unwrap(), key)
        };
        let (one, two) = (cosigner("w1.example"), cosigner("w2.example"));
        let policy = format!(
            "log {}\nwitness W1 {}\nwitness W2 {}\ngroup both all W1 W2\nquorum both\n",
            log.public(),
            one.public(),
            two.public()
        );
        let policy = TrustPolicy::parse(policy.as_bytes()).unwrap();
        let at = "2026-11-26T02:00:00Z".parse().unwrap();
        let cosigned = |by: &[&Cosigner], text: &str| {
            let lines: Vec<Cosignature> = by.iter().map(|one| one.sign(text, at)).collect();
            merged(&note, &lines)
        };
        let (text, other) = (head.to_string(), head.to_string().replace("\n3\n", "\n4\n"));
        assert_eq!(policy.open(note.as_bytes()), Err(Untrusted::Quorum));
        assert_eq!(policy.open(cosigned(&[&one], &text).as_bytes()), Err(Untrusted::Quorum));
        assert_eq!(policy.open(cosigned(&[&one, &one], &text).as_bytes()), Err(Untrusted::Quorum));
        assert_eq!(policy.open(cosigned(&[&one, &two], &text).as_bytes()).unwrap().size, 3);
        let forged = policy.open(cosigned(&[&one, &two], &other).as_bytes());
        assert_eq!(forged, Err(Untrusted::Witness(NoteError::Forged)));
        let stranger = cosigner("w2.example");
        assert_eq!(policy.open(cosigned(&[&one, &stranger], &text).as_bytes()), Err(Untrusted::Quorum));
    }

    #[test]
    fn whatever_a_policy_does_not_say_clearly_is_a_fault_with_its_line() {
        let log = signer("gw1.example/2026").public().to_string();
        let (one, two) = (witness("w.example", 1), witness("w2.example", 2));
        for (text, what) in [
            (format!("log {log}\n"), "no quorum line"),
            (
                format!("log {log}\nlog {log}\nquorum none\n"),
                "line 2 of the trust policy: the log's key was named",
            ),
            (format!("log {one}\nquorum none\n"), "none of the type 01"),
            (format!("witness W {log}\nquorum W\n"), "none of the type 04"),
            (format!("witness W {one}\nwitness V {one}\nquorum W\n"), "named before"),
            (format!("witness W {one}\nwitness W {two}\nquorum W\n"), "the name is taken"),
            (format!("witness none {one}\nquorum none\n"), "the name is taken"),
            ("quorum W\n".to_owned(), "not named on a line before"),
            ("quorum none\nquorum none\n".to_owned(), "a second quorum"),
            (format!("witness W {one}\ngroup G 2 W\nquorum G\n"), "not from 1"),
            (format!("witness W {one}\ngroup G 0 W\nquorum G\n"), "not from 1"),
            (format!("witness W {one}\ngroup G 01 W\nquorum G\n"), "not from 1"),
            ("group G any\nquorum G\n".to_owned(), "not from 1"),
            (format!("witness W {one}\ngroup G any W\ngroup H any W\nquorum H\n"), "in a group already"),
            ("group G any G\nquorum G\n".to_owned(), "not named on a line before"),
            ("group G any none\nquorum G\n".to_owned(), "not named on a line before"),
            ("logs x\nquorum none\n".to_owned(), "neither a log"),
            ("quorum none x\n".to_owned(), "neither a log"),
            ("quorum none\r\n".to_owned(), "control characters"),
            ("#\u{7}\nquorum none\n".to_owned(), "control characters"),
            ("#".repeat(POLICY_BYTES_MAX + 1), "too long"),
        ] {
            assert!(fault(&text).contains(what), "{text:?}: {}", fault(&text));
        }
    }

    #[test]
    fn a_quorum_is_met_by_as_many_as_it_names_and_no_fewer() {
        let keys: Vec<_> = (1..=5).map(|raw| format!("witness W{raw} {}\n", witness("w", raw))).collect();
        let text =
            format!("{}group X 2 W1 W2 W3\ngroup Y any W4 W5\ngroup XY all X Y\nquorum XY\n", keys.concat());
        let policy = TrustPolicy::parse(text.as_bytes()).unwrap();
        let met =
            |by: &[&str]| policy.quorum.is_met(&|name: &[u8]| by.iter().any(|one| one.as_bytes() == name));
        assert!(met(&["W1", "W3", "W5"]) && met(&["W1", "W2", "W3", "W4", "W5"]));
        assert!(!met(&["W1", "W4", "W5"]) && !met(&["W1", "W2", "W3"]) && !met(&[]));
    }
}
