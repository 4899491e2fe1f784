//! `.safetensors`: the length of a JSON header in 8 bytes, the header, then the numbers, little-endian and in C order.

use super::stored::{Number, Place, StoredTensor, strides};
use super::{MOST, Tensors};
use crate::format::fault::Fault;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

pub(super) fn tensors(file: &mut BufReader<File>, length: u64) -> Result<Tensors, Fault> {
    let mut size = [0; 8];
    file.read_exact(&mut size)?;
    let size = u64::from_le_bytes(size);
    if size > MOST || size > length.saturating_sub(8) {
        return Err(Fault::Malformed(format!(
            "its header claims {size} bytes; the file has {length}, and {MOST} are allowed"
        )));
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header)?;
    let said =
        |error: serde_json::Error| Fault::Malformed(format!("its header is malformed: {error}"));
    let mut entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(said)?;
    entries.remove("__metadata__");
    let start = 8 + size;
    let room = length - start;
    let mut found = Tensors::new();
    let mut taken = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        let entry: Entry = serde_json::from_value(entry).map_err(said)?;
        let tensor = tensor(&entry, start, room).map_err(|fault| fault.inside(&name))?;
        taken.push((entry.data_offsets, name.clone()));
        found.insert(name, tensor);
    }
    taken.retain(|([begin, end], _)| begin < end);
    taken.sort_unstable();
    for pair in taken.windows(2) {
        if let [([_, end], first), ([begin, _], second)] = pair
            && begin < end
        {
            return Err(Fault::Malformed(format!(
                "its tensors `{first}` and `{second}` overlap"
            )));
        }
    }
    Ok(found)
}

fn tensor(entry: &Entry, start: u64, room: u64) -> Result<StoredTensor, Fault> {
    let number = match entry.dtype.as_str() {
        "F16" => Number::F16,
        "BF16" => Number::Bf16,
        "F32" => Number::F32,
        "F64" => Number::F64,
        "I64" | "U64" => Number::Whole(8),
        "I32" | "U32" => Number::Whole(4),
        "I16" | "U16" => Number::Whole(2),
        "I8" | "U8" | "BOOL" => Number::Whole(1),
        _ => Number::Other,
    };
    let [begin, end] = entry.data_offsets;
    let shown = format!("its bytes are {begin} to {end} of {room}");
    let bytes = end.checked_sub(begin).filter(|_| end <= room);
    let bytes = bytes.ok_or_else(|| Fault::Malformed(shown.clone()))?;
    let shape = if number == Number::Other {
        vec![0]
    } else {
        entry.shape.clone()
    };
    let steps = strides(&shape, false);
    let made = StoredTensor::new(number, shape, steps, 0, (Place::File(start + begin), bytes))?;
    if number != Number::Other && (made.count() * number.bytes()) as u64 != bytes {
        return Err(Fault::Malformed(format!(
            "{shown}, but its shape is {:?}",
            entry.shape
        )));
    }
    Ok(made)
}
