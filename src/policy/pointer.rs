//! JSON Pointers (RFC 6901) as scopes use them: `*` is any item of an array, positions are not accepted.

/// Why a text is not a pointer that a scope may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPointer {
    /// It does not begin with a slash.
    #[error("a pointer begins with a slash")]
    NoSlash,
    /// It has nothing between two slashes, or after the last.
    #[error("a pointer has a name between its slashes")]
    EmptyToken,
    /// It has a position.
    #[error(
        "a pointer names no position in an array: what stands there may change; write `*` for every item"
    )]
    Number,
    /// It has a `~` that is neither `~0` nor `~1`.
    #[error("in a pointer `~` is written `~0` and a slash in a name `~1`")]
    Escape,
}

/// One step of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Any item of an array.
    Items,
    /// A member of an object, unescaped.
    Member(String),
}

/// Splits a pointer into its steps.
///
/// # Errors
/// When the text is not a pointer, or names a position.
pub fn tokens(pointer: &str) -> Result<Vec<Token>, BadPointer> {
    let rest = pointer.strip_prefix('/').ok_or(BadPointer::NoSlash)?;
    rest.split('/').map(token).collect()
}

fn token(text: &str) -> Result<Token, BadPointer> {
    if text.is_empty() {
        return Err(BadPointer::EmptyToken);
    }
    if text == "*" {
        return Ok(Token::Items);
    }
    if text == "-" || text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadPointer::Number);
    }
    unescape(text).map(Token::Member)
}

fn unescape(text: &str) -> Result<String, BadPointer> {
    let mut parts = text.split('~');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, rest) = match (part.strip_prefix('0'), part.strip_prefix('1')) {
            (Some(rest), _) => ('~', rest),
            (_, Some(rest)) => ('/', rest),
            (None, None) => return Err(BadPointer::Escape),
        };
        out.push(escaped);
        out.push_str(rest);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_split_and_unescaped() {
        let member = |name: &str| Token::Member(name.to_owned());
        assert_eq!(tokens("/a/*/b~1c~0d"), Ok(vec![member("a"), Token::Items, member("b/c~d")]));
        assert_eq!(tokens("/~01"), Ok(vec![member("~1")]));
    }

    #[test]
    fn a_position_is_not_accepted() {
        for (bad, why) in [
            ("", BadPointer::NoSlash),
            ("a", BadPointer::NoSlash),
            ("/", BadPointer::EmptyToken),
            ("/a//b", BadPointer::EmptyToken),
            ("/a/0", BadPointer::Number),
            ("/a/-", BadPointer::Number),
            ("/a~2", BadPointer::Escape),
            ("/a~", BadPointer::Escape),
        ] {
            assert_eq!(tokens(bad), Err(why), "{bad}");
        }
    }
}
