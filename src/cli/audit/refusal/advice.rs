//! Whether a request that was refused can be sent again, and when.

use crate::cli::terminal::local;
use crate::clock::Timestamp;
use crate::language::Text;

/// What to do about a reason; `at`: from when on it no longer holds, where that is known.
pub(super) fn of(reason: &str, at: Option<Timestamp>) -> Text {
    if let Some(at) = at {
        let at = local(at);
        return Text::new(
            format!("Có thể gửi lại đúng yêu cầu này từ {at} (GMT+7)."),
            format!("The same request may be sent again from {at} (GMT+7) on."),
        );
    }
    let (vi, en) = match reason {
        "header-missing" | "header-repeated" | "ambiguous-request" | "authority" | "signature-required" => (
            "Có thể gửi lại ngay sau khi bổ sung, sửa đúng thông tin nêu ở phần lý do.",
            "It may be sent again as soon as what the reason names is added or corrected.",
        ),
        "field-not-granted" | "parameter-not-granted" | "request-too-large" => (
            "Có thể gửi lại ngay với yêu cầu trong phạm vi thỏa thuận. Muốn có phần đã bị từ chối, các bên phải sửa đổi thỏa thuận trước.",
            "It may be sent again at once within the agreement's scope. For what was refused, the parties must amend the agreement first.",
        ),
        "rate" | "in-flight" | "overload" | "draining" | "log-unavailable" => (
            "Có thể gửi lại đúng yêu cầu này sau ít phút.",
            "The same request may be sent again in a few minutes.",
        ),
        "daily-quota" | "people-quota" => (
            "Có thể gửi lại đúng yêu cầu này từ ngày làm việc tiếp theo, trong hạn mức.",
            "The same request may be sent again on the next day, within the quota.",
        ),
        "monthly-quota" => (
            "Có thể gửi lại đúng yêu cầu này từ tháng sau, trong hạn mức.",
            "The same request may be sent again next month, within the quota.",
        ),
        "security-confirmation-lapsed" => (
            "Không gửi lại trước khi xác nhận an toàn thông tin được gia hạn.",
            "It must not be sent again before the security confirmation is renewed.",
        ),
        "agency-suspended" | "certificate-suspended" | "agreement-suspended" => (
            "Không gửi lại trước khi việc tạm dừng được gỡ bỏ.",
            "It must not be sent again before the suspension is lifted.",
        ),
        _ => (
            "Không gửi lại yêu cầu này. Hãy liên hệ đầu mối dưới đây để ký hoặc sửa đổi thỏa thuận.",
            "It must not be sent again. Ask the contact below about making or amending an agreement.",
        ),
    };
    Text::new(vi, en)
}
