//! What a case says beside its entries, each held against a proven leaf: policies, certificates, annexes, disclosures, signed answers.

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

use super::http;
use super::http::HttpError;
use super::http::Message;
use super::manifest::Manifest;
use super::report::Proven;
use super::report::causes;
use super::verify::Court;

/// Judges them all.
pub(super) fn judge(court: &mut Court<'_>, manifest: &Manifest) {
    let entries: Vec<(u64, Value)> = court.report.entries.iter().map(json).collect();
    policies(court, &entries);
    certificates(court, &entries);
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

fn text<'a>(leaf: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(leaf, |value, name| value.get(name))?.as_str()
}

/// Each `policy.changed` is proven, puts into force what an entry was decided under, and names the hash of each file.
fn policies(court: &mut Court<'_>, entries: &[(u64, Value)]) {
    for index in court.numbered("policy/", ".leaf") {
        let file = format!("policy/{index}.leaf");
        let policy =
            court.proven("policy", index).map(|leaf| serde_json::from_slice(leaf).unwrap_or_default());
        let policy: Value = match policy {
            Ok(policy) => policy,
            Err(cause) => {
                let (vi, en) = (
                    "Bản ghi áp dụng chính sách KHÔNG được chứng minh.",
                    "The entry of the policies is NOT proven.",
                );
                court.report.fails("policy", &file, vi, en, cause);
                continue;
            }
        };
        let new = text(&policy, &["new"]);
        let decided = entries.iter().filter(|(at, leaf)| index < *at && text(leaf, &["policy"]) == new);
        if text(&policy, &["kind"]) == Some("policy.changed") && new.is_some() && decided.count() > 0 {
            let vi =
                format!("Bản ghi số {index} áp dụng chính sách mà các bản ghi trên được quyết định theo.");
            let en =
                format!("Entry {index} put the policies into force by which entries above were decided.");
            court.report.holds("policy", &file, vi, en);
        } else {
            let (vi, en) = (
                "Chính sách này KHÔNG phải là chính sách đã áp dụng.",
                "These policies are NOT those that decided.",
            );
            court.report.fails("policy", &file, vi, en, None);
        }
        policy_files(court, index, &policy);
    }
}

fn policy_files(court: &mut Court<'_>, index: u64, policy: &Value) {
    let (folder, listed) = (format!("policy/{index}/"), listing(court, index, policy));
    let names: Vec<String> = court.files.keys().filter(|name| name.starts_with(&folder)).cloned().collect();
    for name in names {
        let own = name.strip_prefix(&folder).unwrap_or_default().to_owned();
        let hash = court.file(&name).map(|bytes| hex(&sha256(bytes)));
        let named = text(policy, &["files", &own]).or_else(|| text(&listed, &[&own]));
        if hash.is_some() && hash.as_deref() == named {
            let vi = format!("{own} là đúng văn bản khi đó: mã băm của nó nằm trong bản ghi số {index}.");
            let en = format!("{own} is the text of that time: its hash stands in entry {index}.");
            court.report.holds("policy-file", &name, vi, en);
        } else {
            let (vi, en) =
                ("Văn bản này KHÔNG phải là văn bản khi đó.", "This is NOT the text of that time.");
            court.report.fails("policy-file", &name, vi, en, None);
        }
    }
}

/// The files of a large set, if this is the list of them that the entry names.
fn listing(court: &mut Court<'_>, index: u64, policy: &Value) -> Value {
    let file = format!("policy/{index}.listing");
    let Some(bytes) = court.file(&file) else { return Value::Null };
    if text(policy, &["listing"]) != Some(hex(&sha256(bytes)).as_str()) {
        let vi = format!("Danh sách tệp này KHÔNG phải là danh sách mà bản ghi số {index} nêu.");
        let en = format!("This list of files is NOT the one that entry {index} names.");
        court.report.fails("policy-file", &file, vi, en, None);
        return Value::Null;
    }
    let vi = format!("Danh sách tệp chính sách là danh sách mà bản ghi số {index} nêu.");
    court.report.holds(
        "policy-file",
        &file,
        vi,
        format!("The list of files is the one that entry {index} names."),
    );
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn certificates(court: &mut Court<'_>, entries: &[(u64, Value)]) {
    let named = |name: &String| name.strip_prefix("certificates/")?.strip_suffix(".der").map(str::to_owned);
    let names: Vec<String> = court.files.keys().filter_map(named).collect();
    for name in names {
        let file = format!("certificates/{name}.der");
        let is_its_hash = court.file(&file).is_some_and(|bytes| hex(&sha256(bytes)) == name);
        let shown = |(_, leaf): &&(u64, Value)| text(leaf, &["certificate", "object"]) == Some(name.as_str());
        if is_its_hash && entries.iter().any(|entry| shown(&entry)) {
            let vi = "Chứng thư số này là chứng thư mà bên gọi đã trình.";
            court.report.holds("certificate", &file, vi, "This is the certificate that the caller showed.");
        } else {
            let vi = "Chứng thư số này KHÔNG phải là chứng thư nêu trong bản ghi.";
            court.report.fails(
                "certificate",
                &file,
                vi,
                "This is NOT the certificate that an entry names.",
                None,
            );
        }
    }
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
