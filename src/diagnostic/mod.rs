//! Faults in files, in the manner of rustc: file, line, caret, what was meant, and a code that `check --code` explains.
//!
//! A file becomes a [`source::Source`], its TOML a [`table::Table`] that is asked for its keys one by one. Every getter
//! records what is wrong in a [`fault::Faults`] and gives `None`, so that reading goes on and all faults show at once.
//! A key nobody asked for is a fault too.
//!
//! ```
//! use phohien::diagnostic::fault::Faults;
//! use phohien::diagnostic::source::Source;
//!
//! let source = Source::new("gateway.toml", "listen = \"127.0.0.1:8443\"\nlimt = 3\n");
//! let mut faults = Faults::new();
//! let listen = source.read(&mut faults, |table, faults| {
//!     let _limit = table.optional::<u64>("limit", faults);
//!     table.required::<String>("listen", faults)
//! });
//! assert_eq!(listen.unwrap().value, "127.0.0.1:8443");
//! assert!(faults.render(false).contains("did you mean `limit`?"));
//! ```

pub mod code;
pub mod fault;
pub mod file;
pub mod nearest;
pub mod quantity;
pub mod source;
pub mod table;
pub mod value;
mod vietnamese;

#[cfg(test)]
mod tests;
