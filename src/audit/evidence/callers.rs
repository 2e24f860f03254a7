//! Who asked, in a case: the certificate that a proven entry names, and by what it was taken at the time of the exchange.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::id::ExchangeId;
use crate::identity::certificate;
use crate::identity::certificate::AGENCY_PREFIX;
use crate::listener::certification::CertificationPath;

use super::claims::text;
use super::report::causes;
use super::verify::Court;

/// The folder of certificates and of what they were taken by.
pub(super) const FOLDER: &str = "certificates/";

/// Seconds by which the time in an exchange's id and that of its entry may lie apart: an answer may take hours to stream.
const APART_SECONDS: i64 = 24 * 60 * 60;

/// A certificate's name in a case.
pub(super) fn certificate_file(hash: &str) -> String {
    format!("{FOLDER}{hash}.der")
}

/// The name of what it was taken by.
pub(super) fn path_file(hash: &str) -> String {
    format!("{FOLDER}{hash}.pem")
}

/// Judges every certificate that an entry names, and misses none.
pub(super) fn judge(court: &mut Court<'_>, entries: &[(u64, Value)]) {
    let (mut shown, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for (index, leaf) in entries {
        let Some(name) = text(leaf, &["certificate", "object"]) else { continue };
        let file = certificate_file(name);
        let bytes = court.file(&file);
        if shown.insert((name, text(leaf, &["agency"]))) {
            certificate(court, *index, leaf, &file, bytes);
        }
        let path = text(leaf, &["certificate", "path"]);
        // Of a certificate that is not there, or another, nothing more is said.
        let _seen = path.map(|path| court.file(&path_file(path)));
        let bytes = bytes.filter(|bytes| hex(&sha256(bytes)) == name);
        if let Some(bytes) = bytes.filter(|_| taken.insert((name, path, text(leaf, &["exchange"])))) {
            self::path(court, *index, leaf, &file, bytes);
        }
    }
    strays(court);
}

/// What stands in the folder and that no entry names.
fn strays(court: &mut Court<'_>) {
    let names = court.files.keys().filter(|name| name.starts_with(FOLDER));
    let strays: Vec<String> = names.filter(|name| !court.is_seen(name)).cloned().collect();
    for file in strays {
        court.file(&file);
        let vi = "Chứng thư số này KHÔNG phải là chứng thư nêu trong bản ghi.";
        let en = "This is NOT the certificate that an entry names.";
        court.report.fails("certificate", &file, vi, en, None);
    }
}

/// It is the one that the entry names, and speaks for the agency in whose chain the entry stands.
fn certificate(court: &mut Court<'_>, index: u64, leaf: &Value, file: &str, bytes: Option<&[u8]>) {
    let Some(bytes) = bytes else {
        let vi = format!("Gói THIẾU chứng thư số mà bản ghi số {index} nêu.");
        let en = format!("The certificate that entry {index} names is MISSING.");
        return court.report.fails("certificate", file, vi, en, None);
    };
    if certificate_file(&hex(&sha256(bytes))) != file {
        let vi = "Chứng thư số này KHÔNG phải là chứng thư nêu trong bản ghi.";
        let en = "This is NOT the certificate that an entry names.";
        return court.report.fails("certificate", file, vi, en, None);
    }
    let agency = text(leaf, &["agency"]).unwrap_or_default();
    match names(bytes) {
        Ok(names) if names == [format!("{AGENCY_PREFIX}{agency}")] => {
            let vi = format!("Chứng thư số mà bên gọi đã trình có trong gói, và là của cơ quan {agency}.");
            let en =
                format!("The certificate that the caller showed is here, and is that of agency {agency}.");
            court.report.holds("certificate", file, vi, en);
        }
        Ok(names) => {
            let vi = format!("Chứng thư số bên gọi đã trình KHÔNG phải là của cơ quan {agency}.");
            let en = format!("The certificate that the caller showed is NOT that of agency {agency}.");
            court.report.fails("certificate", file, vi, en, format!("it names {names:?}"));
        }
        Err(cause) => {
            let (vi, en) = ("Chứng thư số này KHÔNG đọc được.", "This certificate CANNOT be read.");
            court.report.fails("certificate", file, vi, en, causes(&cause));
        }
    }
}

fn names(bytes: &[u8]) -> Result<Vec<String>, certificate::Unreadable> {
    certificate::read(bytes).map(|certificate| certificate.agency_names)
}

/// It was valid when the exchange began, by what the gateway had then.
fn path(court: &mut Court<'_>, index: u64, leaf: &Value, certificate: &str, bytes: &[u8]) {
    let Some(name) = text(leaf, &["certificate", "path"]) else {
        let vi = format!(
            "Bản ghi số {index} không nêu chứng thư số được chấp nhận theo tổ chức nào (phiên bản cũ hơn đã ghi): chưa xét hiệu lực của nó."
        );
        let en = format!(
            "Entry {index} does not say by which authority the certificate was taken (an older version wrote it): its validity is not judged."
        );
        return court.report.not_checked("certificate-path", certificate, vi, en);
    };
    let file = path_file(name);
    let Some(kept) = court.file(&file) else {
        let vi = format!("Gói THIẾU chuỗi chứng thư và danh sách thu hồi mà bản ghi số {index} nêu.");
        let en = format!("The authorities and revocation lists that entry {index} names are MISSING.");
        return court.report.fails("certificate-path", &file, vi, en, None);
    };
    let path = CertificationPath::read(kept).filter(|_| hex(&sha256(kept)) == name);
    let Some(path) = path else {
        let vi = format!("Đây KHÔNG phải là chuỗi chứng thư và danh sách thu hồi mà bản ghi số {index} nêu.");
        let en = format!("These are NOT the authorities and revocation lists that entry {index} names.");
        return court.report.fails("certificate-path", &file, vi, en, None);
    };
    let Some(at) = began(leaf) else {
        let vi = format!(
            "Mã giao dịch và bản ghi số {index} nêu hai thời điểm khác nhau quá một ngày: không rõ phải xét chứng thư vào lúc nào."
        );
        let en = format!(
            "The exchange's id and entry {index} tell times more than a day apart: as of when the certificate is to be judged is unknown."
        );
        return court.report.not_checked("certificate-path", &file, vi, en);
    };
    match path.verify(bytes, at) {
        Ok(()) => valid(court, index, &file, &path, at),
        Err(cause) => {
            let vi = format!(
                "Chứng thư số KHÔNG có hiệu lực khi giao dịch của bản ghi số {index} bắt đầu, {at:.0} (UTC)."
            );
            let en = format!(
                "The certificate was NOT valid when the exchange of entry {index} began, {at:.0} (UTC)."
            );
            court.report.fails(
                "certificate-path",
                &file,
                vi,
                en,
                std::error::Error::source(&cause).map(ToString::to_string),
            );
        }
    }
}

/// When the exchange began: the time in its id, if the entry's own bears that out.
fn began(leaf: &Value) -> Option<Timestamp> {
    let id: ExchangeId = text(leaf, &["exchange"])?.parse().ok()?;
    let recorded: Timestamp = text(leaf, &["at"])?.parse().ok()?;
    let began = Timestamp::from_millisecond(i64::try_from(id.unix_millis()).ok()?).ok()?;
    let apart = recorded.as_second().abs_diff(began.as_second());
    (apart <= APART_SECONDS.unsigned_abs()).then_some(began)
}

fn valid(court: &mut Court<'_>, index: u64, file: &str, path: &CertificationPath, at: Timestamp) {
    let (anchor, dated) = (path.anchor_name(), path.dated());
    let (vi, en) = match dated {
        Some(dated) => (
            format!(
                "Chứng thư số có hiệu lực khi giao dịch của bản ghi số {index} bắt đầu, {at:.0} (UTC): do tổ chức `{anchor}` đứng đầu cấp, và không bị nêu trong danh sách thu hồi ngày {dated:.0}."
            ),
            format!(
                "The certificate was valid when the exchange of entry {index} began, {at:.0} (UTC): it leads to the authority `{anchor}`, and the revocation list of {dated:.0} does not name it."
            ),
        ),
        None => (
            format!(
                "Chứng thư số còn hạn khi giao dịch của bản ghi số {index} bắt đầu, {at:.0} (UTC), và do tổ chức `{anchor}` đứng đầu cấp."
            ),
            format!(
                "The certificate had not expired when the exchange of entry {index} began, {at:.0} (UTC), and leads to the authority `{anchor}`."
            ),
        ),
    };
    court.report.holds("certificate-path", file, vi, en);
    if dated.is_none() {
        let vi = "Khi đó cổng không dùng danh sách thu hồi: không rõ chứng thư đã bị thu hồi hay chưa.";
        let en = "The gateway used no revocation lists then: whether the certificate was revoked is unknown.";
        court.report.not_checked("certificate-revocation", file, vi, en);
    }
    authority(court, file, path, &anchor);
}

/// Whether the authority is one that the judge trusts: the operator could have made one of its own.
fn authority(court: &mut Court<'_>, file: &str, path: &CertificationPath, anchor: &str) {
    let print = path.anchor().map(|der| hex(&sha256(der))).unwrap_or_default();
    if court.believed.anchors.is_empty() {
        let vi = format!(
            "Chưa nêu tổ chức cấp chứng thư số tin cậy (--anchors): chưa xét `{anchor}` (SHA-256 {print}) có thật là tổ chức đó."
        );
        let en = format!(
            "No trusted authority for certificates was named (--anchors): whether `{anchor}` (SHA-256 {print}) is that authority is not judged."
        );
        return court.report.not_checked("certificate-authority", file, vi, en);
    }
    if path.leads_to_one_of(court.believed.anchors) {
        let vi = format!("`{anchor}` là tổ chức cấp chứng thư số đã tin cậy.");
        let en = format!("`{anchor}` is a trusted authority for certificates.");
        court.report.holds("certificate-authority", file, vi, en);
    } else {
        let vi = format!("`{anchor}` (SHA-256 {print}) KHÔNG phải là tổ chức cấp chứng thư số đã tin cậy.");
        let en = format!("`{anchor}` (SHA-256 {print}) is NOT a trusted authority for certificates.");
        court.report.fails("certificate-authority", file, vi, en, None);
    }
}
