//! "Did you mean …?": the known name nearest to what was written.

/// The candidate that is nearest to `written`, if one is near enough to have been meant.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |candidate: &&str| distance(written, candidate) <= tolerance(written, candidate);
    candidates.into_iter().filter(near).min_by_key(|candidate| distance(written, candidate))
}

/// How many letters may differ: a third of the longer word, at least one.
fn tolerance(a: &str, b: &str) -> usize {
    (a.chars().count().max(b.chars().count()) / 3).max(1)
}

/// How many letters must be put in, taken out or exchanged to turn one word into the other (Levenshtein), case aside.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, letter) in a.to_lowercase().chars().enumerate() {
        let mut next = vec![index + 1];
        let mut left = index + 1;
        for (other, (above_left, above)) in b.iter().zip(row.iter().zip(row.iter().skip(1))) {
            let exchanged = above_left + usize::from(letter != *other);
            left = exchanged.min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood_and_another_word_is_not() {
        assert_eq!(nearest("fileds", ["fields", "query"]), Some("fields"));
        assert_eq!(
            nearest("/CongDan/TonGio", ["/CongDan/TonGiao", "/CongDan/DanToc"]),
            Some("/CongDan/TonGiao")
        );
        assert_eq!(nearest("Rate", ["rate"]), Some("rate"));
        assert_eq!(nearest("hours", ["rate", "daily"]), None);
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("đơn", "don"), 2);
    }
}
