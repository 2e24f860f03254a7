//! `Grant` becomes an admission, or a refusal that says when to come back.
