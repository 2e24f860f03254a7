//! Pages to print. Each stands alone: no script, no font, nothing fetched, and a policy in its head that lets nothing in.

use crate::language::Language;

use super::terminal::shown;

/// Text from outside, as a page may show it: what deceives the eye is spelled out, what would be markup is not.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in shown(text).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A whole page. `style` and `body` are ours: what came from outside is [`escaped`] in them.
#[must_use]
pub fn page(language: Language, title: &str, style: &str, body: &str) -> String {
    let (tag, title) = (language.tag(), escaped(title));
    format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>\n{style}\n</style>\n</head>\n\
         <body>\n{body}\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup_or_turns_the_line() {
        for (text, safe) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\"><img src=x onerror='a&b'>", "&quot;&gt;&lt;img src=x onerror=&#39;a&amp;b&#39;&gt;"),
            ("\u{202e}fdp.exe\u{0}", "\\u{202e}fdp.exe\\u{0}"),
            ("&lt;", "&amp;lt;"),
            ("Sở Tư pháp", "Sở Tư pháp"),
        ] {
            assert_eq!(escaped(text), safe);
        }
    }

    #[test]
    fn a_page_lets_nothing_in() {
        let page = page(Language::Vi, "a</title><b>", "p { margin: 0 }", "<p>b</p>");
        assert!(
            page.starts_with("<!DOCTYPE html>\n<html lang=\"vi\">") && page.contains("default-src 'none'")
        );
        assert!(page.contains("<title>a&lt;/title&gt;&lt;b&gt;</title>"), "{page}");
    }
}
