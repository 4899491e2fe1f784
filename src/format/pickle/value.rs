//! The decoded objects and a view that walks them.

use super::PickleError;
use super::common;
use super::handles::Handles;
use super::machine::Machine;
use super::numpy::{Array, ArrayRef, Dtype, Objects};
use super::torch::{StoragePart, TensorPart};
use std::borrow::Cow;
use std::io::BufRead;
use std::sync::Arc;

/// Index of an object in the table.
pub(super) type Handle = u32;

/// A name that the reader knows and does itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Set,
    Dict,
    Bytes,
    Encode,
    Reconstruct,
    FromBuffer,
    NdArray,
    DtypeType,
    Scalar,
    /// What the pickles of PyTorch have besides.
    Torch(super::torch::Function),
}

/// One object. Containers hold handles, so objects can be shared as in Python.
#[derive(Clone, Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Box<str>),
    /// Shared with the arrays that are made of it.
    Bytes(Arc<[u8]>),
    List(Handles),
    Tuple(Handles),
    Set(Handles),
    Dict(Vec<(Handle, Handle)>),
    Known(Known),
    Dtype(Dtype),
    /// An array that `BUILD` has not filled yet.
    EmptyArray,
    Array(Box<Array>),
    Objects(Box<Objects>),
    /// A class that is known to be harmless as a name; it is never imported.
    Class(Box<str>),
    /// An instance of such a class: its state, where it has one.
    Instance(Option<Handle>),
    Storage(Box<StoragePart>),
    Tensor(Box<TensorPart>),
}

/// A decoded pickle.
#[derive(Debug)]
pub struct Pickle {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Handle,
}

impl Pickle {
    /// Decodes `bytes`.
    ///
    /// # Errors
    /// [`PickleError`] for anything that is not plain data, is cut off, or is absurdly large.
    pub fn decode(bytes: &[u8]) -> Result<Self, PickleError> {
        Machine::new(bytes, bytes.len()).run()
    }

    /// Decodes a stream of at most `length` bytes that `torch.save` wrote: tensors are references to their storages,
    /// instances of the classes of networks and trainers are their states. Still nothing is run.
    ///
    /// # Errors
    /// As [`Pickle::decode`], and [`PickleError::Read`].
    pub fn read_torch(input: impl BufRead, length: usize) -> Result<Self, PickleError> {
        Machine::new(input, length).with_torch().run()
    }

    /// Decodes a stream of at most `length` bytes without holding it in memory. Bytes after the end of
    /// the pickle are left alone.
    ///
    /// # Errors
    /// As [`Pickle::decode`], and [`PickleError::Read`].
    pub fn read(input: impl BufRead, length: usize) -> Result<Self, PickleError> {
        Machine::new(input, length).run()
    }

    /// The value that was pickled.
    #[must_use]
    pub fn root(&self) -> Ref<'_> {
        self.at(self.root)
    }

    /// Every tensor in it, wherever it is.
    pub(in crate::format) fn tensors(&self) -> impl Iterator<Item = &TensorPart> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Tensor(tensor) => Some(&**tensor),
            _ => None,
        })
    }

    /// What numpy's `item()` gives: where the value is an array of one object and no axes, that object.
    #[must_use]
    pub fn unwrapped(mut self) -> Self {
        if let Node::Objects(array) = &self.nodes[self.root as usize]
            && array.shape.is_empty()
            && let Some(only) = array.items.get(0)
        {
            self.root = only;
        }
        self
    }

    fn at(&self, handle: Handle) -> Ref<'_> {
        Ref {
            pickle: self,
            handle,
        }
    }
}

/// A value inside a [`Pickle`].
#[derive(Clone, Copy, Debug)]
pub struct Ref<'a> {
    pickle: &'a Pickle,
    handle: Handle,
}

impl<'a> Ref<'a> {
    fn node(self) -> &'a Node {
        &self.pickle.nodes[self.handle as usize]
    }

    /// What Python calls the type, for messages.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self.node() {
            Node::None => "None",
            Node::Bool(_) => "bool",
            Node::Int(_) => "int",
            Node::Float(_) => "float",
            Node::Str(_) => "str",
            Node::Bytes(_) => "bytes",
            Node::List(_) => "list",
            Node::Tuple(_) => "tuple",
            Node::Set(_) => "set",
            Node::Dict(_) => "dict",
            Node::Known(_) => "function",
            Node::Dtype(_) => "numpy dtype",
            Node::EmptyArray | Node::Array(_) | Node::Objects(_) => "numpy array",
            Node::Class(_) => "class",
            Node::Instance(_) => "object",
            Node::Storage(_) => "storage",
            Node::Tensor(_) => "tensor",
        }
    }

    /// The text of a `str`, or of `bytes` that are UTF-8: Python 2 wrote text as bytes.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        match self.node() {
            Node::Str(text) => Some(text),
            Node::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// As [`Ref::as_str`]; bytes that are not UTF-8 are read as Latin-1, as the published loaders do.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        match (self.as_str(), self.node()) {
            (Some(text), _) => Some(Cow::Borrowed(text)),
            (None, Node::Bytes(bytes)) => {
                Some(bytes.iter().map(|byte| char::from(*byte)).collect())
            }
            _ => None,
        }
    }

    /// The bytes of a `bytes` object.
    #[must_use]
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self.node() {
            Node::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A number: `int`, `float`, `bool`, or a numpy scalar or array with one element.
    #[must_use]
    pub fn as_number(self) -> Option<f64> {
        match self.node() {
            Node::Bool(value) => Some(f64::from(u8::from(*value))),
            Node::Int(value) => Some(*value as f64),
            Node::Float(value) => Some(*value),
            Node::Array(array) if array.len() == 1 => array.get(0),
            _ => None,
        }
    }

    /// A whole number: `int`, `bool`, or a numpy scalar or array with one element of such a type.
    #[must_use]
    pub fn as_integer(self) -> Option<i64> {
        match self.node() {
            Node::Bool(value) => Some(i64::from(*value)),
            Node::Int(value) => Some(*value),
            Node::Array(array) if array.len() == 1 => array.integer(0),
            _ => None,
        }
    }

    /// Entries of a dict in the order of insertion; a key that occurs again comes again.
    #[must_use]
    pub fn entries(self) -> Option<impl Iterator<Item = (Ref<'a>, Ref<'a>)> + use<'a>> {
        match self.node() {
            Node::Dict(entries) => Some(
                entries
                    .iter()
                    .map(move |(key, value)| (self.pickle.at(*key), self.pickle.at(*value))),
            ),
            _ => None,
        }
    }

    /// The value of the last entry of a dict whose key is the text `key`.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Ref<'a>> {
        self.entries()?
            .filter(|(found, _)| found.as_str() == Some(key))
            .last()
            .map(|(_, value)| value)
    }

    /// Number of elements of a list, tuple, set or dict, or of a numpy array over all axes.
    #[must_use]
    pub fn len(self) -> Option<usize> {
        match self.node() {
            Node::List(items) | Node::Tuple(items) | Node::Set(items) => Some(items.len()),
            Node::Dict(entries) => Some(entries.len()),
            Node::Array(array) => Some(array.len()),
            Node::Objects(array) => Some(array.items.len()),
            _ => None,
        }
    }

    /// Whether a container is empty.
    #[must_use]
    pub fn is_empty(self) -> Option<bool> {
        self.len().map(|len| len == 0)
    }

    /// Elements of a list, tuple or set, or of a numpy array of objects or text in C order.
    #[must_use]
    pub fn items(self) -> Option<impl Iterator<Item = Ref<'a>> + use<'a>> {
        let items = match self.node() {
            Node::List(items) | Node::Tuple(items) | Node::Set(items) => items,
            Node::Objects(array) => &array.items,
            _ => return None,
        };
        Some(items.iter().map(move |item| self.pickle.at(item)))
    }

    /// Numbers of a list or tuple of numbers, or of a numpy array in C order.
    ///
    /// Check [`Ref::len`] first: a pickle may refer to one long list many times.
    #[must_use]
    pub fn numbers(self) -> Option<Vec<f64>> {
        match self.node() {
            Node::Array(array) => (0..array.len()).map(|index| array.get(index)).collect(),
            Node::Set(_) => None,
            _ => self.items()?.map(Ref::as_number).collect(),
        }
    }

    /// The elements of a list or tuple of 0 and 1, however they are written; `None` for anything else. The
    /// length may be checked before, as for [`Ref::numbers`].
    #[must_use]
    pub fn flags(self) -> Option<Vec<bool>> {
        let (Node::List(items) | Node::Tuple(items)) = self.node() else {
            return None;
        };
        items
            .narrow()?
            .iter()
            .map(|handle| common::flag(*handle))
            .collect()
    }

    /// Whole numbers of a list or tuple of such, or of a numpy array in C order. As for
    /// [`Ref::numbers`], check the length first.
    #[must_use]
    pub fn integers(self) -> Option<Vec<i64>> {
        match self.node() {
            Node::Array(array) => (0..array.len()).map(|index| array.integer(index)).collect(),
            Node::Set(_) => None,
            _ => self.items()?.map(Ref::as_integer).collect(),
        }
    }

    /// The state of an instance of a class.
    #[must_use]
    pub fn state(self) -> Option<Ref<'a>> {
        match self.node() {
            Node::Instance(state) => state.map(|handle| self.pickle.at(handle)),
            _ => None,
        }
    }

    /// A tensor of PyTorch.
    #[must_use]
    pub fn tensor(self) -> Option<&'a TensorPart> {
        match self.node() {
            Node::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// A numpy array of numbers as it is stored.
    pub(in crate::format) fn array(self) -> Option<ArrayRef<'a>> {
        match self.node() {
            Node::Array(array) => Some(array.stored()),
            _ => None,
        }
    }

    /// Shape of a numpy array.
    #[must_use]
    pub fn shape(self) -> Option<&'a [usize]> {
        match self.node() {
            Node::Array(array) => Some(&array.shape),
            Node::Objects(array) => Some(&array.shape),
            _ => None,
        }
    }
}
