//! `torch.save` before 1.6: pickles one after the other (a magic number, a version, the machine, the object, the keys of its
//! storages), then the storages.

use super::stored::{Number, Place};
use super::{Tensors, tree, zipped};
use crate::format::fault::Fault;
use crate::format::pickle::{Pickle, PickleError, Ref};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// The first pickle: protocol 2, the number 0x1950a86a20f9469cfc6c, the end.
pub(super) const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
/// The only version there has been.
const VERSION: i64 = 1001;

pub(super) fn tensors(file: &mut BufReader<File>, length: u64) -> Result<Tensors, Fault> {
    file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
    let version = next(file, length)?.root().as_integer();
    if version != Some(VERSION) {
        return Err(Fault::Malformed(format!(
            "its version is {version:?}, not {VERSION}"
        )));
    }
    let machine = next(file, length)?;
    let little = machine.root().get("little_endian");
    let big_endian = little.and_then(Ref::as_integer) == Some(0);
    let object = next(file, length)?;
    let keys = next(file, length)?;
    // All of them, since the storages come one after the other: what an optimiser keeps lies between weights.
    let classes: HashMap<&str, Number> = object
        .tensors()
        .map(|it| (&*it.storage.key, zipped::of_class(&it.storage.class)))
        .collect();
    let mut places: HashMap<String, (u64, u64)> = HashMap::new();
    let mut at = file.stream_position()?;
    for key in keys.root().items().into_iter().flatten() {
        let key = key.as_str().unwrap_or_default();
        let mut count = [0; 8];
        file.read_exact(&mut count)?;
        at += 8;
        let number = classes.get(key).copied();
        // The size of a storage that no weight is in is not known, and what follows it cannot be found.
        let Some(number) = number.filter(|it| *it != Number::Other) else {
            break;
        };
        let bytes = u64::from_le_bytes(count).checked_mul(number.bytes() as u64);
        let end = bytes
            .and_then(|bytes| at.checked_add(bytes))
            .filter(|end| *end <= length);
        let Some(end) = end else {
            return Err(Fault::Malformed(format!(
                "it is cut off: its storage `{key}` begins at byte {at} of {length}"
            )));
        };
        places.insert(key.to_owned(), (at, end - at));
        file.seek(SeekFrom::Start(end))?;
        at = end;
    }
    tree::leaves(object.root(), &mut |value: Ref<'_>| {
        let Some(tensor) = value.tensor() else {
            return Ok(None);
        };
        let key: &str = &tensor.storage.key;
        let (at, bytes) = places
            .get(key)
            .ok_or_else(|| Fault::Malformed(format!("it has no storage `{key}`")))?;
        zipped::of_part(tensor, (Place::File(*at), *bytes), big_endian).map(Some)
    })
}

/// The pickle that comes next.
fn next(file: &mut BufReader<File>, length: u64) -> Result<Pickle, Fault> {
    let left = length.saturating_sub(file.stream_position()?) as usize;
    Pickle::read_torch(file, left).map_err(|error: PickleError| Fault::Malformed(error.to_string()))
}
