//! Agencies by services: a table, a sheet, or a page to print and sign.

use std::io;

use serde_json::Value;
use serde_json::json;

use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::paper;
use crate::cli::paper::escaped;
use crate::cli::sheet;
use crate::cli::table::Table;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::local;
use crate::clock::Timestamp;
use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::id::ServiceId;
use crate::language::Language;
use crate::language::Text;
use crate::policy::Policies;
use crate::policy::access::Cell;
use crate::policy::access::Matrix;
use crate::policy::scope::Class;

/// How the matrix is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For the terminal.
    Table,
    /// For a spreadsheet.
    Csv,
    /// A page to print.
    Html,
}

pub(super) fn tell(
    policies: &Policies,
    now: Timestamp,
    format: Format,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let matrix = Matrix::of(policies, now);
    let terminal = &mut session.terminal;
    match format {
        _ if terminal.json() => objects(&matrix, terminal)?,
        Format::Table => table(&matrix, terminal)?,
        Format::Csv => terminal.raw(&csv(&matrix, terminal.language())?)?,
        Format::Html => {
            let made = Made { at: now, of: hex(policies.hash()) };
            let page = html(&matrix, &made, terminal.language());
            terminal.raw(page.as_bytes())?;
        }
    }
    Ok(Exit::Yes)
}

/// What a cell says: fields, sensitive ones apart, and in parentheses what is not in force.
fn words(cell: &Cell<'_>) -> Text {
    let (fields, sensitive) = (cell.fields.len(), cell.of_class(Class::Sensitive));
    let agreements = cell.agreements.keys().copied().collect::<Vec<_>>().join(", ");
    let (mut vi, mut en) =
        (format!("{fields} trường, {agreements}"), format!("{fields} fields, {agreements}"));
    if sensitive > 0 {
        vi = format!("{fields} trường ({sensitive} nhạy cảm), {agreements}");
        en = format!("{fields} fields ({sensitive} sensitive), {agreements}");
    }
    if cell.in_force() {
        return Text::new(vi, en);
    }
    let standing = cell.agreements.values().min().map(|standing| standing.text()).unwrap_or_default();
    Text::new(format!("[{vi}: {}]", standing.vi), format!("[{en}: {}]", standing.en))
}

/// Every row as texts: the code, the name, then a text for each service; empty: no agreement.
fn rows(matrix: &Matrix<'_>, language: Language) -> Vec<Vec<String>> {
    let row = |agency: &&std::sync::Arc<crate::identity::registry::Agency>| {
        let cells = matrix.services.iter().map(|service| {
            let cell = matrix.cell(&agency.id, &service.id);
            cell.map(|cell| words(cell).to(language).to_owned()).unwrap_or_default()
        });
        let names = [agency.id.to_string(), agency.name.to(language).to_owned()];
        names.into_iter().chain(cells).collect()
    };
    matrix.agencies.iter().map(row).collect()
}

fn heading(matrix: &Matrix<'_>, language: Language) -> Vec<String> {
    let first = match language {
        Language::Vi => ["mã", "cơ quan, đơn vị"],
        Language::En => ["code", "agency"],
    };
    let services = matrix.services.iter().map(|service| service.id.to_string());
    first.map(str::to_owned).into_iter().chain(services).collect()
}

fn table(matrix: &Matrix<'_>, terminal: &mut Terminal) -> Result<(), Failure> {
    let language = terminal.language();
    let heading = heading(matrix, language);
    let short: Vec<&str> =
        heading.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, it)| it.as_str()).collect();
    let mut table = Table::new(&short);
    for mut row in rows(matrix, language) {
        row.remove(1);
        table.row(row.iter().map(|cell| if cell.is_empty() { "-" } else { cell.as_str() }));
    }
    table.lines().iter().try_for_each(|line| terminal.line(line))
}

fn objects(matrix: &Matrix<'_>, terminal: &mut Terminal) -> Result<(), Failure> {
    for agency in &matrix.agencies {
        for service in &matrix.services {
            if let Some(cell) = matrix.cell(&agency.id, &service.id) {
                let object = object(&agency.id, &service.id, cell);
                terminal.object(&object)?;
            }
        }
    }
    Ok(())
}

fn object(agency: &AgencyId, service: &ServiceId, cell: &Cell<'_>) -> Value {
    let agreements =
        cell.agreements.iter().map(|(id, standing)| json!({ "id": id, "standing": standing.code() }));
    json!({
        "agency": agency,
        "service": service,
        "agreements": agreements.collect::<Vec<_>>(),
        "operations": cell.operations,
        "fields": cell.fields.len(),
        "basic": cell.of_class(Class::Basic),
        "sensitive": cell.of_class(Class::Sensitive),
        "in_force": cell.in_force(),
    })
}

fn csv(matrix: &Matrix<'_>, language: Language) -> Result<Vec<u8>, Failure> {
    let mut writer = sheet::begin(Vec::new(), b',')?;
    let lines = [heading(matrix, language)].into_iter().chain(rows(matrix, language));
    for line in lines {
        writer.write_record(line.into_iter().map(sheet::harmless)).map_err(io::Error::from)?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

/// When a page was made, and of which policies.
struct Made {
    at: Timestamp,
    of: String,
}

const STYLE: &str = "@page { size: A4 landscape; margin: 15mm }
body { font: 11pt 'Times New Roman', Times, serif; color: #000; margin: 1.5em }
h1 { font-size: 14pt; text-align: center; text-transform: uppercase }
table { border-collapse: collapse; width: 100% }
thead { display: table-header-group }
tr { break-inside: avoid }
th, td { border: 1px solid #000; padding: 3pt 5pt; vertical-align: top; text-align: left }
.off { color: #555; font-style: italic }
.note { font-size: 9pt; margin-top: 1em; overflow-wrap: anywhere }
.signs { display: flex; justify-content: space-around; margin-top: 2em; text-align: center }";

fn html(matrix: &Matrix<'_>, made: &Made, language: Language) -> String {
    let pick = |vi: &'static str, en: &'static str| match language {
        Language::Vi => vi,
        Language::En => en,
    };
    let title = pick("Ma trận quyền truy cập dữ liệu", "Access control matrix");
    let cells = |tag: &str, row: Vec<String>| {
        let cell = |text: String| {
            let class = if text.starts_with('[') { " class=\"off\"" } else { "" };
            format!("<{tag}{class}>{}</{tag}>", escaped(&text))
        };
        row.into_iter().map(cell).collect::<String>()
    };
    let names =
        matrix.services.iter().map(|service| format!("{} ({})", service.name.to(language), service.id));
    let head = heading(matrix, language).into_iter().take(2).chain(names).collect();
    let rows: String =
        rows(matrix, language).into_iter().map(|row| format!("<tr>{}</tr>\n", cells("td", row))).collect();
    let note = pick(
        "Trong ngoặc vuông: chưa hoặc không còn hiệu lực. Ô trống: không có thỏa thuận. Lập lúc",
        "In brackets: not in force. Empty: no agreement. Made at",
    );
    let (at, of) = (local(made.at), &made.of);
    let hash = pick("mã băm bộ chính sách (SHA-256)", "hash of the policies (SHA-256)");
    let signs = [pick("NGƯỜI LẬP", "PREPARED BY"), pick("THỦ TRƯỞNG ĐƠN VỊ", "HEAD OF THE AGENCY")];
    let signs: String = signs.iter().map(|who| format!("<div><b>{who}</b></div>")).collect();
    let body = format!(
        "<h1>{title}</h1>\n<table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n\
         <p class=\"note\">{note} {at} (GMT+7), {hash}: {of}</p>\n<div class=\"signs\">{signs}</div>",
        cells("th", head)
    );
    paper::page(language, title, STYLE, &body)
}

#[cfg(test)]
mod tests {
    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    const ASKED: &str = concat!(
        "phohien --lang en policy access --matrix --policies ",
        env!("CARGO_MANIFEST_DIR"),
        "/policies "
    );

    #[test]
    fn the_matrix_has_a_row_an_agency_and_a_column_a_service() {
        let (exit, out, err) = run_line(ASKED);
        assert_eq!((exit, err.as_str()), (Exit::Yes, ""));
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines[0].starts_with("code") && lines[0].contains("dan-cu") && lines[0].contains("an-sinh"));
        let centre = lines.iter().find(|line| line.starts_with("H31.01.01 ")).unwrap();
        assert!(centre.contains("TT-2026-001") && centre.contains("TT-2026-002"), "{centre}");
        // Providers that ask for nothing have no row.
        assert!(!out.contains("G12.BHXH.HYN"), "{out}");
    }

    #[test]
    fn a_sheet_is_read_by_a_spreadsheet_and_holds_no_formula() {
        let (_, out, _) = run_line(&format!("{ASKED} --format csv"));
        assert!(out.starts_with('\u{feff}') && out.contains("\r\n"));
        let mut read = csv::ReaderBuilder::new().from_reader(out.trim_start_matches('\u{feff}').as_bytes());
        for record in read.records() {
            let record = record.unwrap();
            assert_eq!(record.len(), 7);
            assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
        }
    }

    #[test]
    fn a_page_stands_alone() {
        let (_, out, _) = run_line(&format!("{ASKED} --format html"));
        assert!(out.starts_with("<!DOCTYPE html>") && out.contains("TT-2026-003"));
        for outside in ["http://", "https://", "src=", "<script", "url("] {
            assert!(!out.contains(outside), "{outside}");
        }
    }

    #[test]
    fn for_machines_each_cell_is_an_object() {
        let (_, out, _) = run_line(&format!("{ASKED} --json"));
        let cells: Vec<serde_json::Value> =
            out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(cells.len(), 7);
        for cell in cells {
            // Only the land agreement grants a sensitive field: the kind of a restriction.
            let land = u64::from(cell["agreements"][0]["id"] == "TT-2026-002");
            assert!(cell["fields"].as_u64() > Some(0) && cell["sensitive"] == land, "{cell}");
        }
    }
}
