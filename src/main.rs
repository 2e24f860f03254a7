//! The `phohien` program.

fn main() {}
