//! Apache Parquet: a column a member, in groups of rows, so that what is held is one group.

use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::ByteArray;
use parquet::data_type::ByteArrayType;
use parquet::data_type::DataType;
use parquet::data_type::Int64Type;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::parser::parse_message_type;

use super::Sink;
use super::settle;
use crate::audit::index::column::Column;
use crate::audit::index::column::Holds;
use crate::audit::index::row::Row;
use crate::cli::audit::rows;

/// Rows in a group: some 20 MiB while it is gathered.
const GROUP: usize = 32_768;

/// A Parquet file.
pub(super) struct Parquet {
    writer: SerializedFileWriter<BufWriter<File>>,
    rows: Vec<Row>,
}

impl Parquet {
    pub(super) fn new(file: BufWriter<File>) -> io::Result<Self> {
        let schema = Arc::new(parse_message_type(&schema()).map_err(failed)?);
        let level = parquet::basic::GzipLevel::default();
        let properties = WriterProperties::builder().set_compression(Compression::GZIP(level)).build();
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(failed)?;
        Ok(Self { writer, rows: Vec::new() })
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        let number = |of: fn(&Row) -> i64| self.rows.iter().map(of).map(Some).collect::<Vec<_>>();
        column::<Int64Type>(&mut group, &number(|row| i64::try_from(row.index).unwrap_or(i64::MAX)))?;
        column::<Int64Type>(&mut group, &number(|row| row.at))?;
        column::<Int64Type>(&mut group, &number(|row| i64::try_from(row.seq).unwrap_or(i64::MAX)))?;
        let annexes: Vec<_> =
            self.rows.iter().map(|row| rows::annex(row.annex).map(ByteArray::from)).collect();
        column::<ByteArrayType>(&mut group, &annexes)?;
        for of in Column::ALL {
            if of.holds() == Holds::Number {
                let cells: Vec<_> = self.rows.iter().map(|row| row.number(of)).collect();
                column::<Int64Type>(&mut group, &cells)?;
            } else {
                let text = |row: &Row| rows::text(row, of).map(|text| ByteArray::from(text.into_bytes()));
                let cells: Vec<_> = self.rows.iter().map(text).collect();
                column::<ByteArrayType>(&mut group, &cells)?;
            }
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }
}

/// Writes one column of a group: the values that are there, and for each row whether one is.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>,
    cells: &[Option<T::T>],
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General("there are fewer columns than cells".to_owned()));
    };
    let values: Vec<T::T> = cells.iter().flatten().cloned().collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    writer.close()
}

/// Every column may be empty but the first three.
fn schema() -> String {
    let cell = |column: Column| match column.holds() {
        Holds::Number => format!("OPTIONAL INT64 {};", column.name()),
        Holds::Word | Holds::Bytes => format!("OPTIONAL BYTE_ARRAY {} (UTF8);", column.name()),
    };
    let cells: Vec<String> = Column::ALL.into_iter().map(cell).collect();
    format!(
        "message entries {{ REQUIRED INT64 index; REQUIRED INT64 at (TIMESTAMP(MILLIS,true)); REQUIRED INT64 seq; OPTIONAL BYTE_ARRAY annex (UTF8); {} }}",
        cells.join(" ")
    )
}

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

impl Sink for Parquet {
    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            self.rows.push(row.clone());
            if self.rows.len() == GROUP {
                self.group().map_err(failed)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.group().map_err(failed)?;
        }
        settle(self.writer.into_inner().map_err(failed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::index::tests::rows as some_rows;
    use parquet::file::reader::FileReader as _;
    use parquet::file::reader::SerializedFileReader;
    use parquet::record::Field;

    #[test]
    fn every_row_and_every_cell_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let all: Vec<Row> = some_rows(GROUP as u64 + 100);
        let mut sink = Box::new(Parquet::new(BufWriter::new(File::create(&path).unwrap())).unwrap());
        all.chunks(5_000).for_each(|rows| sink.rows(rows).unwrap());
        sink.finish().unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let mut read = 0;
        for (row, expected) in reader.get_row_iter(None).unwrap().zip(&all) {
            let row = row.unwrap();
            let told =
                |name: &str| row.get_column_iter().find(|(column, _)| *column == name).unwrap().1.clone();
            assert_eq!(told("at"), Field::TimestampMillis(expected.at));
            let object = rows::json(expected);
            let mut there = 0;
            for (name, field) in row.get_column_iter().filter(|(name, _)| *name != "at") {
                match field {
                    Field::Null => assert!(object.get(name).is_none(), "{name}"),
                    Field::Long(number) => assert_eq!(object[name].as_i64(), Some(*number), "{name}"),
                    Field::Str(text) => assert_eq!(object[name].as_str(), Some(text.as_str()), "{name}"),
                    other => panic!("{other:?}"),
                }
                there += usize::from(!matches!(field, Field::Null));
            }
            assert_eq!(there + 1, object.as_object().unwrap().len());
            read += 1;
        }
        assert_eq!(read, all.len());
    }
}
