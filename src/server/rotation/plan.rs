//! What was begun: the verification keys of both logs, the answer keys of both, and what was counted towards quotas, one a line.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::audit::charged::Carried;
use crate::crypto::keyfile;
use crate::tlog::note::VerifierKey;

use super::RotateError;
use super::error::at;
use super::sync;

/// The plan, under the keys folder.
const PLAN: &str = "rotation";

/// What was begun and cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// The verification key of the log that is closed.
    pub(super) retired: VerifierKey,
    /// That of the log that follows.
    pub(super) key: VerifierKey,
    /// The keys that sign answers, before and then: SubjectPublicKeyInfo, base64. None in plans of programs that kept the key.
    pub(super) answers: Option<(String, String)>,
    /// What the log that is closed has counted.
    pub(super) accounts: Vec<Carried>,
}

impl Plan {
    /// Where it is.
    pub(super) fn file(keys: &Path) -> PathBuf {
        keys.join(PLAN)
    }

    /// The plan that an earlier run wrote, if it did not come to its end.
    pub(super) fn read(keys: &Path) -> Result<Option<Self>, RotateError> {
        let file = Self::file(keys);
        let text = match std::fs::read_to_string(&file) {
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(at(&file))?,
        };
        parse(&text).map(Some).ok_or(RotateError::Plan(file))
    }

    /// Durable when this returns.
    pub(super) fn write(&self, keys: &Path) -> Result<(), RotateError> {
        let file = Self::file(keys);
        let mut text = format!("{}\n{}\n", self.retired, self.key);
        if let Some((before, then)) = &self.answers {
            let accounts =
                serde_json::to_string(&self.accounts).map_err(io::Error::from).map_err(at(&file))?;
            text.push_str(&format!("{before}\n{then}\n{accounts}\n"));
        }
        keyfile::write_new(&file, text.as_bytes()).map_err(at(&file))
    }

    /// It is carried out.
    pub(super) fn remove(keys: &Path) -> Result<(), RotateError> {
        let file = Self::file(keys);
        std::fs::remove_file(&file).and_then(|()| sync(keys)).map_err(at(&file))
    }
}

fn parse(text: &str) -> Option<Plan> {
    let mut lines = text.lines();
    let (retired, key) = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
    let Some(before) = lines.next() else {
        return Some(Plan { retired, key, answers: None, accounts: Vec::new() });
    };
    let (then, accounts) = (lines.next()?, serde_json::from_str(lines.next()?).ok()?);
    let answers = Some((before.to_owned(), then.to_owned()));
    lines.next().is_none().then_some(Plan { retired, key, answers, accounts })
}
