//! Global heaps: where HDF5 keeps elements of variable length.
//!
//! HDF5 File Format Specification 3.0, III.E "Global Heap" and IV.A.2.d for the references. A heap is a
//! number of collections; a collection is a header of 16 bytes and objects, each with its own.

use super::StoryFileError;
use hdf5_pure::{FormatError, Source};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// Where an element of variable length lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// Bytes of the element.
    pub(super) length: u32,
    /// Address of the collection.
    pub(super) collection: u64,
    /// Number of the object in the collection.
    pub(super) object: u32,
}

impl Reference {
    /// Bytes of a reference in a file with addresses of 8 bytes.
    pub(super) const SIZE: usize = 16;

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (collection, rest) = rest.split_first_chunk::<8>()?;
        let object: &[u8; 4] = rest.try_into().ok()?;
        Some(Self {
            length: u32::from_le_bytes(*length),
            collection: u64::from_le_bytes(*collection),
            object: u32::from_le_bytes(*object),
        })
    }

    pub(super) fn bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.length.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.collection.to_le_bytes());
        bytes[12..].copy_from_slice(&self.object.to_le_bytes());
        bytes
    }
}

/// A file that is read at places, by the crate for its structure and by us for the elements.
#[derive(Clone)]
pub(super) struct SharedFile {
    file: Arc<Mutex<File>>,
    length: u64,
}

impl SharedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        // Every read seeks first, so a reader that panicked left nothing behind that matters.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}

impl Source for SharedFile {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FormatError> {
        let end = offset.saturating_add(buffer.len() as u64);
        if end > self.length {
            return Err(FormatError::UnexpectedEof {
                expected: end as usize,
                available: self.length as usize,
            });
        }
        SharedFile::read_at(self, offset, buffer)
            .map_err(|error| FormatError::Source(error.to_string()))
    }
}

/// The collections of a file.
pub(super) struct Heap {
    file: SharedFile,
    /// Where address 0 of the file's structure lies: the length of a user block.
    base: u64,
}

impl Heap {
    pub(super) fn new(file: File) -> Result<Self, StoryFileError> {
        let length = file.metadata()?.len();
        Ok(Self {
            file: SharedFile {
                file: Arc::new(Mutex::new(file)),
                length,
            },
            base: 0,
        })
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.file.length
    }

    pub(super) fn source(&self) -> SharedFile {
        self.file.clone()
    }

    pub(super) fn with_base(self, base: u64) -> Self {
        Self { base, ..self }
    }

    /// Bytes of the element that `reference` names, at most `limit`.
    pub(super) fn read(&self, reference: Reference, limit: u64) -> Result<Vec<u8>, StoryFileError> {
        let length = u64::from(reference.length);
        if length == 0 {
            return Ok(Vec::new());
        }
        if length > limit {
            return Err(StoryFileError::TooLarge {
                found: length,
                limit,
            });
        }
        let (address, size) = self.find(reference)?;
        let damaged = |what| StoryFileError::Damaged { what, address };
        if size < length {
            return Err(damaged("an element is shorter than its reference says"));
        }
        // Compared with the length of the file before anything is allocated.
        if address
            .checked_add(length)
            .is_none_or(|end| end > self.file.length)
        {
            return Err(damaged("an element goes beyond the end of the file"));
        }
        let mut bytes = vec![0; length as usize];
        self.file.read_at(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Address and size of an object.
    fn find(&self, reference: Reference) -> Result<(u64, u64), StoryFileError> {
        let start = self.base.saturating_add(reference.collection);
        let damaged = |what| StoryFileError::Damaged {
            what,
            address: start,
        };
        let header: [u8; 16] = self.sixteen(start)?;
        if header[..5] != *b"GCOL\x01" {
            return Err(damaged("there is no heap where an element should be"));
        }
        let end = start
            .saturating_add(size_of_header(&header))
            .min(self.file.length);
        let mut at = start + 16;
        // Numbers of objects have 16 bits, so no collection has more; each step moves on.
        for _ in 0..=u16::MAX {
            if at.saturating_add(16) > end {
                break;
            }
            let header = self.sixteen(at)?;
            let index = u32::from(u16::from_le_bytes([header[0], header[1]]));
            let size = size_of_header(&header);
            if index == 0 {
                // The rest is free.
                break;
            }
            if index == reference.object {
                return Ok((at + 16, size));
            }
            // Objects are filled up to multiples of 8 bytes.
            let Some(next) = size
                .checked_next_multiple_of(8)
                .and_then(|size| size.checked_add(at + 16))
            else {
                break;
            };
            at = next;
        }
        Err(damaged("a heap lacks the object of an element"))
    }

    fn sixteen(&self, address: u64) -> Result<[u8; 16], StoryFileError> {
        if address
            .checked_add(16)
            .is_none_or(|end| end > self.file.length)
        {
            return Err(StoryFileError::Damaged {
                what: "a heap lies beyond the end of the file",
                address,
            });
        }
        let mut bytes = [0; 16];
        self.file.read_at(address, &mut bytes)?;
        Ok(bytes)
    }
}

/// The size in bytes 8 to 15 of the header of a collection or an object.
fn size_of_header(header: &[u8; 16]) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = *header;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
