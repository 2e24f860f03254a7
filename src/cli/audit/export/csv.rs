//! Rows for spreadsheets.

use std::fs::File;
use std::io;
use std::io::BufWriter;

use csv::Writer;

use super::Sink;
use super::settle;
use crate::audit::index::column::Column;
use crate::audit::index::row::Row;
use crate::cli::audit::rows;
use crate::cli::sheet;
use crate::cli::sheet::harmless;
use crate::clock::Timestamp;
use crate::language::Language;

/// The headings, in the order of the columns; index, time, number and annex stand before them.
const VIETNAMESE: &str = "số bản ghi|thời điểm (GMT+7)|số của cơ quan|phụ lục|cơ quan|loại bản ghi|dịch vụ|thao tác|thỏa thuận|mục đích|bước|lý do|chặng lỗi|tổ chức cấp chứng thư|số sê-ri chứng thư|khóa công khai (SHA-256)|mã kết quả nguồn|mã HTTP|số lượt|mã giao dịch|hồ sơ (dấu)|người thực hiện (dấu)|chủ thể (dấu)";
const ENGLISH: &str = "index|time (GMT+7)|seq|annex|agency|kind|service|operation|agreement|purpose|stage|reason|hop|certificate issuer|certificate serial|public key (SHA-256)|provider's code|status|events|exchange|case mark|user mark|subject mark";

/// A file of comma-separated values.
#[derive(Debug)]
pub(super) struct Csv(Writer<BufWriter<File>>);

impl Csv {
    pub(super) fn new(file: BufWriter<File>, language: Language, separator: &str) -> io::Result<Self> {
        let mut writer = sheet::begin(file, separator.as_bytes().first().copied().unwrap_or(b','))?;
        let heading = match language {
            Language::Vi => VIETNAMESE,
            Language::En => ENGLISH,
        };
        writer.write_record(heading.split('|'))?;
        Ok(Self(writer))
    }
}

impl Sink for Csv {
    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            let head = [
                row.index.to_string(),
                here(row.time()),
                row.seq.to_string(),
                rows::annex(row.annex).unwrap_or_default().to_owned(),
            ];
            let cells = Column::ALL.into_iter().map(|column| rows::text(row, column).unwrap_or_default());
            self.0.write_record(head.into_iter().chain(cells).map(harmless))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        settle(self.0.into_inner().map_err(csv::IntoInnerError::into_error)?)
    }
}

/// A time as a spreadsheet reads it, on the clocks here.
fn here(time: Timestamp) -> String {
    const HOURS: i8 = 7;
    let zoned = time.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(HOURS)));
    zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::index::column::Value;

    fn written(row: &Row, language: Language) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let file = BufWriter::new(File::create(&path).unwrap());
        let mut sink = Box::new(Csv::new(file, language, ",").unwrap());
        sink.rows(std::slice::from_ref(row)).unwrap();
        sink.finish().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn excel_reads_vietnamese_and_every_cell_stands_under_its_heading() {
        let text = written(&Row::bare(7, 1_795_400_000_123), Language::Vi);
        assert!(text.starts_with("\u{feff}số bản ghi,thời điểm (GMT+7),"), "{text}");
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!((lines.len(), lines[2]), (3, ""));
        assert!(lines[1].starts_with("7,2026-11-23 09:13:20,0,,"), "{text}");
        assert_eq!((VIETNAMESE.split('|').count(), ENGLISH.split('|').count()), (23, 23));
        assert_eq!(lines[1].split(',').count(), 23);
    }

    #[test]
    fn nothing_that_an_entry_says_is_a_formula() {
        for cell in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"] {
            let mut row = Row::bare(0, 0);
            row.set(Column::Reason, Some(Value::from(cell)));
            row.set(Column::Code, Some(Value::from(format!("\"{cell},\n").as_str())));
            let text = written(&row, Language::En);
            let mut read = csv::ReaderBuilder::new().from_reader(text.as_bytes());
            let record = read.records().next().unwrap().unwrap();
            assert_eq!((record.len(), &record[11]), (23, format!("'{cell}").as_str()));
            assert_eq!(&record[16], format!("\"{cell},\n"));
        }
    }
}
