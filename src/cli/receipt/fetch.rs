//! `receipt fetch`: receipts from a gateway, to be kept where the gateway has no hand.

use std::path::PathBuf;

use http::header::ACCEPT_LANGUAGE;
use http::header::LINK;

use crate::cli::Session;
use crate::cli::client::Reach;
use crate::cli::client::connection::Answer;
use crate::cli::client::connection::Ask;
use crate::cli::client::connection::Connection;
use crate::cli::client::gateway::Address;
use crate::cli::client::heads::replace;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::shown;
use crate::id::ExchangeId;
use crate::request::target::query_value;

use super::keeper::Keeper;
use super::list::List;

/// `receipt fetch`.
#[derive(Debug, clap::Args)]
pub struct Fetch {
    #[arg(value_name = "ID", required_unless_present = "after", conflicts_with = "after")]
    id: Option<String>,
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    #[arg(long, value_name = "ORIGIN", requires = "after")]
    log: Option<String>,
    #[arg(long, value_name = "URL")]
    gateway: String,
    #[command(flatten)]
    reach: Reach,
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "trust")]
    heads: Option<PathBuf>,
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Fetches one receipt, or all after a number, and writes them as they came.
///
/// # Errors
/// The gateway is not reached or refuses, or the file cannot be written.
pub fn run(fetch: &Fetch, session: &mut Session) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bytes = runtime.block_on(receipts(fetch, &session.terminal))?;
    match &fetch.output {
        Some(file) => replace(file, &bytes)?,
        None => session.terminal.raw(&bytes)?,
    }
    Ok(Exit::Yes)
}

async fn receipts(fetch: &Fetch, terminal: &Terminal) -> Result<Vec<u8>, Failure> {
    let address = Address::parse(&fetch.gateway)?;
    let mut keeper = Keeper::new(fetch.trust.as_deref(), fetch.heads.as_deref())?;
    let mut connection = fetch.reach.connect(&address).await?;
    let bytes = match (&fetch.id, fetch.after) {
        (Some(id), _) => one(&mut connection, id, &mut keeper, terminal).await?,
        (None, after) => {
            let from = (after.unwrap_or(0), fetch.log.clone());
            many(&mut connection, from, &mut keeper, terminal).await?
        }
    };
    keeper.keep()?;
    Ok(bytes)
}

async fn one(
    connection: &mut Connection,
    id: &str,
    keeper: &mut Keeper,
    terminal: &Terminal,
) -> Result<Vec<u8>, Failure> {
    let id: ExchangeId = id.parse().map_err(|cause: crate::id::NotAName| {
        let vi = "Mã giao dịch không đúng dạng.";
        Failure::usage(vi, "The exchange id is not one.").because(cause)
    })?;
    let answer = asked(connection, &format!("/receipts/{id}{}", keeper.since("?", None)), terminal).await?;
    keeper.take_one(&answer.body)?;
    let mut bytes = answer.body.to_vec();
    bytes.push(b'\n');
    Ok(bytes)
}

/// Asks on until there are no more: a gateway gives them in portions. Each portion shows the way from the head of the one before. Behind the
/// last entry of a log that was closed it goes on with the first of the one that followed, where the gateway says which that is.
async fn many(
    connection: &mut Connection,
    (mut after, mut log): (u64, Option<String>),
    keeper: &mut Keeper,
    terminal: &Terminal,
) -> Result<Vec<u8>, Failure> {
    let (mut all, mut crossed) = (Vec::new(), Vec::new());
    loop {
        let named = log.as_deref().map(|log| format!("&log={}", query_value(log))).unwrap_or_default();
        let target = format!("/receipts?after={after}{named}{}", keeper.since("&", log.as_deref()));
        let answer = asked(connection, &target, terminal).await?;
        let list = list(&answer)?;
        let last = list.entries().next_back();
        let is_end = last.is_none();
        if let Some(last) = last {
            after = last.stated_seq().filter(|last| *last > after).ok_or_else(repeats)?;
            keeper.take(&list)?;
            all.extend_from_slice(&answer.body);
        }
        match next(&answer) {
            Some(next) => {
                crossed.extend(log.replace(next));
                if crossed.contains(log.as_ref().unwrap_or(&String::new())) {
                    return Err(repeats());
                }
                after = 0;
                keeper.cross();
            }
            None if is_end => return Ok(all),
            None => {}
        }
    }
}

/// The log that followed one of which everything was given.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.headers.get(LINK)?.to_str().ok()?;
    let target = link.strip_prefix("</receipts?after=0&log=")?.strip_suffix(">; rel=\"next\"")?;
    Some(target.replace("%2F", "/").replace("%3A", ":"))
}

fn list(answer: &Answer) -> Result<List, Failure> {
    let text = std::str::from_utf8(&answer.body).unwrap_or("\u{fffd}");
    List::parse(text).map_err(|cause| {
        let (vi, en) = (
            "Cổng không trả lời bằng danh sách biên nhận.",
            "The gateway did not answer with a list of receipts.",
        );
        Failure::new(Exit::CouldNot, "no-receipts", vi, en).because(cause)
    })
}

fn repeats() -> Failure {
    let vi = "Cổng lặp lại các biên nhận đã đưa. Hãy báo đơn vị vận hành.";
    let en = "The gateway repeats receipts it already gave. Tell the operator.";
    Failure::new(Exit::False, "receipts-repeat", vi, en)
}

async fn asked(connection: &mut Connection, target: &str, terminal: &Terminal) -> Result<Answer, Failure> {
    let mut ask = Ask::get(target);
    ask.headers.insert(ACCEPT_LANGUAGE, http::HeaderValue::from_static(terminal.language().tag()));
    let answer = connection.send(&ask).await?;
    if answer.status.is_success() { Ok(answer) } else { Err(refused(&answer)) }
}

fn refused(answer: &Answer) -> Failure {
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let part = |name: &str| document.get(name).and_then(|text| text.as_str()).map(shown).unwrap_or_default();
    let (title, detail) = (part("title"), part("detail"));
    let status = answer.status.as_u16();
    let vi = format!("Cổng không đưa biên nhận ({status}). {title} {detail}");
    let en = format!("The gateway gives no receipt ({status}). {title} {detail}");
    Failure::new(Exit::No, "refused", vi.trim_end(), en.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderMap;

    #[test]
    fn a_portion_that_is_no_list_is_no_receipt() {
        let with = |body: &'static [u8]| Answer {
            version: http::Version::HTTP_11,
            status: http::StatusCode::OK,
            headers: HeaderMap::new(),
            trailers: HeaderMap::new(),
            body: Bytes::from_static(body),
        };
        assert!(list(&with(b"")).unwrap().entries().next().is_none());
        assert_eq!(list(&with(b"<html>")).unwrap_err().code(), "no-receipts");
        assert_eq!(list(&with(b"\xff")).unwrap_err().code(), "no-receipts");
    }
}
