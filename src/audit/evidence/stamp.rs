//! The anchor of a case: an authority's time-stamp over an earlier head, which the case's head extends.

use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::crypto::tsp::Stamp;
use crate::crypto::tsp::TspError;
use crate::tlog::merkle::verify_consistency;

use super::anchor;
use super::anchor::Anchored;
use super::report::causes;
use super::verify::Court;

/// Judges the anchor, if there is one.
pub(super) fn judge(court: &mut Court<'_>) {
    let [index] = *court.numbered("anchor/", ".leaf") else { return };
    let (vi, en) = ("Dấu thời gian KHÔNG đúng với nhật ký này.", "The time-stamp is NOT one of this log.");
    let (anchored, token) = match anchored(court, index) {
        Ok(both) => both,
        Err(cause) => return court.report.fails("anchor", anchor::TOKEN, vi, en, cause),
    };
    match stamped(court, &anchored, token) {
        Ok(stamp) => told(court, &anchored, &stamp),
        Err(error) => court.report.fails("anchor", anchor::TOKEN, vi, en, causes(&error)),
    }
}

/// The proven entry of the anchor, the head it names, and that the case's head extends it.
fn anchored<'a>(court: &mut Court<'a>, index: u64) -> Result<(Anchored, &'a [u8]), String> {
    let leaf = court.proven("anchor", index)?;
    let leaf = serde_json::from_slice(leaf).unwrap_or_default();
    let anchored = Anchored::read(&leaf).ok_or("the entry is not one of an anchor")?;
    let token = court.file(anchor::TOKEN).ok_or("the token is missing")?;
    if hex(&sha256(token)) != anchored.token {
        return Err("the token is not the one that the entry names".to_owned());
    }
    let text = anchored.checkpoint(&court.head.origin).to_string();
    if court.file(anchor::CHECKPOINT) != Some(text.as_bytes()) {
        return Err("the head is not the one that the entry names".to_owned());
    }
    let way = court.file(anchor::CONSISTENCY).and_then(anchor::read_consistency);
    let (old, new, path) = way.ok_or("the consistency path is missing or malformed")?;
    if (old, new) != (anchored.size, court.head.size) {
        return Err("the consistency path is between other heads".to_owned());
    }
    verify_consistency(old, new, &anchored.root, &court.head.root, &path).map_err(|error| causes(&error))?;
    Ok((anchored, token))
}

fn stamped(court: &Court<'_>, anchored: &Anchored, token: &[u8]) -> Result<Stamp, TspError> {
    let stamp = Stamp::open(token)?;
    let text = anchored.checkpoint(&court.head.origin).to_string();
    if stamp.imprint == sha256(text.as_bytes()) { Ok(stamp) } else { Err(TspError::OtherBytes) }
}

fn told(court: &mut Court<'_>, anchored: &Anchored, stamp: &Stamp) {
    let authorities = court.believed.stamps;
    let report = &mut court.report;
    let (size, time) = (anchored.size, stamp.time);
    if report.entries.iter().any(|entry| entry.index >= size) {
        let vi = "Dấu thời gian không bao gồm hết các bản ghi trong gói.";
        return report.not_checked(
            "anchor",
            anchor::TOKEN,
            vi,
            "The time-stamp does not cover every entry here.",
        );
    }
    report.stamped = Some(time);
    let vi = format!(
        "Nhật ký đến {size} bản ghi, gồm các bản ghi trên, đã có trước {time} (UTC), theo dấu thời gian."
    );
    let en = format!(
        "The log of {size} entries, those above among them, was there before {time} (UTC), by a time-stamp."
    );
    report.holds("anchor", anchor::TOKEN, vi, en);
    if authorities.is_empty() {
        let vi = "Chưa nêu tổ chức cấp dấu thời gian tin cậy (--tsa): chưa xét ai đã cấp dấu này.";
        let en = "No trusted time-stamping authority was named (--tsa): who gave the stamp is not judged.";
        return report.not_checked("authority", anchor::TOKEN, vi, en);
    }
    match stamp.demand_authority(authorities) {
        Ok(()) => {
            let vi = "Dấu thời gian do tổ chức đã tin cậy cấp.";
            report.holds("authority", anchor::TOKEN, vi, "A trusted authority gave the time-stamp.");
        }
        Err(error) => {
            let vi = "Dấu thời gian KHÔNG do tổ chức đã tin cậy cấp.";
            let en = "The time-stamp was NOT given by a trusted authority.";
            report.fails("authority", anchor::TOKEN, vi, en, causes(&error));
        }
    }
}
