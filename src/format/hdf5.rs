//! ARLDM's HDF5 files: one group per split, in it `image0` to `image4` with one PNG per element and one or two
//! data sets of captions joined by `|`.
//!
//! The crate `hdf5-pure` finds groups, types and the place of elements. An element of variable length
//! is a reference into a global heap; [`heap`] follows it, so that one element is read and not the
//! file: the published ones have many gigabytes. [`write`] writes such files.

mod error;
mod heap;
mod write;

pub use error::StoryFileError;
pub use write::StoryFileWriter;

use hdf5_pure::Datatype;
use heap::{Heap, Reference};
use std::fs::File;
use std::path::Path;

/// Longest image element, in bytes.
const MAX_IMAGE: u64 = 1 << 28;
/// Longest text element, in bytes.
const MAX_TEXT: u64 = 1 << 20;
/// Groups and data sets of a group that are read.
const MAX_MEMBERS: usize = 256;

/// An open file.
pub struct StoryFile {
    heap: Heap,
    groups: Vec<Group>,
}

/// One split.
struct Group {
    name: String,
    len: u64,
    /// `image0`, `image1`, ...
    images: Vec<hdf5_pure::Dataset>,
    texts: Vec<(String, hdf5_pure::Dataset)>,
}

impl StoryFile {
    /// Opens a file and looks into its groups. Groups without `image0` and data sets of other types are
    /// left alone.
    ///
    /// # Errors
    /// The file cannot be read, is no HDF5 file, or has no group of stories; the data sets of a group
    /// have different lengths.
    pub fn open(path: &Path) -> Result<Self, StoryFileError> {
        let heap = Heap::new(File::open(path)?)?;
        let file = hdf5_pure::File::from_source(heap.source())?;
        let superblock = file.superblock();
        if superblock.offset_size != 8 || superblock.length_size != 8 {
            return Err(StoryFileError::Unsupported {
                what: "addresses of less than 8 bytes",
            });
        }
        let end = superblock.eof_address;
        if end > heap.length() {
            return Err(StoryFileError::Truncated {
                wanted: end,
                found: heap.length(),
            });
        }
        let heap = heap.with_base(superblock.base_address.get());
        let root = file.root();
        let mut groups = Vec::new();
        let mut names = root.groups()?;
        names.truncate(MAX_MEMBERS);
        for name in names {
            let group = root.group(&name)?;
            if let Some(group) = Group::open(name, &group)? {
                groups.push(group);
            }
        }
        if groups.is_empty() {
            return Err(StoryFileError::NoStories);
        }
        Ok(Self { heap, groups })
    }

    /// Names of the groups of stories, in the order of the file.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    /// Number of stories of a group.
    ///
    /// # Errors
    /// [`StoryFileError::NoGroup`].
    pub fn len(&self, group: &str) -> Result<u64, StoryFileError> {
        Ok(self.group(group)?.len)
    }

    /// Images of each story of a group.
    ///
    /// # Errors
    /// [`StoryFileError::NoGroup`].
    pub fn images(&self, group: &str) -> Result<usize, StoryFileError> {
        Ok(self.group(group)?.images.len())
    }

    /// Names of a group's data sets of text.
    ///
    /// # Errors
    /// [`StoryFileError::NoGroup`].
    pub fn texts(&self, group: &str) -> Result<Vec<&str>, StoryFileError> {
        let texts = &self.group(group)?.texts;
        Ok(texts.iter().map(|(name, _)| name.as_str()).collect())
    }

    /// Bytes of the picture file of image `k`, from 0, of story `index`, from 0.
    ///
    /// # Errors
    /// No such group, image or story; a damaged heap; more than 256 MiB.
    pub fn image(&self, group: &str, k: usize, index: u64) -> Result<Vec<u8>, StoryFileError> {
        let group = self.group(group)?;
        let data = group
            .images
            .get(k)
            .ok_or_else(|| group.lacks(&format!("image{k}")))?;
        self.element(data, index, group.len, MAX_IMAGE)
    }

    /// Text of story `index`, from 0, in the data set `name`.
    ///
    /// # Errors
    /// As [`StoryFile::image`], and text that is not UTF-8 or above 1 MiB.
    pub fn text(&self, group: &str, name: &str, index: u64) -> Result<String, StoryFileError> {
        let group = self.group(group)?;
        let (_, data) = group
            .texts
            .iter()
            .find(|(found, _)| found == name)
            .ok_or_else(|| group.lacks(name))?;
        let bytes = self.element(data, index, group.len, MAX_TEXT)?;
        String::from_utf8(bytes).map_err(|_| StoryFileError::NotText {
            name: name.to_owned(),
            index,
        })
    }

    fn group(&self, name: &str) -> Result<&Group, StoryFileError> {
        self.groups
            .iter()
            .find(|group| group.name == name)
            .ok_or_else(|| StoryFileError::NoGroup {
                group: name.to_owned(),
                known: self.groups().map(str::to_owned).collect(),
            })
    }

    fn element(
        &self,
        data: &hdf5_pure::Dataset,
        index: u64,
        len: u64,
        limit: u64,
    ) -> Result<Vec<u8>, StoryFileError> {
        if index >= len {
            return Err(StoryFileError::NoSuchStory { index, len });
        }
        let row = data.read_raw_rows(index, 1)?;
        let reference = Reference::parse(&row).ok_or(StoryFileError::Damaged {
            what: "an element is no reference into a heap",
            address: index,
        })?;
        self.heap.read(reference, limit)
    }
}

impl Group {
    fn open(name: String, group: &hdf5_pure::Group) -> Result<Option<Self>, StoryFileError> {
        let mut names = group.datasets()?;
        names.truncate(MAX_MEMBERS);
        let mut images = Vec::new();
        for k in 0..names.len() {
            let Some(image) = names.iter().find(|name| **name == format!("image{k}")) else {
                break;
            };
            let data = group.dataset(image)?;
            if !is_bytes(&data.datatype()?) {
                return Err(StoryFileError::WrongType {
                    group: name,
                    dataset: image.clone(),
                });
            }
            images.push(data);
        }
        let Some(first) = images.first() else {
            return Ok(None);
        };
        let len = length(first)?;
        let mut texts = Vec::new();
        for text in names {
            let data = group.dataset(&text)?;
            // A data set of a type that the crate does not know is not ours.
            if data.datatype().is_ok_and(|datatype| is_text(&datatype)) {
                texts.push((text, data));
            }
        }
        let opened = Self {
            name,
            len,
            images,
            texts,
        };
        for data in opened
            .images
            .iter()
            .chain(opened.texts.iter().map(|(_, data)| data))
        {
            let found = length(data)?;
            if found != len {
                return Err(StoryFileError::Lengths {
                    group: opened.name,
                    first: len,
                    found,
                });
            }
        }
        Ok(Some(opened))
    }

    fn lacks(&self, dataset: &str) -> StoryFileError {
        StoryFileError::NoDataset {
            group: self.name.clone(),
            dataset: dataset.to_owned(),
        }
    }
}

/// Length of a data set of one axis.
fn length(data: &hdf5_pure::Dataset) -> Result<u64, StoryFileError> {
    match data.shape()?.as_slice() {
        [len] => Ok(*len),
        _ => Err(StoryFileError::Unsupported {
            what: "data sets of stories with more or less than one axis",
        }),
    }
}

/// Whether elements are sequences of bytes.
fn is_bytes(datatype: &Datatype) -> bool {
    matches!(
        datatype,
        Datatype::VariableLength { is_string: false, base_type, .. }
            if matches!(**base_type, Datatype::FixedPoint { size: 1, .. })
    )
}

/// Whether elements are strings of variable length.
fn is_text(datatype: &Datatype) -> bool {
    matches!(
        datatype,
        Datatype::VariableLength {
            is_string: true,
            ..
        }
    )
}

#[cfg(test)]
mod tests;
