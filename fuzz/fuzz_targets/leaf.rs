//! Leaves as an operator may have written them, one a line: what the verifier reads of a leaf does not depend on those it read before, and
//! what it takes for a leaf is JSON to another reader, too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::audit::verify::Judge;
use phohien::audit::verify::Shapes;
use phohien::tlog::fsck::Judge as _;

fuzz_target!(|bytes: &[u8]| {
    let mut shapes = Shapes::default();
    for leaf in bytes.split(|byte| *byte == b'\n') {
        let alone = format!("{:?}", Judge::read(&mut Shapes::default(), leaf));
        assert_eq!(format!("{:?}", Judge::read(&mut shapes, leaf)), alone);
        if !alone.contains("NotALeaf") {
            assert!(serde_json::from_slice::<serde_json::Value>(leaf).is_ok(), "{alone}");
        }
    }
});
