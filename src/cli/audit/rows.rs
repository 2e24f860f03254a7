//! Rows of the index for machines: every column by its name.

pub use crate::audit::index::told::annex;
pub use crate::audit::index::told::json;
pub use crate::audit::index::told::text;
