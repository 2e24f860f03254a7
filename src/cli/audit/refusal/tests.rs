use super::document::Document;
use super::layout;
use crate::clock::Timestamp;
use crate::language::Language;
use crate::language::Text;

const HOSTILE: &str = "</p><script src=//evil></script><img src=x onerror=\"a\">\u{202e}'&\u{0}";

/// A paper every text of which was chosen by somebody who wishes us ill.
fn hostile() -> Document {
    let text = || Text::new(HOSTILE, HOSTILE);
    Document {
        number: Some(HOSTILE.to_owned()),
        city: Some(HOSTILE.to_owned()),
        today: Timestamp::from_second(1_795_400_000).unwrap(),
        issuer: text(),
        operator: text(),
        agency: text(),
        code: HOSTILE.to_owned(),
        asked: Some(text()),
        purpose: Some(text()),
        at: Some(Timestamp::from_second(1_795_400_000).unwrap()),
        reason: HOSTILE.to_owned(),
        words: text(),
        agreement: Some((HOSTILE.to_owned(), Some(1), Some(2))),
        grounds: vec![HOSTILE.to_owned()],
        again: text(),
        contact: Some(HOSTILE.to_owned()),
        exchange: HOSTILE.to_owned(),
        origin: HOSTILE.to_owned(),
        index: 7,
        leaf: [0xab; 32],
    }
}

#[test]
fn no_text_of_a_paper_is_markup_whoever_wrote_it() {
    for language in [Language::Vi, Language::En] {
        let page = layout::page(&hostile(), language);
        for markup in ["<script", "<img", "\u{202e}", "\u{0}", "onerror=\""] {
            assert!(!page.contains(markup), "{markup} in\n{page}");
        }
        // Every text is on the paper all the same: thirteen of them, two in the words to verify by.
        assert!(page.matches("&lt;/p&gt;&lt;script src=//evil&gt;").count() >= 13, "{page}");
    }
}

#[test]
fn a_paper_stands_alone() {
    let page = layout::page(&Document::default(), Language::Vi);
    for outside in ["http:", "https:", "src=", "url(", "@import", "<link", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("<svg class=\"qr\""));
}

#[test]
fn a_paper_has_the_form_of_an_administrative_document() {
    let document = Document { today: "2026-02-05T03:00:00Z".parse().unwrap(), ..hostile() };
    let vi = layout::page(
        &Document { number: None, city: Some("Hưng Yên".to_owned()), ..document.clone() },
        Language::Vi,
    );
    for part in [
        "Cộng hòa xã hội chủ nghĩa Việt Nam",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: ……/……",
        "V/v trả lời từ chối cung cấp dữ liệu",
        "Hưng Yên, ngày 05 tháng 02 năm 2026",
        "Kính gửi:",
        "Nơi nhận:",
        "Lưu: VT.",
        "THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ",
        "điều khoản 2",
        "size: A4",
    ] {
        assert!(vi.contains(part), "{part}");
    }
    let en = layout::page(&document, Language::En);
    assert!(en.contains("<html lang=\"en\">") && en.contains("Socialist Republic of Viet Nam"));
}

#[test]
fn what_the_code_in_the_corner_says_leads_to_the_entry() {
    let document = Document {
        exchange: "0199a1c2-0000-7000-8000-000000000000".to_owned(),
        origin: "gw1.hungyen.example/2026".to_owned(),
        ..hostile()
    };
    assert_eq!(
        document.to_verify(),
        format!(
            "phohien-refusal/1\nexchange 0199a1c2-0000-7000-8000-000000000000\norigin gw1.hungyen.example/2026\nindex 7\nleaf {}\n",
            "ab".repeat(32)
        )
    );
}
