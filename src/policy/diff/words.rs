//! Differences in words.

use crate::language::Text;
use crate::policy::calendar::shown;
use crate::policy::scope::Class;

use super::aspect::Aspect;
use super::change::Access;
use super::change::Condition;
use super::change::Subject;
use super::change::Values;

/// How many items of a list a sentence names.
const NAMED: usize = 8;

/// How many characters of one item a sentence repeats.
const ITEM_MAX: usize = 120;

impl Access {
    pub(super) fn text(&self) -> Text {
        let (agencies, operations) = (named(&self.agencies), named(&self.operations));
        let (service, purposes) = (&self.service, named(&self.purposes));
        let (from, until) = (shown(self.days.0), shown(self.days.1));
        let (fields, classes) = (self.fields_named(), self.classes());
        let (does_vi, does_en) = match (self.gained, self.whole) {
            (true, true) => ("được truy cập", "gains access to"),
            (true, false) => ("được thêm trường của", "gains fields of"),
            (false, true) => ("không còn được truy cập", "loses access to"),
            (false, false) => ("bị bớt trường của", "loses fields of"),
        };
        Text::new(
            format!(
                "{} {does_vi} {service} bằng {}, mục đích {}, từ {from} đến hết {until}: {} ({}).",
                agencies.vi, operations.vi, purposes.vi, fields.vi, classes.vi
            ),
            format!(
                "{} {does_en} {service} by {}, for {}, from {from} until {until}: {} ({}).",
                agencies.en, operations.en, purposes.en, fields.en, classes.en
            ),
        )
    }

    /// Those that weigh most first.
    fn fields_named(&self) -> Text {
        let mut fields: Vec<(&String, &Class)> = self.fields.iter().collect();
        fields.sort_by_key(|(_, class)| std::cmp::Reverse(**class));
        let fields: Vec<String> = fields.into_iter().map(|(pointer, _)| pointer.clone()).collect();
        named(&fields)
    }

    fn classes(&self) -> Text {
        let count = |class| self.fields.values().filter(|found| **found == class).count();
        let (all, basic, sensitive) = (self.fields.len(), count(Class::Basic), count(Class::Sensitive));
        Text::new(
            format!("{all} trường, {basic} dữ liệu cá nhân cơ bản, {sensitive} nhạy cảm"),
            format!("{all} fields, {basic} of basic personal data, {sensitive} sensitive"),
        )
    }
}

impl Subject {
    /// What people read.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Agreement(id) => Text::new(format!("Thỏa thuận {id}"), format!("Agreement {id}")),
            Self::Clause(id, operation) => {
                Text::new(format!("Thỏa thuận {id}, {operation}"), format!("Agreement {id}, {operation}"))
            }
            Self::Agency(id) => Text::new(format!("Cơ quan, đơn vị {id}"), format!("Agency {id}")),
            Self::Service(id) => Text::new(format!("Dịch vụ {id}"), format!("Service {id}")),
            Self::Operation(id, operation) => {
                Text::new(format!("Dịch vụ {id}, {operation}"), format!("Service {id}, {operation}"))
            }
            Self::Purpose(code) => Text::new(format!("Mục đích {code}"), format!("Purpose {code}")),
            Self::Guardrails => Text::new("Rào chắn", "Guardrails"),
            Self::Suspension(_, id) => {
                Text::new(format!("Tạm dừng khẩn cấp {id}"), format!("Kill switch for {id}"))
            }
        }
    }
}

impl Condition {
    pub(super) fn text(&self) -> Text {
        let (subject, effect) = (self.subject.text(), self.effect.text());
        if self.aspect == Aspect::PRESENCE {
            let (what, came) = self.values.came();
            let (vi, en) = if came { ("có thêm", "added") } else { ("không còn", "gone") };
            return Text::new(
                format!("{}: {vi}, {} ({}).", subject.vi, short(&what.vi), effect.vi),
                format!("{}: {en}, {} ({}).", subject.en, short(&what.en), effect.en),
            );
        }
        let values = self.values.text();
        Text::new(
            format!("{}: {} {} ({}).", subject.vi, self.aspect.vi, values.vi, effect.vi),
            format!("{}: {} {} ({}).", subject.en, self.aspect.en, values.en, effect.en),
        )
    }
}

impl Values {
    /// What came or went as a whole, and whether it came.
    fn came(&self) -> (Text, bool) {
        match self {
            Self::From(_, Some(come)) => (come.clone(), true),
            Self::From(Some(gone), None) => (gone.clone(), false),
            Self::From(None, None) | Self::Items(..) | Self::Untold => (Text::default(), true),
        }
    }

    fn text(&self) -> Text {
        match self {
            Self::From(before, after) => {
                let none = Text::new("không có", "none");
                let [before, after] = [before, after].map(|value| value.as_ref().unwrap_or(&none));
                Text::new(
                    format!("{} → {}", short(&before.vi), short(&after.vi)),
                    format!("{} → {}", short(&before.en), short(&after.en)),
                )
            }
            Self::Items(removed, added) => {
                let (removed, added) = (listed(removed, "bớt", "less"), listed(added, "thêm", "more"));
                let parts = [added, removed].into_iter().flatten();
                let (vi, en): (Vec<String>, Vec<String>) = parts.map(|text| (text.vi, text.en)).unzip();
                Text::new(vi.join("; "), en.join("; "))
            }
            Self::Untold => Text::new("đã thay đổi", "changed"),
        }
    }
}

fn listed(items: &[String], vi: &str, en: &str) -> Option<Text> {
    let list = named(items);
    (!items.is_empty()).then(|| Text::new(format!("{vi} {}", list.vi), format!("{en} {}", list.en)))
}

/// The first items of a list, and how many more there are.
fn named(items: &[String]) -> Text {
    let first: Vec<String> = items.iter().take(NAMED).map(|item| short(item)).collect();
    let first = first.join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => Text::new(first.clone(), first),
        more => Text::new(format!("{first} và {more} mục khác"), format!("{first} and {more} more")),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(ITEM_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
