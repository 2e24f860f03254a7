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

/// Bytes of an answer's base, about: a text that grows is copied.
const BASE: usize = 1 << 10;

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
    base_of(lines.iter().map(|(_, value)| value.as_str()), input)
}

/// The same over a value for each component of `input`, in its order.
pub(super) fn base_of<'a>(
    values: impl Iterator<Item = &'a str>,
    input: &SignatureInput,
) -> Result<String, BaseFault> {
    let components = input.components();
    let mut base = String::with_capacity(BASE);
    for (at, (component, value)) in components.iter().zip(values).enumerate() {
        if components.iter().take(at).any(|before| before == component) {
            return Err(BaseFault::Repeated);
        }
        component.spell(&mut base)?;
        base.push_str(": ");
        base.push_str(one_line(value)?);
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(input.serialized());
    Ok(base)
}

/// The value without space around it (RFC 9421 2.1), if it is one line of visible characters, spaces and tabs.
fn one_line(value: &str) -> Result<&str, BaseFault> {
    let fits = |char: char| char == '\t' || !char.is_ascii_control();
    if value.chars().all(fits) { Ok(value.trim_matches([' ', '\t'])) } else { Err(BaseFault::Value) }
}
