//! JSON with line breaks and indents, and otherwise as it came: the order of members, the spelling of numbers and repeated names stay,
//! since a reader of an answer must see what was sent and not what a parser made of it.

use serde::de::IgnoredAny;

/// Spaces of one level.
const INDENT: &str = "  ";

/// The text laid out, if it is JSON.
#[must_use]
pub fn laid_out(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<IgnoredAny>(bytes).ok()?;
    let text = std::str::from_utf8(bytes).ok()?;
    let (mut out, mut depth, mut rest) =
        (String::with_capacity(text.len()), 0_usize, text.chars().peekable());
    while let Some(char) = rest.next() {
        match char {
            '"' => string(&mut out, &mut rest),
            '{' | '[' => {
                out.push(char);
                while rest.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match rest.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(char);
            }
            ',' => {
                out.push(char);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    Some(out)
}

/// A string up to its end, whatever stands in it.
fn string(out: &mut String, rest: &mut impl Iterator<Item = char>) {
    out.push('"');
    let mut escaped = false;
    for char in rest {
        out.push(char);
        if char == '"' && !escaped {
            return;
        }
        escaped = char == '\\' && !escaped;
    }
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&INDENT.repeat(depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_members_and_the_spelling_of_values_stay() {
        let text = r#"{"b":1.0e2,"a":[ {}, [ ] ,"x\"{,:}\\"],"b":null}"#;
        let expected =
            "{\n  \"b\": 1.0e2,\n  \"a\": [\n    {},\n    [],\n    \"x\\\"{,:}\\\\\"\n  ],\n  \"b\": null\n}";
        assert_eq!(laid_out(text.as_bytes()).as_deref(), Some(expected));
    }

    #[test]
    fn what_is_laid_out_means_the_same() {
        let text = r#"[{"a":{"b":[1,2,[3]]}},"ÿ\u00e9",true,-0.5,{"c":"\\"}]"#;
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&laid_out(text.as_bytes()).unwrap()), value(text));
    }

    #[test]
    fn what_is_no_json_is_not_laid_out() {
        assert_eq!((laid_out(b"{"), laid_out(b"plain"), laid_out(b"")), (None, None, None));
    }
}
