//! `labels.pkl` and `labels_bg.pkl`: 0/1 vectors a clip.

use super::DatasetError;
use super::catalog::{Defect, Defective};
use crate::format::pickle::{Pickle, Ref};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A decoded label file. Equal vectors are one in memory: there are few casts and few places.
#[derive(Debug)]
pub(crate) struct Labels {
    path: PathBuf,
    vectors: HashMap<String, Result<Arc<[bool]>, Defect>>,
}

/// Vectors that were seen before.
#[derive(Debug, Default)]
pub(crate) struct Shared(HashMap<Vec<bool>, Arc<[bool]>>);

impl Shared {
    /// The one copy of a vector.
    pub(crate) fn of(&mut self, vector: Vec<bool>) -> Arc<[bool]> {
        if let Some(known) = self.0.get(&vector) {
            return Arc::clone(known);
        }
        let shared: Arc<[bool]> = vector.as_slice().into();
        self.0.insert(vector, Arc::clone(&shared));
        shared
    }
}

impl Labels {
    /// Takes the vectors out of a dict of id to vector; with `key`, of the one that lies in a dict
    /// under this key. Vectors must have `arity` elements of 0 or 1; one that has not is an error
    /// only for those who ask for it.
    pub(crate) fn of(
        pickle: &Pickle,
        path: &Path,
        key: Option<&str>,
        arity: Option<usize>,
    ) -> Result<Self, DatasetError> {
        let wrong = |found: &str| DatasetError::WrongContent {
            path: path.to_owned(),
            clip: None,
            wanted: match key {
                Some(key) => format!("a dict with a dict of clip ids under `{key}`"),
                None => "a dict of clip ids".to_owned(),
            },
            found: found.to_owned(),
        };
        let mut root = pickle.root();
        if let Some(key) = key {
            root = root
                .get(key)
                .ok_or_else(|| wrong(&format!("a {} without it", root.type_name())))?;
        }
        let entries = root.entries().ok_or_else(|| wrong(root.type_name()))?;
        let mut vectors = HashMap::new();
        let mut shared = Shared::default();
        let mut arity = arity;
        for (key, value) in entries {
            let id = key.as_str().ok_or_else(|| wrong(key.type_name()))?;
            let vector = vector(value, arity);
            // Where the card does not give the length of the vectors, they are all as long as the first.
            if let (None, Ok(first)) = (arity, &vector) {
                arity = Some(first.len());
            }
            vectors.insert(id.to_owned(), vector.map(|vector| shared.of(vector)));
        }
        Ok(Self {
            path: path.to_owned(),
            vectors,
        })
    }

    /// Every clip that has an entry, in no order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.vectors.keys().map(String::as_str)
    }

    /// The vector of a clip, if there is one.
    pub(crate) fn get(&self, clip: &str) -> Result<Option<Arc<[bool]>>, Box<Defective>> {
        match self.vectors.get(clip) {
            None => Ok(None),
            Some(Ok(vector)) => Ok(Some(Arc::clone(vector))),
            Some(Err(defect)) => Err(Box::new(self.defective(defect.clone()))),
        }
    }

    /// The vector of a clip.
    pub(crate) fn require(&self, clip: &str) -> Result<Arc<[bool]>, Box<Defective>> {
        self.get(clip)?
            .ok_or_else(|| Box::new(self.defective(Defect::NoLabels)))
    }

    fn defective(&self, defect: Defect) -> Defective {
        Defective {
            defect,
            path: self.path.clone(),
        }
    }
}

fn vector(value: Ref<'_>, arity: Option<usize>) -> Result<Vec<bool>, Defect> {
    let wrong = |found: String| Defect::WrongContent {
        wanted: "a list or array of 0 and 1",
        found,
    };
    // The length comes first: a pickle may refer to one long list many times.
    let found = value
        .len()
        .ok_or_else(|| wrong(value.type_name().to_owned()))?;
    if let Some(wanted) = arity.filter(|wanted| *wanted != found) {
        return Err(Defect::LabelArity { found, wanted });
    }
    if let Some(flags) = value.flags() {
        return Ok(flags);
    }
    let numbers = value
        .numbers()
        .ok_or_else(|| wrong(format!("a {} of other things", value.type_name())))?;
    numbers
        .into_iter()
        .map(|number| match number {
            0.0 => Ok(false),
            1.0 => Ok(true),
            other => Err(wrong(format!("a vector with {other}"))),
        })
        .collect()
}
