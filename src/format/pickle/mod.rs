//! A restricted pickle reader: decodes data, never runs anything.
//!
//! Python's pickle is a program for a stack machine that may call any importable function. This
//! reader knows the instructions of protocols 0 to 5 that build plain data, and of all functions only
//! the handful that numpy arrays, sets, ordered dicts and byte strings need; those it does itself. Every other name
//! is refused by name.
//!
//! Objects lie in one flat table and refer to each other by index, so a pickle that nests or shares
//! without end costs memory in proportion to its own size, and neither decoding nor dropping
//! recurses. Lengths are checked against the bytes that are left before anything is allocated. A file
//! is read as a stream: what is held is the objects, not the file.
//!
//! [`Pickle::read_torch`] knows the names that `torch.save` writes besides (`torch.rs`). The readers of data sets do not.

mod common;
mod error;
mod handles;
mod machine;
mod memo;
mod numpy;
mod read;
mod torch;
mod value;

pub use error::PickleError;
pub(super) use numpy::{Dtype, elements, fortran_place};
pub use torch::{StoragePart, TensorPart};
pub use value::{Pickle, Ref};

/// Bytes that a decoded pickle holds, as far as its own tables say.
#[cfg(test)]
pub(super) fn weight(pickle: &Pickle) -> usize {
    use value::Node;
    let own = |node: &Node| match node {
        Node::Str(text) => text.len(),
        Node::Bytes(bytes) => bytes.len(),
        Node::List(items) | Node::Tuple(items) | Node::Set(items) => items.weight(),
        Node::Dict(entries) => size_of_val(entries.as_slice()),
        Node::Array(array) => size_of_val(&**array) + size_of_val(&*array.shape),
        Node::Objects(array) => {
            size_of_val(&**array) + size_of_val(&*array.shape) + array.items.weight()
        }
        _ => 0,
    };
    size_of_val(pickle.nodes.as_slice()) + pickle.nodes.iter().map(own).sum::<usize>()
}
