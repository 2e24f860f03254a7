//! By which policies the entries of a case were decided: the proven entries that put them into force, and the agreements of that time.

use serde_json::Value;

use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;

use super::claims::text;
use super::verify::Court;

/// A proven entry that put policies into force, and what came of its agreements.
struct Put {
    index: u64,
    leaf: Value,
    agreements: Vec<Agreement>,
}

/// An agreement whose text is proven to be that of the time: its number and version.
#[derive(PartialEq, Eq)]
struct Agreement(String, u64);

/// Each `policy.changed` is proven, puts into force what an entry was decided under, and names the hash of each file; and nothing that an
/// entry was decided under is missing.
pub(super) fn judge(court: &mut Court<'_>, entries: &[(u64, Value)]) {
    let mut all = Vec::new();
    for index in court.numbered("policy/", ".leaf") {
        match court.proven("policy", index) {
            Ok(leaf) => {
                let leaf: Value = serde_json::from_slice(leaf).unwrap_or_default();
                decided(court, entries, index, &leaf);
                let agreements = files(court, index, &leaf);
                all.push(Put { index, leaf, agreements });
            }
            Err(cause) => {
                let (vi, en) = (
                    "Bản ghi áp dụng chính sách KHÔNG được chứng minh.",
                    "The entry of the policies is NOT proven.",
                );
                court.report.fails("policy", &format!("policy/{index}.leaf"), vi, en, cause);
            }
        }
    }
    for (index, leaf) in entries {
        demand(court, *index, leaf, &all);
    }
}

fn decided(court: &mut Court<'_>, entries: &[(u64, Value)], index: u64, policy: &Value) {
    let (file, new) = (format!("policy/{index}.leaf"), text(policy, &["new"]));
    let decided = entries.iter().any(|(at, leaf)| index < *at && text(leaf, &["policy"]) == new);
    if text(policy, &["kind"]) == Some("policy.changed") && new.is_some() && decided {
        let vi = format!("Bản ghi số {index} áp dụng chính sách mà các bản ghi trên được quyết định theo.");
        let en = format!("Entry {index} put the policies into force by which entries above were decided.");
        court.report.holds("policy", &file, vi, en);
    } else {
        let (vi, en) = (
            "Chính sách này KHÔNG phải là chính sách đã áp dụng.",
            "These policies are NOT those that decided.",
        );
        court.report.fails("policy", &file, vi, en, None);
    }
}

/// The files under a proven entry; the agreements among them whose text is that of the time.
fn files(court: &mut Court<'_>, index: u64, policy: &Value) -> Vec<Agreement> {
    let (folder, listed) = (format!("policy/{index}/"), listing(court, index, policy));
    let names: Vec<String> = court.files.keys().filter(|name| name.starts_with(&folder)).cloned().collect();
    let mut agreements = Vec::new();
    for name in names {
        let own = name.strip_prefix(&folder).unwrap_or_default().to_owned();
        let bytes = court.file(&name).unwrap_or_default();
        let named = text(policy, &["files", &own]).or_else(|| text(&listed, &[&own]));
        if Some(hex(&sha256(bytes)).as_str()) == named {
            let vi = format!("{own} là đúng văn bản khi đó: mã băm của nó nằm trong bản ghi số {index}.");
            let en = format!("{own} is the text of that time: its hash stands in entry {index}.");
            court.report.holds("policy-file", &name, vi, en);
            agreements.extend(Agreement::read(bytes).filter(|_| own.starts_with("agreements/")));
        } else {
            let (vi, en) =
                ("Văn bản này KHÔNG phải là văn bản khi đó.", "This is NOT the text of that time.");
            court.report.fails("policy-file", &name, vi, en, None);
        }
    }
    agreements
}

impl Agreement {
    fn read(bytes: &[u8]) -> Option<Self> {
        let table: toml::Table = std::str::from_utf8(bytes).ok()?.parse().ok()?;
        let version = u64::try_from(table.get("version")?.as_integer()?).ok()?;
        Some(Self(table.get("id")?.as_str()?.to_owned(), version))
    }

    fn named(leaf: &Value) -> Option<Self> {
        let version = leaf.get("agreement")?.get("version")?.as_u64()?;
        Some(Self(text(leaf, &["agreement", "id"])?.to_owned(), version))
    }
}

/// What an entry was decided under must be there, and the agreement that it names: whoever takes them out hides on what ground.
fn demand(court: &mut Court<'_>, index: u64, leaf: &Value, all: &[Put]) {
    let Some(hash) = text(leaf, &["policy"]) else { return };
    let file = format!("entries/{index}.leaf");
    let put = all.iter().find(|put| put.index < index && text(&put.leaf, &["new"]) == Some(hash));
    let Some(put) = put else {
        let vi = format!("Gói THIẾU bản ghi áp dụng chính sách mà bản ghi số {index} được quyết định theo.");
        let en = format!(
            "The entry is MISSING that put the policies into force by which entry {index} was decided."
        );
        return court.report.fails("policy", &file, vi, en, None);
    };
    let Some(agreement) = Agreement::named(leaf) else { return };
    if !put.agreements.contains(&agreement) {
        let Agreement(id, version) = agreement;
        let vi =
            format!("Gói THIẾU văn bản thỏa thuận {id}, phiên bản {version}, mà bản ghi số {index} nêu.");
        let en =
            format!("The text of agreement {id}, version {version}, which entry {index} names, is MISSING.");
        court.report.fails("policy-file", &file, vi, en, None);
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
