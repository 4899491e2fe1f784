//! From a decoded pickle to tensors by name: state dicts, dicts in dicts, and whole modules.

use crate::format::fault::Fault;
use crate::format::pickle::Ref;
use std::collections::BTreeMap;

/// Keys under which trainers keep the weights.
const NESTS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "net",
    "params",
];
/// A dict in a dict in a dict; no file nests the weights deeper.
const DEEPEST_NEST: usize = 3;
/// Objects that are visited. A pickle may refer to one object many times, and that one to another.
const MOST: usize = 1 << 18;

/// The leaves of `root` that `leaf` makes something of, by name.
pub(super) fn leaves<T>(
    root: Ref<'_>,
    leaf: &mut dyn FnMut(Ref<'_>) -> Result<Option<T>, Fault>,
) -> Result<BTreeMap<String, T>, Fault> {
    let mut root = root;
    for _ in 0..DEEPEST_NEST {
        let inner = NESTS.iter().find_map(|key| {
            let inner = root.get(key)?;
            (inner.entries().is_some() || inner.state().is_some()).then_some(inner)
        });
        match inner {
            Some(inner) => root = inner,
            None => break,
        }
    }
    let mut walk = Walk {
        leaf,
        found: BTreeMap::new(),
        visited: 0,
    };
    if root.entries().is_none() && root.state().is_none() {
        let kind = root.type_name();
        return Err(Fault::Malformed(format!(
            "it holds a {kind}, not a dict of tensors by name"
        )));
    }
    walk.visit(root, "")?;
    Ok(walk.found)
}

struct Walk<'l, T> {
    leaf: &'l mut dyn FnMut(Ref<'_>) -> Result<Option<T>, Fault>,
    found: BTreeMap<String, T>,
    visited: usize,
}

impl<T> Walk<'_, T> {
    fn visit(&mut self, value: Ref<'_>, name: &str) -> Result<(), Fault> {
        self.visited += 1;
        if self.visited > MOST {
            return Err(Fault::Malformed(format!(
                "it holds more than {MOST} objects that could be weights"
            )));
        }
        if let Some(found) = (self.leaf)(value)? {
            self.found.insert(name.to_owned(), found);
            return Ok(());
        }
        match value.state() {
            // A module of Python keeps weights, running statistics and inner modules apart.
            Some(state) if state.get("_modules").is_some() => {
                let passing = state.get("_non_persistent_buffers_set");
                let passes = |key: Ref<'_>| {
                    let names = passing.and_then(Ref::items).into_iter().flatten();
                    names.into_iter().any(|it| it.as_str() == key.as_str())
                };
                for part in ["_parameters", "_buffers", "_modules"] {
                    for (key, inner) in state.get(part).and_then(Ref::entries).into_iter().flatten()
                    {
                        if part != "_buffers" || !passes(key) {
                            self.inner(key, inner, name)?;
                        }
                    }
                }
                Ok(())
            }
            // One of TorchScript keeps them as attributes.
            Some(state) => self.all(state, name),
            None => self.all(value, name),
        }
    }

    fn all(&mut self, value: Ref<'_>, name: &str) -> Result<(), Fault> {
        for (key, inner) in value.entries().into_iter().flatten() {
            self.inner(key, inner, name)?;
        }
        Ok(())
    }

    fn inner(&mut self, key: Ref<'_>, value: Ref<'_>, name: &str) -> Result<(), Fault> {
        let Some(key) = key.as_str() else {
            return Ok(());
        };
        if name.is_empty() {
            return self.visit(value, key);
        }
        self.visit(value, &format!("{name}.{key}"))
    }
}
