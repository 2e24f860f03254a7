//! Why there is no more for now, until when, and how that is said to people.

use std::time::Duration;

use jiff::ZonedDateTime;

use crate::language::Text;
use crate::policy::model::Rate;

/// How long to wait for a slot before asking again: exchanges last about that long, and who asks earlier asks in vain.
const IN_FLIGHT_WAIT: Duration = Duration::from_secs(1);

/// A limit is reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too many requests in too short a time.
    #[error("the rate of the {whose} is exceeded")]
    Rate {
        /// Whose rate.
        whose: Whose,
        /// The rate.
        rate: Rate,
        /// How long until one more would be let through.
        wait: Duration,
    },
    /// The requests of this calendar day are used up.
    #[error("the daily quota of {limit} requests is used up")]
    DailyQuota {
        /// Requests a day.
        limit: u64,
        /// When a new day begins, in the agreement's zone.
        renews: Renewal,
    },
    /// The requests of this calendar month are used up.
    #[error("the monthly quota of {limit} requests is used up")]
    MonthlyQuota {
        /// Requests a month.
        limit: u64,
        /// When a new month begins, in the agreement's zone.
        renews: Renewal,
    },
    /// So many different people were asked about today that there may be no other.
    #[error("the daily quota of {limit} different people is used up")]
    PeopleQuota {
        /// People a day.
        limit: u64,
        /// When a new day begins, in the agreement's zone.
        renews: Renewal,
    },
    /// Too many requests are under way at once.
    #[error("{limit} requests are under way at once")]
    InFlight {
        /// Requests at once.
        limit: u32,
    },
}

/// Whose rate it is, from the narrow to the wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// One agency's under one agreement.
    Agreement,
    /// One agency's under all its agreements.
    Agency,
    /// Everybody's, of one service.
    Service,
    /// Everybody's, of this gateway.
    Gateway,
}

impl std::fmt::Display for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Agreement => "agreement",
            Self::Agency => "agency",
            Self::Service => "service",
            Self::Gateway => "gateway",
        })
    }
}

/// When a quota begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The moment, in the zone by whose calendar is counted.
    pub at: ZonedDateTime,
    /// From the refusal until then.
    pub wait: Duration,
}

impl Refusal {
    /// The reason as the log, the problem document and the metrics call it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rate { .. } => "rate",
            Self::DailyQuota { .. } => "daily-quota",
            Self::MonthlyQuota { .. } => "monthly-quota",
            Self::PeopleQuota { .. } => "people-quota",
            Self::InFlight { .. } => "in-flight",
        }
    }

    /// Whole seconds to wait, rounded up and never zero: the value of `Retry-After` (RFC 9110 10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> u64 {
        let wait = match self {
            Self::Rate { wait, .. } => *wait,
            Self::DailyQuota { renews, .. }
            | Self::MonthlyQuota { renews, .. }
            | Self::PeopleQuota { renews, .. } => renews.wait,
            Self::InFlight { .. } => IN_FLIGHT_WAIT,
        };
        whole_seconds(wait).max(1)
    }

    /// What a clerk reads.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Rate { whose, rate, .. } => rate_text(*whose, *rate, self.retry_after()),
            Self::DailyQuota { limit, renews } => Text::new(
                format!(
                    "Đã dùng hết hạn mức ngày ({} yêu cầu). {}",
                    Text::number(*limit).vi,
                    renewal_vi(renews)
                ),
                format!(
                    "The daily quota ({} requests) is used up. {}",
                    Text::number(*limit).en,
                    renewal_en(renews)
                ),
            ),
            Self::MonthlyQuota { limit, renews } => Text::new(
                format!(
                    "Đã dùng hết hạn mức tháng ({} yêu cầu). {}",
                    Text::number(*limit).vi,
                    renewal_vi(renews)
                ),
                format!(
                    "The monthly quota ({} requests) is used up. {}",
                    Text::number(*limit).en,
                    renewal_en(renews)
                ),
            ),
            Self::PeopleQuota { limit, renews } => Text::new(
                format!(
                    "Đã tra cứu đủ số người trong ngày ({} người). {}",
                    Text::number(*limit).vi,
                    renewal_vi(renews)
                ),
                format!(
                    "The daily quota of different people ({}) is used up. {}",
                    Text::number(*limit).en,
                    renewal_en(renews)
                ),
            ),
            Self::InFlight { limit } => Text::new(
                format!("Quá nhiều yêu cầu cùng lúc (tối đa {limit}). Thử lại khi có yêu cầu đã xong."),
                format!("Too many requests at once (at most {limit}). Retry when one has ended."),
            ),
        }
    }
}

/// Seconds, rounded up.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn rate_text(whose: Whose, rate: Rate, seconds: u64) -> Text {
    let requests = u64::from(rate.requests.get());
    let (of_vi, of_en) = match whose {
        Whose::Agreement => ("", ""),
        Whose::Agency => (" của cơ quan", " of the agency"),
        Whose::Service => (" của dịch vụ", " of the service"),
        Whose::Gateway => (" của cổng", " of the gateway"),
    };
    let (per_vi, per_en) = period(rate.per);
    let plural = if seconds == 1 { "" } else { "s" };
    Text::new(
        format!(
            "Vượt giới hạn tần suất{of_vi} ({} yêu cầu/{per_vi}). Thử lại sau {seconds} giây.",
            Text::number(requests).vi
        ),
        format!(
            "Rate limit{of_en} exceeded ({} requests {per_en}). Retry in {seconds} second{plural}.",
            Text::number(requests).en
        ),
    )
}

fn period(per: Duration) -> (String, String) {
    let (vi, en) = match whole_seconds(per) {
        1 => ("giây", "a second"),
        60 => ("phút", "a minute"),
        3_600 => ("giờ", "an hour"),
        86_400 => ("ngày", "a day"),
        seconds => return (format!("{seconds} giây"), format!("in {seconds} seconds")),
    };
    (vi.to_owned(), en.to_owned())
}

fn renewal_vi(renews: &Renewal) -> String {
    format!("Hạn mức mới từ {} ngày {}.", renews.at.strftime("%H:%M"), renews.at.strftime("%d/%m/%Y"))
}

fn renewal_en(renews: &Renewal) -> String {
    format!("It renews on {} at {}.", renews.at.strftime("%d/%m/%Y"), renews.at.strftime("%H:%M"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn number(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    fn tomorrow() -> Renewal {
        let at: ZonedDateTime = "2026-11-24T00:00[Asia/Ho_Chi_Minh]".parse().unwrap();
        Renewal { at, wait: Duration::from_millis(3_599_001) }
    }

    #[test]
    fn a_clerk_reads_the_rate_and_the_seconds_to_wait() {
        let rate = Rate { requests: number(100), per: Duration::from_secs(60), burst: number(20) };
        let refusal = Refusal::Rate { whose: Whose::Agreement, rate, wait: Duration::from_millis(22_400) };
        assert_eq!(refusal.text().vi, "Vượt giới hạn tần suất (100 yêu cầu/phút). Thử lại sau 23 giây.");
        assert_eq!(refusal.text().en, "Rate limit exceeded (100 requests a minute). Retry in 23 seconds.");
        let odd = Rate { per: Duration::from_secs(90), ..rate };
        let gateway = Refusal::Rate { whose: Whose::Gateway, rate: odd, wait: Duration::ZERO };
        assert_eq!(
            gateway.text().en,
            "Rate limit of the gateway exceeded (100 requests in 90 seconds). Retry in 1 second."
        );
    }

    #[test]
    fn a_clerk_reads_when_a_quota_renews_in_the_agreements_own_zone() {
        let refusal = Refusal::DailyQuota { limit: 20_000, renews: tomorrow() };
        assert_eq!(
            refusal.text().vi,
            "Đã dùng hết hạn mức ngày (20.000 yêu cầu). Hạn mức mới từ 00:00 ngày 24/11/2026."
        );
        assert_eq!(
            refusal.text().en,
            "The daily quota (20,000 requests) is used up. It renews on 24/11/2026 at 00:00."
        );
    }

    #[test]
    fn to_wait_is_rounded_up_and_never_nothing() {
        assert_eq!(Refusal::DailyQuota { limit: 1, renews: tomorrow() }.retry_after(), 3_600);
        let rate = Rate { requests: number(1), per: Duration::from_secs(1), burst: number(1) };
        assert_eq!(Refusal::Rate { whose: Whose::Agency, rate, wait: Duration::ZERO }.retry_after(), 1);
        assert_eq!(Refusal::InFlight { limit: 8 }.retry_after(), 1);
    }
}
