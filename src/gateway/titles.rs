//! The vocabulary of reasons: code, Vietnamese title, English title. A title does not change from one occurrence to the next
//! (RFC 9457 3.1.3); what is particular stands in the detail.

use crate::language::Text;

/// Every reason the gateway gives.
pub const TITLES: [(&str, &str, &str); 48] = [
    ("agency-suspended", "Cơ quan đang bị tạm dừng trao đổi", "The agency is suspended"),
    ("agreement-not-in-force", "Thỏa thuận không còn hoặc chưa có hiệu lực", "The agreement is not in force"),
    ("agreement-suspended", "Thỏa thuận đang tạm dừng", "The agreement is suspended"),
    ("ambiguous-request", "Yêu cầu không rõ ràng", "The request has no single meaning"),
    ("answer-too-large", "Câu trả lời vượt dung lượng cho phép", "The answer is too large"),
    ("authority", "Sai địa chỉ cổng", "The request is addressed to another gateway"),
    ("certificate-suspended", "Chứng thư số đang bị tạm dừng", "The certificate is suspended"),
    (
        "cross-site",
        "Từ chối: yêu cầu do trang web khác tạo ra",
        "Refused: another site's page made this request",
    ),
    ("daily-quota", "Đã dùng hết hạn mức ngày", "The daily quota is used up"),
    ("draining", "Cổng đang dừng để bảo trì", "The gateway is stopping"),
    ("field-not-granted", "Trường dữ liệu ngoài phạm vi thỏa thuận", "A field outside the agreement's scope"),
    ("header-missing", "Thiếu thông tin bắt buộc", "A required header is missing"),
    ("header-repeated", "Thông tin bị lặp", "A header is repeated"),
    ("in-flight", "Quá nhiều yêu cầu đồng thời", "Too many requests under way"),
    ("index-unavailable", "Chỉ mục của nhật ký chưa sẵn sàng", "The log's index is not ready"),
    ("interrupted", "Cổng gặp sự cố", "The gateway met a fault"),
    (
        "log-unavailable",
        "Tạm dừng trao đổi: không ghi được nhật ký",
        "Exchange is paused: the log cannot be written",
    ),
    ("maintenance", "Bảo trì theo kế hoạch", "Planned maintenance"),
    ("method-not-allowed", "Chỉ được đọc", "Reading only"),
    ("month-not-over", "Tháng chưa kết thúc", "The month is not over"),
    ("month-under-way", "Còn giao dịch của tháng chưa kết thúc", "Exchanges of the month are under way"),
    ("monthly-quota", "Đã dùng hết hạn mức tháng", "The monthly quota is used up"),
    (
        "no-agreement",
        "Từ chối: không có thỏa thuận chia sẻ dữ liệu",
        "Refused: there is no data-sharing agreement",
    ),
    ("no-operator", "Người ký không phải người vận hành", "A signer is no operator"),
    ("no-order", "Không phải lệnh quên một tháng", "This is no order to forget a month"),
    ("not-admitted", "Từ chối: không có quyền xem", "Refused: not admitted"),
    ("not-found", "Không tìm thấy", "Not found"),
    ("one-signer", "Hai chữ ký của cùng một khóa", "Both signatures are of one key"),
    ("other-log", "Lệnh của nhật ký khác", "The order is about another log"),
    ("outside-hours", "Ngoài giờ trao đổi", "Outside the agreed hours"),
    ("overload", "Cổng quá tải", "The gateway is overloaded"),
    ("parameter", "Tham số không hợp lệ", "A parameter is not valid"),
    (
        "parameter-not-granted",
        "Tham số ngoài phạm vi thỏa thuận",
        "A parameter outside the agreement's scope",
    ),
    ("people-quota", "Đã đạt hạn mức số người tra cứu trong ngày", "The daily quota of people is used up"),
    ("platform-broken", "Nền tảng nguồn trả lời không đúng quy cách", "The platform's answer is broken"),
    ("platform-timeout", "Nền tảng nguồn không phản hồi", "The platform does not answer"),
    ("platform-unreachable", "Không kết nối được nền tảng nguồn", "The platform cannot be reached"),
    ("purpose-not-covered", "Mục đích khai thác không thuộc thỏa thuận", "The purpose is not covered"),
    ("rate", "Vượt giới hạn tần suất", "Rate limit exceeded"),
    ("refusal-budget", "Quá nhiều yêu cầu bị từ chối", "Too many refused requests"),
    ("request-too-large", "Yêu cầu vượt dung lượng cho phép", "The request is too large"),
    (
        "security-confirmation-lapsed",
        "Xác nhận an toàn thông tin đã hết hạn",
        "The security confirmation has lapsed",
    ),
    ("signature-false", "Chữ ký không đúng với lệnh", "A signature is not over this order"),
    ("signature-required", "Yêu cầu phải được ký số", "The request must be signed"),
    ("source-network", "Địa chỉ mạng không thuộc thỏa thuận", "The source network is not agreed"),
    ("too-much", "Câu hỏi quá rộng: hãy thu hẹp thời gian", "Too much is asked for: narrow the time"),
    ("two-signatures", "Lệnh cần đúng hai chữ ký", "The order needs two signatures"),
    ("undisclosable", "Không thể lược bỏ trường dữ liệu một cách an toàn", "The answer cannot be cut safely"),
];

/// The title of a reason; the code itself where somebody forgot one, which a test rules out.
#[must_use]
pub fn title(code: &str) -> Text {
    let found = TITLES.iter().find(|(known, ..)| *known == code);
    found.map_or_else(|| Text::new(code, code), |(_, vi, en)| Text::new(*vi, *en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_title_is_there_in_both_languages_once_and_sorted() {
        assert!(TITLES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            TITLES
                .iter()
                .all(|(code, vi, en)| !vi.is_empty() && !en.is_empty() && vi != en && !code.is_empty())
        );
    }
}
