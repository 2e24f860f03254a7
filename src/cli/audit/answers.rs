//! Who answers a question: the node's own folders, or with `--desk` a gateway's desk, which cuts the answer to what its caller may see.

use super::remote::Remote;
use super::source::Source;
use super::source::Where;
use super::source::unanswered;
use crate::audit::index::Sum;
use crate::audit::index::row::Row;
use crate::audit::query;
use crate::audit::query::Group;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::audit::query::View;
use crate::cli::Session;
use crate::cli::client::AtDesk;
use crate::cli::exit::Failure;

/// Which folders, or which desk.
#[derive(Debug, clap::Args)]
pub struct Whom {
    #[command(flatten)]
    pub(super) place: Where,
    #[command(flatten)]
    pub(super) at: AtDesk,
}

/// Who answers.
#[derive(Debug)]
pub enum Answers {
    /// The node's own folders.
    Here(Box<Source>),
    /// A desk.
    There(Box<Remote>),
}

impl Whom {
    /// Opens who answers. `about_annexes`: what is asked stands in annexes, so that keys are needed; a desk has its own.
    ///
    /// # Errors
    /// A folder cannot be used, or the desk is not reached.
    pub fn open(&self, about_annexes: bool, session: &mut Session) -> Result<Answers, Failure> {
        match Remote::reach(&self.at, session)? {
            Some(remote) => Ok(Answers::There(Box::new(remote))),
            None => Ok(Answers::Here(Box::new(self.place.open(about_annexes, session)?))),
        }
    }
}

impl Answers {
    /// A page of rows.
    ///
    /// # Errors
    /// There is no answer.
    pub fn rows(&self, query: &Query, page: Page) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Here(source) => {
                query::rows(source.desk(), &View::Everything, query, page).map_err(unanswered)
            }
            Self::There(remote) => remote.rows(query, page),
        }
    }

    /// Rows summed up.
    ///
    /// # Errors
    /// There is no answer.
    pub fn sums(&self, query: &Query, by: &[(&str, Group)]) -> Result<Vec<Sum>, Failure> {
        match self {
            Self::Here(source) => {
                let groups: Vec<Group> = by.iter().map(|(_, group)| *group).collect();
                query::sums(source.desk(), &View::Everything, query, &groups).map_err(unanswered)
            }
            Self::There(remote) => remote.sums(query, &by.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
        }
    }

    /// Says what an answer does not cover: annexes that could not be searched, entries that the index had not come to.
    ///
    /// # Errors
    /// There is no answer.
    pub fn note_gaps(&self, query: &Query, session: &mut Session) -> Result<(), Failure> {
        let (unread, indexed) = match self {
            Self::Here(source) => {
                (query::unsearched(source.desk(), &View::Everything, query).map_err(unanswered)?, None)
            }
            Self::There(remote) => (remote.unsearched(), remote.indexed()),
        };
        if unread > 0 {
            let vi = format!("{unread} phụ lục không còn khóa của tháng nên không tìm được trong đó.");
            let en = format!("{unread} annexes were not searched: the keys of their months are gone.");
            session.terminal.note(&vi, &en);
        }
        if let Some(next) = indexed {
            let vi =
                format!("Chỉ mục của cổng mới đến bản ghi {next}; các bản ghi sau chưa có trong kết quả.");
            let en =
                format!("The gateway's index has come to entry {next}; those behind are not in the result.");
            session.terminal.note(&vi, &en);
        }
        Ok(())
    }
}
