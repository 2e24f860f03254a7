//! What a clerk reads when a request is refused, in both languages.

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::language::Text;
use crate::policy::calendar::shown;
use crate::policy::model::{Agreement, Maintenance, Suspension};
use crate::policy::scope::{Class, Field};

use super::{Ground, Needed, Refusal};

/// The text of a refusal.
pub(super) fn of(refusal: &Refusal) -> Text {
    match refusal {
        Refusal::NoAgreement { .. } => Text::new(
            "Từ chối: không có thỏa thuận chia sẻ dữ liệu cho yêu cầu này. Liên hệ đơn vị vận hành cổng.",
            "Refused: there is no data-sharing agreement for this request. Contact the gateway's operator.",
        ),
        Refusal::CertificateSuspended { suspension, .. } => {
            suspended(suspension, "chứng thư số", "the certificate")
        }
        Refusal::AgencySuspended { suspension, .. } => suspended(suspension, "cơ quan, đơn vị", "the agency"),
        Refusal::Missing { what, ground } => missing(what, ground),
        Refusal::PurposeNotCovered { ground } => purpose_not_covered(ground),
        Refusal::PurposeSuspended { suspension, ground } => {
            let id = &ground.agreement.id;
            let (vi, en) = (
                format!("mục đích khai thác này theo thỏa thuận {id}"),
                format!("this purpose under agreement {id}"),
            );
            suspended(suspension, &vi, &en)
        }
        Refusal::AgreementSuspended { suspension, ground } => {
            let id = &ground.agreement.id;
            suspended(suspension, &format!("thỏa thuận {id}"), &format!("agreement {id}"))
        }
        Refusal::NotYetInForce { ground, .. } => not_yet(&ground.agreement),
        Refusal::NoLongerInForce { last, ground } => over(&ground.agreement, *last),
        Refusal::SecurityConfirmationLapsed { ground, .. } => lapsed(&ground.agreement),
        Refusal::NotSigned { ground } => not_signed(&ground.agreement),
        Refusal::SourceNetwork { .. } => Text::new(
            "Từ chối: yêu cầu đến từ địa chỉ mạng ngoài danh sách đã đăng ký của cơ quan, đơn vị.",
            "Refused: the request comes from an address outside the networks that the agency registered.",
        ),
        Refusal::OutsideHours { opens, ground } => outside_hours(*opens, &ground.agreement),
        Refusal::SignatureRequired { ground } => signature_required(&ground.agreement),
        Refusal::ParameterNotGranted { parameter, ground } => {
            parameter_not_granted(parameter.as_deref(), ground)
        }
        Refusal::FieldNotGranted { field, ground } => field_not_granted(field.as_deref(), ground),
        Refusal::RequestTooLarge { limit, .. } => Text::new(
            format!("Từ chối: nội dung yêu cầu vượt quá {limit} byte."),
            format!("Refused: the request's body is over {limit} bytes."),
        ),
        Refusal::Maintenance { window, ground } => maintenance(window, ground),
    }
}

fn suspended(suspension: &Suspension, what_vi: &str, what_en: &str) -> Text {
    let since = shown(suspension.since);
    Text::new(
        format!("Từ chối: {what_vi} tạm dừng từ ngày {since}. Lý do: {}.", unstopped(&suspension.reason)),
        format!("Refused: {what_en} is suspended since {since}. Reason: {}.", unstopped(&suspension.reason)),
    )
}

/// A reason as it goes into a sentence of ours.
fn unstopped(reason: &str) -> &str {
    reason.trim_end_matches('.')
}

fn missing(what: &Needed, ground: &Ground) -> Text {
    let id = &ground.agreement.id;
    match what {
        Needed::Purpose => Text::new(
            "Thiếu mục đích khai thác (Exchange-Purpose). Mọi yêu cầu phải nêu mục đích khai thác.",
            "The purpose (Exchange-Purpose) is missing. Every request must state its purpose of use.",
        ),
        Needed::Case => Text::new(
            format!(
                "Thiếu mã hồ sơ (Exchange-Case). Yêu cầu dữ liệu cá nhân phải nêu mã hồ sơ làm căn cứ, theo thỏa thuận {id}."
            ),
            format!(
                "The case number (Exchange-Case) is missing. A request for personal data must name its case, by agreement {id}."
            ),
        ),
        Needed::User => Text::new(
            format!(
                "Thiếu người khai thác (Exchange-User). Thỏa thuận {id} yêu cầu nêu người trực tiếp khai thác."
            ),
            format!(
                "The end user (Exchange-User) is missing. Agreement {id} requires the person who asks to be named."
            ),
        ),
        Needed::Subject(name) => Text::new(
            format!("Thiếu tham số `{name}`: thỏa thuận {id} giới hạn số người được tra cứu trong ngày."),
            format!(
                "The parameter `{name}` is missing: agreement {id} bounds how many people are asked about a day."
            ),
        ),
    }
}

fn purpose_not_covered(ground: &Ground) -> Text {
    let (id, provider) = (&ground.agreement.id, &ground.provider.name);
    Text::new(
        format!(
            "Từ chối: mục đích khai thác không thuộc thỏa thuận {id}. Liên hệ đầu mối nghiệp vụ của {}.",
            provider.vi
        ),
        format!(
            "Refused: the purpose is not covered by agreement {id}. Contact the business contact of {}.",
            provider.en
        ),
    )
}

fn not_yet(agreement: &Agreement) -> Text {
    let (id, from) = (&agreement.id, shown(agreement.from));
    Text::new(
        format!("Từ chối: thỏa thuận {id} có hiệu lực từ ngày {from}."),
        format!("Refused: agreement {id} is in force from {from} on."),
    )
}

fn over(agreement: &Agreement, last: Date) -> Text {
    let (id, last) = (&agreement.id, shown(last));
    Text::new(
        format!("Từ chối: thỏa thuận {id} có hiệu lực đến hết ngày {last}."),
        format!("Refused: agreement {id} was in force until the end of {last}."),
    )
}

fn not_signed(agreement: &Agreement) -> Text {
    let id = &agreement.id;
    Text::new(
        format!(
            "Từ chối: thỏa thuận {id} chưa có hiệu lực vì chưa đủ chữ ký số của bên cung cấp và các bên khai thác trên đúng văn bản này."
        ),
        format!(
            "Refused: agreement {id} is not in force: its provider and consumers have not all signed this very text."
        ),
    )
}

fn lapsed(agreement: &Agreement) -> Text {
    let id = &agreement.id;
    Text::new(
        format!("Từ chối: xác nhận an toàn thông tin đã quá sáu tháng; thỏa thuận {id} tạm dừng."),
        format!("Refused: the security confirmation is over six months old; agreement {id} is on hold."),
    )
}

fn outside_hours(opens: Option<Timestamp>, agreement: &Agreement) -> Text {
    let id = &agreement.id;
    let opens = opens.map(|opens| opens.to_zoned_datetime(agreement.zone.clone()));
    let (vi, en) = opens.map_or_else(Default::default, |opens| {
        let (time, day) = (opens.strftime("%H:%M").to_string(), shown(opens.date()));
        (
            format!(" Giờ khai thác tiếp theo từ {time} ngày {day}."),
            format!(" It opens again on {day} at {time}."),
        )
    });
    Text::new(
        format!("Từ chối: ngoài giờ khai thác theo thỏa thuận {id}.{vi}"),
        format!("Refused: outside the hours of agreement {id}.{en}"),
    )
}

fn signature_required(agreement: &Agreement) -> Text {
    let id = &agreement.id;
    Text::new(
        format!("Từ chối: thỏa thuận {id} yêu cầu ký số từng yêu cầu."),
        format!("Refused: agreement {id} requires every request to be signed."),
    )
}

fn parameter_not_granted(parameter: Option<&str>, ground: &Ground) -> Text {
    let id = &ground.agreement.id;
    let name = parameter.map(|name| format!(" `{name}`")).unwrap_or_default();
    let clause = Clause(ground);
    Text::new(
        format!("Từ chối: tham số{name} không được phép gửi theo thỏa thuận {id}{}.", clause.vi()),
        format!("Refused: the parameter{name} may not be sent under agreement {id}{}.", clause.en()),
    )
}

fn field_not_granted(field: Option<&Field>, ground: &Ground) -> Text {
    let id = &ground.agreement.id;
    let (name_vi, name_en) = match field {
        Some(Field { name, class, .. }) => {
            (format!("“{}”{}", name.vi, class_vi(*class)), format!("“{}”{}", name.en, class_en(*class)))
        }
        None => ("được yêu cầu".to_owned(), "asked for".to_owned()),
    };
    let clause = Clause(ground);
    Text::new(
        format!(
            "Từ chối: trường {name_vi} không thuộc phạm vi trường dữ liệu của thỏa thuận {id}{}.",
            clause.vi()
        ),
        format!("Refused: the field {name_en} is outside the field scope of agreement {id}{}.", clause.en()),
    )
}

fn class_vi(class: Class) -> &'static str {
    match class {
        Class::None => "",
        Class::Basic => " (dữ liệu cá nhân cơ bản)",
        Class::Sensitive => " (dữ liệu cá nhân nhạy cảm)",
    }
}

fn class_en(class: Class) -> &'static str {
    match class {
        Class::None => "",
        Class::Basic => " (basic personal data)",
        Class::Sensitive => " (sensitive personal data)",
    }
}

fn maintenance(window: &Maintenance, ground: &Ground) -> Text {
    let until = window.until.to_zoned_datetime(ground.agreement.zone.clone());
    let (time, day) = (until.strftime("%H:%M").to_string(), shown(until.date()));
    let (vi, en) = (&ground.service.name.vi, &ground.service.name.en);
    Text::new(
        format!("{vi} đang bảo trì theo kế hoạch. Cổng hoạt động bình thường. Thử lại từ {time} ngày {day}."),
        format!("{en} is away for planned maintenance. The gateway is well. Retry from {time} on {day}."),
    )
}

/// The clause as a sentence adds it.
struct Clause<'a>(&'a Ground);

impl Clause<'_> {
    fn vi(&self) -> String {
        self.0.clause.as_ref().map(|clause| format!(", điều khoản {clause}")).unwrap_or_default()
    }

    fn en(&self) -> String {
        self.0.clause.as_ref().map(|clause| format!(", clause {clause}")).unwrap_or_default()
    }
}
