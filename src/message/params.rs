//! `Signature-Input` (RFC 9421 4.1): which components a signature covers, in which order, and its parameters.

use sfv::{BareItem, Dictionary, Item, Key, KeyRef, ListEntry, ListSerializer, Parameters, Parser};

/// Bytes of a component as it is spelled, and of all parameters, about: a text that grows is copied.
const SPELLED: usize = 24;
const PARAMETERS: usize = 128;

/// Why a `Signature-Input`, or a value meant for one, cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InputFault {
    /// It is no dictionary of inner lists (RFC 9421 4.1).
    #[error("the signature input is not a dictionary of component lists")]
    Unreadable,
    /// It has no member of that label.
    #[error("the signature input has no such label")]
    NoSuchLabel,
    /// A component is no string, or has a parameter other than `req`, `tr` and `key`.
    #[error("the signature covers a component that is not supported here")]
    Component,
    /// A parameter of the signature has the wrong type or is not one of ours.
    #[error("the signature has a parameter that is not supported here")]
    Parameter,
}

/// One component identifier (RFC 9421 2): a name, and where its value is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    name: String,
    params: Vec<ComponentParam>,
}

/// A parameter of a component identifier. Others (`sf`, `bs`, `name`) are not part of our profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentParam {
    /// `req`: from the request, in an answer's signature (RFC 9421 2.4).
    Req,
    /// `tr`: from the trailers (RFC 9421 2.1.4).
    Tr,
    /// `key`: one member of a dictionary field (RFC 9421 2.1.2).
    Key(String),
}

impl Component {
    /// A component of the message itself. The name is a lower-case field name or a derived name such as `@status`.
    #[must_use]
    pub fn own(name: &str) -> Self {
        Self { name: name.to_owned(), params: Vec::new() }
    }

    /// A field of the message's trailers.
    #[must_use]
    pub fn in_trailers(name: &str) -> Self {
        Self { name: name.to_owned(), params: vec![ComponentParam::Tr] }
    }

    /// A component of the request that the message answers.
    #[must_use]
    pub fn of_request(name: &str) -> Self {
        Self { name: name.to_owned(), params: vec![ComponentParam::Req] }
    }

    /// One member of a dictionary field of the request that the message answers.
    #[must_use]
    pub fn of_request_member(name: &str, key: &str) -> Self {
        let params = vec![ComponentParam::Req, ComponentParam::Key(key.to_owned())];
        Self { name: name.to_owned(), params }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameters, in order.
    #[must_use]
    pub fn params(&self) -> &[ComponentParam] {
        &self.params
    }

    /// The identifier as the base spells it, such as `"@method";req`.
    ///
    /// # Errors
    /// The name or a key holds what a structured string cannot (RFC 9651 3.3.3).
    pub fn identifier(&self) -> Result<String, InputFault> {
        let mut text = String::new();
        self.spell(&mut text)?;
        Ok(text)
    }

    /// Puts the identifier behind a text.
    ///
    /// # Errors
    /// As [`Component::identifier`].
    pub(super) fn spell(&self, text: &mut String) -> Result<(), InputFault> {
        quote(&self.name, text).ok_or(InputFault::Component)?;
        self.params.iter().try_for_each(|param| param.spell(text))
    }

    fn read(item: &Item) -> Result<Self, InputFault> {
        let name = item.bare_item.as_string().ok_or(InputFault::Component)?.as_str().to_owned();
        let params = item.params.iter().map(ComponentParam::read).collect::<Result<_, _>>()?;
        Ok(Self { name, params })
    }
}

impl ComponentParam {
    fn spell(&self, text: &mut String) -> Result<(), InputFault> {
        match self {
            Self::Req => text.push_str(";req"),
            Self::Tr => text.push_str(";tr"),
            Self::Key(member) => {
                text.push_str(";key=");
                quote(member, text).ok_or(InputFault::Component)?;
            }
        }
        Ok(())
    }

    fn read((name, value): (&Key, &BareItem)) -> Result<Self, InputFault> {
        match (name.as_str(), value) {
            ("req", BareItem::Boolean(true)) => Ok(Self::Req),
            ("tr", BareItem::Boolean(true)) => Ok(Self::Tr),
            ("key", BareItem::String(member)) => Ok(Self::Key(member.as_str().to_owned())),
            _ => Err(InputFault::Component),
        }
    }
}

/// One signature's covered components and parameters, in the order in which they were made or sent.
///
/// Invariant: what was sent is spelled from the inner list as parsed, never rebuilt from what we understood of it; else a
/// signature whose parameters stand in another order than ours would fail.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureInput {
    params: Parameters,
    components: Vec<Component>,
    text: String,
}

/// The parameters our profile uses. Anything else in a signature's parameters is refused, not ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignatureParams {
    /// `created`, in seconds since 1970 (UTC).
    pub created: Option<i64>,
    /// `keyid`.
    pub keyid: Option<String>,
    /// `tag`.
    pub tag: Option<String>,
}

impl SignatureInput {
    /// Makes the input of a new signature: `created` in seconds since 1970 (UTC), `keyid` and `tag`, in this order.
    ///
    /// # Errors
    /// A name or value that a structured field cannot hold.
    pub fn new(components: Vec<Component>, created: i64, keyid: &str, tag: &str) -> Result<Self, InputFault> {
        let created = created.try_into().map_err(|_| InputFault::Parameter)?;
        Self::made(components, [("created", created), ("keyid", string(keyid)?), ("tag", string(tag)?)])
    }

    /// Makes the input of a caller's signature: `created` in seconds since 1970 (UTC), `nonce` and `keyid`, in this order.
    ///
    /// # Errors
    /// A name or value that a structured field cannot hold.
    pub fn with_nonce(
        components: Vec<Component>,
        created: i64,
        nonce: &str,
        keyid: &str,
    ) -> Result<Self, InputFault> {
        let created = created.try_into().map_err(|_| InputFault::Parameter)?;
        Self::made(components, [("created", created), ("nonce", string(nonce)?), ("keyid", string(keyid)?)])
    }

    /// Spelled here and not by the crate that parses: it would take a copy of every name, twice for each exchange.
    fn made(components: Vec<Component>, said: [(&str, BareItem); 3]) -> Result<Self, InputFault> {
        let mut text = String::with_capacity(components.len() * SPELLED + PARAMETERS);
        text.push('(');
        for (at, component) in components.iter().enumerate() {
            if at > 0 {
                text.push(' ');
            }
            component.spell(&mut text)?;
        }
        text.push(')');
        let mut params = Parameters::with_capacity(said.len());
        for (name, value) in said {
            text.push_str(&format!(";{name}="));
            match &value {
                BareItem::Integer(number) => text.push_str(&number.to_string()),
                BareItem::String(string) => quote(string.as_str(), &mut text).ok_or(InputFault::Parameter)?,
                _ => return Err(InputFault::Parameter),
            }
            params.insert(key(name)?, value);
        }
        Ok(Self { params, components, text })
    }

    /// Takes the member `label` out of a `Signature-Input` header, order kept.
    ///
    /// # Errors
    /// The header is unreadable, has no such label, or covers a component that our profile does not have.
    pub fn parse(header: &str, label: &str) -> Result<Self, InputFault> {
        let mut members: Dictionary = Parser::new(header).parse().map_err(|_| InputFault::Unreadable)?;
        match members.swap_remove(label).ok_or(InputFault::NoSuchLabel)? {
            ListEntry::InnerList(list) => {
                let components = list.items.iter().map(Component::read).collect::<Result<_, _>>()?;
                let params = list.params.clone();
                let mut text = ListSerializer::new();
                text.members([&ListEntry::InnerList(list)]);
                let text = text.finish().ok_or(InputFault::Unreadable)?;
                Ok(Self { params, components, text })
            }
            ListEntry::Item(_) => Err(InputFault::Unreadable),
        }
    }

    /// The covered components, in order.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The parameters as they were sent, whatever they are.
    pub fn parameters(&self) -> impl Iterator<Item = (&Key, &BareItem)> {
        self.params.iter()
    }

    /// The parameters, each of the type RFC 9421 2.3 gives it.
    ///
    /// # Errors
    /// One is of another type, or is not `created`, `keyid` or `tag`.
    pub fn params(&self) -> Result<SignatureParams, InputFault> {
        let mut read = SignatureParams::default();
        for (name, value) in &self.params {
            match (name.as_str(), value) {
                ("created", BareItem::Integer(seconds)) => read.created = Some((*seconds).into()),
                ("keyid", BareItem::String(keyid)) => read.keyid = Some(keyid.as_str().to_owned()),
                ("tag", BareItem::String(tag)) => read.tag = Some(tag.as_str().to_owned()),
                _ => return Err(InputFault::Parameter),
            }
        }
        Ok(read)
    }

    /// The inner list with its parameters: the value of `@signature-params`, and of the header after `label=`.
    #[must_use]
    pub fn serialized(&self) -> &str {
        &self.text
    }
}

/// The bytes of the signature `label` in a `Signature` header (RFC 9421 4.2).
///
/// # Errors
/// The header is unreadable, has no such label, or the member is no byte sequence.
pub fn signature_bytes(header: &str, label: &str) -> Result<Vec<u8>, InputFault> {
    let members: Dictionary = Parser::new(header).parse().map_err(|_| InputFault::Unreadable)?;
    match members.get(label).ok_or(InputFault::NoSuchLabel)? {
        ListEntry::Item(Item { bare_item: BareItem::ByteSequence(bytes), .. }) => Ok(bytes.clone()),
        ListEntry::Item(_) | ListEntry::InnerList(_) => Err(InputFault::Unreadable),
    }
}

fn key(name: &str) -> Result<Key, InputFault> {
    KeyRef::from_str(name).map(KeyRef::to_owned).map_err(|_| InputFault::Parameter)
}

fn string(text: &str) -> Result<BareItem, InputFault> {
    sfv::String::from_string(text.to_owned()).map(BareItem::String).map_err(|_| InputFault::Parameter)
}

/// Puts a string behind a text as RFC 9651 4.1.6 spells it; nothing if it cannot stand in one.
fn quote(string: &str, text: &mut String) -> Option<()> {
    if !string.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    text.push('"');
    for part in string.split_inclusive(['"', '\\']) {
        match part.strip_suffix(['"', '\\']) {
            Some(plain) => {
                text.push_str(plain);
                text.push('\\');
                text.push_str(part.get(plain.len()..).unwrap_or_default());
            }
            None => text.push_str(part),
        }
    }
    text.push('"');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_parameters_are_kept_as_sent() {
        for sent in [
            r#"("@status" "a";req "signature";req;key="s" "signature";key="s";req);tag="t";created=1"#,
            r#"();keyid="k";created=-5;tag="""#,
            r#"("x" "x");created=1"#,
        ] {
            let input = SignatureInput::parse(&format!("other=(), l={sent}"), "l").unwrap();
            assert_eq!(input.serialized(), sent);
        }
    }

    #[test]
    fn a_made_input_reads_back_as_itself() {
        let components = vec![Component::own("@status"), Component::of_request_member("signature", "sig1")];
        let made = SignatureInput::new(components, 1_790_000_000, "k", "phohien/1").unwrap();
        let text = made.serialized();
        assert_eq!(
            text,
            r#"("@status" "signature";req;key="sig1");created=1790000000;keyid="k";tag="phohien/1""#
        );
        assert_eq!(SignatureInput::parse(&format!("phohien={text}"), "phohien").unwrap(), made);
    }

    #[test]
    fn components_and_parameters_outside_the_profile_are_refused() {
        for component in [
            r#""a";sf"#,
            r#""a";bs"#,
            r#""a";tr=?0"#,
            r#""@query-param";name="x""#,
            r#""a";req=?0"#,
            "a",
            "1",
        ] {
            let header = format!("l=({component})");
            assert_eq!(SignatureInput::parse(&header, "l"), Err(InputFault::Component), "{header}");
        }
        for params in [
            r#";nonce="n""#,
            ";expires=5",
            r#";alg="ed25519""#,
            r#";created="1""#,
            ";keyid=k",
            ";created=1.0",
        ] {
            let input = SignatureInput::parse(&format!("l=(){params}"), "l").unwrap();
            assert_eq!(input.params(), Err(InputFault::Parameter), "{params}");
        }
    }

    #[test]
    fn an_unreadable_input_has_no_meaning() {
        assert_eq!(SignatureInput::parse("l=(", "l"), Err(InputFault::Unreadable));
        assert_eq!(SignatureInput::parse("l=1", "l"), Err(InputFault::Unreadable));
        assert_eq!(SignatureInput::parse("m=()", "l"), Err(InputFault::NoSuchLabel));
        assert_eq!(signature_bytes("l=1", "l"), Err(InputFault::Unreadable));
        assert_eq!(signature_bytes("l=:AQI=:", "l"), Ok(vec![1, 2]));
    }

    #[test]
    fn a_name_that_is_no_structured_string_is_never_written() {
        assert_eq!(Component::own("á").identifier(), Err(InputFault::Component));
        assert_eq!(Component::own("a\n").identifier(), Err(InputFault::Component));
        assert_eq!(Component::own("a\"b").identifier().unwrap(), r#""a\"b""#);
    }
}
