//! Where an index is kept.

use std::fs::File;
use std::fs::TryLockError;
use std::path::Path;
use std::path::PathBuf;

use super::Catalogue;
use super::Index;
use super::IndexError;
use super::Month;
use super::postgres::Postgres;
use super::postgres::address::Address;
use super::sqlite::Sqlite;
use crate::id::Origin;

/// The file that whoever feeds an index in a folder holds.
const TURN: &str = "feeding";

/// Where an index is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file in this folder.
    Folder(PathBuf),
    /// In a database, under the origin of the log.
    Postgres(Address, Origin),
}

/// The right to feed an index, which one process has at a time; given back when dropped, and by the system when its holder dies.
#[derive(Debug)]
pub struct Turn {
    _held: Held,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held, and never looked at")]
enum Held {
    File(File),
    Session(Box<Postgres>),
}

impl Place {
    /// Opens the index to feed it, and makes it where there is none.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn open(&self) -> Result<Box<dyn Index>, IndexError> {
        match self {
            Self::Folder(folder) => Ok(Box::new(Sqlite::open(folder)?)),
            Self::Postgres(address, origin) => Ok(Box::new(Postgres::open(address, origin.as_str())?)),
        }
    }

    /// Opens the index to ask it, each question bounded by so many steps.
    ///
    /// # Errors
    /// See [`IndexError`]; there is none, too.
    pub fn read(&self, steps: u64) -> Result<Box<dyn Catalogue>, IndexError> {
        match self {
            Self::Folder(folder) => Ok(Box::new(Sqlite::read(folder, steps)?)),
            Self::Postgres(address, origin) => Ok(Box::new(Postgres::read(address, origin.as_str(), steps)?)),
        }
    }

    /// Takes the turn to feed it; none: another has it.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn turn(&self) -> Result<Option<Turn>, IndexError> {
        match self {
            Self::Folder(folder) => turn_in(folder).map_err(IndexError::Folder),
            Self::Postgres(address, origin) => {
                let session = Postgres::open(address, origin.as_str())?;
                Ok(session.take_turn()?.then(|| Turn { _held: Held::Session(Box::new(session)) }))
            }
        }
    }

    /// Forgets what the annexes of a month told, if an index was made yet. Whoever feeds it meanwhile feeds nothing of that month again.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn forget(&self, month: Month) -> Result<(), IndexError> {
        if matches!(self, Self::Folder(folder) if !Sqlite::is_in(folder)) {
            return Ok(());
        }
        self.open()?.forget(month).map(drop)
    }

    /// Takes the index away, whatever form it has, to be made anew. Only for whoever has the turn.
    ///
    /// # Errors
    /// It cannot be taken away.
    pub fn remove(&self, _turn: &Turn) -> Result<(), IndexError> {
        match self {
            Self::Folder(folder) => Sqlite::remove(folder).map_err(IndexError::Folder),
            Self::Postgres(address, origin) => Postgres::open(address, origin.as_str())?.clear(),
        }
    }
}

fn turn_in(folder: &Path) -> std::io::Result<Option<Turn>> {
    super::sqlite::make_folder(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(TURN))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Turn { _held: Held::File(file) })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(cause)) => Err(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_turn_until_it_gives_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().join("index"));
        let turn = place.turn().unwrap();
        assert!(turn.is_some() && place.turn().unwrap().is_none());
        drop(turn);
        assert!(place.turn().unwrap().is_some());
    }
}
