//! The demonstration's folder: kept where one was named, else removed at the end.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::crypto::digest::hex;
use crate::crypto::random;

/// Where a demonstration that stays up is kept, unless a folder is named.
const KEPT: &str = "phohien-demo";

/// A folder that is there and was empty.
#[derive(Debug)]
pub struct DemoFolder {
    path: PathBuf,
    passing: bool,
}

impl DemoFolder {
    /// Takes the folder that was named; else, to tell the story once, a passing one, and to stay up, `./phohien-demo`.
    ///
    /// # Errors
    /// It holds something already, or cannot be made.
    pub fn take(named: Option<&Path>, once: bool) -> Result<Self, Failure> {
        let passing = named.is_none() && once;
        let path = match named {
            Some(named) => named.to_owned(),
            None if once => passing_name()?,
            None => PathBuf::from(KEPT),
        };
        std::fs::create_dir_all(&path).map_err(|cause| Failure::unwritable(&path, cause))?;
        let path = path.canonicalize().map_err(|cause| Failure::unreadable(&path, cause))?;
        let mut inside = std::fs::read_dir(&path).map_err(|cause| Failure::unreadable(&path, cause))?;
        if inside.next().is_some() { Err(occupied(&path)) } else { Ok(Self { path, passing }) }
    }

    /// Where it is, from the root.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is removed at the end.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.passing
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if self.passing {
            let _left_behind = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn passing_name() -> Result<PathBuf, Failure> {
    let random = random::bytes::<8>().map_err(|cause| {
        Failure::could_not(
            "no-randomness",
            "Hệ điều hành không cấp số ngẫu nhiên.",
            "The operating system gave no randomness.",
        )
        .because(io::Error::other(cause))
    })?;
    Ok(std::env::temp_dir().join(format!("phohien-demo-{}", hex(&random))))
}

fn occupied(path: &Path) -> Failure {
    let name = shown(&path.display().to_string());
    Failure::usage(
        format!(
            "`{name}` không trống. Hãy nêu một thư mục trống bằng `--dir`, hoặc chạy tiếp cổng đã có: \
             `phohien serve --config {name}/gateway.toml`."
        ),
        format!(
            "`{name}` is not empty. Name an empty folder with `--dir`, or go on with the gateway that is there: \
             `phohien serve --config {name}/gateway.toml`."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_holds_something_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::File::create(folder.path().join("thesis.txt")).unwrap();
        assert!(DemoFolder::take(Some(folder.path()), true).is_err());
        assert!(folder.path().join("thesis.txt").is_file());
    }

    #[test]
    fn a_named_folder_stays_and_a_passing_one_goes() {
        let folder = tempfile::tempdir().unwrap();
        drop(DemoFolder::take(Some(&folder.path().join("a/b")), true).unwrap());
        assert!(folder.path().join("a/b").is_dir());
        let passing = DemoFolder::take(None, true).unwrap();
        let path = passing.path().to_owned();
        assert!(path.is_dir());
        drop(passing);
        assert!(!path.exists());
    }
}
