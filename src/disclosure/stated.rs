//! The other direction: what a caller's own JSON body states. The same reader and the same rules as for answers, so that a member
//! spelled in two ways, or twice, cannot mean one thing here and another at the platform.

use crate::language::Text;
use crate::policy::scope::Class;
use crate::policy::scope::Field;
use crate::policy::scope::Node;
use crate::policy::scope::Scope;

use super::filter;
use super::undisclosable::Undisclosable;

/// Whether every value of a body stands at one of the pointers.
///
/// # Errors
/// The body cannot be read with one meaning.
pub fn only_at(body: &[u8], pointers: &[String]) -> Result<bool, Undisclosable> {
    let mut root = node("");
    for pointer in pointers {
        keep(&mut root, pointer);
    }
    let report = filter::cut(body, &Scope { root, hash: [0; 32], pointers: pointers.to_vec() })?.report;
    Ok(report.uncatalogued == 0 && report.fields.iter().all(|field| field.withheld == 0))
}

/// A place under a name, so that what is withheld there is counted.
fn node(pointer: &str) -> Node {
    let field = Field { pointer: pointer.to_owned(), name: Text::default(), class: Class::None };
    Node { field: Some(field.into()), leads_to_kept: true, ..Node::default() }
}

fn keep(root: &mut Node, pointer: &str) {
    let mut place = root;
    for token in pointer.split('/').skip(1) {
        let unescaped = token.replace("~1", "/").replace("~0", "~");
        place = match token {
            "*" => place.items.get_or_insert_with(|| Box::new(node(pointer))),
            _ => place.members.entry(unescaped.into()).or_insert_with(|| node(pointer)),
        };
    }
    place.kept = true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_with_a_member_nobody_agreed_on_is_not_let_through_by_any_spelling() {
        let agreed = ["/SoDinhDanh".to_owned(), "/HoVaTen/Ten".to_owned()];
        let judge = |body: &str| only_at(body.as_bytes(), &agreed);
        assert_eq!(judge(r#"{"SoDinhDanh":"099190000001","HoVaTen":{"Ten":"Mẫu"}}"#), Ok(true));
        assert_eq!(judge(r#"{"SoDinhDanh":"099190000001","TonGiao":"00"}"#), Ok(false));
        assert_eq!(judge(r#"{"SoDinhDanh":"099190000001","\u0054onGiao":"00"}"#), Ok(false));
        assert_eq!(judge(r#"{"HoVaTen":"Mẫu"}"#), Ok(false));
        assert!(judge(r#"{"SoDinhDanh":"1","SoDinhDanh":"2"}"#).is_err());
        assert!(judge("SoDinhDanh=1").is_err());
    }
}
