//! Would it be granted, by which clause, and if not, which step refuses: for officers and auditors, on imagined facts.

use std::fmt;

use crate::clock::Timestamp;
use crate::language::{Language, Text};

use super::judge::{Facts, Step, Verdict, walk};
use super::policies::Policies;
use super::refusal::Refusal;

/// How one step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Passed.
    Yes,
    /// Refused here.
    No,
    /// Not asked: an earlier step refused.
    NotReached,
}

/// A decision step by step.
#[derive(Debug)]
pub struct Explanation {
    passed: Vec<Step>,
    outcome: Result<Verdict, Refusal>,
}

/// Judges bare facts and tells each step.
#[must_use]
pub fn explain(facts: &Facts<'_>, policies: &Policies, now: Timestamp) -> Explanation {
    let mut passed = Vec::new();
    let outcome = walk(facts, policies, now, &mut |step| passed.push(step));
    Explanation { passed, outcome }
}

impl Explanation {
    /// The verdict, or the refusal.
    pub fn outcome(&self) -> &Result<Verdict, Refusal> {
        &self.outcome
    }

    /// Every step in order, with how it ended.
    pub fn steps(&self) -> impl Iterator<Item = (Step, Answer)> {
        let reached = self.passed.len();
        Step::ALL.iter().copied().enumerate().map(move |(index, step)| match index.cmp(&reached) {
            std::cmp::Ordering::Less => (step, Answer::Yes),
            std::cmp::Ordering::Equal => (step, Answer::No),
            std::cmp::Ordering::Greater => (step, Answer::NotReached),
        })
    }

    /// The explanation in one language, a line a step.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        let mut lines: Vec<String> =
            self.steps().map(|(step, answer)| line(step, answer, language)).collect();
        lines.push(self.conclusion().to(language).to_owned());
        lines.extend(self.ground().map(|ground| ground.to(language).to_owned()));
        lines.join("\n")
    }

    fn conclusion(&self) -> Text {
        match &self.outcome {
            Ok(verdict) => {
                let (id, version, clause) =
                    (&verdict.agreement.id, verdict.agreement.version, verdict.permit.number);
                Text::new(
                    format!("Cho phép theo thỏa thuận {id} (phiên bản {version}), điều khoản {clause}."),
                    format!("Allowed by agreement {id} (version {version}), clause {clause}."),
                )
            }
            Err(refusal) => {
                let (text, code) = (refusal.text(), refusal.code());
                Text::new(format!("{} [{code}]", text.vi), format!("{} [{code}]", text.en))
            }
        }
    }

    /// Legal ground, fields, and whom to ask.
    fn ground(&self) -> Option<Text> {
        match &self.outcome {
            Ok(verdict) => {
                let (basis, fields) =
                    (verdict.agreement.legal_basis.join("; "), verdict.scope.pointers.join(" "));
                Some(Text::new(
                    format!("Căn cứ pháp lý: {basis}\nPhạm vi trường dữ liệu: {fields}"),
                    format!("Legal basis: {basis}\nField scope: {fields}"),
                ))
            }
            Err(refusal) => {
                let contact = refusal.contact()?;
                let basis = refusal.legal_ground();
                let (vi, en) = basis.map_or_else(Default::default, |basis| {
                    (format!("Căn cứ pháp lý: {basis}\n"), format!("Legal basis: {basis}\n"))
                });
                Some(Text::new(format!("{vi}Liên hệ: {contact}"), format!("{en}Contact: {contact}")))
            }
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(Language::En))
    }
}

fn line(step: Step, answer: Answer, language: Language) -> String {
    let mark = match (answer, language) {
        (Answer::Yes, Language::Vi) => "đạt      ",
        (Answer::Yes, Language::En) => "yes",
        (Answer::No, Language::Vi) => "không đạt",
        (Answer::No, Language::En) => "no ",
        (Answer::NotReached, Language::Vi) => "-        ",
        (Answer::NotReached, Language::En) => "-  ",
    };
    format!("{mark}  {}", step.question().to(language))
}

impl Step {
    /// Every step, in the order in which they are asked.
    pub const ALL: &'static [Self] = &[
        Self::Standing,
        Self::Agreement,
        Self::Purpose,
        Self::InForce,
        Self::Source,
        Self::Hours,
        Self::Named,
        Self::Signed,
        Self::Parameters,
        Self::Fields,
        Self::Size,
        Self::Present,
    ];

    /// What the step asks.
    #[must_use]
    pub fn question(self) -> Text {
        let (vi, en) = match self {
            Self::Standing => {
                ("chứng thư số và cơ quan không bị tạm dừng", "certificate and agency are not suspended")
            }
            Self::Agreement => ("có thỏa thuận cho thao tác này", "there is an agreement for this operation"),
            Self::Purpose => ("mục đích khai thác thuộc thỏa thuận", "the agreement covers the purpose"),
            Self::InForce => ("thỏa thuận đang có hiệu lực", "the agreement is in force"),
            Self::Source => ("yêu cầu đến từ mạng đã đăng ký", "the call comes from a registered network"),
            Self::Hours => ("trong giờ khai thác", "within the agreed hours"),
            Self::Named => (
                "đã nêu những gì phải nêu (mã hồ sơ, người khai thác)",
                "what must be named is named (case, user)",
            ),
            Self::Signed => ("đã ký số nếu phải ký", "signed, if it must be"),
            Self::Parameters => ("chỉ gửi tham số được phép", "only agreed parameters are sent"),
            Self::Fields => ("chỉ yêu cầu trường trong phạm vi", "only fields of the scope are asked for"),
            Self::Size => ("nội dung yêu cầu không quá lớn", "the request is not too large"),
            Self::Present => ("nền tảng không bảo trì", "the platform is not away for maintenance"),
        };
        Text::new(vi, en)
    }
}
