//! The page: A4, laid out as an administrative document (Decree 30/2020/NĐ-CP, Appendix I; the operator must check the instrument).
//!
//! Everything that was read goes through [`escaped`]; the code in the corner is drawn in the page.

use super::document::Document;
use super::qr;
use crate::cli::paper;
use crate::cli::paper::escaped;
use crate::cli::terminal::local;
use crate::language::Language;
use crate::language::Text;

const STYLE: &str = "@page { size: A4; margin: 20mm 15mm 20mm 30mm }
body { font: 13pt/1.4 'Times New Roman', Times, serif; color: #000; max-width: 165mm; margin: 1em auto }
.head { display: grid; grid-template-columns: 2fr 3fr; text-align: center; line-height: 1.25 }
.head p { margin: 0 } .caps { text-transform: uppercase } .line { display: inline-block; border-bottom: 1px solid #000; padding-bottom: 2pt }
.about { font-size: 12pt } .day { font-style: italic; margin-top: 6pt }
.to { text-align: center; margin: 18pt 0 12pt } .text p { text-indent: 10mm; text-align: justify; margin: 6pt 0; overflow-wrap: anywhere }
.foot { display: grid; grid-template-columns: 1fr 1fr; margin-top: 14pt; break-inside: avoid } .foot ul { font-size: 11pt; margin: 0; padding-left: 4mm; list-style: '- ' }
.foot b.who { font-size: 12pt; font-style: italic } .sign { text-align: center } .sign .space { height: 30mm }
.proof { display: grid; grid-template-columns: 34mm 1fr; gap: 5mm; align-items: center; border-top: 1px solid #000; margin-top: 14pt; padding-top: 6pt; font-size: 9.5pt; break-inside: avoid; overflow-wrap: anywhere }
.qr { width: 34mm; height: 34mm } .check { border: 2px solid #b00; padding: 6pt 10pt; font: 11pt sans-serif; margin-bottom: 1em }
@media print { .check { display: none } body { margin: 0; max-width: none } }";

/// The page in one language.
pub(super) fn page(document: &Document, language: Language) -> String {
    let spoken = Spoken { document, language };
    let title = spoken.pick("Văn bản trả lời từ chối", "Written refusal");
    let parts = [spoken.check(), spoken.head(), spoken.text(), spoken.foot(), spoken.proof()];
    paper::page(language, title, STYLE, &parts.join("\n"))
}

struct Spoken<'a> {
    document: &'a Document,
    language: Language,
}

impl Spoken<'_> {
    fn pick<'t>(&self, vi: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Vi => vi,
            Language::En => en,
        }
    }

    /// A text that was read.
    fn safe(&self, text: &Text) -> String {
        escaped(text.to(self.language))
    }

    /// For whoever signs, and not on the paper.
    fn check(&self) -> String {
        let text = self.pick(
            "Bản dự thảo do phần mềm lập từ nhật ký. Trước khi ký, kiểm tra lại các văn bản pháp luật được dẫn, số, ký hiệu, thể thức và nơi nhận. Khung này không in ra.",
            "A draft made from the log by software. Before signing, check the legal instruments it names, number, form and recipients. This box is not printed.",
        );
        format!("<p class=\"check\">{text}</p>")
    }

    fn head(&self) -> String {
        let document = self.document;
        let issuer = self.safe(&document.issuer);
        let number = document.number.as_deref().map_or_else(|| "……/……".to_owned(), escaped);
        let city = document.city.as_deref().map_or_else(|| "……………".to_owned(), escaped);
        let (no, about) = (
            self.pick("Số", "No."),
            self.pick("V/v trả lời từ chối cung cấp dữ liệu", "Subject: refusal to provide data"),
        );
        let nation = self.pick("Cộng hòa xã hội chủ nghĩa Việt Nam", "Socialist Republic of Viet Nam");
        let motto = self.pick("Độc lập - Tự do - Hạnh phúc", "Independence - Freedom - Happiness");
        let day = self.day();
        format!(
            "<div class=\"head\"><div><p class=\"caps\"><b class=\"line\">{issuer}</b></p><p>{no}: {number}</p>\
             <p class=\"about\">{about}</p></div><div><p class=\"caps\"><b>{nation}</b></p>\
             <p><b class=\"line\">{motto}</b></p><p class=\"day\">{city}, {day}</p></div></div>"
        )
    }

    fn day(&self) -> String {
        let today = self.document.today.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(7)));
        // Days below ten and the first two months are written with a zero, so that nothing can be put before them.
        let month =
            if today.month() < 3 { format!("{:02}", today.month()) } else { today.month().to_string() };
        match self.language {
            Language::Vi => format!("ngày {:02} tháng {month} năm {}", today.day(), today.year()),
            Language::En => today.strftime("%d/%m/%Y").to_string(),
        }
    }

    fn text(&self) -> String {
        let document = self.document;
        let (to, agency, code) =
            (self.pick("Kính gửi", "To"), self.safe(&document.agency), escaped(&document.code));
        let mut paragraphs = vec![self.opening()];
        let mut say = |name: &str, value: String| paragraphs.push(format!("<b>{name}:</b> {value}"));
        say(
            self.pick("Lý do", "Reason"),
            format!("{} ({})", self.safe(&document.words), escaped(&document.reason)),
        );
        if let Some(agreement) = self.agreement() {
            say(self.pick("Điều khoản áp dụng", "Clause"), agreement);
        }
        say(self.pick("Căn cứ pháp lý", "Legal ground"), self.grounds());
        say(self.pick("Việc gửi lại yêu cầu", "Sending it again"), self.safe(&document.again));
        if let Some(contact) = &document.contact {
            say(self.pick("Đầu mối liên hệ", "Contact"), escaped(contact));
        }
        let text: String = paragraphs.iter().map(|paragraph| format!("<p>{paragraph}</p>\n")).collect();
        format!("<p class=\"to\">{to}: {agency} ({code})</p>\n<div class=\"text\">\n{text}</div>")
    }

    fn opening(&self) -> String {
        let document = self.document;
        let at = document.at.map(local).unwrap_or_default();
        let exchange = escaped(&document.exchange);
        let about = |name: &str, text: &Option<Text>| {
            text.as_ref().map(|text| format!("{name} {}", self.safe(text))).unwrap_or_default()
        };
        let asked = about(self.pick(" đối với", " for"), &document.asked);
        let purpose = about(self.pick(", mục đích", ", for the purpose of"), &document.purpose);
        match self.language {
            Language::Vi => format!(
                "Cổng trao đổi dữ liệu đã nhận yêu cầu của Quý cơ quan lúc {at} (GMT+7), mã giao dịch {exchange},{asked}{purpose}. Yêu cầu này bị từ chối; xin trả lời bằng văn bản theo khoản 2 Điều 16 Nghị định số 194/2025/NĐ-CP như sau:"
            ),
            Language::En => format!(
                "The data exchange gateway received your request at {at} (GMT+7), exchange {exchange},{asked}{purpose}. It was refused; this is the written answer under Article 16.2 of Decree 194/2025/NĐ-CP:"
            ),
        }
    }

    fn agreement(&self) -> Option<String> {
        let (id, version, clause) = self.document.agreement.as_ref()?;
        let version = version.map(|version| format!(", {} {version}", self.pick("phiên bản", "version")));
        let clause = clause.map(|clause| format!(", {} {clause}", self.pick("điều khoản", "clause")));
        let agreement = self.pick("Thỏa thuận", "Agreement");
        Some(format!(
            "{agreement} {}{}{}",
            escaped(id),
            version.unwrap_or_default(),
            clause.unwrap_or_default()
        ))
    }

    fn grounds(&self) -> String {
        let none = self.pick(
            "không có thỏa thuận chia sẻ dữ liệu làm căn cứ cung cấp",
            "there is no data-sharing agreement on which it could be provided",
        );
        let grounds = &self.document.grounds;
        if grounds.is_empty() {
            none.to_owned()
        } else {
            grounds.iter().map(|it| escaped(it)).collect::<Vec<_>>().join("; ")
        }
    }

    fn foot(&self) -> String {
        let (to, above, file) = (
            self.pick("Nơi nhận:", "Copies to:"),
            self.pick("Như trên;", "as above;"),
            self.pick("Lưu: VT.", "archives."),
        );
        let operator = self.safe(&self.document.operator);
        let (head, how) = (
            self.pick("THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ", "HEAD OF THE AGENCY"),
            self.pick("(Chữ ký, dấu hoặc chữ ký số)", "(Signature and seal, or digital signature)"),
        );
        format!(
            "<div class=\"foot\"><div><b class=\"who\">{to}</b><ul><li>{above}</li><li>{operator};</li><li>{file}</li></ul></div>\
             <div class=\"sign\"><b>{head}</b><br><i>{how}</i><div class=\"space\"></div></div></div>"
        )
    }

    /// What is needed to find the entry, and to hold it against the log.
    fn proof(&self) -> String {
        let document = self.document;
        let drawing = qr::svg(&document.to_verify()).unwrap_or_default();
        let says = self.pick(
            "Bản ghi về lần từ chối này nằm trong nhật ký có khả năng phát hiện sửa đổi. Để kiểm tra: lấy biên nhận của giao dịch tại cổng rồi chạy lệnh phohien receipt verify với khóa của nhật ký; mã băm của bản ghi phải đúng như dưới đây.",
            "The entry of this refusal stands in a tamper-evident log. To verify: fetch the exchange's receipt from the gateway and run phohien receipt verify with the log's key; the entry's hash must be the one below.",
        );
        let lines: String =
            document.to_verify().lines().skip(1).map(|line| format!("<br>{}", escaped(line))).collect();
        format!("<div class=\"proof\">{drawing}<div>{says}{lines}</div></div>")
    }
}
