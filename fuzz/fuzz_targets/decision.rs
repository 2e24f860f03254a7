//! A policy set and requests made of bytes: the product decides as the reference does, which is written from the text of the rules and
//! stands in `tests/decisions`, with the dice that make both. They are read by path: neither is part of the product.

#![no_main]

#[path = "../../tests/decisions/agree.rs"]
mod agree;
#[path = "../../tests/decisions/chance.rs"]
mod chance;
#[path = "../../tests/decisions/reference.rs"]
mod reference;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = agree::hold(bytes);
});
