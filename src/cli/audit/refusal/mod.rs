//! `audit refusal`: the written answer to a request that was refused, as a page to print and sign (Decree 194/2025/NĐ-CP, Article 16.2).

mod advice;
mod document;
mod layout;
mod qr;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::answers::Whom;
use super::entry::Seen;
use super::remote::Remote;
use super::show::proven_there;
use super::source::Source;
use super::source::unanswered;
use super::unread;
use crate::audit::index::Order;
use crate::audit::index::PAGE_MAX;
use crate::audit::index::column::Column;
use crate::audit::query;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::audit::query::View;
use crate::cli::Session;
use crate::cli::client::heads::replace;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place::Folder;
use crate::cli::place::folder;
use crate::cli::policy::past::Exchange;
use crate::cli::policy::then;
use crate::cli::terminal::shown;
use crate::crypto::digest::Hash;
use crate::id::ExchangeId;
use crate::policy::load::load;
use crate::tlog::reader::scan_from;

use document::Document;

/// `audit refusal`.
#[derive(Debug, clap::Args)]
pub struct Refusal {
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    whom: Whom,
    #[arg(long, value_name = "FILE", requires = "desk")]
    trust: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    #[arg(long, value_name = "PLACE")]
    city: Option<String>,
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the paper.
///
/// # Errors
/// There is no such exchange, or it was not refused; the log cannot be read, or the file cannot be written.
pub fn run(asked: &Refusal, session: &mut Session) -> Result<Exit, Failure> {
    let id: ExchangeId = asked.id.parse().map_err(|_| absent(&asked.id))?;
    let document = match Remote::reach(&asked.whom.at, session)? {
        Some(remote) => asked.there(&remote, session)?,
        None => {
            let source = asked.whom.place.open(false, session)?;
            let (seen, hash) = refused(&source, id, &asked.id)?;
            let exchange = Exchange::of(seen, &source, session)?;
            asked.document(&exchange, &hash, &source, session)?
        }
    };
    asked.tell(&document, session)
}

impl Refusal {
    /// The paper, into the file or as the result; to a machine, what stands on it.
    fn tell(&self, document: &Document, session: &mut Session) -> Result<Exit, Failure> {
        let terminal = &mut session.terminal;
        let page = layout::page(document, terminal.language());
        if let Some(output) = &self.output {
            replace(output, page.as_bytes())?;
        }
        match &self.output {
            _ if terminal.json() => terminal.object(&document.json())?,
            None => terminal.raw(page.as_bytes())?,
            Some(output) => {
                let file = shown(&output.display().to_string());
                terminal.say(
                    &format!("Đã lập văn bản trả lời từ chối: `{file}`. Kiểm tra lại văn bản pháp luật được dẫn trước khi ký."),
                    &format!("The written refusal is in `{file}`. Check the legal instruments it names before signing."),
                )?;
            }
        }
        Ok(Exit::Yes)
    }

    /// What the paper says: in the words of the policies that refused, else of those that are at hand.
    fn document(
        &self,
        exchange: &Exchange,
        hash: &Hash,
        source: &Source,
        session: &Session,
    ) -> Result<Document, Failure> {
        let now = session.clock.now();
        let mut policies = then::in_force(source, exchange.seen.index)?;
        if policies.is_none() {
            let at_hand = folder(session, self.policies.as_deref(), Folder::Policies)?;
            policies = Some(load(&at_hand, now).map_err(Failure::faulty)?);
        }
        let paper = Document::of(exchange, policies.as_ref());
        Ok(Document { origin: then::origin(source)?, leaf: *hash, ..self.issued(paper, session) })
    }

    fn issued(&self, paper: Document, session: &Session) -> Document {
        Document { number: self.number.clone(), city: self.city.clone(), today: session.clock.now(), ..paper }
    }

    /// What a desk tells of a refusal, once it is proven. It shows neither the annex nor the policies of then: the words are those of the
    /// policies that are at hand, if any are.
    fn there(&self, remote: &Remote, session: &mut Session) -> Result<Document, Failure> {
        let proven = proven_there(remote, &self.id, self.trust.as_deref())?;
        let told = proven.iter().map(|one| (one, Seen::new(one.index, one.leaf.as_bytes(), Vec::new())));
        let refusal = told.into_iter().find(|(_, seen)| seen.kind() == REFUSED);
        let (one, seen) = refusal.ok_or_else(|| not_refused(&self.id))?;
        let at_hand = folder(session, self.policies.as_deref(), Folder::Policies).ok();
        let now = session.clock.now();
        let policies = at_hand.map(|at_hand| load(&at_hand, now).map_err(Failure::faulty)).transpose()?;
        let (vi, en) = match &policies {
            Some(_) => (
                "Lời văn theo bộ chính sách có sẵn ở đây, có thể khác bộ đã áp dụng khi từ chối.",
                "The words are those of the policies at hand here, which may be others than those that refused.",
            ),
            None => (
                "Không có bộ chính sách ở đây (--policies): tên cơ quan, đầu mối liên hệ phải điền thêm.",
                "No policies are at hand (--policies): names of agencies and whom to ask are left to be filled in.",
            ),
        };
        session.terminal.note(vi, en);
        let paper = Document::of(&Exchange::told(seen), policies.as_ref());
        let origin = one.head.origin.to_string();
        Ok(Document { origin, leaf: one.hash, ..self.issued(paper, session) })
    }
}

/// The entry that refused the exchange, and its leaf hash.
fn refused(source: &Source, id: ExchangeId, text: &str) -> Result<(Seen, Hash), Failure> {
    let query = Query { exchange: Some(id), all: true, ..Query::default() };
    let page = Page { order: Order::Oldest, after: None, most: PAGE_MAX };
    let rows = query::rows(source.desk(), &View::Everything, &query, page).map_err(unanswered)?;
    if rows.is_empty() {
        return Err(absent(text));
    }
    let is_refusal =
        |row: &&crate::audit::index::row::Row| row.word(Column::Kind).is_some_and(|kind| &**kind == REFUSED);
    let row = rows.iter().find(is_refusal).ok_or_else(|| not_refused(text))?;
    let item = scan_from(&source.log, row.index).next().transpose().map_err(unread)?;
    let (index, entry, hash) = item.ok_or_else(|| absent(text))?;
    let seen = Seen::new(index, &entry.leaf, entry.annex);
    // The index only says where to look.
    if seen.kind() == REFUSED && seen.text("exchange") == Some(text) {
        Ok((seen, hash))
    } else {
        Err(absent(text))
    }
}

const REFUSED: &str = "exchange.refused";

fn absent(id: &str) -> Failure {
    let id = shown(id);
    let vi = format!("Nhật ký không có giao dịch `{id}`. Hãy kiểm tra mã giao dịch và thư mục nhật ký.");
    let en = format!("The log has no exchange `{id}`. Check the exchange id and the log's folder.");
    Failure::new(Exit::No, "not-found", vi, en)
}

fn not_refused(id: &str) -> Failure {
    let id = shown(id);
    let vi = format!("Giao dịch `{id}` không bị cổng từ chối, nên không có văn bản trả lời từ chối.");
    let en = format!("The gateway did not refuse exchange `{id}`, so there is no written refusal.");
    Failure::new(Exit::No, "not-refused", vi, en)
}
