//! The values that exist once, with handles that fit a byte: `None`, `False`, `True`, the empty tuple,
//! 0.0, 1.0 and the integers from -1 to 248. They are immutable in Python, so sharing them is right.

use super::handles::Handles;
use super::value::{Handle, Node};

pub(super) const NONE: Handle = 0;
pub(super) const FALSE: Handle = 1;
pub(super) const TRUE: Handle = 2;
pub(super) const EMPTY_TUPLE: Handle = 3;
const ZERO: Handle = 4;
const ONE: Handle = 5;
/// Of the integer [`LEAST`].
const FIRST_INTEGER: Handle = 6;
const LEAST: i64 = -1;
const COUNT: usize = 256;

/// The table of objects with the common values in their places.
pub(super) fn table() -> Vec<Node> {
    let mut nodes = vec![
        Node::None,
        Node::Bool(false),
        Node::Bool(true),
        Node::Tuple(Handles::new()),
        Node::Float(0.0),
        Node::Float(1.0),
    ];
    nodes.extend((LEAST..).map(Node::Int).take(COUNT - nodes.len()));
    nodes
}

/// The handle of an integer that is common.
pub(super) fn integer(value: i64) -> Option<Handle> {
    let place = usize::try_from(value.checked_sub(LEAST)?).ok()? + FIRST_INTEGER as usize;
    (place < COUNT).then_some(place as Handle)
}

/// Whether a handle is of one that counts as 1, or of one that counts as 0.
pub(super) fn flag(handle: u8) -> Option<bool> {
    const NOUGHT: Handle = FIRST_INTEGER + 1;
    const UNIT: Handle = NOUGHT + 1;
    match Handle::from(handle) {
        FALSE | ZERO | NOUGHT => Some(false),
        TRUE | ONE | UNIT => Some(true),
        _ => None,
    }
}

/// The handle of a float that is common. The bits decide: -0.0 is another value than 0.0.
pub(super) fn float(value: f64) -> Option<Handle> {
    match value.to_bits() {
        0 => Some(ZERO),
        bits if bits == 1.0_f64.to_bits() => Some(ONE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_name_what_they_say() {
        let table = table();
        assert_eq!(table.len(), COUNT);
        for value in -1..=248 {
            let handle = integer(value).unwrap();
            assert!(matches!(table[handle as usize], Node::Int(found) if found == value));
        }
        for value in [-2, 249, i64::MIN, i64::MAX] {
            assert_eq!(integer(value), None, "{value}");
        }
        for value in [0.0, 1.0] {
            let handle = float(value).unwrap();
            assert!(
                matches!(table[handle as usize], Node::Float(found) if found.to_bits() == f64::to_bits(value))
            );
        }
        assert_eq!(float(-0.0), None);
        for (handle, node) in table.iter().enumerate() {
            let wanted = match node {
                Node::Bool(value) => Some(*value),
                Node::Int(0) => Some(false),
                Node::Int(1) => Some(true),
                Node::Float(value) => Some(*value != 0.0),
                _ => None,
            };
            assert_eq!(flag(handle as u8), wanted, "{handle}");
        }
    }
}
