//! What the audience sees: scenes, steps and verdicts, coloured on a terminal, plain when piped, one object a step for machines.

use std::path::Path;

use serde_json::json;

use crate::cli::Session;
use crate::cli::exit::Failure;
use crate::cli::table::Table;
use crate::cli::terminal::Paint;
use crate::cli::terminal::shown;
use crate::language::Language;
use crate::language::Text;

use super::difference::Row;
use super::story::Says;

/// The longest value shown whole, in characters: two columns of these fit a terminal beside a pointer.
const VALUE_MAX: usize = 36;

/// What came of a step.
#[derive(Debug)]
pub struct Verdict {
    /// Whether it is what the story says.
    pub as_told: bool,
    /// What came of it.
    pub says: Text,
}

/// The stage of one demonstration.
#[derive(Debug)]
pub struct Stage<'a> {
    session: &'a mut Session,
    scene: usize,
    /// Steps that did not end as the story says.
    astray: usize,
}

impl<'a> Stage<'a> {
    /// An empty stage.
    pub fn new(session: &'a mut Session) -> Self {
        Self { session, scene: 0, astray: 0 }
    }

    /// The session it stands in.
    pub fn session(&mut self) -> &mut Session {
        self.session
    }

    /// One of two texts, by the language spoken.
    #[must_use]
    pub fn pick(&self, says: Says) -> &'static str {
        let [vi, en] = says;
        match self.session.terminal.language() {
            Language::Vi => vi,
            Language::En => en,
        }
    }

    /// How many steps did not end as the story says.
    #[must_use]
    pub fn astray(&self) -> usize {
        self.astray
    }

    /// Opens a scene.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn scene(&mut self, title: Says) -> Result<(), Failure> {
        self.scene += 1;
        let title = format!("{}. {}", self.scene, self.pick(title));
        let painted = self.session.terminal.paint(Paint::Strong, &title);
        self.line("")?;
        self.line(&painted)
    }

    /// Says what happens next.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn step(&mut self, says: Says) -> Result<(), Failure> {
        let text = format!("   {}", self.pick(says));
        self.line(&text)
    }

    /// Shows a command as one could type it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn command(&mut self, words: &[String]) -> Result<(), Failure> {
        let text = format!("   $ phohien {}", shown(&words.join(" ")));
        let painted = self.session.terminal.paint(Paint::Faint, &text);
        self.line(&painted)
    }

    /// Shows a platform's answer beside what was released of it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn difference(&mut self, rows: &[Row]) -> Result<(), Failure> {
        let heading = self
            .session
            .terminal
            .pick("trường|nguồn trả lời|cổng trả ra", "field|the platform's answer|released");
        let gone = self.session.terminal.pick("(lược bỏ)", "(removed)").to_owned();
        let mut table = Table::new(&heading.split('|').collect::<Vec<_>>());
        for row in rows {
            let after = row.after.as_deref().map_or_else(|| gone.clone(), short);
            table.row([row.pointer.clone(), short(&row.before), after]);
        }
        let kept = rows.iter().map(|row| row.after.is_some());
        for (line, kept) in table.lines().iter().zip(std::iter::once(true).chain(kept)) {
            let line = format!("     {line}");
            let line = if kept { line } else { self.session.terminal.paint(Paint::Faint, &line) };
            self.line(&line)?;
        }
        Ok(())
    }

    /// Says what came of a step, and counts it if the story says otherwise.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn verdict(&mut self, step: Says, verdict: &Verdict) -> Result<(), Failure> {
        self.astray += usize::from(!verdict.as_told);
        let says = verdict.says.to(self.session.terminal.language());
        if self.session.terminal.json() {
            let told = json!({ "scene": self.scene, "step": self.pick(step), "as_told": verdict.as_told, "came": says });
            return self.session.terminal.object(&told);
        }
        let (mark, paint) = if verdict.as_told { ("✓", Paint::Good) } else { ("✗", Paint::Bad) };
        let line = format!("   {} {}", self.session.terminal.paint(paint, mark), says);
        self.line(&line)
    }

    /// Says where everything is and what time the agreements take it to be.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn opening(
        &mut self,
        (folder, passing): (&Path, bool),
        gateway: &str,
        platforms: &[String],
    ) -> Result<(), Failure> {
        let folder = shown(&folder.display().to_string());
        let (gone_vi, gone_en) = if passing {
            (" (xóa khi xong; giữ lại bằng --dir)", " (removed at the end; keep one with --dir)")
        } else {
            ("", "")
        };
        let platforms = platforms.join(", ");
        let lines = [
            Text::new(
                "Phố Hiến: trình diễn cổng trao đổi dữ liệu",
                "Phố Hiến: a demonstration of the data exchange gateway",
            ),
            Text::new(
                "Dữ liệu đều là mẫu; mã cơ quan dưới cấp một chỉ để minh họa.",
                "All data are invented; agency codes below level one are illustrative.",
            ),
            Text::new(
                format!("Thư mục        {folder}{gone_vi}"),
                format!("Folder         {folder}{gone_en}"),
            ),
            Text::new(format!("Cổng           {gateway}"), format!("Gateway        {gateway}")),
            Text::new(format!("Nền tảng nguồn {platforms}"), format!("Platforms      {platforms}")),
            Text::new(
                "Đồng hồ của thỏa thuận được đặt: thứ Hai 23/11/2026 09:30 (GMT+7). Nhật ký vẫn ghi giờ máy.",
                "The agreements' clock is set: Monday 23/11/2026 09:30 (GMT+7). The log keeps the machine's time.",
            ),
        ];
        for (at, text) in lines.iter().enumerate() {
            let text = text.to(self.session.terminal.language());
            let text =
                if at == 0 { self.session.terminal.paint(Paint::Strong, text) } else { text.to_owned() };
            self.line(&text)?;
        }
        Ok(())
    }

    /// Says how the story ended.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn closing(&mut self, steps: usize) -> Result<(), Failure> {
        let (astray, terminal) = (self.astray, &self.session.terminal);
        let (vi, en) = match astray {
            0 => (
                format!("Cả {steps} bước đều như kịch bản."),
                format!("All {steps} steps ended as the story says."),
            ),
            _ => (
                format!("{astray} trên {steps} bước không như kịch bản."),
                format!("{astray} of {steps} steps did not end as the story says."),
            ),
        };
        let paint = if astray == 0 { Paint::Good } else { Paint::Bad };
        let text = terminal.paint(paint, terminal.pick(&vi, &en));
        self.line("")?;
        self.line(&text)
    }

    /// A line for people; machines are told by objects alone.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        if self.session.terminal.json() { Ok(()) } else { self.session.terminal.line(text) }
    }
}

fn short(value: &str) -> String {
    if value.chars().count() <= VALUE_MAX {
        return value.to_owned();
    }
    let head: String = value.chars().take(VALUE_MAX - 1).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        assert_eq!(short("\"Mẫu\""), "\"Mẫu\"");
        assert_eq!(short(&"ẫ".repeat(50)).chars().count(), VALUE_MAX);
    }
}
