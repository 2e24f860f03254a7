//! `Exchange-Receipt`: the header form of a receipt. Pure text: what it means is the log's business.

use sfv::{BareItem, DictSerializer, Dictionary, Integer, Item, KeyRef, ListEntry, Parser, StringRef};

use crate::crypto::digest::Hash;
use crate::id::Origin;

/// What a receipt header states: the leaf hash of an exchange, its index, and the signed tree head that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The log.
    pub origin: Origin,
    /// The entry's index in it, from 0.
    pub index: u64,
    /// The entry's number among the agency's own on this log.
    pub seq: u64,
    /// The tree's size when it was signed, in entries.
    pub size: u64,
    /// The tree's root hash at that size.
    pub root: Hash,
    /// The 64 raw bytes of the note signature over the checkpoint text that `origin`, `size` and `root` make.
    pub signature: [u8; 64],
    /// The entry's leaf hash.
    pub leaf: Hash,
}

/// Why a text is no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAReceipt {
    /// It is no dictionary (RFC 9651 3.2).
    #[error("the receipt is not a dictionary")]
    Unreadable,
    /// A member is missing, or is not what it should be.
    #[error("the receipt's member `{0}` is missing or not what it should be")]
    Member(&'static str),
    /// It says more than a receipt says, or says it in another spelling or order than ours.
    #[error("the receipt is not spelled as receipts are")]
    Spelling,
    /// Its index is not below its size.
    #[error("the receipt's index lies outside its tree")]
    Outside,
}

impl Receipt {
    /// Writes the header's value.
    ///
    /// # Errors
    /// A number beyond the fifteen digits of RFC 9651 3.3.1.
    pub fn write(&self) -> Result<String, NotAReceipt> {
        let mut out = DictSerializer::new();
        out.bare_item(key("origin")?, text(&self.origin)?);
        for (name, number) in [("index", self.index), ("seq", self.seq), ("size", self.size)] {
            out.bare_item(key(name)?, Integer::try_from(number).map_err(|_| NotAReceipt::Member(name))?);
        }
        out.bare_item(key("root")?, self.root.as_slice());
        out.bare_item(key("signature")?, self.signature.as_slice());
        out.bare_item(key("leaf")?, self.leaf.as_slice());
        out.finish().ok_or(NotAReceipt::Unreadable)
    }

    /// Reads a header's value. There is one spelling of a receipt; no other is taken.
    ///
    /// # Errors
    /// See [`NotAReceipt`].
    pub fn parse(header: &str) -> Result<Self, NotAReceipt> {
        let members: Dictionary = Parser::new(header).parse().map_err(|_| NotAReceipt::Unreadable)?;
        let receipt = Self {
            origin: origin(&members)?,
            index: number(&members, "index")?,
            seq: number(&members, "seq")?,
            size: number(&members, "size")?,
            root: bytes(&members, "root")?,
            signature: bytes(&members, "signature")?,
            leaf: bytes(&members, "leaf")?,
        };
        if receipt.index >= receipt.size {
            return Err(NotAReceipt::Outside);
        }
        if receipt.write()? == header { Ok(receipt) } else { Err(NotAReceipt::Spelling) }
    }
}

fn key(name: &'static str) -> Result<&'static KeyRef, NotAReceipt> {
    KeyRef::from_str(name).map_err(|_| NotAReceipt::Member(name))
}

fn text(origin: &Origin) -> Result<&StringRef, NotAReceipt> {
    StringRef::from_str(origin.as_str()).map_err(|_| NotAReceipt::Member("origin"))
}

fn member<'a>(members: &'a Dictionary, name: &'static str) -> Result<&'a BareItem, NotAReceipt> {
    match members.get(name) {
        Some(ListEntry::Item(Item { bare_item, .. })) => Ok(bare_item),
        Some(ListEntry::InnerList(_)) | None => Err(NotAReceipt::Member(name)),
    }
}

fn origin(members: &Dictionary) -> Result<Origin, NotAReceipt> {
    let text = member(members, "origin")?.as_string().ok_or(NotAReceipt::Member("origin"))?;
    text.as_str().parse().map_err(|_| NotAReceipt::Member("origin"))
}

fn number(members: &Dictionary, name: &'static str) -> Result<u64, NotAReceipt> {
    let integer = member(members, name)?.as_integer();
    integer.and_then(|integer| u64::try_from(integer).ok()).ok_or(NotAReceipt::Member(name))
}

fn bytes<const N: usize>(members: &Dictionary, name: &'static str) -> Result<[u8; N], NotAReceipt> {
    let bytes = member(members, name)?.as_byte_sequence();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(NotAReceipt::Member(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt() -> Receipt {
        Receipt {
            origin: "gw1.hungyen.example/2026".parse().unwrap(),
            index: 123,
            seq: 17,
            size: 130,
            root: [1; 32],
            signature: [2; 64],
            leaf: [3; 32],
        }
    }

    #[test]
    fn a_receipt_has_the_shape_the_formats_give_it_and_reads_back() {
        let text = receipt().write().unwrap();
        assert!(
            text.starts_with("origin=\"gw1.hungyen.example/2026\", index=123, seq=17, size=130, root=:AQEB")
        );
        assert!(text.contains(":, signature=:AgIC") && text.contains(":, leaf=:AwMD"));
        assert_eq!(Receipt::parse(&text).unwrap(), receipt());
    }

    #[test]
    fn an_origin_with_quotes_cannot_break_out_of_its_string() {
        let hostile = Receipt { origin: r#"a",index=9,b="\"#.parse().unwrap(), ..receipt() };
        assert_eq!(Receipt::parse(&hostile.write().unwrap()).unwrap(), hostile);
    }

    #[test]
    fn a_receipt_in_another_spelling_is_none() {
        let good = receipt().write().unwrap();
        for (bad, fault) in [
            (good.replace("index=123", "index=130"), NotAReceipt::Outside),
            (good.replace("index=123", "index=-1"), NotAReceipt::Member("index")),
            (good.replace("index=123", "index=\"123\""), NotAReceipt::Member("index")),
            (good.replace("seq=17, ", ""), NotAReceipt::Member("seq")),
            (good.replace("size=130", "size=0130"), NotAReceipt::Spelling),
            (good.replace(", seq", ",seq"), NotAReceipt::Spelling),
            (format!("{good}, more=1"), NotAReceipt::Spelling),
            (format!("{good};p"), NotAReceipt::Spelling),
            (good.replace("leaf=:AwMD", "leaf=:"), NotAReceipt::Member("leaf")),
            (good.replace("origin=\"gw1", "origin=\"gw 1"), NotAReceipt::Member("origin")),
            (format!("{good},"), NotAReceipt::Unreadable),
            (String::new(), NotAReceipt::Member("origin")),
        ] {
            assert_eq!(Receipt::parse(&bad), Err(fault), "{bad}");
        }
    }

    #[test]
    fn a_number_that_the_header_cannot_hold_is_not_cut_short() {
        let beyond = Receipt { size: 1_000_000_000_000_000, ..receipt() };
        assert_eq!(beyond.write(), Err(NotAReceipt::Member("size")));
    }
}
