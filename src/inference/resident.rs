//! Graphs whose tensors stay on the device from call to call.

use super::device::Device;
use super::graph::{Graph, Input};
use super::{InferenceError, Runtime};
use ndarray::ArrayD;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::IoBinding;
use ort::value::{DynTensor, Tensor};

/// A tensor on the device.
#[derive(Debug)]
pub struct DeviceTensor(DynTensor);

/// A graph with inputs that are kept until they are replaced, and outputs that are left on the device.
#[derive(Debug)]
pub struct ResidentGraph {
    graph: Graph,
    binding: IoBinding,
    here: MemoryInfo<'static>,
}

impl ResidentGraph {
    /// Takes a graph that the runtime has loaded.
    ///
    /// # Errors
    /// [`InferenceError::Run`] where the runtime cannot bind.
    pub fn new(runtime: &Runtime, graph: Graph) -> Result<Self, InferenceError> {
        let (place, index) = match runtime.device() {
            Device::Cpu => (AllocationDevice::CPU, 0),
            Device::Cuda(index) => (AllocationDevice::CUDA, i32::try_from(index).unwrap_or(0)),
        };
        let failed = graph.failed();
        let here = MemoryInfo::new(place, index, AllocatorType::Device, MemoryType::Default)
            .map_err(&failed)?;
        let binding = graph.session().create_binding().map_err(&failed)?;
        Ok(Self {
            graph,
            binding,
            here,
        })
    }

    /// The graph, for calls from and to the host's memory.
    pub fn graph(&mut self) -> &mut Graph {
        &mut self.graph
    }

    /// Copies an array to the device as an input of this and all later calls.
    ///
    /// # Errors
    /// [`InferenceError::Run`].
    pub fn give(&mut self, name: &str, input: &Input<'_>) -> Result<(), InferenceError> {
        let failed = self.graph.failed();
        match input {
            Input::F32(view) => {
                let tensor = Tensor::from_array(view.to_owned()).map_err(&failed)?;
                self.binding.bind_input(name, &tensor)
            }
            Input::I64(view) => {
                let tensor = Tensor::from_array(view.to_owned()).map_err(&failed)?;
                self.binding.bind_input(name, &tensor)
            }
        }
        .map_err(failed)
    }

    /// Takes a tensor of the device as an input of this and all later calls.
    ///
    /// # Errors
    /// [`InferenceError::Run`].
    pub fn set(&mut self, name: &str, tensor: &DeviceTensor) -> Result<(), InferenceError> {
        let failed = self.graph.failed();
        self.binding.bind_input(name, &tensor.0).map_err(failed)
    }

    /// Runs the graph; the outputs stay on the device, in the signature's order.
    ///
    /// # Errors
    /// [`InferenceError::Run`].
    pub fn run(&mut self) -> Result<Vec<DeviceTensor>, InferenceError> {
        let failed = self.graph.failed();
        let names: Vec<String> = self.graph.output_names().map(str::to_owned).collect();
        // Fresh ones: outputs of earlier calls may still be in use.
        self.binding.clear_outputs();
        for name in &names {
            self.binding
                .bind_output_to_device(name.as_str(), &self.here)
                .map_err(&failed)?;
        }
        let memory = self.graph.memory();
        let options = memory.options().map_err(&failed)?;
        let mut outputs = self
            .graph
            .session_mut()
            .run_binding_with_options(&self.binding, &options)
            .inspect_err(|error| memory.note(error))
            .map_err(&failed)?;
        names
            .iter()
            .map(|name| {
                let output = outputs.remove(name.as_str());
                let output =
                    output.ok_or_else(|| failed(ort::Error::new("an output is missing")))?;
                output.downcast().map(DeviceTensor).map_err(&failed)
            })
            .collect()
    }

    /// Copies a tensor of the device to the host's memory.
    ///
    /// # Errors
    /// [`InferenceError::Run`].
    pub fn fetch(&self, tensor: &DeviceTensor) -> Result<ArrayD<f32>, InferenceError> {
        let failed = self.graph.failed();
        let host = tensor.0.to(AllocationDevice::CPU, 0).map_err(&failed)?;
        host.try_extract_array::<f32>()
            .map(|array| array.to_owned())
            .map_err(failed)
    }
}
