//! The keys of the months: one secret a calendar month (UTC), under which that month's annexes are sealed and its salts made.
//!
//! Destroying a month's key makes its annexes unreadable for good, and leaves every proof valid. A mark, `<month>.forgotten`, stays in its
//! place: under it the key is neither given out nor made again.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::crypto::CryptoError;
use crate::crypto::keyfile;
use crate::crypto::random;
use crate::crypto::seal::SealingKey;
use crate::id::ExchangeId;

use super::index::Month;

/// Why a month's key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum MonthKeyError {
    /// The file could not be read or made.
    #[error("the month key `{path}` could not be read or made")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not 32 bytes.
    #[error("the month key `{0}` is damaged: it must hold 32 bytes")]
    Damaged(PathBuf),
    /// It was forgotten by order.
    #[error("the month {0} was forgotten")]
    Forgotten(String),
    /// The key is of no use.
    #[error("the month key could not be taken into use")]
    Unusable(#[from] CryptoError),
}

/// One month's secrets.
#[derive(Debug)]
pub struct MonthKey {
    secret: Secret,
    /// Seals and opens annexes.
    pub sealing: SealingKey,
}

struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl MonthKey {
    fn new(secret: [u8; 32]) -> Result<Self, CryptoError> {
        Ok(Self { sealing: SealingKey::new(&secret)?, secret: Secret(secret) })
    }

    /// The salt of one commitment of an exchange of this month.
    #[must_use]
    pub fn salt(&self, exchange: ExchangeId, label: super::commitment::Label) -> crate::crypto::digest::Hash {
        super::commitment::salt(&self.secret.0, exchange, label)
    }
}

/// All months' keys, each read or made when first asked for. Clones are one and the same: what one forgets none has in memory.
#[derive(Debug, Clone)]
pub struct MonthKeys {
    folder: PathBuf,
    known: Arc<Mutex<HashMap<String, Arc<MonthKey>>>>,
}

impl MonthKeys {
    /// Keys in a folder, which must not lie under the log.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, known: Arc::default() }
    }

    /// The key of the month in which an exchange began.
    ///
    /// # Errors
    /// It can neither be read nor made.
    pub fn of(&self, exchange: ExchangeId) -> Result<Arc<MonthKey>, MonthKeyError> {
        let name = month_of(exchange);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.get(&name) {
            return Ok(Arc::clone(key));
        }
        if self.is_marked(&name)? {
            return Err(MonthKeyError::Forgotten(name));
        }
        let key = Arc::new(self.read_or_make(&name)?);
        known.insert(name, Arc::clone(&key));
        Ok(key)
    }

    /// The key of the month in which an exchange of the past began; none once it was destroyed. Never made: a new one would open
    /// nothing, and salts made with it would be false.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn kept(&self, exchange: ExchangeId) -> Result<Option<Arc<MonthKey>>, MonthKeyError> {
        let name = month_of(exchange);
        let there = self.path(&name).try_exists();
        let there = there.map_err(|source| MonthKeyError::File { path: self.path(&name), source })?;
        if there && !self.is_marked(&name)? { self.of(exchange).map(Some) } else { Ok(None) }
    }

    /// Marks a month as forgotten, durably: from here on its key is neither given out nor made. `mark` says by what order; one that is
    /// there stays. Whether there was none.
    ///
    /// # Errors
    /// The disk failed.
    pub fn mark_forgotten(&self, month: Month, mark: &[u8]) -> Result<bool, MonthKeyError> {
        let path = self.mark(&month.to_string());
        let is_new = match keyfile::write_new(&path, mark) {
            Err(there) if there.kind() == io::ErrorKind::AlreadyExists => false,
            Err(source) => return Err(MonthKeyError::File { path, source }),
            Ok(()) => true,
        };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&month.to_string());
        Ok(is_new)
    }

    /// Destroys the key of a month that is marked: overwritten, taken away, each durably. Whether there was one.
    ///
    /// # Errors
    /// The disk failed: the key may still be there.
    pub fn destroy(&self, month: Month) -> Result<bool, MonthKeyError> {
        let path = self.path(&month.to_string());
        keyfile::destroy(&path).map_err(|source| MonthKeyError::File { path, source })
    }

    /// Months that are marked and whose key is still there, each with its mark.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn half_forgotten(&self) -> Result<Vec<(Month, Vec<u8>)>, MonthKeyError> {
        let failed = |source| MonthKeyError::File { path: self.folder.clone(), source };
        let names = match std::fs::read_dir(&self.folder) {
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.map_err(failed)?,
        };
        let mut found = Vec::new();
        for name in names {
            let name = name.map_err(failed)?.file_name();
            let month = name.to_str().and_then(|name| name.strip_suffix(".key")?.parse::<Month>().ok());
            let Some(month) = month else { continue };
            match std::fs::read(self.mark(&month.to_string())) {
                Ok(mark) => found.push((month, mark)),
                Err(absent) if absent.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(failed(source)),
            }
        }
        found.sort();
        Ok(found)
    }

    fn mark(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.forgotten"))
    }

    fn is_marked(&self, name: &str) -> Result<bool, MonthKeyError> {
        let path = self.mark(name);
        path.try_exists().map_err(|source| MonthKeyError::File { path, source })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    fn read_or_make(&self, name: &str) -> Result<MonthKey, MonthKeyError> {
        let path = self.path(name);
        let failed = |source| MonthKeyError::File { path: path.clone(), source };
        // Durable before first use: were it lost in a crash, annexes sealed under it could never be read.
        let make = || random::bytes::<32>().map(Vec::from).map_err(std::io::Error::other);
        let bytes = keyfile::read_or_make(&path, make).map_err(failed)?;
        let secret = bytes.try_into().map_err(|_| MonthKeyError::Damaged(path.clone()))?;
        Ok(MonthKey::new(secret)?)
    }
}

/// `2026-11`: the month, in UTC, of the time in the id.
pub(super) fn month_of(exchange: ExchangeId) -> String {
    Month::of_millis(exchange.unix_millis()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::commitment::Label;

    #[test]
    fn a_months_key_survives_a_restart_and_another_months_differs() {
        let folder = tempfile::tempdir().unwrap();
        let november = ExchangeId::new(1_795_401_000_000, &[0; 10]);
        let december = ExchangeId::new(1_797_993_000_000, &[0; 10]);
        let before =
            MonthKeys::new(folder.path().join("months")).of(november).unwrap().salt(november, Label::User);
        let again = MonthKeys::new(folder.path().join("months"));
        assert_eq!(again.of(november).unwrap().salt(november, Label::User), before);
        assert_ne!(again.of(december).unwrap().salt(november, Label::User), before);
    }

    #[test]
    fn a_destroyed_months_key_is_not_made_again_by_asking_for_the_past() {
        let folder = tempfile::tempdir().unwrap();
        let id = ExchangeId::new(1_795_401_000_000, &[0; 10]);
        let keys = MonthKeys::new(folder.path().into());
        assert!(keys.kept(id).unwrap().is_none());
        keys.of(id).unwrap();
        assert!(keys.kept(id).unwrap().is_some());
        std::fs::remove_file(folder.path().join("2026-11.key")).unwrap();
        assert!(
            keys.kept(id).unwrap().is_none()
                && MonthKeys::new(folder.path().into()).kept(id).unwrap().is_none()
        );
        assert!(!folder.path().join("2026-11.key").exists());
    }

    #[test]
    fn a_marked_month_gives_no_key_and_makes_none_and_a_destroyed_one_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let id = ExchangeId::new(1_795_401_000_000, &[0; 10]);
        let (keys, november) = (MonthKeys::new(folder.path().into()), "2026-11".parse().unwrap());
        let secret = keys.of(id).unwrap().salt(id, Label::User);
        let clone = keys.clone();
        assert!(clone.of(id).is_ok());
        assert!(keys.mark_forgotten(november, b"by order").unwrap());
        assert!(!keys.mark_forgotten(november, b"again").unwrap());
        for keys in [&keys, &clone, &MonthKeys::new(folder.path().into())] {
            assert!(matches!(keys.of(id), Err(MonthKeyError::Forgotten(_))));
            assert!(keys.kept(id).unwrap().is_none());
            assert_eq!(keys.half_forgotten().unwrap(), [(november, b"by order".to_vec())]);
        }
        let before = std::fs::read(folder.path().join("2026-11.key")).unwrap();
        assert!(before.len() == 32 && secret != [0; 32]);
        assert!(keys.destroy(november).unwrap() && !keys.destroy(november).unwrap());
        assert!(!folder.path().join("2026-11.key").exists() && keys.half_forgotten().unwrap().is_empty());
        assert!(matches!(keys.of(id), Err(MonthKeyError::Forgotten(_))));
    }

    #[test]
    fn a_damaged_month_key_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let id = ExchangeId::new(1_795_401_000_000, &[0; 10]);
        keyfile::write_new(&folder.path().join("2026-11.key"), b"short").unwrap();
        assert!(matches!(MonthKeys::new(folder.path().into()).of(id), Err(MonthKeyError::Damaged(_))));
    }
}
