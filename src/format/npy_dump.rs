//! Writes numpy's NPY format: the header, and arrays of text and of objects.

use super::pickle_dump::{Value, dump_array};
use std::fmt::Write;

/// The header of version 1.0 for elements of numpy's type `descr`, in C order.
pub(crate) fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let mut sides = String::new();
    for side in shape {
        // Writing to a String cannot fail.
        let _ = write!(sides, "{side}, ");
    }
    // As Python prints tuples: a single element keeps its comma.
    let sides = match shape {
        [_] => sides.trim_end(),
        _ => sides.trim_end_matches(", "),
    };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sides}), }}");
    // Magic, version and length are 10 bytes; the whole is padded to 64 and ends in a newline.
    let padding = 64 - (10 + header.len() + 1) % 64;
    header.extend(std::iter::repeat_n(' ', padding % 64));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes
}

/// A file with an array of byte strings. `columns` makes a matrix of it.
pub(crate) fn byte_strings(cells: &[String], columns: Option<usize>) -> Vec<u8> {
    let width = cells.iter().map(String::len).max().unwrap_or(0).max(1);
    let mut bytes = header(&format!("|S{width}"), &shape(cells.len(), columns));
    for cell in cells {
        bytes.extend(cell.as_bytes());
        bytes.extend(std::iter::repeat_n(0, width - cell.len()));
    }
    bytes
}

/// A file with an array of text. `columns` makes a matrix of it.
pub(crate) fn texts(cells: &[String], columns: Option<usize>) -> Vec<u8> {
    let lengths = cells.iter().map(|cell| cell.chars().count());
    let width = lengths.max().unwrap_or(0).max(1);
    let mut bytes = header(&format!("<U{width}"), &shape(cells.len(), columns));
    for cell in cells {
        let mut left = width;
        for letter in cell.chars() {
            bytes.extend(u32::from(letter).to_le_bytes());
            left -= 1;
        }
        bytes.extend(std::iter::repeat_n(0, 4 * left));
    }
    bytes
}

/// A file with an array of objects along one axis.
pub(crate) fn objects(items: &[Value]) -> Vec<u8> {
    let mut bytes = header("|O", &[items.len()]);
    bytes.extend(dump_array(items, true));
    bytes
}

/// A file with one object, as `numpy.save` writes what is no array.
pub(crate) fn object(item: Value) -> Vec<u8> {
    let mut bytes = header("|O", &[]);
    bytes.extend(dump_array(&[item], false));
    bytes
}

fn shape(cells: usize, columns: Option<usize>) -> Vec<usize> {
    match columns {
        Some(columns) => vec![cells / columns.max(1), columns],
        None => vec![cells],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{NpyContent, decode_npy};

    fn decode(bytes: &[u8]) -> NpyContent {
        decode_npy(&mut &*bytes, bytes.len() as u64).unwrap()
    }

    #[test]
    fn a_header_is_padded_to_64_bytes() {
        for shape in [&[][..], &[3], &[5, 128, 128, 3]] {
            assert_eq!(header("|u1", shape).len() % 64, 0);
        }
    }

    #[test]
    fn text_is_read_back() {
        let cells: Vec<String> = ["a/1.png", "", "gr\u{fc}n/10.png", "\u{1f98a}"]
            .map(str::to_owned)
            .to_vec();
        for bytes in [byte_strings(&cells, Some(2)), texts(&cells, Some(2))] {
            let NpyContent::Text(table) = decode(&bytes) else {
                panic!("no text")
            };
            assert_eq!((table.len(), table.columns()), (2, 2));
            assert_eq!(table.rows().flatten().cloned().collect::<Vec<_>>(), cells);
        }
        for bytes in [byte_strings(&[], None), texts(&[], None)] {
            let NpyContent::Text(table) = decode(&bytes) else {
                panic!("no text")
            };
            assert_eq!(table.len(), 0);
        }
    }

    #[test]
    fn objects_are_read_back() {
        let NpyContent::Objects(lists) = decode(&objects(&[
            Value::List(vec![Value::Int(70_000)]),
            Value::List(Vec::new()),
        ])) else {
            panic!("no objects")
        };
        let lists: Vec<_> = lists.root().items().unwrap().collect();
        assert_eq!(lists[0].integers(), Some(vec![70_000]));
        assert_eq!(lists[1].len(), Some(0));
        let dict = Value::Dict(vec![("a".to_owned(), Value::Text("b".to_owned()))]);
        let NpyContent::Objects(one) = decode(&object(dict)) else {
            panic!("no objects")
        };
        assert_eq!(one.root().get("a").unwrap().as_str(), Some("b"));
    }
}
