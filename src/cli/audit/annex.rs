//! The annex of an entry, opened with the key of its month: what tells about people. Keys are only read here, never made.

use std::path::Path;

use jiff::tz::TimeZone;

use super::entry::Seen;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::clock::Timestamp;
use crate::crypto::seal::SealingKey;
use crate::id::ExchangeId;

/// What became of an annex.
#[derive(Debug)]
pub enum Opened {
    /// It was opened.
    Told(serde_json::Value),
    /// There is none.
    None,
    /// The month's key is gone: what it sealed is forgotten.
    Forgotten,
}

/// Opens the annex of an entry with the keys in a folder.
///
/// # Errors
/// The key cannot be read, or the annex was changed.
pub fn open(seen: &Seen, keys: &Path) -> Result<Opened, Failure> {
    let id: Option<ExchangeId> = seen.text("exchange").and_then(|id| id.parse().ok());
    let Some(id) = id.filter(|_| !seen.annex.is_empty()) else { return Ok(Opened::None) };
    let file = keys.join("months").join(format!("{}.key", month_of(id)));
    let secret = match std::fs::read(&file) {
        Ok(secret) => secret,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Opened::Forgotten),
        Err(cause) => return Err(Failure::unreadable(&file, cause)),
    };
    let key = secret.try_into().ok().and_then(|secret: [u8; 32]| SealingKey::new(&secret).ok());
    let key = key.ok_or_else(|| changed(seen.index))?;
    let plain = key.open(id.as_bytes(), &seen.annex).map_err(|cause| changed(seen.index).because(cause))?;
    serde_json::from_slice(&plain).map(Opened::Told).map_err(|cause| changed(seen.index).because(cause))
}

/// The month, in UTC, of the time in the id, as the keys' files are named: `2026-11`.
fn month_of(exchange: ExchangeId) -> String {
    let millis = i64::try_from(exchange.unix_millis()).unwrap_or(i64::MAX);
    let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    time.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m").to_string()
}

fn changed(index: u64) -> Failure {
    let vi = format!(
        "Phụ lục của bản ghi {index} không mở được bằng khóa của tháng: phụ lục hoặc khóa đã bị thay."
    );
    let en =
        format!("The annex of entry {index} does not open under its month's key: one of them was exchanged.");
    Failure::new(Exit::False, "annex-damaged", vi, en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::keyfile;

    const ID: &str = "01936f5a-5c00-7000-8000-000000000000";

    fn seen(sealed: Vec<u8>) -> Seen {
        Seen::new(3, format!(r#"{{"exchange":"{ID}"}}"#).as_bytes(), sealed)
    }

    #[test]
    fn an_annex_opens_under_its_months_key_and_no_key_is_ever_made() {
        let keys = tempfile::tempdir().unwrap();
        let id: ExchangeId = ID.parse().unwrap();
        let sealed = SealingKey::new(&[7; 32]).unwrap().seal(id.as_bytes(), br#"{"case":"H31-1"}"#).unwrap();
        assert!(matches!(open(&seen(sealed.clone()), keys.path()), Ok(Opened::Forgotten)));
        assert!(std::fs::read_dir(keys.path()).unwrap().next().is_none());
        let file = keys.path().join("months").join(format!("{}.key", month_of(id)));
        keyfile::write_new(&file, &[7; 32]).unwrap();
        let Ok(Opened::Told(told)) = open(&seen(sealed.clone()), keys.path()) else { panic!("not opened") };
        assert_eq!(told["case"], "H31-1");
        let mut changed = sealed;
        changed[20] ^= 1;
        assert_eq!(open(&seen(changed), keys.path()).unwrap_err().exit(), Exit::False);
        assert!(matches!(open(&seen(Vec::new()), keys.path()), Ok(Opened::None)));
    }
}
