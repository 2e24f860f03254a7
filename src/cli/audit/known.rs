//! Heads that were kept elsewhere: a checkpoint, a proof, a receipt document, the receipt's header, a file of heads. Each is verified
//! under the log's key before anything is held against it: a head that the log never signed would accuse it falsely. Heads of other
//! logs, of which a file of heads has some once a log was followed by another, say nothing of this one.

use std::path::Path;

use serde_json::Value;

use crate::cli::client::checks::note;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::message::receipt::Receipt;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::fsck::Known;
use crate::tlog::note::VerifierKey;

/// The heads in a file.
///
/// # Errors
/// The file cannot be read, holds no head, or one that none of the keys signed.
pub fn read(file: &Path, keys: &[VerifierKey]) -> Result<Vec<Known>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|cause| Failure::unreadable(file, cause))?;
    if keys.is_empty() {
        let vi = "Cần khóa kiểm tra nhật ký (--vkey) để dùng --known.";
        return Err(Failure::usage(vi, "The log's verification key (--vkey) is needed for --known."));
    }
    let is_ours = |note: &String| keys.iter().any(|key| note.lines().next() == Some(key.name()));
    let ours = notes(&text, keys).into_iter().filter(is_ours);
    let known = ours.map(|note| verified(&note, keys)).collect::<Option<Vec<_>>>();
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

/// The signed notes in a text: of every JSON object in it, of every header of an answer, or the text itself.
fn notes(text: &str, keys: &[VerifierKey]) -> Vec<String> {
    let headers: Vec<_> = text.lines().filter_map(|line| of_header(line, keys)).collect();
    if !headers.is_empty() {
        return headers;
    }
    let objects =
        serde_json::Deserializer::from_str(text).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
    match objects {
        Ok(objects) if !objects.is_empty() => objects.iter().flat_map(of_object).collect(),
        Ok(_) | Err(_) => vec![of_proof(text).to_owned()],
    }
}

/// The header that came with an answer, as `curl --include` writes it.
fn of_header(line: &str, keys: &[VerifierKey]) -> Option<String> {
    let (name, value) = line.split_once(':')?;
    let value = Some(value.trim()).filter(|_| name.eq_ignore_ascii_case("exchange-receipt"))?;
    let receipt = Receipt::parse(value).ok()?;
    let key = keys.iter().find(|key| key.name() == receipt.origin.as_str())?;
    Some(note(&receipt, key))
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
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

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
    fn the_header_of_an_answer_is_a_head_kept_elsewhere() {
        let log = SmallLog::new(&["a", "b"]);
        let head = log.head(2);
        let line = head.note.trim_end().rsplit_once(' ').unwrap().1;
        let signature = STANDARD.decode(line).unwrap()[4..].try_into().unwrap();
        let (origin, root) = (head.origin.clone(), head.root);
        let receipt = Receipt { origin, index: 1, seq: 1, size: 2, root, signature, leaf: [0; 32] };
        let answer = format!("HTTP/2 200 \r\nExchange-Receipt: {}\r\n\r\n{{}}", receipt.write().unwrap());
        assert_eq!(sizes(&log, &answer), Ok(vec![2]));
        assert_eq!(sizes(&log, &answer.replace("size=2", "size=3")), Err(Exit::False));
    }

    #[test]
    fn heads_of_other_logs_beside_this_ones_say_nothing_of_it() {
        let log = SmallLog::new(&["a", "b"]);
        let (own, other) = (log.head(2).note, log.head(1).note.replace("gw1", "gw2"));
        let heads = |heads: serde_json::Value| serde_json::json!({ "heads": heads }).to_string();
        assert_eq!(sizes(&log, &heads(serde_json::json!({ "a": own, "b": other }))), Ok(vec![2]));
        assert_eq!(sizes(&log, &heads(serde_json::json!({ "b": other }))), Err(Exit::False));
        let forged = log.head(2).note.replace("\n2\n", "\n3\n");
        assert_eq!(sizes(&log, &heads(serde_json::json!({ "a": own, "b": forged }))), Err(Exit::False));
    }

    #[test]
    fn a_head_that_the_log_did_not_sign_accuses_nobody() {
        let (log, other) = (SmallLog::new(&["a"]), SmallLog::new(&["a"]));
        for text in [other.head(1).note, "{}".to_owned(), String::new(), "nonsense".to_owned()] {
            assert_eq!(sizes(&log, &text), Err(Exit::False), "{text}");
        }
    }
}
