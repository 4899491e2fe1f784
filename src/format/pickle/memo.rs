//! The memo: objects that a pickle gave a number, to name them again.

use super::value::Handle;
use std::collections::HashMap;

/// Numbers that no honest pickle leaves gaps for: it counts from 0 or, in Python 2, from 1.
const NO_WRITER: Handle = Handle::MAX;
/// Entries with numbers far from the others.
const MAX_SPARSE: usize = 1 << 16;

/// Objects by number.
#[derive(Default)]
pub(super) struct Memo {
    /// By number, where numbers are consecutive or nearly so: four bytes per entry.
    dense: Vec<Handle>,
    sparse: HashMap<u64, Handle>,
    entries: usize,
}

impl Memo {
    /// Number of entries, which is the number that protocol 4 gives the next one.
    pub(super) fn len(&self) -> usize {
        self.entries
    }

    /// Gives an object a number; `false` when there are too many numbers without an order.
    #[must_use]
    pub(super) fn insert(&mut self, number: u64, handle: Handle) -> bool {
        // Half of the places may be gaps.
        let reach = (self.dense.len() as u64 + 1) * 2;
        let old = if number < reach {
            let place = number as usize;
            if place >= self.dense.len() {
                self.dense.resize(place + 1, NO_WRITER);
            }
            // A number may have come before its neighbours did.
            let before = std::mem::replace(&mut self.dense[place], handle);
            self.sparse.remove(&number).is_some() || before != NO_WRITER
        } else {
            self.sparse.insert(number, handle).is_some()
        };
        self.entries += usize::from(!old);
        self.sparse.len() <= MAX_SPARSE
    }

    pub(super) fn get(&self, number: u64) -> Option<Handle> {
        let dense = usize::try_from(number)
            .ok()
            .and_then(|place| self.dense.get(place).copied())
            .filter(|handle| *handle != NO_WRITER);
        dense.or_else(|| self.sparse.get(&number).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_map(entries in prop::collection::vec((0_u64..40, 0_u32..9), 0..60)) {
            let mut memo = Memo::default();
            let mut map = HashMap::new();
            for (number, handle) in entries {
                // Some numbers are far away.
                let number = if number > 30 { number << 40 } else { number };
                prop_assert!(memo.insert(number, handle));
                map.insert(number, handle);
                prop_assert_eq!(memo.len(), map.len());
                for (number, handle) in &map {
                    prop_assert_eq!(memo.get(*number), Some(*handle));
                }
            }
            prop_assert_eq!(memo.get(1 << 39), None);
        }
    }

    #[test]
    fn numbers_without_an_order_end_somewhere() {
        let mut memo = Memo::default();
        assert!((0..70_000).any(|count| !memo.insert(u64::MAX - count, 1)));
    }
}
