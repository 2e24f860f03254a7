//! What lapses soon, so that an agency hears of it before its calls are refused.

use jiff::Unit;
use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use crate::language::Text;
use crate::policy::calendar::shown;

/// From how many days before its last one on something is told of: time enough to have a paper signed.
const SOON_DAYS: i64 = 30;

/// From how many days on it is urgent.
const URGENT_DAYS: i64 = 14;

/// What lapses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Agreement,
    SecurityConfirmation,
    Certificate,
}

/// Something whose last day is near, or over; nothing if there is time. `number` is the agreement's.
pub(super) fn told(what: What, number: Option<&str>, last: Date, today: Date) -> Option<Value> {
    let days = i64::from(today.until((Unit::Day, last)).ok()?.get_days());
    let urgent = days <= URGENT_DAYS;
    let text = text(what, number.unwrap_or_default(), last);
    (days <= SOON_DAYS).then(|| {
        json!({
            "what": what.name(), "agreement": number, "last_day": last.to_string(), "days": days,
            "urgent": urgent, "text": { "vi": text.vi, "en": text.en }
        })
    })
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::SecurityConfirmation => "security-confirmation",
            Self::Certificate => "certificate",
        }
    }
}

fn text(what: What, number: &str, last: Date) -> Text {
    let last = shown(last);
    match what {
        What::Agreement => Text::new(
            format!("Thỏa thuận {number} có hiệu lực đến hết ngày {last}."),
            format!("Agreement {number} is in force until {last}, that day included."),
        ),
        What::SecurityConfirmation => Text::new(
            format!("Xác nhận an toàn thông tin của thỏa thuận {number} có giá trị đến hết ngày {last}."),
            format!("The security confirmation of agreement {number} holds until {last}, that day included."),
        ),
        What::Certificate => Text::new(
            format!("Chứng thư số đang dùng để kết nối hết hạn ngày {last}."),
            format!("The certificate of this connection expires on {last}."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lapses_within_a_month_is_told_and_what_lapses_within_a_fortnight_is_urgent() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let told = |last| told(What::Agreement, Some("TT-1"), day(last), day("2026-11-26"));
        assert_eq!(told("2026-12-27"), None);
        let (soon, urgent, over) =
            (told("2026-12-26").unwrap(), told("2026-12-10").unwrap(), told("2026-11-20").unwrap());
        assert_eq!((&soon["days"], &soon["urgent"]), (&json!(30), &json!(false)));
        assert_eq!((&urgent["days"], &urgent["urgent"]), (&json!(14), &json!(true)));
        assert_eq!((&over["days"], &over["urgent"]), (&json!(-6), &json!(true)));
        assert_eq!(soon["text"]["vi"], "Thỏa thuận TT-1 có hiệu lực đến hết ngày 26/12/2026.");
    }
}
