//! An order to a gateway, given at its desk.

use std::time::Duration;

use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::header::ACCEPT_LANGUAGE;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::Named;
use super::connection::Answer;
use super::connection::Ask;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::console::operate::SignedOrder;

/// How long an order may take: a whole log may have to be read.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Gives an order; what the gateway says it did.
///
/// # Errors
/// The gateway is not reached, or does not do it.
pub fn order(
    desk: Named<'_>,
    path: &str,
    order: Option<&SignedOrder>,
    session: &Session,
) -> Result<Value, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let language = HeaderValue::from_static(session.terminal.language().tag());
    let json = HeaderValue::from_static("application/json");
    let ask = Ask {
        method: Method::POST,
        target: path.to_owned(),
        headers: HeaderMap::from_iter([(ACCEPT_LANGUAGE, language), (CONTENT_TYPE, json)]),
        body: order.and_then(|order| serde_json::to_vec(order).ok()).unwrap_or_default().into(),
    };
    let answer = runtime.block_on(async {
        let mut connection = desk.connect(Some(PATIENCE)).await?;
        Ok::<_, Failure>(connection.send(&ask).await?)
    })?;
    if !answer.status.is_success() {
        return Err(refused(&answer, ("Cổng không thực hiện", "The gateway did not do it")));
    }
    serde_json::from_slice(&answer.body).map_err(|cause| not_understood().because(cause))
}

/// What a desk refused, in the words of its problem document, behind what that comes to.
pub fn refused(answer: &Answer, (vi, en): (&str, &str)) -> Failure {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let part = |name: &str| document.get(name).and_then(Value::as_str).map(shown).unwrap_or_default();
    let (title, detail, status) = (part("title"), part("detail"), answer.status.as_u16());
    let detail = if detail == title { String::new() } else { detail };
    let exit = match status {
        400 | 422 => Exit::Usage,
        409 | 429 | 500.. => Exit::CouldNot,
        _ if part("type").ends_with("/signature-false") => Exit::False,
        _ => Exit::No,
    };
    let vi = format!("{vi} ({status}). {title}. {detail}");
    let en = format!("{en} ({status}). {title}. {detail}");
    Failure::new(exit, "refused", vi.trim_end(), en.trim_end())
}

/// The gateway's answer is none that we know.
#[must_use]
pub fn not_understood() -> Failure {
    let vi = "Không hiểu được câu trả lời của cổng. Có thể phiên bản của cổng khác với phiên bản này.";
    let en = "The gateway's answer cannot be understood. Its version may differ from this one's.";
    Failure::could_not("answer-not-understood", vi, en)
}
