//! The zip of an evidence file: written so that the same files give the same bytes, read as something a stranger hands in.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::io::Read as _;
use std::io::Write as _;

use zip::CompressionMethod;
use zip::DateTime;
use zip::ZipArchive;
use zip::ZipWriter;
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

/// The longest evidence file we read, in bytes: hundreds of exchanges with their answers.
pub const ARCHIVE_BYTES_MAX: usize = 64 << 20;

/// The most files in it: a thousand exchanges with ten files each.
pub const FILES_MAX: usize = 10_000;

/// The most bytes of one file: the longest answer that is held whole, sixteen times.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The most bytes of all files, unpacked: a bomb ends here.
const TOTAL_BYTES_MAX: u64 = 256 << 20;

/// The longest name of a file.
const NAME_BYTES_MAX: usize = 200;

/// How the record begins that ends a zip (APPNOTE 4.3.16), and its length without a comment.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;

/// The bits of a Unix mode that say what kind of file it is.
const FILE_TYPE: u32 = 0o170_000;
/// A regular file.
const REGULAR: u32 = 0o100_000;

/// The files of a case, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why an archive is refused, or cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no zip, or one that nobody here writes.
    #[error("the zip is damaged, or not one that is taken")]
    Zip(#[from] ZipError),
    /// It is one that two readers could read differently.
    #[error("the zip is refused: {0}")]
    Ambiguous(&'static str),
    /// It goes over a limit.
    #[error("the zip is too large: {0}")]
    TooLarge(&'static str),
    /// A file in it is not as files in it are.
    #[error("the file `{name}` in the zip is refused: {what}")]
    File {
        /// Its name, escaped.
        name: String,
        /// Why.
        what: &'static str,
    },
    /// The bytes of a file cannot be unpacked.
    #[error("a file in the zip cannot be unpacked")]
    Unpack(#[from] std::io::Error),
}

/// Packs files: in the order of their names, at one time, uncompressed. Nothing of the machine or the moment goes in.
///
/// # Errors
/// A name is taken for none, or there are too many bytes.
pub fn pack(files: &Files) -> Result<Vec<u8>, ArchiveError> {
    check_sizes(files.len(), files.values().map(|bytes| bytes.len() as u64))?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        check_name(name.as_bytes())?;
        writer.start_file(name.as_str(), options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Unpacks an archive into memory, within limits; nothing touches the disk.
///
/// # Errors
/// See [`ArchiveError`].
pub fn unpack(bytes: &[u8]) -> Result<Files, ArchiveError> {
    if bytes.len() > ARCHIVE_BYTES_MAX {
        return Err(ArchiveError::TooLarge("it has more than 64 MiB"));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    // The reader looks for the end from behind, and would go past whatever stands there.
    if bytes.last_chunk::<END_BYTES>().is_none_or(|end| !end.starts_with(END)) {
        return Err(ArchiveError::Ambiguous("it has bytes behind its end"));
    }
    if archive.has_duplicate_names() {
        return Err(ArchiveError::Ambiguous("a name is there twice"));
    }
    if archive.offset() != 0 || !archive.comment().is_empty() {
        return Err(ArchiveError::Ambiguous("it has bytes before its first file, or a comment"));
    }
    archive.validate_header_consistency()?;
    if archive.has_overlapping_entries()? {
        return Err(ArchiveError::Ambiguous("two files share their bytes"));
    }
    let sizes: Vec<u64> = (0..archive.len())
        .map(|at| archive.by_index_raw(at).map(|file| file.size()))
        .collect::<Result<_, _>>()?;
    check_sizes(archive.len(), sizes.into_iter())?;
    let (mut files, mut left) = (Files::new(), TOTAL_BYTES_MAX);
    for at in 0..archive.len() {
        let (name, bytes) = file(&mut archive.by_index(at)?, &mut left)?;
        if files.insert(name.clone(), bytes).is_some() {
            return Err(refused(&name, "it is there twice"));
        }
    }
    Ok(files)
}

/// What the sizes say, before a byte is unpacked; they may lie, so unpacking counts again.
fn check_sizes(count: usize, sizes: impl Iterator<Item = u64>) -> Result<(), ArchiveError> {
    if count > FILES_MAX {
        return Err(ArchiveError::TooLarge("it has more than 10,000 files"));
    }
    let mut total = 0_u64;
    for size in sizes {
        total = total.saturating_add(size);
        if size > FILE_BYTES_MAX {
            return Err(ArchiveError::TooLarge("a file has more than 16 MiB"));
        }
    }
    if total > TOTAL_BYTES_MAX {
        Err(ArchiveError::TooLarge("it unpacks to more than 256 MiB"))
    } else {
        Ok(())
    }
}

fn file(file: &mut ZipFile<'_, Cursor<&[u8]>>, left: &mut u64) -> Result<(String, Vec<u8>), ArchiveError> {
    let name = check_name(file.name_raw())?.to_owned();
    if file.encrypted() {
        return Err(refused(&name, "it is encrypted"));
    }
    if file.is_dir() || file.unix_mode().is_some_and(|mode| !matches!(mode & FILE_TYPE, 0 | REGULAR)) {
        return Err(refused(&name, "it is no regular file"));
    }
    if !matches!(file.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(refused(&name, "it is compressed in another way than deflate"));
    }
    let (stated, most) = (file.size(), FILE_BYTES_MAX.min(*left));
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    let read = bytes.len() as u64;
    if read > most || read != stated {
        return Err(refused(&name, "it unpacks to more or less than it says, or than is taken"));
    }
    *left -= read;
    Ok((name, bytes))
}

/// Lower-case paths of letters, digits and `.-_`, none of whose parts is empty or begins with a dot: the same on every system, and
/// inside the folder on each.
fn check_name(name: &[u8]) -> Result<&str, ArchiveError> {
    let wrong = |what| refused(&String::from_utf8_lossy(name), what);
    let text = std::str::from_utf8(name).map_err(|_| wrong("its name is not plain"))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/');
    if text.len() > NAME_BYTES_MAX || !text.bytes().all(plain) {
        return Err(wrong("its name is not plain"));
    }
    if text.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.ends_with('.')) {
        return Err(wrong("its name may lead elsewhere"));
    }
    Ok(text)
}

fn refused(name: &str, what: &'static str) -> ArchiveError {
    let name = name.chars().take(NAME_BYTES_MAX).flat_map(char::escape_default).collect();
    ArchiveError::File { name, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &[u8])]) -> Files {
        list.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
    }

    fn why(bytes: &[u8]) -> String {
        let error = unpack(bytes).unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        format!("{error} {cause}")
    }

    /// A zip with one file of that name, of some kind.
    fn odd(name: &str, change: impl FnOnce(SimpleFileOptions) -> SimpleFileOptions, bytes: &[u8]) -> Vec<u8> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(name, change(options)).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn the_same_files_are_the_same_bytes_and_come_out_as_they_went_in() {
        let files = files(&[("a", b"1"), ("b/c.json", b""), ("manifest.json", &[7; 5_000])]);
        let packed = pack(&files).unwrap();
        assert_eq!(packed, pack(&files.clone()).unwrap());
        assert_eq!(unpack(&packed).unwrap(), files);
    }

    #[test]
    fn a_name_that_could_lead_out_of_the_folder_or_to_two_files_is_refused() {
        for name in
            ["../a", "/a", "a/../b", "a//b", "./a", "a\\b", "C:a", ".a", "a.", "a b", "ă", "a\u{202e}b"]
        {
            assert!(matches!(unpack(&odd(name, |it| it, b"x")), Err(ArchiveError::File { .. })), "{name}");
            assert!(pack(&files(&[(name, b"x")])).is_err(), "{name}");
        }
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        assert!(unpack(&odd(&long, |it| it, b"x")).is_err());
        assert!(unpack(&odd("a", |it| it, b"x")).is_ok());
    }

    #[test]
    fn a_folder_and_a_link_are_no_files() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_directory("a", SimpleFileOptions::default()).unwrap();
        assert!(unpack(&writer.finish().unwrap().into_inner()).is_err());
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("a", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        assert!(why(&writer.finish().unwrap().into_inner()).contains("no regular file"));
    }

    #[test]
    fn a_bomb_is_told_by_its_sizes_and_by_its_bytes() {
        let deflated = |it: SimpleFileOptions| it.compression_method(CompressionMethod::Deflated);
        let length = usize::try_from(FILE_BYTES_MAX + 1).unwrap();
        let bomb = odd("a", deflated, &vec![0; length]);
        assert!(bomb.len() < 100_000 && why(&bomb).contains("16 MiB"));
        // One that says it is small, in both of its headers.
        let (told, mut lying) = (u32::try_from(length).unwrap().to_le_bytes(), bomb);
        let places: Vec<_> =
            lying.windows(4).enumerate().filter(|(_, four)| *four == told).map(|(at, _)| at).collect();
        assert!(places.len() >= 2);
        for at in places {
            lying[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        }
        assert!(unpack(&lying).is_err());
    }

    #[test]
    fn two_files_of_one_name_and_bytes_around_the_files_are_refused() {
        let one = odd("a", |it| it, b"x");
        let mut twice = odd("ab", |it| it, b"x");
        // `ab` and `aa` differ in one byte, in both headers: afterwards they do not.
        let mut writer = ZipWriter::new_append(Cursor::new(std::mem::take(&mut twice))).unwrap();
        writer
            .start_file("aa", SimpleFileOptions::default().compression_method(CompressionMethod::Stored))
            .unwrap();
        writer.write_all(b"y").unwrap();
        let mut twice = writer.finish().unwrap().into_inner();
        for at in 0..twice.len() - 1 {
            if &twice[at..at + 2] == b"aa" {
                twice[at + 1] = b'b';
            }
        }
        assert!(why(&twice).contains("twice"), "{}", why(&twice));
        assert!(unpack(&[b"MZ".as_slice(), &one].concat()).is_err());
        assert!(why(&[&one, b"x".as_slice()].concat()).contains("behind its end"));
        assert!(unpack(&one[..one.len() - 1]).is_err() && unpack(b"").is_err());
    }
}
