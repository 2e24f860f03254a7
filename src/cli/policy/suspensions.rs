//! `suspensions.toml` as a text in which one entry is added or taken out, and everything else that people wrote stays as it is.

use jiff::civil::Date;
use toml::Table;
use toml::Value;

/// The head of an entry, without its spaces.
const HEAD: &str = "[[suspend]]";

/// Whether the text suspends this.
pub(super) fn names(text: &str, kind: &str, id: &str) -> bool {
    text.parse().is_ok_and(|table: Table| entries(&table).iter().any(|entry| is_of(entry, kind, id)))
}

/// The text with one more entry, at its end.
pub(super) fn with(text: &str, kind: &str, id: &str, since: Date, reason: &str) -> String {
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let (id, reason) = (quoted(id), quoted(reason));
    format!("{text}{gap}{HEAD}\n{kind} = {id}\nsince = {since}\nreason = {reason}\n")
}

/// The text without the entries of this, where a comment says what became of it. None if they cannot be taken out without changing
/// something else: whoever wrote them so has to.
pub(super) fn without(text: &str, kind: &str, id: &str, note: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut kept = String::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let end = at + length_of_entry(lines.get(at..)?);
        let block = lines.get(at..end)?.concat();
        if end > at && names(&block, kind, id) {
            kept.push_str(&format!("# {note}\n"));
            at = end;
        } else {
            kept.push_str(line);
            at += 1;
        }
    }
    is_less_only(text, &kept, kind, id).then_some(kept)
}

/// How many of these lines are the entry that begins with the first of them; none if no entry does. Comments and empty lines at its end
/// belong to what follows.
fn length_of_entry(lines: &[&str]) -> usize {
    let code =
        |line: &&str| line.split('#').next().unwrap_or_default().split_whitespace().collect::<String>();
    let is_head = lines.first().is_some_and(|line| code(line) == HEAD);
    let body = lines.iter().skip(1).take_while(|line| !line.trim_start().starts_with('['));
    let last = body.enumerate().filter(|(_, line)| !code(line).is_empty()).last();
    if is_head { last.map_or(1, |(at, _)| at + 2) } else { 0 }
}

/// Whether the second text says what the first does, but for the entries of this.
fn is_less_only(before: &str, after: &str, kind: &str, id: &str) -> bool {
    let (Ok(mut before), Ok(after)) = (before.parse::<Table>(), after.parse::<Table>()) else { return false };
    let left: Vec<Value> = entries(&before).iter().filter(|entry| !is_of(entry, kind, id)).cloned().collect();
    before.remove("suspend");
    if !left.is_empty() {
        before.insert("suspend".to_owned(), Value::Array(left));
    }
    before == after
}

fn entries(table: &Table) -> &[Value] {
    table.get("suspend").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is_of(entry: &Value, kind: &str, id: &str) -> bool {
    entry.get(kind).and_then(Value::as_str) == Some(id)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = r#"# The kill switch.

# Điều tra từ thứ hai.
[[suspend]]
agency = "H31.07"   # Sở Nội vụ
since = 2026-11-20
reason = "Đang điều tra"

# Key lost.
[[ suspend ]] # by telephone
since = 2026-11-21
agreement = 'TT-2026-004'
reason = "Nghi ngờ lộ \"khóa\""
# To be looked at again on Monday.
"#;

    fn day() -> Date {
        "2026-11-23".parse().unwrap()
    }

    #[test]
    fn what_is_added_can_be_taken_out_again_and_what_people_wrote_stays() {
        let reason = "Mất máy \"chủ\" \\ # khóa";
        let added = with(WRITTEN, "purpose", "tra-cuu", day(), reason);
        assert!(added.starts_with(WRITTEN) && names(&added, "purpose", "tra-cuu"), "{added}");
        let table: Table = added.parse().unwrap();
        assert_eq!(entries(&table)[2]["reason"].as_str(), Some(reason));
        let out = without(&added, "purpose", "tra-cuu", "over").unwrap();
        assert_eq!(out, format!("{WRITTEN}\n# over\n"));
    }

    #[test]
    fn an_entry_is_taken_out_however_it_is_spelled_and_its_neighbours_and_their_comments_stay() {
        let out = without(WRITTEN, "agreement", "TT-2026-004", "over").unwrap();
        assert!(names(&out, "agency", "H31.07") && !names(&out, "agreement", "TT-2026-004"), "{out}");
        for comment in ["# The kill switch.", "# Key lost.\n# over\n# To be looked at", "# Sở Nội vụ"] {
            assert!(out.contains(comment), "{comment}: {out}");
        }
        let out = without(WRITTEN, "agency", "H31.07", "over").unwrap();
        assert!(out.contains("# Điều tra từ thứ hai.\n# over\n\n# Key lost.\n"), "{out}");
    }

    #[test]
    fn what_cannot_be_taken_out_alone_is_left_to_whoever_wrote_it() {
        let inline = "suspend = [{ agency = \"H31.07\", since = 2026-11-20, reason = \"x\" }]\n";
        assert!(names(inline, "agency", "H31.07"));
        assert_eq!(without(inline, "agency", "H31.07", "over"), None);
        let hidden =
            "[[suspend]]\nagency = \"H31.07\"\nsince = 2026-11-20\nreason = '''x\n[[suspend]]\n'''\n";
        assert_eq!(without(hidden, "agency", "H31.07", "over"), None);
    }

    #[test]
    fn an_empty_file_takes_an_entry_too() {
        for text in ["", "# nothing", "# nothing\n"] {
            assert!(names(&with(text, "agency", "H31.07", day(), "x"), "agency", "H31.07"), "{text}");
        }
    }
}
