//! Lists of handles in as few bytes as they need.
//!
//! The most usual values (see [`super::common`]) have handles below 256. A list of labels holds
//! nothing else, and 25,000 clips with 323 labels each make a difference of 24 MB.

use super::value::Handle;

/// A list of handles. It holds bytes until a handle needs more.
#[derive(Clone, Debug)]
pub(super) enum Handles {
    Narrow(Vec<u8>),
    Wide(Vec<Handle>),
}

impl Handles {
    pub(super) fn new() -> Self {
        Self::Narrow(Vec::new())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(items) => items.len(),
            Self::Wide(items) => items.len(),
        }
    }

    /// The handles, where all fit a byte.
    pub(super) fn narrow(&self) -> Option<&[u8]> {
        match self {
            Self::Narrow(items) => Some(items),
            Self::Wide(_) => None,
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Handle> {
        match self {
            Self::Narrow(items) => items.get(index).map(|item| Handle::from(*item)),
            Self::Wide(items) => items.get(index).copied(),
        }
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = Handle> + use<'_> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    pub(super) fn extend(&mut self, more: &[Handle]) {
        match self {
            Self::Wide(items) => items.extend(more),
            Self::Narrow(items) => {
                if more.iter().all(|item| *item <= Handle::from(u8::MAX)) {
                    // Most lists are filled once.
                    if items.is_empty() {
                        items.reserve_exact(more.len());
                    }
                    items.extend(more.iter().map(|item| *item as u8));
                } else {
                    let mut wide = Vec::with_capacity(items.len() + more.len());
                    wide.extend(items.iter().map(|item| Handle::from(*item)));
                    wide.extend(more);
                    *self = Self::Wide(wide);
                }
            }
        }
    }
}

#[cfg(test)]
impl Handles {
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Narrow(items) => items.capacity(),
            Self::Wide(items) => items.capacity() * size_of::<Handle>(),
        }
    }
}

impl From<&[Handle]> for Handles {
    fn from(items: &[Handle]) -> Self {
        let mut handles = Self::new();
        handles.extend(items);
        handles
    }
}

impl FromIterator<Handle> for Handles {
    fn from_iter<I: IntoIterator<Item = Handle>>(items: I) -> Self {
        let items: Vec<Handle> = items.into_iter().collect();
        Self::from(items.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_handle_widens_what_is_there() {
        let mut handles = Handles::from([1, 255].as_slice());
        assert!(matches!(handles, Handles::Narrow(_)));
        handles.extend(&[256, 2]);
        assert!(matches!(handles, Handles::Wide(_)));
        handles.extend(&[3]);
        assert_eq!(handles.iter().collect::<Vec<_>>(), [1, 255, 256, 2, 3]);
        assert_eq!((handles.get(4), handles.get(5)), (Some(3), None));
    }
}
