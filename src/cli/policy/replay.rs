//! `policy replay`: which past exchanges another policy set would have decided otherwise.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::past::Beside;
use super::past::Exchange;
use super::past::Span;
use super::past::nothing;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::table::Table;
use crate::cli::terminal::Paint;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::count;
use crate::cli::terminal::local;
use crate::language::Text;
use crate::policy::load::load;
use crate::policy::replay::Replayed;
use crate::policy::replay::Unknown;
use crate::policy::replay::replay;

/// Exchanges that are listed one by one, unless another number is named.
const LISTED: usize = 20;

/// `policy replay`.
#[derive(Debug, clap::Args)]
pub struct Replay {
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    span: Span,
    #[arg(long, value_name = "N", default_value_t = LISTED)]
    limit: usize,
}

/// Judges them anew.
///
/// # Errors
/// The policies have faults, or the log cannot be read.
pub fn run(asked: &Replay, session: &mut Session) -> Result<Exit, Failure> {
    let policies = load(&asked.new, session.clock.now()).map_err(Failure::faulty)?;
    let mut found =
        Found { most: if session.terminal.json() { usize::MAX } else { asked.limit }, ..Found::default() };
    let beside = asked.span.each(session, &mut |exchange| {
        let replayed =
            exchange.past().map_or(Replayed::Unknown(Unknown::Request), |past| replay(&past, &policies));
        found.take(exchange, &replayed);
        Ok(())
    })?;
    if session.terminal.json() {
        found.listed.iter().try_for_each(|line| session.terminal.object(&line.object()))?;
        session.terminal.object(&found.summary(&beside))?;
    } else if found.judged == 0 {
        return Ok(nothing(session));
    } else {
        found.tell(&beside, &mut session.terminal)?;
    }
    Ok(if found.decided_otherwise() { Exit::No } else { Exit::Yes })
}

/// How an exchange would have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Refused,
    Narrowed,
    Granted,
    Otherwise,
    Unknown,
}

impl Turn {
    const ALL: [Self; 5] = [Self::Refused, Self::Narrowed, Self::Granted, Self::Otherwise, Self::Unknown];

    fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Narrowed => "narrowed",
            Self::Granted => "granted",
            Self::Otherwise => "refused-otherwise",
            Self::Unknown => "unknown",
        }
    }

    fn text(self, exchanges: &str, agencies: usize) -> Text {
        let (vi, en) = match self {
            Self::Refused => ("lẽ ra đã từ chối", "would have refused"),
            Self::Narrowed => ("lẽ ra đã lược bỏ thêm trường của", "would have withheld fields of"),
            Self::Granted => ("lẽ ra đã cho phép", "would have granted"),
            Self::Otherwise => ("lẽ ra đã từ chối vì lý do khác", "would have refused for another reason"),
            Self::Unknown => {
                return Text::new(
                    format!(
                        "Không biết được kết quả của {exchanges} giao dịch của {agencies} cơ quan, đơn vị: nhật ký không ghi đủ."
                    ),
                    format!(
                        "Of {exchanges} exchanges of {agencies} agencies it is not known: the record does not tell enough."
                    ),
                );
            }
        };
        Text::new(
            format!("Bộ chính sách mới {vi} {exchanges} giao dịch của {agencies} cơ quan, đơn vị."),
            format!("The new policies {en} {exchanges} exchanges of {agencies} agencies."),
        )
    }
}

/// One exchange that would have ended otherwise.
#[derive(Debug)]
struct Line {
    turn: Turn,
    exchange: String,
    index: u64,
    at: String,
    moment: String,
    agency: String,
    operation: String,
    then: String,
    why: String,
    text: Text,
}

impl Line {
    fn of(exchange: &Exchange, replayed: &Replayed) -> Option<Self> {
        let (turn, why, text) = match replayed {
            Replayed::Same => return None,
            Replayed::Refused(refusal) => (Turn::Refused, refusal.code().to_owned(), refusal.text()),
            Replayed::Otherwise(refusal) => (Turn::Otherwise, refusal.code().to_owned(), refusal.text()),
            Replayed::Narrowed(fields) => (Turn::Narrowed, fields.join(" "), withheld(fields)),
            Replayed::Granted(verdict) => (Turn::Granted, verdict.agreement.id.to_string(), allowed(verdict)),
            Replayed::Unknown(what) => (Turn::Unknown, what.code().to_owned(), unknown(*what)),
        };
        let text_of = |name: &str| exchange.seen.text(name).unwrap_or("-").to_owned();
        let at = exchange.at();
        Some(Self {
            turn,
            exchange: text_of("exchange"),
            index: exchange.seen.index,
            at: at.map(crate::clock::rfc3339_millis).unwrap_or_default(),
            moment: at.map(local).unwrap_or_default(),
            agency: text_of("agency"),
            operation: format!("{} {}", text_of("service"), text_of("operation")),
            then: exchange.refused().unwrap_or("granted").to_owned(),
            why,
            text,
        })
    }

    fn object(&self) -> Value {
        json!({
            "exchange": self.exchange, "index": self.index, "at": self.at, "agency": self.agency,
            "operation": self.operation, "then": self.then, "now": self.turn.code(), "why": self.why,
            "text": { "vi": self.text.vi, "en": self.text.en },
        })
    }
}

fn withheld(fields: &[String]) -> Text {
    let list = fields.join(", ");
    Text::new(format!("Lược bỏ thêm: {list}."), format!("Withheld besides: {list}."))
}

fn allowed(verdict: &crate::policy::judge::Verdict) -> Text {
    let (id, clause) = (&verdict.agreement.id, verdict.permit.number);
    Text::new(
        format!("Cho phép theo thỏa thuận {id}, điều khoản {clause}."),
        format!("Allowed by agreement {id}, clause {clause}."),
    )
}

fn unknown(what: Unknown) -> Text {
    let text = what.text();
    Text::new(format!("Nhật ký không ghi {}.", text.vi), format!("The record does not tell {}.", text.en))
}

/// What was found.
#[derive(Debug, Default)]
struct Found {
    judged: u64,
    most: usize,
    listed: Vec<Line>,
    sums: BTreeMap<(Turn, String, String), u64>,
}

impl Found {
    fn take(&mut self, exchange: &Exchange, replayed: &Replayed) {
        self.judged += 1;
        let Some(line) = Line::of(exchange, replayed) else { return };
        *self.sums.entry((line.turn, line.why.clone(), line.agency.clone())).or_default() += 1;
        if self.listed.len() < self.most {
            self.listed.push(line);
        }
    }

    fn decided_otherwise(&self) -> bool {
        self.sums.keys().any(|(turn, ..)| *turn != Turn::Unknown)
    }

    /// How many exchanges of how many agencies took a turn.
    fn of(&self, turn: Turn) -> (u64, usize) {
        let taken = || self.sums.iter().filter(move |((found, ..), _)| *found == turn);
        let agencies: BTreeSet<&String> = taken().map(|((.., agency), _)| agency).collect();
        (taken().map(|(_, count)| count).sum(), agencies.len())
    }

    fn summary(&self, beside: &Beside) -> Value {
        let turn = |turn: Turn| {
            let (exchanges, agencies) = self.of(turn);
            (turn.code().to_owned(), json!({ "exchanges": exchanges, "agencies": agencies }))
        };
        let sum = |((turn, why, agency), count): (&(Turn, String, String), &u64)| json!({ "now": turn.code(), "why": why, "agency": agency, "exchanges": count });
        json!({
            "summary": Turn::ALL.map(turn).into_iter().collect::<serde_json::Map<_, _>>(),
            "by": self.sums.iter().map(sum).collect::<Vec<_>>(),
            "judged": self.judged,
            "not_judged": beside.summed_up,
            "annexes_unread": beside.unread,
        })
    }

    fn tell(&self, beside: &Beside, terminal: &mut Terminal) -> Result<(), Failure> {
        let language = terminal.language();
        let judged = count(self.judged, language);
        terminal.say(
            &format!("Đã xét lại {judged} giao dịch theo bộ chính sách mới."),
            &format!("{judged} exchanges were judged anew by the new policies."),
        )?;
        for turn in Turn::ALL {
            let (exchanges, agencies) = self.of(turn);
            if exchanges > 0 {
                let text = turn.text(&count(exchanges, language), agencies);
                let paint = if turn == Turn::Unknown { Paint::Faint } else { Paint::Strong };
                let line = terminal.paint(paint, text.to(language));
                terminal.line(&line)?;
                self.sums_of(turn, terminal)?;
            }
        }
        if self.sums.is_empty() {
            terminal.say("Không giao dịch nào có kết quả khác.", "None would have ended otherwise.")?;
        }
        self.list(terminal)?;
        gaps(beside, terminal);
        Ok(())
    }

    fn sums_of(&self, turn: Turn, terminal: &mut Terminal) -> Result<(), Failure> {
        let heading = terminal.pick("lý do|cơ quan|số giao dịch", "why|agency|exchanges");
        let mut table = Table::new(&heading.split('|').collect::<Vec<_>>());
        for ((_, why, agency), number) in self.sums.iter().filter(|((found, ..), _)| *found == turn) {
            table.row([why.as_str(), agency, &count(*number, terminal.language())]);
        }
        table.lines().iter().try_for_each(|line| terminal.line(&format!("  {line}")))
    }

    fn list(&self, terminal: &mut Terminal) -> Result<(), Failure> {
        if self.listed.is_empty() {
            return Ok(());
        }
        let heading = terminal.pick(
            "thời điểm (GMT+7)|cơ quan|thao tác|khi đó|nay|vì|mã giao dịch",
            "time (GMT+7)|agency|operation|then|now|why|exchange",
        );
        let mut table = Table::new(&heading.split('|').collect::<Vec<_>>());
        for line in &self.listed {
            let cells = [&line.moment, &line.agency, &line.operation, &line.then];
            let cells = cells.into_iter().map(String::as_str);
            table.row(cells.chain([line.turn.code(), &line.why, &line.exchange]));
        }
        terminal.line("")?;
        table.lines().iter().try_for_each(|line| terminal.line(line))?;
        let all: u64 = self.sums.values().sum();
        let left = all.saturating_sub(self.listed.len() as u64);
        if left > 0 {
            let vi = format!("Còn {left} giao dịch khác: xem tất cả bằng `--limit` hoặc `--json`.");
            terminal.note(&vi, &format!("There are {left} more: see all with `--limit` or `--json`."));
        }
        Ok(())
    }
}

/// What could not be judged, and why.
fn gaps(beside: &Beside, terminal: &mut Terminal) {
    terminal.note(
        "Nhật ký không ghi chuỗi truy vấn, giá trị trên đường dẫn và kích thước yêu cầu; giới hạn tần suất và hạn mức không được xét lại.",
        "Not recorded: the query string, values in the path, how large requests were. Rates and quotas are not replayed.",
    );
    let Beside { summed_up, unread, begins: _ } = *beside;
    if summed_up > 0 {
        let vi = format!("{summed_up} lần từ chối do giới hạn đã được gộp lại, không xét từng lần.");
        terminal.note(&vi, &format!("{summed_up} refusals by limits were summed up; they are not judged."));
    }
    if unread > 0 {
        let vi = format!("{unread} phụ lục không đọc được ở đây (không có khóa của tháng).");
        terminal.note(&vi, &format!("{unread} annexes cannot be read here (no key of their months)."));
    }
}
