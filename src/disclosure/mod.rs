//! A reply becomes a disclosure: only what the grant names.
//!
//! [`filter::cut`] goes over an answer once and copies through, byte for byte, what a [`Scope`](crate::policy::scope::Scope)
//! keeps. What two readers could understand differently is not cut but withheld whole, as [`undisclosable::Undisclosable`]:
//! a field that is hidden from us by a second spelling must not be there for the caller.
//!
//! What is absent on purpose: no JSON values. Numbers and strings are never read into ours and written out again, so
//! `12345678901234567890` and `1.10` arrive as the platform wrote them.
//!
//! | file | does |
//! |---|---|
//! | `chunks` | an answer cut anywhere, to bytes that are UTF-8 |
//! | `scan`, `plain`, `numbers`, `escape` | bytes to tokens, and what escaped ones mean |
//! | `reader`, `listener` | tokens to what a listener hears; depth and keys |
//! | `keys`, `hash` | keys that occur twice |
//! | `disclose` | a reply to a disclosure, or withheld |
//! | `stream` | a reply that is passed on as it comes, cut piece by piece |
//! | `records` | what of it waits until the people in it are counted |
//! | [`stated`] | the same judgement of a caller's own body |
//! | [`filter`] | an answer against a scope, whole or in chunks |
//! | `cutter`, `places`, `runs` | what becomes of what is heard, where in the scope that is, and what is copied |
//! | [`released`] | what left and what stayed, by field, never by value |
//! | [`pointed`] | the scalars at one JSON Pointer |
//! | [`headers`] | which of a platform's headers go on, and whether its body is JSON at all |

mod chunks;
mod cutter;
pub mod disclose;
mod escape;
pub mod filter;
mod hash;
pub mod headers;
mod keys;
mod listener;
mod numbers;
mod places;
mod plain;
pub mod pointed;
mod reader;
mod records;
pub mod released;
mod runs;
mod scan;
pub mod stated;
mod stream;
pub mod undisclosable;

pub use disclose::Disclosure;
pub use disclose::Withheld;
pub use disclose::cut;
pub use stream::Broken;
pub use stream::Ended;
pub use stream::How;
pub use stream::NotBegun;
pub use stream::Stream;
pub use stream::is_streamed;

#[cfg(test)]
mod tests;
