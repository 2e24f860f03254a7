//! The rules of the house, each a pure function from one file to its faults.

use crate::scan;
use crate::scan::Token;

/// The longest function, in lines: a screen.
const FUNCTION_LINES: usize = 60;

/// The longest file, in lines without its tests: a room one can keep in mind.
const FILE_LINES: usize = 400;

/// A source file, its place in the house, and its code.
pub(crate) struct File<'a> {
    path: &'a str,
    text: &'a str,
    tokens: Vec<Token<'a>>,
}

impl<'a> File<'a> {
    /// Reads a source file; `path` begins with `src/`.
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, tokens: scan::tokens(text) }
    }

    /// The modules this file is, from the crate's root: `src/policy/scope.rs` is `policy`, `scope`.
    fn modules(&self) -> Vec<&'a str> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        inner.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).collect()
    }

    fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    fn text_at(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn before(&self, at: usize, back: usize) -> &'a str {
        at.checked_sub(back).map_or("", |at| self.text_at(at))
    }

    fn fault(&self, at: usize, says: &str) -> String {
        format!("{}:{}: {says}", self.path, self.tokens.get(at).map_or(0, |token| token.line))
    }

    /// Where the words `use …;` begin and end.
    fn uses(&self) -> Vec<(usize, usize)> {
        let begins =
            (0..self.tokens.len()).filter(|at| self.text_at(*at) == "use" && self.text_at(at + 1) != "<");
        let end = |at| (at..self.tokens.len()).find(|at| self.text_at(*at) == ";").unwrap_or(at);
        begins.map(|at| (at, end(at))).collect()
    }
}

/// The modules that `lib.rs` lists, in its order.
pub(crate) fn order(lib: &str) -> Vec<String> {
    let tokens = scan::tokens(lib);
    let listed = tokens.windows(3).filter(|three| three[0].text == "mod" && three[2].text == ";");
    listed.map(|three| three[1].text.to_owned()).collect()
}

/// A module names only modules listed above it (and itself).
pub(crate) fn upward(file: &File<'_>, order: &[String]) -> Vec<String> {
    let place = |name: &str| order.iter().position(|listed| listed == name);
    let Some(own) = file.modules().first().copied() else { return Vec::new() };
    let faults = root_paths(file).into_iter().filter_map(|(at, name)| match (place(name), place(own)) {
        _ if name == "{" => None,
        (None, _) => Some(file.fault(at, &format!("`crate::{name}` is no module of lib.rs"))),
        (_, None) => Some(file.fault(at, &format!("`{own}` is not listed in lib.rs"))),
        (Some(named), Some(here)) if named > here => {
            Some(file.fault(at, &format!("`{own}` names `{name}`, which is listed below it")))
        }
        _ => None,
    });
    faults.collect()
}

/// Every path that starts at the crate's root, spelled `crate::…` or climbed to by `super::…`: where, and what it names.
fn root_paths<'a>(file: &File<'a>) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (at, token) in file.tokens.iter().enumerate() {
        let begins = file.before(at, 1) != "::" || file.before(at, 2) == "self";
        if token.text == "crate" && file.text_at(at + 1) == "::" {
            found.push((at, file.text_at(at + 2)));
        } else if token.text == "super" && begins {
            let mut climbs = 0;
            while file.text_at(at + 2 * climbs) == "super" && file.text_at(at + 2 * climbs + 1) == "::" {
                climbs += 1;
            }
            if climbs > 0 && climbs == file.modules().len() + token.depth {
                found.push((at, file.text_at(at + 2 * climbs)));
            }
        }
    }
    found
}

/// An independent reader names nothing of the crate but itself and what is allowed, such as `crypto::digest`: sharing the
/// writer's code, it would share its mistakes. Its tests may.
pub(crate) fn confined(file: &File<'_>, allowed: &[&str]) -> Vec<String> {
    let ours = (0..file.tokens.len()).filter(|at| !file.is_tests() && !file.tokens[*at].in_tests);
    let named = ours.filter_map(|at| Some((at, absolute(file, at)?)));
    let strays = named.filter(|(_, path)| {
        let within = |allowed: &str| path == allowed || path.starts_with(&format!("{allowed}::"));
        !allowed.iter().any(|allowed| within(allowed)) && !within(&file.modules().join("::"))
    });
    strays.map(|(at, path)| file.fault(at, &format!("an independent reader names `{path}`"))).collect()
}

/// The path that begins at `at` with `crate::` or `super::`, from the crate's root.
fn absolute(file: &File<'_>, at: usize) -> Option<String> {
    let begins = file.before(at, 1) != "::" || file.before(at, 2) == "self";
    if !begins || !["crate", "super"].contains(&file.text_at(at)) || file.text_at(at + 1) != "::" {
        return None;
    }
    let words = (at..).step_by(2).take_while(|at| file.text_at(at + 1) == "::");
    let mut words: Vec<_> = words.map(|at| file.text_at(at)).collect();
    words.push(file.text_at(at + 2 * words.len()));
    let climbs = words.iter().take_while(|word| **word == "super").count();
    let mut path = file.modules();
    path.truncate(if words[0] == "crate" { 0 } else { path.len().saturating_sub(climbs) });
    path.extend(words.into_iter().skip(climbs.max(1)));
    Some(path.join("::"))
}

/// One `use` per module: nothing is taken from the crate's root in braces.
pub(crate) fn braced(file: &File<'_>) -> Vec<String> {
    let braced = root_paths(file).into_iter().filter(|(_, name)| *name == "{");
    braced
        .map(|(at, _)| file.fault(at, "a braced import of the crate's modules: write one `use` for each"))
        .collect()
}

/// Names have a home: `lib.rs` re-exports nothing.
pub(crate) fn reexports(file: &File<'_>) -> Vec<String> {
    let at_root = file.modules().is_empty() && file.path.ends_with("lib.rs");
    let uses = file.uses().into_iter().filter(|_| at_root);
    uses.map(|(at, _)| file.fault(at, "`use` in lib.rs: a name is reached through its module")).collect()
}

/// Every name in scope was written down: no `use …::*`, but for `use super::*` in tests, and proptest's prelude there, whose
/// macros need it.
pub(crate) fn globs(file: &File<'_>) -> Vec<String> {
    let globbed = |begin: usize, end: usize| (begin..end).any(|at| file.text_at(at) == "*");
    let permitted = |begin: usize, end: usize| {
        let words: Vec<_> = (begin..end).map(|at| file.text_at(at)).collect();
        let known =
            words == ["use", "super", "::", "*"] || words == ["use", "proptest", "::", "prelude", "::", "*"];
        known && (file.is_tests() || file.tokens[begin].in_tests)
    };
    let bad =
        file.uses().into_iter().filter(|(begin, end)| globbed(*begin, *end) && !permitted(*begin, *end));
    bad.map(|(at, _)| file.fault(at, "a glob import: name what you use")).collect()
}

/// `ring` is named in `src/crypto` alone.
pub(crate) fn primitives(file: &File<'_>) -> Vec<String> {
    let outside = !file.path.starts_with("src/crypto/");
    let named = (0..file.tokens.len()).filter(|at| {
        let leads = file.before(*at, 1) != "::" && file.text_at(at + 1) == "::";
        let taken = file.before(*at, 1) == "use" || file.before(*at, 1) == "crate";
        outside && file.text_at(*at) == "ring" && (leads || taken)
    });
    named.map(|at| file.fault(at, "`ring` is named outside src/crypto")).collect()
}

/// Every function fits a screen.
pub(crate) fn tall_functions(file: &File<'_>) -> Vec<String> {
    let begins = (0..file.tokens.len()).filter(|at| file.text_at(*at) == "fn" && file.text_at(at + 1) != "(");
    let ours = begins.filter(|at| !file.is_tests() && !file.tokens[*at].in_tests);
    let tall = ours.filter_map(|at| {
        let lines = file.tokens.get(body_end(file, at)?)?.line - file.tokens[at].line + 1;
        let says = format!("`fn {}` has {lines} lines, more than {FUNCTION_LINES}", file.text_at(at + 1));
        (lines > FUNCTION_LINES).then(|| file.fault(at, &says))
    });
    tall.collect()
}

/// Where the body of the function that begins at `at` ends; none if it has no body.
fn body_end(file: &File<'_>, at: usize) -> Option<usize> {
    let (mut round, mut curly) = (0_usize, 0_usize);
    for at in at..file.tokens.len() {
        match file.text_at(at) {
            "(" | "[" => round += 1,
            ")" | "]" => round -= 1,
            ";" if round == 0 && curly == 0 => return None,
            "{" => curly += 1,
            "}" if curly == 1 => return Some(at),
            "}" => curly -= 1,
            _ => {}
        }
    }
    None
}

/// Every file is a room one can keep in mind; its tests are not counted.
pub(crate) fn long_files(file: &File<'_>) -> Vec<String> {
    let mut in_tests: Vec<_> =
        file.tokens.iter().filter(|token| token.in_tests).map(|token| token.line).collect();
    in_tests.dedup();
    let span = match (in_tests.first(), in_tests.last()) {
        (Some(first), Some(last)) => last - first + 1,
        _ => 0,
    };
    let lines = file.text.lines().count().saturating_sub(span);
    let long = lines > FILE_LINES && !file.is_tests();
    long.then(|| format!("{}: {lines} lines without tests, more than {FILE_LINES}", file.path))
        .into_iter()
        .collect()
}
