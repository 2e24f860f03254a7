//! Gathering a case from a log's folder, as the operator does: leaves with their proofs under one head, and what explains them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::tlog::checkpoint::CheckpointError;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::merkle::Nodes as _;
use crate::tlog::merkle::leaf_hash;
use crate::tlog::note::VerifierKey;
use crate::tlog::proof::Proof;
use crate::tlog::reader::ReadError;
use crate::tlog::witness::kept;

use super::anchor;
use super::archive::Files;
use super::callers;
use super::claims::text;
use super::manifest;
use super::manifest::Manifest;
use super::reading::Found;
use super::reading::Lookup;
use super::reading::Reading;
use super::reading::object;
use super::readme;
use crate::audit::commitment::Label;
use crate::audit::disclose;
use crate::audit::disclose::NotDisclosed;
use crate::audit::index::Catalogue;
use crate::audit::months::MonthKeys;
use crate::audit::tree::FolderTree;
use crate::audit::tree::NotUnder;

/// What a case is to hold.
#[derive(Debug, Default)]
pub struct Wish {
    /// Of which exchanges.
    pub exchanges: BTreeSet<ExchangeId>,
    /// Whether the annexes are opened: they name people.
    pub annexes: bool,
    /// Which salts are told, each with the data if it is at hand.
    pub disclosures: Vec<(Label, Option<Vec<u8>>)>,
    /// The provider to whom `reply` is told.
    pub provider: Option<AgencyId>,
    /// Signed answers as a party kept them, each with its request if it is at hand.
    pub messages: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// The trust policy that is put in; else one of this log alone.
    pub trust: Option<Vec<u8>>,
}

/// Why no case is gathered.
#[derive(Debug, thiserror::Error)]
pub enum NotGathered {
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// The published head cannot be read.
    #[error("the log's published head cannot be read")]
    NoHead(#[source] std::io::Error),
    /// The published head is refused.
    #[error("the log's published head is refused")]
    Head(#[from] CheckpointError),
    /// The entries do not make the published head.
    #[error("the log's entries do not make its published head")]
    OtherTree,
    /// There is no such exchange.
    #[error("the log has no exchange {0}")]
    NotFound(ExchangeId),
    /// Its newest entry is not under the published head yet.
    #[error("an entry of exchange {0} is not under the published head yet")]
    NotPublished(ExchangeId),
    /// Something that a leaf names is not kept.
    #[error("an object that entry {0} names is missing or damaged")]
    Object(u64),
    /// A salt is not told.
    #[error(transparent)]
    Disclose(#[from] NotDisclosed),
    /// The data are not those that an entry commits to.
    #[error("the data given for `{0}` are not those that an entry commits to")]
    OtherData(&'static str),
    /// An annex does not open.
    #[error("the annex of entry {0} does not open under its month's key")]
    Annex(u64),
}

impl From<NotUnder> for NotGathered {
    fn from(why: NotUnder) -> Self {
        match why {
            NotUnder::Unread(error) => Self::Read(error),
            NotUnder::OtherTree => Self::OtherTree,
        }
    }
}

/// Where a case is gathered from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The log's folder.
    pub log: &'a Path,
    /// An index of it, which finds entries.
    pub index: Option<&'a dyn Catalogue>,
    /// The log's key.
    pub key: &'a VerifierKey,
    /// The months' keys; none: no annex and no salt.
    pub months: Option<&'a MonthKeys>,
}

/// A case.
#[derive(Debug)]
pub struct Gathered {
    /// Its files.
    pub files: Files,
    /// Exchanges of which a late `exchange.aborted` was looked for by the index alone (see [`Reading::by_index`]).
    pub by_index: BTreeSet<ExchangeId>,
}

/// Gathers a case. The same log and the same wish give the same files.
///
/// # Errors
/// See [`NotGathered`].
pub fn gather(source: Source<'_>, wish: &Wish) -> Result<Gathered, NotGathered> {
    let note = std::fs::read(source.log.join("checkpoint")).map_err(NotGathered::NoHead)?;
    let head = SignedHead::open(&note, source.key)?;
    let reading = Reading::of(Lookup { log: source.log, index: source.index }, &wish.exchanges, head.size)?;
    let tree = FolderTree::under(source.log, &head)?;
    demand_whole(&reading, &wish.exchanges)?;
    let head = witnessed(source, &reading, &tree).unwrap_or(head);
    let mut case = Case { source, reading: &reading, tree: &tree, head: &head, files: Files::new() };
    case.common(wish);
    for found in &reading.entries {
        case.entry(found, wish)?;
    }
    case.demand_told(wish)?;
    case.messages(wish)?;
    case.anchor()?;
    Ok(Gathered { files: case.closed(wish), by_index: reading.by_index.clone() })
}

/// The head that most witnesses have cosigned, the newest of those, if it holds every entry of the case and is one of this very tree.
fn witnessed(source: Source<'_>, reading: &Reading, tree: &FolderTree) -> Option<SignedHead> {
    let last = reading.entries.iter().map(|found| found.index).max()?;
    let files = std::fs::read_dir(source.log.join(kept::FOLDER)).ok()?;
    let notes = files.filter_map(|file| std::fs::read(file.ok()?.path()).ok());
    let heads = notes.filter_map(|note| SignedHead::open(&note, source.key).ok());
    let of_this_tree = |head: &SignedHead| head.size > last && tree.root(head.size) == Some(head.root);
    heads.filter(of_this_tree).max_by_key(|head| (head.note.lines().count(), head.size))
}

fn demand_whole(reading: &Reading, wanted: &BTreeSet<ExchangeId>) -> Result<(), NotGathered> {
    let found: BTreeSet<ExchangeId> = reading.entries.iter().filter_map(Found::exchange).collect();
    match (reading.beyond.first(), wanted.difference(&found).next()) {
        (Some(id), _) => Err(NotGathered::NotPublished(*id)),
        (None, Some(id)) => Err(NotGathered::NotFound(*id)),
        (None, None) => Ok(()),
    }
}

/// A case that is being gathered.
struct Case<'a> {
    source: Source<'a>,
    reading: &'a Reading,
    tree: &'a FolderTree,
    head: &'a SignedHead,
    files: Files,
}

impl Case<'_> {
    fn put(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(name.into(), bytes.into());
    }

    /// A leaf, byte for byte, and its proof.
    ///
    /// # Errors
    /// The tree's tiles are not those of its entries.
    fn proven(&mut self, folder: &str, found: &Found) -> Result<(), NotGathered> {
        let Found { index, entry } = found;
        let path = self.tree.path(*index, &leaf_hash(&entry.leaf), self.head)?;
        let proof = Proof { extra: None, index: *index, path, note: self.head.note.clone() };
        self.put(format!("{folder}/{index}.leaf"), entry.leaf.clone());
        self.put(format!("{folder}/{index}.proof"), proof.to_string());
        Ok(())
    }

    fn common(&mut self, wish: &Wish) {
        let key = self.source.key;
        let trust = wish.trust.clone().unwrap_or_else(|| format!("log {key}\nquorum none\n").into_bytes());
        self.put(readme::NAME, readme::text());
        self.put(readme::SCRIPT_NAME, readme::SCRIPT);
        self.put("checkpoint", self.head.note.clone());
        self.put("log.vkey", format!("{key}\n"));
        self.put("trust-policy.txt", trust);
    }

    fn entry(&mut self, found: &Found, wish: &Wish) -> Result<(), NotGathered> {
        let leaf = found.json();
        self.proven("entries", found)?;
        self.policy(found.index, &leaf)?;
        self.certificate(found.index, &leaf)?;
        if wish.annexes {
            self.annex(found)?;
        }
        for (label, data) in &wish.disclosures {
            self.disclosure(found, &leaf, *label, data.as_deref(), wish.provider.as_ref())?;
        }
        Ok(())
    }

    /// The agreement as it stood, and the proven entry that names its hash.
    fn policy(&mut self, index: u64, leaf: &Value) -> Result<(), NotGathered> {
        let Some(policy) = self.reading.policy_of(index, leaf) else { return Ok(()) };
        self.proven("policy", policy)?;
        let agreement = leaf.get("agreement").and_then(|it| it.get("id")).and_then(Value::as_str);
        let Some(agreement) = agreement else { return Ok(()) };
        let file = self.reading.policy_file(self.source.log, policy, "agreements/", agreement);
        let (name, bytes) = file.ok_or(NotGathered::Object(policy.index))?;
        let listing = policy.json().get("listing").and_then(Value::as_str).map(str::to_owned);
        if let Some(listing) = listing.and_then(|name| object(self.source.log, &name)) {
            self.put(format!("policy/{}.listing", policy.index), listing);
        }
        self.put(format!("policy/{}/{name}", policy.index), bytes);
        Ok(())
    }

    /// The certificate that the caller showed, and by what it was taken then.
    fn certificate(&mut self, index: u64, leaf: &Value) -> Result<(), NotGathered> {
        let files =
            [("object", callers::certificate_file as fn(&str) -> String), ("path", callers::path_file)];
        for (member, file) in files {
            let Some(name) = text(leaf, &["certificate", member]) else { continue };
            let bytes = object(self.source.log, name).ok_or(NotGathered::Object(index))?;
            self.put(file(name), bytes);
        }
        Ok(())
    }

    /// The sealed bytes, which the leaf's hash proves, and what they say while the month's key is there.
    fn annex(&mut self, found: &Found) -> Result<(), NotGathered> {
        let (Some(id), false) = (found.exchange(), found.entry.annex.is_empty()) else { return Ok(()) };
        self.put(format!("entries/{}.annex", found.index), found.entry.annex.clone());
        let Some(months) = self.source.months else { return Ok(()) };
        let Some(key) = months.kept(id).map_err(NotDisclosed::Key)? else { return Ok(()) };
        let plain = key.sealing.open(id.as_bytes(), &found.entry.annex);
        let plain = plain.map_err(|_| NotGathered::Annex(found.index))?;
        self.put(format!("entries/{}.annex.json", found.index), plain);
        Ok(())
    }

    fn disclosure(
        &mut self,
        found: &Found,
        leaf: &Value,
        label: Label,
        data: Option<&[u8]>,
        provider: Option<&AgencyId>,
    ) -> Result<(), NotGathered> {
        let (Some(id), Some(months)) = (found.exchange(), self.source.months) else { return Ok(()) };
        let provided = self.reading.provider(self.source.log, leaf);
        disclose::demand_provider(label, provider, provided.as_deref())?;
        let Some(told) = disclose::of_entry(months, id, found, label)? else { return Ok(()) };
        let stem = format!("entries/{}.{}", found.index, told.label);
        if let Some(data) = data {
            if !told.is_of(label, data) {
                return Err(NotGathered::OtherData(told.label));
            }
            self.put(format!("{stem}.data"), data);
        }
        self.put(format!("{stem}.salt"), told.salt);
        Ok(())
    }

    /// A salt that was asked for and that no entry has is told to whoever asked, not left out in silence.
    fn demand_told(&self, wish: &Wish) -> Result<(), NotGathered> {
        for (label, _) in &wish.disclosures {
            let ending = format!(".{}.salt", label.as_str());
            if !self.files.keys().any(|name| name.ends_with(&ending)) {
                return Err(NotDisclosed::NotCommitted(label.as_str()).into());
            }
        }
        Ok(())
    }

    fn messages(&mut self, wish: &Wish) -> Result<(), NotGathered> {
        for (number, (answer, request)) in (1..).zip(&wish.messages) {
            self.put(format!("messages/{number}.answer"), answer.clone());
            if let Some(request) = request {
                self.put(format!("messages/{number}.request"), request.clone());
            }
        }
        let keys: Vec<&Found> = self.reading.keys.iter().filter(|_| !wish.messages.is_empty()).collect();
        for keys in keys {
            self.proven("keys", keys)?;
        }
        Ok(())
    }

    /// The first anchor that covers every entry of the case.
    fn anchor(&mut self) -> Result<(), NotGathered> {
        let last = self.reading.entries.iter().map(|found| found.index).max().unwrap_or(0);
        let anchors = self.reading.anchors.iter();
        let found = anchors.filter_map(|found| Some((found, anchor::Anchored::read(&found.json())?)));
        let Some((found, anchored)) = found.into_iter().find(|(_, anchored)| anchored.size > last) else {
            return Ok(());
        };
        let token = object(self.source.log, &anchored.token).ok_or(NotGathered::Object(found.index))?;
        let path = self.tree.consistency(anchored.size, self.head.size).ok_or(NotGathered::OtherTree)?;
        self.proven("anchor", found)?;
        self.put(anchor::CHECKPOINT, anchored.checkpoint(&self.head.origin).to_string());
        self.put(anchor::TOKEN, token);
        self.put(anchor::CONSISTENCY, anchor::consistency_text(anchored.size, self.head.size, &path));
        Ok(())
    }

    /// The sums for `sha256sum`, and the manifest over all.
    fn closed(mut self, wish: &Wish) -> Files {
        let sum = |(name, bytes): (&String, &Vec<u8>)| format!("{}  {name}\n", hex(&sha256(bytes)));
        let sums: String = self.files.iter().map(sum).collect();
        self.put("SHA256SUMS", sums);
        let exchanges = wish.exchanges.iter().map(ToString::to_string).collect();
        let manifest = Manifest::of(self.head.origin.as_str(), exchanges, &self.files);
        self.put(manifest::NAME, manifest.text());
        self.files
    }
}
