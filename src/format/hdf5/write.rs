//! Writes files as ARLDM's scripts write them through h5py: HDF5 of the oldest version.
//!
//! HDF5 File Format Specification 3.0: superblock 0 (II.A), groups as B-tree, symbol table and local
//! heap (III.A, III.B, III.D), object headers 1 (IV.A.1), global heaps (III.E). Pictures and texts go to
//! the file as they come; only references to them, 16 bytes each, are held.

use super::StoryFileError;
use super::heap::Reference;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The address that means nowhere.
const UNDEFINED: u64 = u64::MAX;
const SUPERBLOCK: u64 = 96;
/// A collection is written when its objects have this many bytes. HDF5 makes them no smaller than 4096.
const COLLECTION: usize = 1 << 15;
const LEAST_COLLECTION: usize = 4096;
/// Members of a group that one node of a symbol table holds: twice the superblock's `k`.
const LEAF: u16 = 32;
const INTERNAL: u16 = 16;

/// A file of stories that is being written. Nothing is at its path until [`StoryFileWriter::finish`].
pub struct StoryFileWriter {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    /// Bytes written, which is the address of what comes next.
    at: u64,
    images: usize,
    texts: Vec<String>,
    collection: Collection,
    groups: Vec<(String, Vec<Vec<Reference>>)>,
}

/// Objects of a heap that are not in the file yet.
#[derive(Default)]
struct Collection {
    bytes: Vec<u8>,
    objects: u16,
    /// Group, data set and element of each object, for the address that is not known yet.
    owners: Vec<(usize, usize, usize)>,
}

impl StoryFileWriter {
    /// Begins a file whose stories have `images` pictures each, and a text for each of the data sets
    /// `texts`.
    ///
    /// # Errors
    /// The folder cannot be written to; more data sets than a small group holds.
    pub fn create(path: &Path, images: usize, texts: &[&str]) -> Result<Self, StoryFileError> {
        if images + texts.len() > usize::from(LEAF) {
            return Err(StoryFileError::Unsupported {
                what: "more than 32 data sets a group",
            });
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        // Opened by hand: a temporary file is closed to other users, and this one will be no longer temporary.
        let open = |path: &Path| File::create_new(path);
        let temporary = tempfile::Builder::new().make_in(folder.unwrap_or(Path::new(".")), open)?;
        let mut file = BufWriter::new(temporary);
        // The superblock is written last, when it is known what it says.
        file.write_all(&[0; SUPERBLOCK as usize])?;
        Ok(Self {
            path: path.to_owned(),
            file,
            at: SUPERBLOCK,
            images,
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            collection: Collection::default(),
            groups: Vec::new(),
        })
    }

    /// Begins a group; the stories that follow are in it.
    ///
    /// # Errors
    /// A name that occurs already, is empty or has a `/` or a zero; more than 32 groups.
    pub fn group(&mut self, name: &str) -> Result<(), StoryFileError> {
        let taken = self.groups.iter().any(|(found, _)| found == name);
        if taken
            || name.is_empty()
            || name.contains(['/', '\0'])
            || self.groups.len() >= usize::from(LEAF)
        {
            return Err(StoryFileError::Unsupported {
                what: "group names that are empty, occur twice, hold `/`, or are more than 32",
            });
        }
        let datasets = vec![Vec::new(); self.images + self.texts.len()];
        self.groups.push((name.to_owned(), datasets));
        Ok(())
    }

    /// Adds a story to the group that was begun last: its picture files and its texts.
    ///
    /// # Errors
    /// No group was begun, a story of other numbers of images or texts, a failing disk.
    pub fn story<I: AsRef<[u8]>, T: AsRef<str>>(
        &mut self,
        images: &[I],
        texts: &[T],
    ) -> Result<(), StoryFileError> {
        if images.len() != self.images || texts.len() != self.texts.len() || self.groups.is_empty()
        {
            return Err(StoryFileError::Misfit {
                found_images: images.len(),
                found_texts: texts.len(),
                images: self.images,
                texts: self.texts.len(),
            });
        }
        let elements = images
            .iter()
            .map(AsRef::as_ref)
            .chain(texts.iter().map(|text| text.as_ref().as_bytes()));
        for (dataset, element) in elements.enumerate() {
            self.element(dataset, element)?;
        }
        Ok(())
    }

    fn element(&mut self, dataset: usize, element: &[u8]) -> Result<(), StoryFileError> {
        let length = u32::try_from(element.len()).map_err(|_| StoryFileError::TooLarge {
            found: element.len() as u64,
            limit: u64::from(u32::MAX),
        })?;
        let group = self.groups.len() - 1;
        let mut reference = Reference {
            length,
            collection: 0,
            object: 0,
        };
        // Nothing is at address 0: an element without bytes needs no object.
        if length > 0 {
            self.collection.objects += 1;
            reference.object = u32::from(self.collection.objects);
            let index = self.groups[group].1[dataset].len();
            self.collection.owners.push((group, dataset, index));
            let bytes = &mut self.collection.bytes;
            bytes.extend(self.collection.objects.to_le_bytes());
            bytes.extend([0; 6]);
            bytes.extend(u64::from(length).to_le_bytes());
            bytes.extend(element);
            pad(bytes);
        }
        self.groups[group].1[dataset].push(reference);
        if self.collection.bytes.len() >= COLLECTION {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the objects that wait, and gives their references the address.
    fn flush(&mut self) -> Result<(), StoryFileError> {
        let Collection { bytes, owners, .. } = std::mem::take(&mut self.collection);
        if owners.is_empty() {
            return Ok(());
        }
        let size = (16 + bytes.len()).max(LEAST_COLLECTION);
        let mut block = b"GCOL\x01\0\0\0".to_vec();
        block.extend((size as u64).to_le_bytes());
        block.extend(bytes);
        let free = size - block.len();
        if free >= 16 {
            // Object 0 is the space that is left, its own header included.
            block.extend([0; 8]);
            block.extend((free as u64).to_le_bytes());
        }
        block.resize(size, 0);
        let address = self.put(&block)?;
        for (group, dataset, index) in owners {
            self.groups[group].1[dataset][index].collection = address;
        }
        Ok(())
    }

    /// Writes the structure of the file and gives it its name.
    ///
    /// # Errors
    /// A failing disk.
    pub fn finish(mut self) -> Result<(), StoryFileError> {
        self.flush()?;
        let texts = std::mem::take(&mut self.texts);
        let mut members = Vec::new();
        for (name, datasets) in std::mem::take(&mut self.groups) {
            let mut inner = Vec::new();
            for (index, references) in datasets.iter().enumerate() {
                let text = index
                    .checked_sub(self.images)
                    .and_then(|text| texts.get(text));
                let address = self.dataset(references, text.is_some())?;
                let label = text.map_or_else(|| format!("image{index}"), Clone::clone);
                inner.push((label, address, None));
            }
            let (header, tables) = self.members(inner)?;
            members.push((name, header, Some(tables)));
        }
        let (root, tables) = self.members(members)?;
        let superblock = superblock(root, tables, self.at);
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&superblock)?;
        let file = self
            .file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        sync_folder(&self.path);
        Ok(())
    }

    /// A data set of one axis: references, then the object header. Gives the header's address.
    fn dataset(&mut self, references: &[Reference], text: bool) -> Result<u64, StoryFileError> {
        let bytes: Vec<u8> = references.iter().flat_map(|r| r.bytes()).collect();
        let (data, size) = if bytes.is_empty() {
            (UNDEFINED, 0)
        } else {
            (self.put(&bytes)?, bytes.len() as u64)
        };
        // Version 1, one axis, no largest length.
        let mut space = vec![1, 1, 0, 0, 0, 0, 0, 0];
        space.extend((references.len() as u64).to_le_bytes());
        // Class 9 of version 1 with 16 bytes an element: a sequence, or UTF-8 text that ends with zero; of
        // unsigned bytes.
        let mut datatype = vec![0x19, u8::from(text), u8::from(text), 0];
        datatype.extend((Reference::SIZE as u32).to_le_bytes());
        datatype.extend([0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0]);
        // Version 2: space is taken late, the fill value is written if it was set, and it was not.
        let fill = vec![2, 2, 2, 1, 0, 0, 0, 0];
        // Version 3, contiguous.
        let mut layout = vec![3, 1];
        layout.extend(data.to_le_bytes());
        layout.extend(size.to_le_bytes());
        self.header(&[(1, space), (3, datatype), (5, fill), (8, layout)])
    }

    /// A group with these members: name, address of the header, and tables of a group. Gives the header's
    /// address and its own tables.
    fn members(
        &mut self,
        mut members: Vec<(String, u64, Option<Tables>)>,
    ) -> Result<(u64, Tables), StoryFileError> {
        members.sort();
        // Offset 0 of the names is the empty name.
        let mut names = vec![0; 8];
        let mut table = b"SNOD\x01\0".to_vec();
        table.extend((members.len() as u16).to_le_bytes());
        let mut last = 0;
        for (name, header, tables) in &members {
            last = names.len() as u64;
            names.extend(name.bytes());
            names.push(0);
            pad(&mut names);
            table.extend(entry(last, *header, *tables));
        }
        table.resize(8 + 40 * usize::from(LEAF), 0);
        let names_at = self.put(&names)?;
        let mut heap = b"HEAP\0\0\0\0".to_vec();
        heap.extend((names.len() as u64).to_le_bytes());
        // 1 says that no space is free.
        heap.extend(1_u64.to_le_bytes());
        heap.extend(names_at.to_le_bytes());
        let heap = self.put(&heap)?;
        let table = self.put(&table)?;
        let mut tree = b"TREE\0\0".to_vec();
        tree.extend(u16::from(!members.is_empty()).to_le_bytes());
        tree.extend(UNDEFINED.to_le_bytes());
        tree.extend(UNDEFINED.to_le_bytes());
        tree.extend(0_u64.to_le_bytes());
        tree.extend(table.to_le_bytes());
        tree.extend(last.to_le_bytes());
        let entries = 2 * usize::from(INTERNAL);
        tree.resize(24 + 8 * (2 * entries + 1), 0);
        let tables = Tables {
            tree: self.put(&tree)?,
            heap,
        };
        Ok((self.header(&[(0x11, tables.bytes().to_vec())])?, tables))
    }

    /// An object header of version 1 with these messages.
    fn header(&mut self, messages: &[(u16, Vec<u8>)]) -> Result<u64, StoryFileError> {
        let mut body = Vec::new();
        for (kind, message) in messages {
            let mut message = message.clone();
            pad(&mut message);
            body.extend(kind.to_le_bytes());
            body.extend((message.len() as u16).to_le_bytes());
            body.extend([0; 4]);
            body.extend(message);
        }
        let mut header = vec![1, 0];
        header.extend((messages.len() as u16).to_le_bytes());
        // One link leads here.
        header.extend(1_u32.to_le_bytes());
        header.extend((body.len() as u32).to_le_bytes());
        header.extend([0; 4]);
        header.extend(body);
        self.put(&header)
    }

    /// Appends a block whose length is made a multiple of 8, and gives its address.
    fn put(&mut self, block: &[u8]) -> Result<u64, StoryFileError> {
        let address = self.at;
        let filling = block.len().next_multiple_of(8) - block.len();
        self.file.write_all(block)?;
        self.file.write_all(&[0; 8][..filling])?;
        self.at += (block.len() + filling) as u64;
        Ok(address)
    }
}

/// Where the members of a group are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tables {
    tree: u64,
    heap: u64,
}

impl Tables {
    fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.tree.to_le_bytes());
        bytes[8..].copy_from_slice(&self.heap.to_le_bytes());
        bytes
    }
}

/// A symbol table entry: of a group, with its tables for those who want to save the way.
fn entry(name: u64, header: u64, tables: Option<Tables>) -> Vec<u8> {
    let mut bytes = name.to_le_bytes().to_vec();
    bytes.extend(header.to_le_bytes());
    bytes.extend(u32::from(tables.is_some()).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(tables.map_or([0; 16], Tables::bytes));
    bytes
}

fn superblock(root: u64, tables: Tables, end: u64) -> Vec<u8> {
    let mut bytes = b"\x89HDF\r\n\x1a\n".to_vec();
    // Versions, and 8 bytes for addresses and for lengths.
    bytes.extend([0, 0, 0, 0, 0, 8, 8, 0]);
    bytes.extend((LEAF / 2).to_le_bytes());
    bytes.extend(INTERNAL.to_le_bytes());
    bytes.extend([0; 4]);
    for address in [0, UNDEFINED, end, UNDEFINED] {
        bytes.extend(address.to_le_bytes());
    }
    bytes.extend(entry(0, root, Some(tables)));
    bytes
}

/// Zeros up to a multiple of 8 bytes.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}

/// The name is in the folder, which has to reach the disk too. Where a folder cannot be opened, as on
/// Windows, the system does it.
fn sync_folder(path: &Path) {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        let _ = folder.sync_all();
    }
}
