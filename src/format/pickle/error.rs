//! Why a pickle is refused.

/// What can be wrong with a pickle. Offsets are in bytes from the start of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PickleError {
    /// The file cannot be read.
    #[error("failed to read it at byte {offset}: {kind}")]
    Read {
        /// Where.
        offset: usize,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// The pickle imports something that is not plain data. Nothing was executed.
    #[error(
        "it asks for `{module}.{name}` at byte {offset}, which is not plain data and was not executed"
    )]
    ForbiddenGlobal {
        /// The module.
        module: String,
        /// The name in the module.
        name: String,
        /// Where.
        offset: usize,
    },
    /// An instruction that builds objects of arbitrary classes, or that no protocol has.
    #[error("instruction {code:#04x} at byte {offset} is not one of plain data")]
    ForbiddenInstruction {
        /// The instruction byte.
        code: u8,
        /// Where.
        offset: usize,
    },
    /// The file ends inside an instruction, or claims a length that it does not have.
    #[error("it ends at byte {length}, but {wanted} bytes are announced at byte {offset}")]
    Truncated {
        /// Where the missing bytes should start.
        offset: usize,
        /// Bytes announced.
        wanted: u64,
        /// Length of the file.
        length: usize,
    },
    /// An instruction found fewer or other operands than it needs.
    #[error("instruction {code:#04x} at byte {offset} has wrong operands")]
    BadOperands {
        /// The instruction byte.
        code: u8,
        /// Where.
        offset: usize,
    },
    /// A number or text is not spelt as its instruction demands.
    #[error("malformed literal at byte {offset}")]
    BadLiteral {
        /// Where.
        offset: usize,
    },
    /// An integer does not fit 64 bits.
    #[error("an integer at byte {offset} does not fit 64 bits")]
    IntegerTooLarge {
        /// Where.
        offset: usize,
    },
    /// Containers inside containers, deeper than any data set here.
    #[error("values are nested deeper than {limit} levels at byte {offset}")]
    TooDeep {
        /// The limit.
        limit: u32,
        /// Where.
        offset: usize,
    },
    /// The file or the number of its objects is larger than any data set here.
    #[error("it holds more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A numpy array whose element type or shape is not supported or does not fit its data.
    #[error("a numpy array at byte {offset} {problem}")]
    BadArray {
        /// Where.
        offset: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}
