//! The signature base (RFC 9421 2.5): the bytes that are signed.

use super::params::{Component, InputFault, SignatureInput};

/// Why there is no base to sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseFault {
    /// A component cannot be spelled.
    #[error("a covered component cannot be spelled")]
    Input(#[from] InputFault),
    /// A component is covered twice (RFC 9421 2.5 forbids it).
    #[error("a component is covered twice")]
    Repeated,
    /// A value has a line break or another character that a field value cannot have: it could forge a line of the base.
    #[error("the value of a covered component is not one line of text")]
    Value,
    /// The covered components and the values at hand are not the same list.
    #[error("the covered components are not those at hand")]
    NotCovered,
}

/// A component with its value.
pub type Line = (Component, String);

/// Writes the base: one line for each component of `input`, in its order, and the parameters last, with no line break after them.
///
/// # Errors
/// `lines` does not hold exactly the components of `input` in their order, one is there twice, or a value is not one line.
pub fn signature_base(lines: &[Line], input: &SignatureInput) -> Result<String, BaseFault> {
    if !lines.iter().map(|(component, _)| component).eq(input.components()) {
        return Err(BaseFault::NotCovered);
    }
    let mut base = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for (component, value) in lines {
        let identifier = component.identifier()?;
        base.push_str(&format!("{identifier}: {}\n", one_line(value)?));
        if !seen.insert(identifier) {
            return Err(BaseFault::Repeated);
        }
    }
    base.push_str(&format!("\"@signature-params\": {}", input.serialized()?));
    Ok(base)
}

/// The value without space around it (RFC 9421 2.1), if it is one line of visible characters, spaces and tabs.
fn one_line(value: &str) -> Result<&str, BaseFault> {
    let fits = |char: char| char == '\t' || !char.is_ascii_control();
    if value.chars().all(fits) { Ok(value.trim_matches([' ', '\t'])) } else { Err(BaseFault::Value) }
}
