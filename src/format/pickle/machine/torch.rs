//! What the machine does for files of `torch.save`: it notes which storage a tensor is in, and keeps the states of objects.

use super::super::PickleError;
use super::super::torch::{Function, StoragePart, TensorPart, harmless};
use super::super::value::{Handle, Known, Node};
use super::Machine;
use std::io::BufRead;
use std::sync::Arc;

impl<R: BufRead> Machine<R> {
    /// Knows the names and instructions of `torch.save` too.
    pub(in super::super) fn with_torch(mut self) -> Self {
        self.torch = true;
        self
    }

    pub(super) fn torch_global(&mut self, module: String, name: String) -> Result<(), PickleError> {
        if let Some(function) = Function::parse(&module, &name) {
            return self.push(Node::Known(Known::Torch(function)), 0);
        }
        if harmless(&module, &name) {
            // The name of a storage says its type; of all others nothing more is needed.
            return self.push(Node::Class(name.into()), 0);
        }
        Err(PickleError::ForbiddenGlobal {
            module,
            name,
            offset: self.offset,
        })
    }

    /// `NEWOBJ` and `NEWOBJ_EX`.
    pub(super) fn instance(&mut self) -> Result<(), PickleError> {
        if self.code == 0x92 {
            self.pop()?;
        }
        self.pop()?;
        let class = self.pop()?;
        match self.nodes[class as usize] {
            Node::Class(_) => self.push(Node::Instance(None), 1),
            Node::Known(Known::Dict) => self.push(Node::Dict(Vec::new()), 1),
            _ => Err(self.bad_operands()),
        }
    }

    /// `BINPERSID`: `("storage", class, key, place, numbers)` and, in legacy files, what it is a view of; or
    /// `("module", class, file, source)`.
    pub(super) fn storage(&mut self) -> Result<(), PickleError> {
        let id = self.pop()?;
        let Node::Tuple(parts) = &self.nodes[id as usize] else {
            return Err(self.bad_operands());
        };
        let parts: Vec<Handle> = parts.iter().take(8).collect();
        let nodes: Vec<&Node> = parts.iter().map(|it| &self.nodes[*it as usize]).collect();
        let node = match nodes.as_slice() {
            [Node::Str(kind), Node::Class(_), ..] if &**kind == "module" => {
                self.stack.push(parts[1]);
                return Ok(());
            }
            [
                Node::Str(kind),
                Node::Class(class),
                Node::Str(key),
                _,
                Node::Int(elements),
                rest @ ..,
            ] if &**kind == "storage" => {
                let view = match rest.first() {
                    Some(Node::Tuple(view)) => Some(view),
                    _ => None,
                };
                let number = |at: usize| match view.and_then(|view| view.get(at)) {
                    Some(handle) => self.whole(handle).map(Some),
                    None => Ok(None),
                };
                Node::Storage(Box::new(StoragePart {
                    class: class.clone(),
                    key: key.clone(),
                    start: number(1)?.unwrap_or(0),
                    elements: number(2)?.map_or_else(
                        || u64::try_from(*elements).map_err(|_| self.bad_operands()),
                        Ok,
                    )?,
                }))
            }
            _ => return Err(self.bad_operands()),
        };
        self.push(node, 0)
    }

    pub(super) fn torch_call(
        &mut self,
        function: Function,
        arguments: Handle,
    ) -> Result<(), PickleError> {
        let Node::Tuple(arguments) = &self.nodes[arguments as usize] else {
            return Err(self.bad_operands());
        };
        let handles: Vec<Handle> = arguments.iter().take(8).collect();
        let first = *handles.first().ok_or_else(|| self.bad_operands())?;
        match (function, &self.nodes[first as usize]) {
            (Function::Reconstructor, Node::Class(_)) => self.push(Node::Instance(None), 1),
            (Function::List, Node::List(_)) | (Function::Parameter, Node::Tensor(_)) => {
                self.stack.push(first);
                Ok(())
            }
            (Function::Tensor, Node::Storage(_)) => self.tensor(&handles),
            _ => Err(self.bad_operands()),
        }
    }

    /// `(storage, offset, shape, strides, ...)`.
    fn tensor(&mut self, handles: &[Handle]) -> Result<(), PickleError> {
        let [storage, offset, shape, strides, ..] = handles else {
            return Err(self.bad_operands());
        };
        let Node::Storage(storage) = &self.nodes[*storage as usize] else {
            return Err(self.bad_operands());
        };
        let storage = Arc::new((**storage).clone());
        let tensor = TensorPart {
            storage,
            offset: self.whole(*offset)?,
            shape: self.counts(*shape)?,
            strides: self.counts(*strides)?,
        };
        if tensor.shape.len() != tensor.strides.len() {
            return Err(self.bad_operands());
        }
        self.push(Node::Tensor(Box::new(tensor)), 0)
    }

    fn whole(&self, handle: Handle) -> Result<u64, PickleError> {
        match &self.nodes[handle as usize] {
            Node::Int(value) => u64::try_from(*value).map_err(|_| self.bad_operands()),
            _ => Err(self.bad_operands()),
        }
    }

    fn counts(&self, handle: Handle) -> Result<Vec<usize>, PickleError> {
        let (Node::Tuple(items) | Node::List(items)) = &self.nodes[handle as usize] else {
            return Err(self.bad_operands());
        };
        if items.len() > 64 {
            return Err(self.bad_operands());
        }
        items
            .iter()
            .map(|item| Ok(self.whole(item)? as usize))
            .collect()
    }

    /// Gives an object its state; whether it is one that has a state here.
    pub(super) fn torch_build(
        &mut self,
        object: Handle,
        state: Handle,
    ) -> Result<bool, PickleError> {
        match &self.nodes[object as usize] {
            // The versions of the modules that an ordered dict of weights carries, and the hooks of a parameter.
            Node::Dict(_) | Node::Tensor(_) => Ok(true),
            Node::Instance(_) => {
                let depth = self.depth_over(std::iter::once(state))?;
                self.nodes[object as usize] = Node::Instance(Some(state));
                self.deepen(object, depth);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
