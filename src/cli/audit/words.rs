//! What an entry says, in plain words. Everything from the entry is escaped: it may have been written by anybody.

use serde_json::Value;

use crate::cli::terminal::count;
use crate::cli::terminal::local;
use crate::cli::terminal::shown;
use crate::language::Language;

use super::entry::Seen;

/// The name of an outcome, as tables show it.
#[must_use]
pub fn outcome(kind: &str, language: Language) -> String {
    let (vi, en) = match kind {
        "exchange.opened" => ("đang xử lý", "opened"),
        "exchange.released" => ("cho phép", "released"),
        "exchange.refused" => ("từ chối", "refused"),
        "exchange.failed" => ("lỗi", "failed"),
        "exchange.aborted" => ("bên gọi ngắt", "aborted"),
        "exchange.orphaned" => ("bỏ dở", "orphaned"),
        "refusals.summary" => ("gộp từ chối", "refusals"),
        "audit.read" => ("đọc nhật ký", "read"),
        other => return shown(other),
    };
    pick(language, vi, en).to_owned()
}

/// The moment of an entry as people read it.
#[must_use]
pub fn moment(seen: &Seen) -> String {
    seen.at().map_or_else(|| shown(seen.text("at").unwrap_or("?")), local)
}

/// What an entry says, line by line.
#[must_use]
pub fn lines(seen: &Seen, language: Language) -> Vec<String> {
    let mut lines = vec![headline(seen, language)];
    let fact = |lines: &mut Vec<String>, vi: &str, en: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("  {}: {value}", pick(language, vi, en))));
    };
    let text = |member: &str| seen.text(member).map(shown);
    fact(&mut lines, "Mã giao dịch", "Exchange", text("exchange"));
    fact(&mut lines, "Dịch vụ", "Service", of_service(seen));
    fact(&mut lines, "Thỏa thuận", "Agreement", of_agreement(seen, language));
    fact(&mut lines, "Mục đích khai thác", "Purpose", text("purpose"));
    fact(&mut lines, "Căn cứ pháp lý", "Legal basis", legal_basis(seen));
    fact(&mut lines, "Mã HTTP", "HTTP status", seen.number("status").map(|status| status.to_string()));
    fact(&mut lines, "Lý do", "Reason", text("reason"));
    fact(&mut lines, "Bước", "Stage", text("stage"));
    fact(&mut lines, "Chặng lỗi", "Failed hop", text("hop"));
    fact(&mut lines, "Trường dữ liệu được phép", "Fields granted", fields(seen));
    fact(&mut lines, "Thay đổi", "What changed", changed(seen, language));
    fact(&mut lines, "Tổ chức cấp chứng thư số cho các bên ký", "Authorities of the signers", anchors(seen));
    lines.extend(signers(seen, language));
    fact(&mut lines, "Câu hỏi", "Question", question(seen));
    fact(&mut lines, "Số dòng đã xem", "Rows shown", seen.number("rows").map(|rows| rows.to_string()));
    let size = seen.number("size").map(|size| count(size, language));
    fact(&mut lines, "Số bản ghi có dấu thời gian", "Entries that were stamped", size);
    fact(&mut lines, "Thời điểm theo tổ chức cấp dấu", "The authority's time", text("time"));
    fact(&mut lines, "Tháng", "Month", text("month"));
    fact(&mut lines, "Chứng thư số", "Certificate", certificate(seen));
    fact(
        &mut lines,
        "Số thứ tự của cơ quan",
        "Number in the agency's chain",
        seen.number("seq").map(|n| n.to_string()),
    );
    lines
}

/// What an annex says, line by line.
#[must_use]
pub fn annex_lines(annex: &Value, language: Language) -> Vec<String> {
    let mut lines = vec![format!("  {}:", pick(language, "Phụ lục", "Annex"))];
    for (name, vi, en) in [
        ("case", "Mã hồ sơ", "Case"),
        ("user", "Cán bộ thực hiện", "End user"),
        ("subject", "Chủ thể dữ liệu", "Data subject"),
        ("source", "Địa chỉ nguồn", "Source address"),
        ("code", "Mã kết quả của nguồn", "The provider's result code"),
        ("uncatalogued", "Trường lạ bị giữ lại", "Unknown members withheld"),
        ("limits", "Hạn mức còn lại", "Limits left"),
        ("asked", "Giá trị đã tìm", "Values looked for"),
    ] {
        let value =
            annex.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        lines.extend(value.map(|value| format!("    {}: {}", pick(language, vi, en), shown(&value))));
    }
    for (name, vi, en) in [("released", "Đã cung cấp", "Released"), ("withheld", "Đã lược bỏ", "Withheld")]
    {
        let fields = annex.get(name).and_then(Value::as_array).into_iter().flatten();
        let fields: Vec<String> = fields.map(|field| counted(field, language)).collect();
        if !fields.is_empty() {
            lines.push(format!("    {}: {}", pick(language, vi, en), fields.join(", ")));
        }
    }
    lines
}

/// A field, how sensitive it is and how often it was there.
fn counted(field: &Value, language: Language) -> String {
    let text = |name: &str| field.get(name).and_then(Value::as_str).map(shown).unwrap_or_default();
    let class = match text("class").as_str() {
        "sensitive" => pick(language, " (nhạy cảm)", " (sensitive)"),
        "basic" => pick(language, " (cá nhân)", " (personal)"),
        _ => "",
    };
    let count = field.get("count").and_then(Value::as_u64).filter(|count| *count != 1);
    format!("{}{class}{}", text("pointer"), count.map(|count| format!(" ×{count}")).unwrap_or_default())
}

fn headline(seen: &Seen, language: Language) -> String {
    let agency = shown(seen.text("agency").unwrap_or("?"));
    let (vi, en) = match seen.kind() {
        "exchange.opened" => ("bắt đầu xử lý yêu cầu của", "began an exchange of"),
        "exchange.released" => ("cho phép cung cấp dữ liệu cho", "cleared data for release to"),
        "exchange.refused" => ("từ chối yêu cầu của", "refused a request of"),
        "exchange.failed" => ("không hoàn thành yêu cầu của", "could not complete a request of"),
        "exchange.aborted" => ("ghi nhận bên gọi đã ngắt giữa chừng:", "noted that the caller left midway:"),
        "exchange.orphaned" => ("dừng trước khi có kết quả cho", "stopped before there was an outcome for"),
        "refusals.summary" => ("gộp các lần từ chối đối với", "summed up refusals of"),
        "log.opened" => ("mở nhật ký; đơn vị vận hành", "opened the log; operator"),
        "log.closed" => ("đóng hẳn nhật ký; đơn vị vận hành", "closed the log for good; operator"),
        "quotas.carried" => (
            "nhận số đếm hạn mức từ nhật ký trước; đơn vị vận hành",
            "took over the quotas' counts of the log before; operator",
        ),
        "keys.rotated" => ("thay khóa nhật ký; đơn vị vận hành", "replaced the log's key; operator"),
        "node.started" => ("khởi động; đơn vị vận hành", "started; operator"),
        "node.stopped" => ("dừng theo kế hoạch; đơn vị vận hành", "stopped on purpose; operator"),
        "node.limits" => (
            "ghi nhận kho hạn mức dùng chung bị mất hoặc có lại; đơn vị vận hành",
            "noted that the shared limits were lost, or are back; operator",
        ),
        "time.anchored" => (
            "có dấu thời gian cho nhật ký; đơn vị vận hành",
            "had the log stamped with the time by an authority; operator",
        ),
        "month.forgotten" => (
            "hủy khóa của một tháng theo lệnh có hai chữ ký; đơn vị vận hành",
            "destroyed a month's key by an order with two signatures; operator",
        ),
        "audit.read" => ("cho đọc nhật ký:", "showed entries of the log to"),
        "node.ordered" => ("nhận lệnh vận hành của", "was given an order by"),
        "policy.changed" if seen.text("old") == seen.text("new") => (
            "ghi nhận các tệp và chữ ký đi cùng chính sách; đơn vị vận hành",
            "named the files and signatures beside its policies; operator",
        ),
        "policy.changed" => {
            ("áp dụng chính sách mới; đơn vị vận hành", "put other policies into force; operator")
        }
        _ => ("ghi một bản ghi khác của", "wrote another entry of"),
    };
    let (index, moment) = (seen.index, moment(seen));
    let frame = pick(language, "Bản ghi số", "Entry");
    format!(
        "{frame} {index}, {moment} (GMT+7): {} {} {agency}",
        pick(language, "cổng", "the gateway"),
        pick(language, vi, en)
    )
}

fn of_service(seen: &Seen) -> Option<String> {
    let service = shown(seen.text("service")?);
    Some(
        seen.text("operation")
            .map_or(service.clone(), |operation| format!("{service}, {}", shown(operation))),
    )
}

fn of_agreement(seen: &Seen, language: Language) -> Option<String> {
    let number = shown(seen.agreement()?);
    let clause = seen.clause().map(|clause| format!(", {} {clause}", pick(language, "khoản", "clause")));
    Some(format!("{number}{}", clause.unwrap_or_default()))
}

fn legal_basis(seen: &Seen) -> Option<String> {
    let grounds = seen.leaf.get("legal_basis")?.as_array()?;
    Some(grounds.iter().filter_map(|ground| ground.as_str()).map(shown).collect::<Vec<_>>().join("; "))
}

fn fields(seen: &Seen) -> Option<String> {
    let fields = seen.fields();
    (!fields.is_empty()).then(|| fields.into_iter().map(shown).collect::<Vec<_>>().join(", "))
}

/// What changed of the policies: of several lines each stands by itself, further in.
fn changed(seen: &Seen, language: Language) -> Option<String> {
    let words = seen.leaf.get("changed")?.get(pick(language, "vi", "en"))?.as_str()?;
    Some(words.lines().map(|line| format!("\n    {}", shown(line))).collect())
}

/// By whose word signatures over agreements are believed: the hashes under which their certificates are kept.
fn anchors(seen: &Seen) -> Option<String> {
    let anchors = seen.leaf.get("anchors")?.as_array()?;
    Some(anchors.iter().filter_map(Value::as_str).map(shown).collect::<Vec<_>>().join(", "))
}

/// Who signed which agreement, and under which names what proves it is kept.
fn signers(seen: &Seen, language: Language) -> Vec<String> {
    if seen.kind() != "policy.changed" {
        return Vec::new();
    }
    let listed = seen.text("signers_listing").map(|hash| {
        let they = pick(language, "Các bên ký: danh sách trong đối tượng", "Signers: listed in the object");
        format!("  {they} {}", shown(hash))
    });
    let signers = seen.leaf.get("signers").and_then(Value::as_array).into_iter().flatten();
    signers.map(|signer| signed(signer, language)).chain(listed).collect()
}

fn signed(signer: &Value, language: Language) -> String {
    let text = |name: &str| signer.get(name).and_then(Value::as_str).map(shown).unwrap_or_default();
    let (agency, agreement) = (text("agency"), text("agreement"));
    let (signature, certificate) = (text("signature"), text("certificate"));
    match language {
        Language::Vi => {
            format!("  {agency} đã ký thỏa thuận {agreement}: chữ ký {signature}, chứng thư số {certificate}")
        }
        Language::En => format!(
            "  {agency} signed agreement {agreement}: signature {signature}, certificate {certificate}"
        ),
    }
}

/// What was asked at the desk, and by what it was narrowed down.
fn question(seen: &Seen) -> Option<String> {
    let question = shown(seen.text("question")?);
    let filters = seen.leaf.get("filters").and_then(Value::as_array).into_iter().flatten();
    let filters: Vec<String> = filters.filter_map(Value::as_str).map(shown).collect();
    Some(if filters.is_empty() { question } else { format!("{question} ({})", filters.join(", ")) })
}

fn certificate(seen: &Seen) -> Option<String> {
    let certificate = seen.leaf.get("certificate")?;
    let part = |name: &str| certificate.get(name).and_then(|value| value.as_str()).map(shown);
    Some(format!("{}, {}", part("serial")?, part("issuer")?))
}

fn pick<'a>(language: Language, vi: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Vi => vi,
        Language::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(leaf: &str) -> Seen {
        Seen::new(7, leaf.as_bytes(), Vec::new())
    }

    #[test]
    fn a_refusal_is_told_in_both_languages_with_its_ground() {
        let seen = seen(
            r#"{"agency":"H31.99.01","agreement":{"clause":1,"id":"TT-2026-003","version":2},"at":"2026-11-23T02:30:00.000Z",
            "kind":"exchange.refused","legal_basis":["Luật Hộ tịch"],"reason":"field-not-granted","status":403}"#,
        );
        let vi = lines(&seen, Language::Vi).join("\n");
        assert!(
            vi.starts_with("Bản ghi số 7, 23/11/2026 09:30:00 (GMT+7): cổng từ chối yêu cầu của H31.99.01\n")
        );
        assert!(vi.contains("Thỏa thuận: TT-2026-003, khoản 1") && vi.contains("Lý do: field-not-granted"));
        let en = lines(&seen, Language::En).join("\n");
        assert!(
            en.contains("the gateway refused a request of H31.99.01")
                && en.contains("Legal basis: Luật Hộ tịch")
        );
    }

    #[test]
    fn what_an_entry_says_cannot_take_over_the_terminal() {
        let seen = seen(r#"{"agency":"\u001b[2J\u202eX","kind":"\u001b]0;x\u0007","at":"\u001b[1m"}"#);
        for language in [Language::Vi, Language::En] {
            let told = lines(&seen, language).join("\n") + &outcome(seen.kind(), language);
            assert!(!told.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{told}");
        }
    }

    #[test]
    fn who_read_what_is_told_in_both_languages() {
        let seen = seen(
            r#"{"agency":"H31.10","at":"2026-11-23T02:30:00.000Z","filters":["subject","since"],"kind":"audit.read",
            "question":"list","rows":3}"#,
        );
        let en = lines(&seen, Language::En).join("\n");
        assert!(
            en.contains("showed entries of the log to H31.10")
                && en.contains("Question: list (subject, since)")
        );
        assert!(lines(&seen, Language::Vi).join("\n").contains("Số dòng đã xem: 3"));
    }

    #[test]
    fn a_time_stamp_and_a_month_forgotten_are_told_as_what_they_are() {
        let told = |leaf: &str| lines(&seen(leaf), Language::En).join("\n");
        let stamp =
            told(r#"{"agency":"H31.02","kind":"time.anchored","size":1029,"time":"2026-11-26T19:06:30Z"}"#);
        assert!(stamp.contains("stamped with the time") && stamp.contains("stamped: 1,029"), "{stamp}");
        let month = told(r#"{"agency":"H31.02","kind":"month.forgotten","month":"2026-10"}"#);
        assert!(month.contains("destroyed a month's key") && month.contains("Month: 2026-10"), "{month}");
    }

    #[test]
    fn an_entry_that_is_no_object_still_has_a_line() {
        assert_eq!(lines(&seen("17"), Language::En).len(), 1);
    }
}
