//! Cosignatures (C2SP tlog-cosignature v1, Ed25519): another party's word that at a time this was the largest head of a log
//! it had seen, and that the log had only grown until then.
//!
//! A signature line of type 0x04, `base64(key id || u64 seconds || signature)`. Signed is
//! `cosignature/v1 LF time <seconds> LF` and the checkpoint's text, so that no cosignature can pass for a log's own signature.

use std::fmt;

use super::note;
use super::note::FURTHER_SIGNATURES_MAX;
use super::note::Line;
use super::note::NamedKey;
use super::note::Note;
use super::note::NoteError;
use super::note::Signatory;
use crate::clock::Timestamp;
use crate::crypto::sign::Ed25519Key;
use crate::id::Origin;

/// The signature type of an Ed25519 cosignature.
const ED25519_COSIGNATURE: u8 = 0x04;

/// The latest time there is, in seconds since 1970 (C2SP tlog-cosignature, Format).
const TIME_MAX: u64 = (1 << 63) - 1;

/// The public key of one who cosigns, by the name under which it does.
pub type CosignerKey = NamedKey<ED25519_COSIGNATURE>;

fn verified(key: &CosignerKey, line: &Line<'_>, text: &str) -> Result<Cosignature, NoteError> {
    let (time, signature) = line.signature.split_first_chunk::<8>().ok_or(NoteError::Forged)?;
    let (time, signature) = (u64::from_be_bytes(*time), <[u8; 64]>::try_from(signature));
    let signature = signature.map_err(|_| NoteError::Forged)?;
    key.verify(message(time, text).as_bytes(), &signature)?;
    if time > TIME_MAX {
        return Err(NoteError::Forged);
    }
    Ok(Cosignature { by: key.signatory().clone(), time, signature })
}

/// What is signed.
fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A private key with the name it cosigns under.
#[derive(Debug)]
pub struct Cosigner {
    key: Ed25519Key,
    public: CosignerKey,
}

impl Cosigner {
    /// Gives a key its name. One key for one name: the name is not in what is signed.
    #[must_use]
    pub fn new(name: &Origin, key: Ed25519Key) -> Self {
        let public = CosignerKey::new(name, key.public_raw());
        Self { key, public }
    }

    /// What verifies its cosignatures.
    #[must_use]
    pub fn public(&self) -> &CosignerKey {
        &self.public
    }

    /// Cosigns a checkpoint's text. Whoever calls this has seen no larger head of that log, and kept this one for good:
    /// [`super::witness::Memory`] does both.
    pub(super) fn sign(&self, text: &str, at: Timestamp) -> Cosignature {
        let time = u64::try_from(at.as_second()).unwrap_or_default();
        let signature = self.key.sign(message(time, text).as_bytes());
        Cosignature { by: self.public.signatory().clone(), time, signature }
    }
}

/// One verified cosignature; its signature line is `Display`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    by: Signatory,
    time: u64,
    signature: [u8; 64],
}

impl Cosignature {
    /// Who cosigned.
    #[must_use]
    pub fn by(&self) -> &Signatory {
        &self.by
    }

    /// When, in seconds since 1970.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.time
    }
}

impl fmt::Display for Cosignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [self.time.to_be_bytes().as_slice(), &self.signature].concat();
        f.write_str(&note::signature_line(&self.by, &blob))
    }
}

/// The cosignatures on a note by those we know, each cosigner once with its latest; perhaps none.
///
/// # Errors
/// A known cosigner's line does not verify, or there are too many other lines.
pub fn of_note(note: &Note<'_>, known: &[&CosignerKey]) -> Result<Vec<Cosignature>, NoteError> {
    let (mut found, mut further) = (Vec::<Cosignature>::new(), 0);
    for line in note.lines() {
        let Some(key) = known.iter().find(|key| key.knows(line)) else {
            further += 1;
            if further > FURTHER_SIGNATURES_MAX {
                return Err(NoteError::Malformed("it has too many signatures"));
            }
            continue;
        };
        let fresh = verified(key, line, note.unverified_text())?;
        match found.iter_mut().find(|seen| seen.by == fresh.by) {
            Some(seen) if seen.time < fresh.time => *seen = fresh,
            Some(_) => further += 1,
            None => found.push(fresh),
        }
    }
    Ok(found)
}

/// The cosignature by `key` among the lines a witness answered with, over the checkpoint's text that was submitted.
///
/// # Errors
/// The answer is no signature lines, the witness's does not verify, or there is none of it.
pub fn of_answer(answer: &[u8], text: &str, key: &CosignerKey) -> Result<Cosignature, NoteError> {
    let whole = [text.as_bytes(), b"\n", answer].concat();
    let note = Note::parse(&whole)?;
    // A blank line inside the answer would have moved the end of the text.
    if note.unverified_text() != text {
        return Err(NoteError::Malformed("the answer is not signature lines alone"));
    }
    of_note(&note, &[key])?.pop().ok_or(NoteError::Unknown)
}

/// A signed note with cosignatures added; an earlier line of the same cosigner is left out. Lines of others stay.
#[must_use]
pub fn merged(note: &str, cosignatures: &[Cosignature]) -> String {
    let Some((text, lines)) = note.rsplit_once("\n\n") else { return note.to_owned() };
    let replaced = |line: &str| {
        let of = |line: &Line<'_>| cosignatures.iter().any(|one| one.by.stands_in(line));
        Line::parse(line.trim_end_matches('\n')).is_ok_and(|line| of(&line))
    };
    let kept: String = lines.split_inclusive('\n').filter(|line| !replaced(line)).collect();
    let added: String = cosignatures.iter().map(ToString::to_string).collect();
    format!("{text}\n\n{kept}{added}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by OpenSSL of the private key 000102…1f, over what C2SP tlog-cosignature says is signed.
    const KEY: &str = "witness.example/w1+e75f6532+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    const LINE: &str = "\u{2014} witness.example/w1 519lMgAAAABkGFDL8H6P8B9GBt8r6sLrUR4doLhIEGur9j5vF3EE7P7fA6LvsskFd7eTGUYPnS1B/1rli7q2bGEEQGuNWmwAl6MtCQ==\n";
    const TEXT: &str = "gw.example/2026\n130\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n";

    fn cosigner(name: &str) -> Cosigner {
        let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        Cosigner::new(&name.parse().unwrap(), key)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_cosignature_that_openssl_made_verifies_and_is_written_as_it_was() {
        let key: CosignerKey = KEY.parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        let cosignature = of_answer(LINE.as_bytes(), TEXT, &key).unwrap();
        assert_eq!((cosignature.time(), cosignature.to_string()), (1_679_315_147, LINE.to_owned()));
    }

    #[test]
    fn keys_of_other_implementations_keep_their_spelling_and_a_logs_key_is_no_cosigners() {
        let foreign = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
        assert_eq!(foreign.parse::<CosignerKey>().unwrap().to_string(), foreign);
        let log = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert!(log.parse::<CosignerKey>().is_err());
        assert!(foreign.parse::<crate::tlog::note::VerifierKey>().is_err());
        assert!(foreign.replace("+da", "+db").parse::<CosignerKey>().is_err());
    }

    #[test]
    fn a_cosignature_is_over_its_time_and_text_and_by_its_key_alone() {
        let (ours, other) = (cosigner("w.example/1"), cosigner("w.example/1"));
        let line = ours.sign(TEXT, at(77)).to_string();
        assert_eq!(of_answer(line.as_bytes(), TEXT, ours.public()).unwrap().time(), 77);
        assert_eq!(of_answer(line.as_bytes(), TEXT, other.public()), Err(NoteError::Unknown));
        let changed = TEXT.replace("130", "131");
        assert_eq!(of_answer(line.as_bytes(), &changed, ours.public()), Err(NoteError::Forged));
        let later = Cosignature { time: 78, ..ours.sign(TEXT, at(77)) };
        assert_eq!(of_answer(later.to_string().as_bytes(), TEXT, ours.public()), Err(NoteError::Forged));
    }

    #[test]
    fn the_latest_cosignature_counts_and_replaces_the_one_before() {
        let (one, two) = (cosigner("w.example/1"), cosigner("w.example/2"));
        let known = [one.public(), two.public()];
        let note = format!("{TEXT}\n\u{2014} log.example AAAAAAAA\n");
        let note = merged(&note, &[one.sign(TEXT, at(5)), two.sign(TEXT, at(6))]);
        let both = format!("{note}{}", one.sign(TEXT, at(9)));
        let times = |note: &str| {
            let found = of_note(&Note::parse(note.as_bytes()).unwrap(), &known).unwrap();
            found.iter().map(Cosignature::time).collect::<Vec<_>>()
        };
        assert_eq!((times(&note), times(&both)), (vec![5, 6], vec![9, 6]));
        let merged = merged(&note, &[one.sign(TEXT, at(9))]);
        assert_eq!((times(&merged), merged.lines().count()), (vec![6, 9], 7));
        assert!(merged.contains("log.example"));
    }

    #[test]
    fn an_answer_is_signature_lines_and_nothing_else() {
        let one = cosigner("w.example/1");
        let line = one.sign(TEXT, at(5)).to_string();
        for bad in ["", "\n", "hello\n", &format!("{line}\n{line}"), &format!("x\n\n{line}"), line.trim_end()]
        {
            assert!(of_answer(bad.as_bytes(), TEXT, one.public()).is_err(), "{bad:?}");
        }
        let strangers = cosigner("w.example/9").sign(TEXT, at(5)).to_string();
        assert!(of_answer(format!("{strangers}{line}").as_bytes(), TEXT, one.public()).is_ok());
    }
}
