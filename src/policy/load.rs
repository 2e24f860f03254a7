//! Policy files from a folder or from memory.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};

use super::compile::compile;
use super::policies::{Policies, PolicyFile};

/// The largest policy file that is read: 1 MiB, a catalogue of some thousands of fields.
const FILE_MAX: u64 = 1 << 20;

/// Files that may stand in the folder for people, and are not policy.
const FOR_PEOPLE: &[&str] = &["README.md"];

/// Loads a folder. Every file in it must be of a known kind; names that begin with a dot, and `README.md`, are passed over.
///
/// # Errors
/// All faults of all files.
pub fn load(dir: &Path, now: Timestamp) -> Result<Policies, Faults> {
    let (files, mut faults) = read(dir);
    // Nothing was read: what it lacks is not the point.
    if files.is_empty() && faults.has_faults() {
        return Err(faults);
    }
    match compile(files, now) {
        Ok(policies) if !faults.has_faults() => Ok(policies),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            Err(faults)
        }
    }
}

/// Reads a folder's files, sorted by name, and the faults of those that cannot be read.
#[must_use]
pub fn read(dir: &Path) -> (Vec<PolicyFile>, Faults) {
    let (mut files, mut faults) = (Vec::new(), Faults::new());
    collect(dir, "", &mut files, &mut faults);
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    (files, faults)
}

/// Loads files by name, such as `agencies/H31.02.toml`, and text.
///
/// # Errors
/// All faults of all files.
pub fn load_files(files: Vec<(String, String)>, now: Timestamp) -> Result<Policies, Faults> {
    let bytes = |(name, text): (String, String)| (name, Arc::from(text.into_bytes()));
    compile(files.into_iter().map(bytes).collect(), now)
}

fn collect(dir: &Path, prefix: &str, files: &mut Vec<PolicyFile>, faults: &mut Faults) {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => return faults.push(unreadable(&dir.display().to_string(), &error)),
    };
    for entry in entries {
        match entry {
            Ok(entry) => take(&entry, prefix, files, faults),
            Err(error) => faults.push(unreadable(&dir.display().to_string(), &error)),
        }
    }
}

fn take(entry: &fs::DirEntry, prefix: &str, files: &mut Vec<PolicyFile>, faults: &mut Faults) {
    let name = entry.file_name().to_string_lossy().into_owned();
    let path = format!("{prefix}{name}");
    // Kubernetes mounts a folder through names such as `..data`; editors leave `.swp` files.
    if name.starts_with('.') || FOR_PEOPLE.contains(&path.as_str()) {
        return;
    }
    match fs::metadata(entry.path()) {
        Ok(meta) if meta.is_dir() && prefix.is_empty() => {
            collect(&entry.path(), &format!("{name}/"), files, faults);
        }
        Ok(meta) if meta.is_file() && meta.len() <= FILE_MAX => match fs::read(entry.path()) {
            Ok(bytes) => files.push((path, bytes.into())),
            Err(error) => faults.push(unreadable(&path, &error)),
        },
        Ok(_) => {
            let message = format!("`{}` is not a file of at most {FILE_MAX} bytes", shown(&path));
            faults.push(Fault::new(Code::UnknownFile, message));
        }
        Err(error) => faults.push(unreadable(&path, &error)),
    }
}

fn unreadable(path: &str, error: &io::Error) -> Fault {
    Fault::new(Code::Unreadable, format!("`{}` cannot be read: {error}", shown(path)))
}
