//! Heads that were kept elsewhere: a checkpoint, a proof, a receipt document, the receipt's header, a file of heads. Each is verified
//! under the log's key before anything is held against it: a head that the log never signed would accuse it falsely.

use std::path::Path;

use serde_json::Value;

use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::fsck::Known;
use crate::tlog::note::VerifierKey;

/// The heads in a file.
///
/// # Errors
/// The file cannot be read, holds no head, or one that none of the keys signed.
pub fn read(file: &Path, keys: &[VerifierKey]) -> Result<Vec<Known>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|cause| Failure::unreadable(file, cause))?;
    let notes = notes(&text);
    if keys.is_empty() {
        let vi = "Cần khóa kiểm tra nhật ký (--vkey) để dùng --known.";
        return Err(Failure::usage(vi, "The log's verification key (--vkey) is needed for --known."));
    }
    let known = notes.iter().map(|note| verified(note, keys)).collect::<Option<Vec<_>>>();
    known.filter(|known| !known.is_empty()).ok_or_else(|| {
        let name = shown(&file.display().to_string());
        let vi = format!("Tệp `{name}` không chứa điểm chốt do khóa của nhật ký này ký.");
        let en = format!("The file `{name}` holds no head that this log's key signed.");
        Failure::new(Exit::False, "unknown-head", vi, en)
    })
}

fn verified(note: &str, keys: &[VerifierKey]) -> Option<Known> {
    let head = keys.iter().find_map(|key| SignedHead::open(note.as_bytes(), key).ok())?;
    Some(Known { size: head.size, root: head.root })
}

/// The signed notes in a text: of every JSON object in it, or the text itself.
fn notes(text: &str) -> Vec<String> {
    let objects =
        serde_json::Deserializer::from_str(text).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
    match objects {
        Ok(objects) if !objects.is_empty() => objects.iter().flat_map(of_object).collect(),
        Ok(_) | Err(_) => vec![of_proof(text).to_owned()],
    }
}

/// A receipt document, one line of a bulk list, or a file of heads.
fn of_object(object: &Value) -> Vec<String> {
    let entries = object.get("entries").and_then(Value::as_array);
    let proofs = entries.into_iter().flatten().chain([object]);
    let proofs = proofs.filter_map(|entry| entry.get("proof")?.as_str()).map(of_proof).map(str::to_owned);
    let heads = object.get("heads").and_then(Value::as_object);
    let heads = heads.into_iter().flatten().filter_map(|(_, note)| note.as_str().map(str::to_owned));
    proofs.chain(heads).collect()
}

/// The checkpoint at the end of a proof file (C2SP tlog-proof); any other text is taken for a checkpoint itself.
fn of_proof(text: &str) -> &str {
    let is_proof = text.starts_with("c2sp.org/tlog-proof@");
    text.split_once("\n\n").filter(|_| is_proof).map_or(text, |(_, note)| note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::heads::replace;
    use crate::cli::receipt::document::tests::SmallLog;

    fn sizes(log: &SmallLog, text: &str) -> Result<Vec<u64>, Exit> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known");
        replace(&file, text.as_bytes()).unwrap();
        let known = read(&file, &[log.key()]).map_err(|failure| failure.exit())?;
        Ok(known.iter().map(|known| known.size).collect())
    }

    #[test]
    fn a_head_is_found_in_whatever_form_it_was_kept() {
        let log = SmallLog::new(&["a", "b", "c"]);
        let entry = log.entry(1);
        let heads =
            serde_json::json!({ "v": "phohien-heads/1", "heads": { "gw1.example/2026": log.head(2).note } });
        for (text, expected) in [
            (log.head(2).note, vec![2]),
            (entry["proof"].as_str().unwrap().to_owned(), vec![3]),
            (log.document("x", 1, &[]), vec![3]),
            (format!("{entry}\n{entry}\n"), vec![3, 3]),
            (heads.to_string(), vec![2]),
        ] {
            assert_eq!(sizes(&log, &text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_head_that_the_log_did_not_sign_accuses_nobody() {
        let (log, other) = (SmallLog::new(&["a"]), SmallLog::new(&["a"]));
        for text in [other.head(1).note, "{}".to_owned(), String::new(), "nonsense".to_owned()] {
            assert_eq!(sizes(&log, &text), Err(Exit::False), "{text}");
        }
    }
}
