//! What a case says beside its entries, each held against a proven leaf: annexes, disclosures, signed answers; policies and callers have
//! rooms of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::audit::commitment::Label;
use crate::audit::commitment::commit;
use crate::audit::disclose::committed;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::crypto::verify::PublicKey;
use crate::message::receipt::Receipt;
use crate::tlog::merkle::leaf_hash;

use super::callers;
use super::http;
use super::http::HttpError;
use super::http::Message;
use super::manifest::Manifest;
use super::policies;
use super::report::Proven;
use super::report::causes;
use super::verify::Court;

/// Judges them all.
pub(super) fn judge(court: &mut Court<'_>, manifest: &Manifest) {
    let entries: Vec<(u64, Value)> = court.report.entries.iter().map(json).collect();
    policies::judge(court, &entries);
    callers::judge(court, &entries);
    for (index, leaf) in &entries {
        annex(court, *index, leaf);
        for label in [Label::Request, Label::Answer, Label::Reply, Label::Subject, Label::User] {
            disclosed(court, *index, leaf, label);
        }
    }
    messages(court, manifest);
}

fn json(proven: &Proven) -> (u64, Value) {
    (proven.index, serde_json::from_slice(&proven.leaf).unwrap_or_default())
}

/// A text some members deep.
pub(super) fn text<'a>(leaf: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(leaf, |value, name| value.get(name))?.as_str()
}

fn annex(court: &mut Court<'_>, index: u64, leaf: &Value) {
    let (sealed, opened) = (format!("entries/{index}.annex"), format!("entries/{index}.annex.json"));
    if let Some(bytes) = court.file(&sealed) {
        if text(leaf, &["annex"]) == Some(hex(&sha256(bytes)).as_str()) {
            let vi = format!("Phụ lục niêm phong của bản ghi số {index} còn nguyên.");
            court.report.holds("annex", &sealed, vi, format!("The sealed annex of entry {index} is whole."));
        } else {
            let (vi, en) = ("Phụ lục niêm phong đã bị thay.", "The sealed annex was exchanged.");
            court.report.fails("annex", &sealed, vi, en, None);
        }
    }
    if court.file(&opened).is_some() {
        let vi = "Nội dung phụ lục là lời của người trích xuất; tự nó không chứng minh gì.";
        let en = "What the annex says is the exporter's word; by itself it proves nothing.";
        court.report.not_checked("annex-told", &opened, vi, en);
    }
}

fn disclosed(court: &mut Court<'_>, index: u64, leaf: &Value, label: Label) {
    let name = label.as_str();
    let (salt_file, data_file) =
        (format!("entries/{index}.{name}.salt"), format!("entries/{index}.{name}.data"));
    let (salt, data) = (court.file(&salt_file), court.file(&data_file));
    let salt: Option<&Hash> = match (salt, data) {
        (None, None) => return,
        (salt, _) => salt.and_then(|bytes| bytes.try_into().ok()),
    };
    let stated = committed(leaf, label);
    match (salt, data) {
        (Some(_), None) => {
            let vi = format!("Có muối của cam kết `{name}` nhưng không kèm dữ liệu: chưa đối chiếu được.");
            let en = format!("The salt of the commitment `{name}` is there without the data: not compared.");
            court.report.not_checked("disclosure", &salt_file, vi, en);
        }
        (Some(salt), Some(data)) if stated == Some(hex(&commit(label, salt, data)).as_str()) => {
            let vi = format!("Dữ liệu `{name}` đúng là dữ liệu mà bản ghi số {index} đã cam kết.");
            let en = format!("The data `{name}` are those to which entry {index} committed.");
            court.report.holds("disclosure", &data_file, vi, en);
        }
        _ => {
            let vi = format!("Dữ liệu `{name}` KHÔNG phải là dữ liệu mà bản ghi số {index} đã cam kết.");
            let en = format!("The data `{name}` are NOT those to which entry {index} committed.");
            court.report.fails("disclosure", &data_file, vi, en, None);
        }
    }
}

fn messages(court: &mut Court<'_>, manifest: &Manifest) {
    let numbers = court.numbered("messages/", ".answer");
    let keys = answer_keys(court);
    for number in numbers {
        let file = format!("messages/{number}.answer");
        let (answer, request) = (court.file(&file), court.file(&format!("messages/{number}.request")));
        let Some((answer, request)) = answer.zip(request) else {
            let vi = "Câu trả lời không kèm yêu cầu mà nó trả lời: không kiểm tra được chữ ký.";
            let en = "The answer comes without the request it answers: its signature cannot be checked.";
            court.report.not_checked("message", &file, vi, en);
            continue;
        };
        match message(court, manifest, answer, request, &keys) {
            Ok(time) => {
                let vi = format!("Câu trả lời đã ký số đúng bằng khóa của cổng, lúc {time} (UTC).");
                let en = format!("The answer is signed by the gateway's key, at {time} (UTC).");
                court.report.holds("message", &file, vi, en);
            }
            Err(cause) => {
                let vi = "Câu trả lời KHÔNG được cổng ký cho giao dịch này.";
                court.report.fails(
                    "message",
                    &file,
                    vi,
                    "The gateway did NOT sign this answer for this exchange.",
                    cause,
                );
            }
        }
    }
}

/// The keys that proven entries of the log name.
fn answer_keys(court: &mut Court<'_>) -> Vec<PublicKey> {
    let mut keys = Vec::new();
    for index in court.numbered("keys/", ".leaf") {
        let file = format!("keys/{index}.leaf");
        match court.proven("keys", index) {
            Ok(leaf) => {
                let leaf: Value = serde_json::from_slice(leaf).unwrap_or_default();
                let named = leaf.get("answer_keys").and_then(Value::as_array);
                let read = |key: &Value| PublicKey::from_spki(&STANDARD.decode(key.as_str()?).ok()?).ok();
                keys.extend(named.into_iter().flatten().filter_map(read));
                let vi = format!("Bản ghi số {index} nêu khóa ký câu trả lời của cổng.");
                court.report.holds(
                    "keys",
                    &file,
                    vi,
                    format!("Entry {index} names the keys that sign answers."),
                );
            }
            Err(cause) => {
                let (vi, en) =
                    ("Bản ghi nêu khóa KHÔNG được chứng minh.", "The entry that names keys is NOT proven.");
                court.report.fails("keys", &file, vi, en, cause);
            }
        }
    }
    keys
}

/// The answer is signed, and is that of a proven entry of this case.
fn message(
    court: &Court<'_>,
    manifest: &Manifest,
    answer: &[u8],
    request: &[u8],
    keys: &[PublicKey],
) -> Result<String, String> {
    let told = |error: HttpError| causes(&error);
    let (answer, request) = (Message::parse(answer).map_err(told)?, Message::parse(request).map_err(told)?);
    let verified = http::verify(&request, &answer, keys).map_err(told)?;
    let exchange = answer.field("exchange-id").map_err(told)?.unwrap_or_default();
    if !manifest.exchanges.contains(exchange) {
        return Err("it is the answer of another exchange".to_owned());
    }
    let receipt = answer.field("exchange-receipt").map_err(told)?.ok_or("it has no receipt")?;
    let receipt = Receipt::parse(receipt).map_err(|error| causes(&error))?;
    let is_entry =
        |proven: &&Proven| proven.index == receipt.index && leaf_hash(&proven.leaf) == receipt.leaf;
    if court.report.entries.iter().any(|proven| is_entry(&proven)) {
        return Ok(verified.created.to_string());
    }
    Err("its receipt is of an entry that is not proven here".to_owned())
}
