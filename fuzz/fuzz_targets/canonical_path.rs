//! A target that is accepted has one spelling, no dot segment and no separator in disguise.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::request::target::canonical;

fuzz_target!(|text: &str| {
    let Ok(target) = canonical(text) else { return };
    assert_eq!(target.canonical_text(), text);
    assert_eq!(canonical(&target.canonical_text()).as_ref(), Ok(&target));
    let path = target.path_text();
    assert!(path.starts_with('/') && !path.contains("//"));
    for disguised in ["%2F", "%2f", "%5C", "%5c", "%2E", "%2e", "%25", "%00", "\\", ";", "#", "?"] {
        assert!(!path.contains(disguised), "{disguised}");
    }
    for segment in target.segments() {
        assert!(!segment.is_empty() && !segment.ends_with('.'));
        assert!(!segment.contains(['/', '\\', '%', '\0']));
    }
    let mut names: Vec<String> = target.query().iter().map(|(name, _)| name.to_lowercase()).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair.first() != pair.last()));
});
