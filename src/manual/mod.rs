//! Reading matter that compiles: threats, formats, decisions.
