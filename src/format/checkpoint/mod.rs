//! Checkpoints of other programs: the weights of a network by name, as PyTorch (`torch.save`, zip and legacy), TorchScript,
//! safetensors and NumPy (`.npz`, pickles of arrays) write them.
//!
//! Opening reads names, types and shapes. The numbers are read one tensor at a time and in pieces, so memory does not grow
//! with the file. Nothing that a file says is run: pickles go through [`super::pickle`], and the code of a TorchScript
//! archive is not read.

mod legacy;
mod numpy;
mod safetensors;
mod stored;
mod tree;
mod zipped;

pub use stored::{Number, StoredTensor};

use super::FormatError;
use super::fault::{Fault, FileKind};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use stored::Place;
use zip::ZipArchive;

const EXPECTED: FileKind = FileKind {
    expected: "a checkpoint with weights",
    hint: "take the file from its publisher again, or save the weights alone: \
`torch.save(model.state_dict(), PATH)` or `safetensors.torch.save_file(model.state_dict(), PATH)`",
};
/// Most bytes of a description of tensors: the largest networks have some hundred thousand.
const MOST: u64 = 64 << 20;
/// Numbers of a piece.
const PIECE: usize = 1 << 16;

const PREFIXES: [&str; 2] = ["module.", "_orig_mod."];

type Tensors = BTreeMap<String, StoredTensor>;

/// An open checkpoint.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    source: Source,
    tensors: Tensors,
}

/// Where the numbers are.
#[derive(Debug)]
enum Source {
    File(BufReader<File>),
    Zip(ZipArchive<BufReader<File>>),
}

impl Checkpoint {
    /// Reads names, types and shapes of all tensors. What PyTorch puts before all names, for several GPUs (`module.`) and
    /// for compiled modules (`_orig_mod.`), is left out.
    ///
    /// # Errors
    /// [`FormatError::Read`], and [`FormatError::Malformed`] for anything but a checkpoint, for damaged ones and for those
    /// that ask for more than data.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let (source, mut tensors) = open(path).map_err(|fault| EXPECTED.fault(path, fault))?;
        if tensors.is_empty() {
            return Err(EXPECTED.malformed(path, "it holds no tensors"));
        }
        for prefix in PREFIXES {
            if tensors.keys().all(|name| name.starts_with(prefix)) {
                let short = |name: String| name[prefix.len()..].to_owned();
                tensors = tensors
                    .into_iter()
                    .map(|(name, it)| (short(name), it))
                    .collect();
            }
        }
        Ok(Self {
            path: path.to_owned(),
            source,
            tensors,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every tensor by its name.
    #[must_use]
    pub fn tensors(&self) -> &BTreeMap<String, StoredTensor> {
        &self.tensors
    }

    /// Reads the numbers of a tensor, or of a view of one, in the order of its axes, and gives them to `take` in pieces.
    ///
    /// # Errors
    /// What reading says, and what `take` says; `InvalidData` for numbers that are not floats.
    pub fn read(
        &mut self,
        tensor: &StoredTensor,
        take: &mut dyn FnMut(&[f32]) -> io::Result<()>,
    ) -> io::Result<()> {
        let (at, bytes) = tensor.reach();
        match (&tensor.place, &mut self.source) {
            (Place::Memory(data), _) => tensor.convert(&mut part(data, at, bytes)?, take),
            (Place::File(start), Source::File(file)) => {
                file.seek(SeekFrom::Start(start + at))?;
                tensor.convert(&mut file.take(bytes), take)
            }
            (Place::Member(index), Source::Zip(archive)) => {
                if let Ok(mut member) = archive.by_index_seek(*index) {
                    member.seek(SeekFrom::Start(at))?;
                    return tensor.convert(&mut BufReader::new(member).take(bytes), take);
                }
                let mut member = archive.by_index(*index)?;
                io::copy(&mut (&mut member).take(at), &mut io::sink())?;
                tensor.convert(&mut member.take(bytes), take)
            }
            _ => Err(io::Error::other("a tensor of another checkpoint")),
        }
    }

    /// The numbers of a tensor at once; for small ones.
    ///
    /// # Errors
    /// As [`Checkpoint::read`].
    pub fn numbers(&mut self, tensor: &StoredTensor) -> io::Result<Vec<f32>> {
        let mut found = Vec::with_capacity(tensor.count());
        self.read(tensor, &mut |piece| {
            found.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(found)
    }
}

fn part(data: &[u8], at: u64, bytes: u64) -> io::Result<Cursor<&[u8]>> {
    let end = at
        .checked_add(bytes)
        .and_then(|end| usize::try_from(end).ok());
    end.and_then(|end| data.get(at as usize..end))
        .map(Cursor::new)
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// The first bytes decide, not the name: publishers call everything `.pt`.
fn open(path: &Path) -> Result<(Source, Tensors), Fault> {
    let mut file = BufReader::new(File::open(path)?);
    let length = file.get_ref().metadata()?.len();
    let mut head = Vec::with_capacity(512);
    file.by_ref().take(512).read_to_end(&mut head)?;
    file.rewind()?;
    match head.as_slice() {
        [b'P', b'K', ..] => {
            let mut archive = ZipArchive::new(file)?;
            let tensors = zipped::tensors(&mut archive)?;
            Ok((Source::Zip(archive), tensors))
        }
        _ if head.starts_with(legacy::MAGIC) => {
            let tensors = legacy::tensors(&mut file, length)?;
            Ok((Source::File(file), tensors))
        }
        [0x80, 2..=5, ..] => {
            let tensors = numpy::pickled(&mut file, length)?;
            Ok((Source::File(file), tensors))
        }
        [_, _, _, _, _, _, _, _, b'{', ..] => {
            let tensors = safetensors::tensors(&mut file, length)?;
            Ok((Source::File(file), tensors))
        }
        _ => Err(Fault::Malformed(what(&head).to_owned())),
    }
}

/// What a file looks like that is no checkpoint.
fn what(head: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(head);
    match head {
        [] => "it is empty",
        [0x1f, 0x8b, ..] => "it is packed with gzip; unpack it first",
        [0x89, b'H', b'D', b'F', ..] => "it is an HDF5 file",
        [b'G', b'G', b'U', b'F', ..] => "it is a GGUF file",
        _ if text.starts_with("version https://git-lfs") => {
            "it is a pointer of Git LFS: run `git lfs pull`, or download the file itself"
        }
        _ if text.trim_start().starts_with('<') => "it is a web page",
        _ if head.get(257..262) == Some(b"ustar") => {
            "it is a tar archive; unpack it first (PyTorch before 0.1.10 wrote such checkpoints, which are not read)"
        }
        _ if head
            .iter()
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) =>
        {
            "it is a text"
        }
        _ => "its first bytes are those of no kind of checkpoint",
    }
}

#[cfg(test)]
mod tests;
