//! What a question at the desk is narrowed down by: the names of the commands' options. An unknown name is an error, and so is a value that
//! cannot be understood: a filter that was left out would show more than was asked for.

use crate::audit::index::Order;
use crate::audit::query::GROUPS;
use crate::audit::query::Group;
use crate::audit::query::OUTCOMES;
use crate::audit::query::Query;
use crate::clock::Timestamp;

use super::stop::Parameter;

/// The hops that can fail.
const HOPS: [&str; 3] = ["caller", "gateway", "platform"];

/// A question, as its parameters put it.
#[derive(Debug, Default)]
pub struct Parameters {
    /// Which entries.
    pub query: Query,
    /// By what they are narrowed down, for the record of the reading.
    pub filters: Vec<(&'static str, String)>,
    /// Which part.
    pub order: Order,
    /// Behind the entry of this index, in that order.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Summed up by these.
    pub by: Vec<(&'static str, Group)>,
    /// Seconds to wait for entries that are not there yet.
    pub wait: Option<u64>,
}

/// What may be asked beside the filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// `order`, `after`, `limit`.
    Pages,
    /// `by`.
    Groups,
    /// `after`, `wait`.
    News,
}

impl Parameters {
    /// Reads the parameters of a query, whose names occur once each.
    ///
    /// # Errors
    /// One is unknown, or says nothing that can be understood.
    pub fn read(query: &[(String, String)], beside: Beside) -> Result<Self, Parameter> {
        let mut all = Self::default();
        for (name, value) in query {
            if !all.filter(name, value)? && !all.beside(name, value, beside)? {
                return Err(Parameter::unknown(name));
            }
        }
        Ok(all)
    }

    /// Takes a filter; whether it is one.
    fn filter(&mut self, name: &str, value: &str) -> Result<bool, Parameter> {
        let query = &mut self.query;
        let text = || Some(value.to_owned());
        let name = match name {
            "since" => set("since", &mut query.since, time(value))?,
            "until" => set("until", &mut query.until, time(value))?,
            "agency" => set("agency", &mut query.agency, text())?,
            "service" => set("service", &mut query.service, text())?,
            "operation" => set("operation", &mut query.operation, text())?,
            "agreement" => set("agreement", &mut query.agreement, text())?,
            "purpose" => set("purpose", &mut query.purpose, text())?,
            "outcome" => set("outcome", &mut query.outcome, text().filter(|_| OUTCOMES.contains(&value)))?,
            "reason" => set("reason", &mut query.reason, text())?,
            "stage" => set("stage", &mut query.stage, text())?,
            "hop" => set("hop", &mut query.hop, text().filter(|_| HOPS.contains(&value)))?,
            "status" => set("status", &mut query.status, number(value))?,
            "exchange" => set("exchange", &mut query.exchange, value.parse().ok())?,
            "certificate" => set("certificate", &mut query.certificate, text().filter(|_| is_hex(value)))?,
            "case" => set("case", &mut query.case, text())?,
            "user" => set("user", &mut query.user, text())?,
            "subject" => set("subject", &mut query.subject, text())?,
            "code" => set("code", &mut query.code, text())?,
            "all" if value == "true" => {
                query.all = true;
                "all"
            }
            "all" => return Err(Parameter::Value("all")),
            _ => return Ok(false),
        };
        self.filters.push((name, value.to_owned()));
        Ok(true)
    }

    /// Takes what may stand beside filters; whether it is that.
    fn beside(&mut self, name: &str, value: &str, beside: Beside) -> Result<bool, Parameter> {
        match (beside, name) {
            (Beside::Pages, "order") => {
                self.order = match value {
                    "oldest" => Order::Oldest,
                    "newest" => Order::Newest,
                    _ => return Err(Parameter::Value("order")),
                };
            }
            (Beside::Pages | Beside::News, "after") => {
                set("after", &mut self.after, number(value))?;
            }
            (Beside::Pages, "limit") => {
                set("limit", &mut self.limit, number(value).filter(|limit| *limit > 0))?;
            }
            (Beside::News, "wait") => {
                set("wait", &mut self.wait, number(value))?;
            }
            (Beside::Groups, "by") => self.by = groups(value).ok_or(Parameter::Value("by"))?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Sets what a parameter says.
fn set<T>(name: &'static str, to: &mut Option<T>, value: Option<T>) -> Result<&'static str, Parameter> {
    *to = Some(value.ok_or(Parameter::Value(name))?);
    Ok(name)
}

/// RFC 3339: whoever asks has made a date or `7d` into it by the clock and the zone of the one who asks.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Decimal digits, in their one spelling.
fn number<N: std::str::FromStr + ToString>(text: &str) -> Option<N> {
    text.parse().ok().filter(|number: &N| number.to_string() == text)
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// `agency,outcome`.
fn groups(list: &str) -> Option<Vec<(&'static str, Group)>> {
    list.split(',').map(|name| GROUPS.into_iter().find(|(known, _)| *known == name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)], beside: Beside) -> Result<Parameters, Parameter> {
        let query: Vec<_> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Parameters::read(&query, beside)
    }

    /// One value for each filter.
    const FILTERS: [(&str, &str); 19] = [
        ("since", "2026-11-23T00:00:00Z"),
        ("until", "2026-11-24T00:00:00+07:00"),
        ("agency", "H31.05"),
        ("service", "dan-cu"),
        ("operation", "GET /cong-dan/{so}"),
        ("agreement", "TT-2026-001"),
        ("purpose", "tra-cuu"),
        ("outcome", "refused"),
        ("reason", "rate"),
        ("stage", "limits"),
        ("hop", "platform"),
        ("status", "429"),
        ("exchange", "0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b"),
        ("certificate", "0a1b"),
        ("case", "H31.01.01-261123-0007"),
        ("user", "can-bo-07"),
        ("subject", "099190000001"),
        ("code", "0"),
        ("all", "true"),
    ];

    #[test]
    fn every_filter_is_taken_and_noted_for_the_record() {
        let all = read(&FILTERS, Beside::Pages).unwrap();
        let noted: Vec<_> = all.filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(noted, FILTERS);
        for (at, (name, _)) in FILTERS.iter().enumerate() {
            let mut without = FILTERS.to_vec();
            without.remove(at);
            assert_ne!(read(&without, Beside::Pages).unwrap().query, all.query, "{name} asks for nothing");
        }
    }

    #[test]
    fn what_is_not_known_or_not_understood_is_refused_by_name() {
        for name in ["", "Agency", "agencies", "by", "wait", "q"] {
            assert_eq!(read(&[(name, "1")], Beside::Pages).unwrap_err(), Parameter::Unknown(name.into()));
        }
        for (name, value) in [
            ("since", "7d"),
            ("until", "2026-11-23"),
            ("outcome", "allowed"),
            ("hop", "us"),
            ("status", "0200"),
            ("exchange", "1"),
            ("certificate", "0A:1B"),
            ("all", "1"),
            ("order", "best"),
            ("after", "-1"),
            ("after", "01"),
            ("limit", "0"),
        ] {
            assert_eq!(read(&[(name, value)], Beside::Pages).unwrap_err(), Parameter::Value(name), "{value}");
        }
        assert_eq!(read(&[("by", "agency,nobody")], Beside::Groups).unwrap_err(), Parameter::Value("by"));
        assert!(read(&[("after", "1")], Beside::Groups).is_err());
    }

    #[test]
    fn what_stands_beside_filters_is_no_filter() {
        let pages = read(&[("order", "newest"), ("after", "0"), ("limit", "7")], Beside::Pages).unwrap();
        assert_eq!((pages.order, pages.after, pages.limit), (Order::Newest, Some(0), Some(7)));
        let sums = read(&[("by", "agency,outcome"), ("service", "dan-cu")], Beside::Groups).unwrap();
        assert_eq!(sums.by.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["agency", "outcome"]);
        assert_eq!((pages.filters, sums.filters.len()), (Vec::new(), 1));
        assert_eq!(read(&[("wait", "20")], Beside::News).unwrap().wait, Some(20));
    }
}
