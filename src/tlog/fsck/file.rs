//! Reading a file of a folder that somebody else may have laid out to stop its reader: neither what never ends nor what is larger
//! than the log ever writes is read.

use std::fs;
use std::io;
use std::path::Path;

use crate::language::Text;

/// The largest segment that can be set (1 GiB), and room for a batch behind its end.
pub(super) const SEGMENT_MAX: u64 = (1 << 30) + (64 << 20);

/// Anything else: a full bundle or file of annexes has 16 MiB at most, revocation lists among the objects are the largest that come.
pub(super) const FILE_MAX: u64 = 256 << 20;

/// Why a file was not read that is there.
#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error("it is no regular file")]
    Irregular,
    #[error("it is larger than the log writes any")]
    Large,
}

/// Reads a regular file of at most so many bytes, and follows no link to one.
pub(super) fn read(file: &Path, max: u64) -> io::Result<Vec<u8>> {
    let metadata = fs::symlink_metadata(file)?;
    let not = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    match (metadata.is_file(), metadata.len() > max) {
        (false, _) => not(NotRead::Irregular),
        (true, true) => not(NotRead::Large),
        (true, false) => fs::read(file),
    }
}

/// Why a file cannot be read; what the system says it says in English.
pub(super) fn why(error: &io::Error) -> Text {
    let ours = error.get_ref().and_then(|cause| cause.downcast_ref::<NotRead>());
    let vi = match ours {
        Some(NotRead::Irregular) => "không phải là tệp thường".to_owned(),
        Some(NotRead::Large) => "lớn hơn mọi tệp mà nhật ký ghi".to_owned(),
        None => error.to_string(),
    };
    Text::new(vi, error.to_string())
}
