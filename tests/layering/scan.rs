//! Rust source as tokens: comments gone, texts blanked, each with its line, so that a rule looks at code alone.

/// One token of code, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// A word, `::`, one sign, or `"` for any text literal.
    pub(crate) text: &'a str,
    /// How many inline modules it stands in.
    pub(crate) depth: usize,
    /// Whether one of them is `tests`.
    pub(crate) in_tests: bool,
}

/// The tokens of a source text.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut scanner = Scanner { source, at: 0, line: 1, found: Vec::new() };
    while scanner.at < source.len() {
        scanner.step();
    }
    nest(&mut scanner.found);
    scanner.found
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    line: usize,
    found: Vec<Token<'a>>,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(block_comment(rest));
        } else if let Some(length) = text_literal(rest) {
            self.push("\"");
            self.skip(length);
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            self.push(rest.split_at(length).0);
            self.skip(length);
        } else {
            let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                self.push(rest.split_at(length).0);
            }
            self.skip(length);
        }
    }

    fn push(&mut self, text: &'a str) {
        self.found.push(Token { line: self.line, text, depth: 0, in_tests: false });
    }

    fn skip(&mut self, length: usize) {
        self.line += self.rest().split_at(length).0.matches('\n').count();
        self.at += length;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the block comment that `rest` begins with; they nest.
fn block_comment(rest: &str) -> usize {
    let mut open = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            open += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            open -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if open == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of the string or character literal that `rest` begins with, if it does: plain, byte, C or raw.
fn text_literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""]
        .into_iter()
        .find(|prefix| rest.strip_prefix(prefix).is_some_and(|after| after.starts_with(['"', '#', '\''])))?;
    let after = rest.split_at(prefix.len()).1;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after.split_at(hashes).1;
    let length = match body.as_bytes().first()? {
        b'"' if prefix.ends_with('r') => {
            let end = format!("\"{}", "#".repeat(hashes));
            body.split_at(1).1.find(&end).map_or(body.len(), |found| 1 + found + end.len())
        }
        b'"' if hashes == 0 => quoted(body, '"'),
        b'\'' if hashes == 0 && is_character(body) => quoted(body, '\''),
        _ => return None,
    };
    Some(prefix.len() + hashes + length)
}

/// Tells a character literal from a lifetime.
fn is_character(body: &str) -> bool {
    let mut inner = body.chars().skip(1);
    match inner.next() {
        Some('\\') => true,
        Some(_) => inner.next() == Some('\''),
        None => false,
    }
}

fn quoted(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices().skip(1) {
        if !escaped && c == quote {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    body.len()
}

/// Notes for each token in how many inline modules it stands.
fn nest(tokens: &mut [Token<'_>]) {
    let mut open: Vec<Option<bool>> = Vec::new();
    for at in 0..tokens.len() {
        if tokens[at].text == "}" {
            open.pop();
        }
        tokens[at].depth = open.iter().flatten().count();
        tokens[at].in_tests = open.contains(&Some(true));
        if tokens[at].text == "{" {
            let module = at >= 2 && tokens[at - 2].text == "mod";
            open.push(module.then(|| tokens[at - 1].text == "tests"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<&str> {
        tokens(source).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_texts_hide_nothing_that_follows_them() {
        assert_eq!(words("a // b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
        assert_eq!(
            words(r##"a "// \" b" c r#"" d"# e 'f' '\'' g"##),
            ["a", "\"", "c", "\"", "e", "\"", "\"", "g"]
        );
        assert_eq!(words("fn f<'a>(x: &'a str)").last(), Some(&")"));
        assert_eq!(words("r#type::b\"//\" x"), ["r", "#", "type", "::", "\"", "x"]);
    }

    #[test]
    fn a_token_knows_its_line_and_the_modules_around_it() {
        let found = tokens("\"two\nlines\"\nmod tests {\n fn f() { x } }\ny");
        let of = |text| found.iter().find(|token| token.text == text).map(|t| (t.line, t.depth, t.in_tests));
        assert_eq!(of("x"), Some((4, 1, true)));
        assert_eq!(of("y"), Some((5, 0, false)));
    }
}
