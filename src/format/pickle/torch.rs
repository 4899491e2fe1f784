//! What the pickles of `torch.save` hold besides plain data: references to storages, and tensors in them.

use std::sync::Arc;

/// A function of PyTorch that the reader does itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`.
    Tensor,
    /// `torch._utils._rebuild_parameter`, with or without a state.
    Parameter,
    /// `torch.jit._pickle.build_intlist` and its like: the list that it is given.
    List,
    /// `copyreg._reconstructor`: an instance of its first argument.
    Reconstructor,
}

impl Function {
    pub(super) fn parse(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Self::Tensor,
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                Self::Parameter
            }
            ("torch.jit._pickle", _) => Self::List,
            ("copyreg" | "copy_reg", "_reconstructor") => Self::Reconstructor,
            _ => return None,
        })
    }
}

/// Modules whose classes and constants may be named: those of networks, of trainers that leave their settings in a
/// checkpoint, and of the attributes of TorchScript. They are names here, and nothing of them is imported.
const HARMLESS: &[&str] = &[
    "torch",
    "torchvision",
    "__torch__",
    "timm",
    "clip",
    "open_clip",
    "lpips",
    "transformers",
    "diffusers",
    "accelerate",
    "pytorch_lightning",
    "lightning",
    "lightning_fabric",
    "omegaconf",
    "argparse",
    "pathlib",
    "typing",
];
/// Names of such modules that are functions, and names that any pickle may have.
const CLASSES: &[(&str, &str)] = &[
    ("collections", "defaultdict"),
    ("collections", "Counter"),
    ("builtins", "object"),
    ("__builtin__", "object"),
    ("builtins", "int"),
    ("builtins", "list"),
    ("builtins", "dict"),
];

/// Whether a name is one of a class or a constant. Names of functions begin with a small letter and are refused, but for the
/// types that PyTorch spells so.
pub(super) fn harmless(module: &str, name: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    let number = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let constant = module == "torch"
        && matches!(
            number,
            "device" | "dtype" | "float" | "bfloat" | "int" | "uint" | "bool"
        );
    let class = name.starts_with(|first: char| first.is_uppercase());
    CLASSES.contains(&(module, name))
        || (HARMLESS.contains(&top) && (class || constant || top == "__torch__"))
}

/// A storage: the numbers of one or more tensors, outside the pickle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoragePart {
    /// The class, for example `FloatStorage`.
    pub class: Box<str>,
    /// Its name in the file.
    pub key: Box<str>,
    /// Numbers in it.
    pub elements: u64,
    /// Where it begins in the stored one, in numbers: files of long ago have views of storages.
    pub start: u64,
}

/// A tensor in a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorPart {
    /// Its storage.
    pub storage: Arc<StoragePart>,
    /// Its first number.
    pub offset: u64,
    /// Sides.
    pub shape: Vec<usize>,
    /// Numbers from one element to the next, by axis.
    pub strides: Vec<usize>,
}
