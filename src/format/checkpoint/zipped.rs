//! Zip archives: `torch.save` since 1.6 and TorchScript (`<name>/data.pkl`, `<name>/data/<storage>`), and `.npz`.

use super::stored::{Number, Place, StoredTensor, strides};
use super::{MOST, Tensors, tree};
use crate::format::fault::Fault;
use crate::format::npy::NpyHeader;
use crate::format::pickle::{Pickle, Ref, TensorPart};
use std::fs::File;
use std::io::{BufReader, Read};
use zip::ZipArchive;

type Archive = ZipArchive<BufReader<File>>;

pub(super) fn tensors(archive: &mut Archive) -> Result<Tensors, Fault> {
    let mut names = Vec::with_capacity(archive.len());
    for name in archive.file_names() {
        names.push(name?.into_owned());
    }
    let pickles: Vec<&String> = names
        .iter()
        .filter(|it| it.ends_with("/data.pkl"))
        .collect();
    if let [pickle] = pickles.as_slice() {
        let root = pickle.trim_end_matches("data.pkl");
        return of_torch(archive, root);
    }
    if !names.is_empty() && names.iter().all(|name| name.strip_suffix(".npy").is_some()) {
        return of_numpy(archive, &names);
    }
    let shown: Vec<&str> = names.iter().take(4).map(String::as_str).collect();
    Err(Fault::Malformed(format!(
        "it is a zip archive with {} files and {} `data.pkl`, not one of PyTorch or NumPy: {}",
        names.len(),
        pickles.len(),
        shown.join(", ")
    )))
}

fn of_torch(archive: &mut Archive, root: &str) -> Result<Tensors, Fault> {
    let mut order = String::new();
    if let Ok(member) = archive.by_name(&format!("{root}byteorder")) {
        member.take(16).read_to_string(&mut order)?;
    }
    let member = archive.by_name(&format!("{root}data.pkl"))?;
    let length = member.size();
    if length > MOST {
        return Err(Fault::Malformed(format!(
            "its `data.pkl` claims {length} bytes, more than {MOST}"
        )));
    }
    let pickle = Pickle::read_torch(BufReader::new(member.take(MOST)), length as usize)
        .map_err(|error| Fault::Malformed(error.to_string()))?;
    tree::leaves(pickle.root(), &mut |value: Ref<'_>| {
        let Some(tensor) = value.tensor() else {
            return Ok(None);
        };
        let name = format!("{root}data/{}", tensor.storage.key);
        let index = archive.index_for_name(&name);
        let index = index.ok_or_else(|| Fault::Malformed(format!("it has no `{name}`")))?;
        let room = archive.by_index_data(index)?.size();
        let place = (Place::Member(index), room);
        of_part(tensor, place, order.trim() == "big").map(Some)
    })
}

/// A tensor of a pickle in the bytes of its storage.
pub(super) fn of_part(
    tensor: &TensorPart,
    place: (Place, u64),
    big_endian: bool,
) -> Result<StoredTensor, Fault> {
    let number = of_class(&tensor.storage.class);
    let offset = tensor.offset.checked_add(tensor.storage.start);
    let offset =
        offset.ok_or_else(|| Fault::Malformed("a tensor begins beyond any file".into()))?;
    // What is of an unknown type is listed, and never read.
    let (shape, steps) = match number {
        Number::Other => (vec![0], vec![1]),
        _ => (tensor.shape.clone(), tensor.strides.clone()),
    };
    let offset = if number == Number::Other { 0 } else { offset };
    let mut made = StoredTensor::new(number, shape, steps, offset, place)?;
    made.big_endian = big_endian;
    Ok(made)
}

/// The type of the numbers of a class of storages.
pub(super) fn of_class(class: &str) -> Number {
    match class {
        "HalfStorage" => Number::F16,
        "BFloat16Storage" => Number::Bf16,
        "FloatStorage" => Number::F32,
        "DoubleStorage" => Number::F64,
        "LongStorage" => Number::Whole(8),
        "IntStorage" => Number::Whole(4),
        "ShortStorage" => Number::Whole(2),
        "CharStorage" | "ByteStorage" | "BoolStorage" => Number::Whole(1),
        _ => Number::Other,
    }
}

fn of_numpy(archive: &mut Archive, names: &[String]) -> Result<Tensors, Fault> {
    let mut found = Tensors::new();
    for (index, name) in names.iter().enumerate() {
        let mut member = archive.by_index(index)?;
        let size = member.size();
        let header =
            NpyHeader::read(&mut member).map_err(|fault| Fault::from(fault).inside(name))?;
        let key = name.trim_end_matches(".npy");
        let tensor = of_header(&header, index, size).map_err(|fault| fault.inside(key))?;
        found.insert(key.to_owned(), tensor);
    }
    Ok(found)
}

fn of_header(header: &NpyHeader, index: usize, size: u64) -> Result<StoredTensor, Fault> {
    let (order, code) = header.descr.split_at_checked(1).unwrap_or_default();
    let number = match code {
        "f2" => Number::F16,
        "f4" => Number::F32,
        "f8" => Number::F64,
        "i1" | "u1" | "b1" => Number::Whole(1),
        "i2" | "u2" => Number::Whole(2),
        "i4" | "u4" => Number::Whole(4),
        "i8" | "u8" => Number::Whole(8),
        _ => {
            let descr = &header.descr;
            return Err(Fault::Malformed(format!("its elements are `{descr}`")));
        }
    };
    let sides: Option<Vec<usize>> = header
        .shape
        .iter()
        .map(|it| usize::try_from(*it).ok())
        .collect();
    let shape = sides.ok_or_else(|| Fault::Malformed("its shape is beyond any file".to_owned()))?;
    // The header is a multiple of 64 bytes, and so a whole count of numbers.
    let offset = header.data_at / number.bytes() as u64;
    if offset * number.bytes() as u64 != header.data_at {
        return Err(Fault::Malformed("its numbers are not aligned".to_owned()));
    }
    let steps = strides(&shape, header.fortran);
    let mut made = StoredTensor::new(number, shape, steps, offset, (Place::Member(index), size))?;
    made.big_endian = order == ">";
    Ok(made)
}
