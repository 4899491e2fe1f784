//! All published tables, compiled into the program.

use super::{About, PaperError, PublishedCell, PublishedTable};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A file of the program: name and text.
type File = (&'static str, &'static str);

macro_rules! embedded {
    ($name:literal) => {
        (
            concat!("reference-data/papers/", $name, ".csv"),
            include_str!(concat!("../../reference-data/papers/", $name, ".csv")),
        )
    };
}

const TABLES: File = embedded!("tables");
const CELLS: [File; 3] = [
    embedded!("storygpt-v-cvpr-supp"),
    embedded!("storygpt-v-arxiv-v3"),
    embedded!("vlc-storygan"),
];

/// Every published table.
#[derive(Clone, Debug)]
pub struct Library {
    tables: Vec<PublishedTable>,
}

impl Library {
    /// Reads what is compiled into the program.
    ///
    /// # Errors
    /// [`PaperError::Data`] where that is not what it should be, which a test rules out.
    pub fn open() -> Result<Self, PaperError> {
        let mut cells: BTreeMap<String, Vec<PublishedCell>> = BTreeMap::new();
        for file in CELLS {
            for cell in read::<PublishedCell>(file)? {
                cells.entry(cell.table.clone()).or_default().push(cell);
            }
        }
        let mut tables = Vec::new();
        for about in read::<About>(TABLES)? {
            let of_table = cells.remove(&about.id).unwrap_or_default();
            tables.push(PublishedTable::new(about, of_table)?);
        }
        match cells.keys().next() {
            None => Ok(Self { tables }),
            Some(id) => Err(PaperError::Data {
                file: TABLES.0,
                message: format!("says nothing of table `{id}`"),
            }),
        }
    }

    /// The tables, paper by paper, in the order of each paper.
    #[must_use]
    pub fn tables(&self) -> &[PublishedTable] {
        &self.tables
    }

    /// A table by its id.
    ///
    /// # Errors
    /// [`PaperError::UnknownTable`], with the id that was probably meant.
    pub fn find(&self, id: &str) -> Result<&PublishedTable, PaperError> {
        let of_id = self.tables.iter().find(|table| table.about().id == id);
        of_id.ok_or_else(|| {
            let ids = || self.tables.iter().map(|table| &table.about().id);
            let near = ids()
                .map(|known| (strsim::damerau_levenshtein(id, known), known))
                .filter(|(edits, known)| *edits <= 1 + known.len() / 3)
                .min_by_key(|(edits, _)| *edits);
            PaperError::UnknownTable {
                id: id.to_owned(),
                known: ids().cloned().collect(),
                suggestion: near.map(|(_, known)| known.clone()),
            }
        })
    }
}

fn read<T: DeserializeOwned>((file, text): File) -> Result<Vec<T>, PaperError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .deserialize()
        .collect::<Result<Vec<T>, csv::Error>>()
        .map_err(|error| PaperError::Data {
            file,
            message: error.to_string(),
        })
}

#[cfg(test)]
#[path = "library_tests.rs"]
mod tests;
