//! What becomes of a graph's memory once it was too short.

use std::sync::atomic::{AtomicBool, Ordering};

use ort::session::RunOptions;

use super::device::Device;
use super::error::is_out_of_memory;

/// The memory that a graph works in. ONNX Runtime keeps what a graph once took, one arena per graph, so after a
/// pass that was too large little is left to the other graphs of a smaller one. From the first failure on
/// every pass therefore gives back what it does not need any longer, at the price of taking it again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    device: Device,
    was_short: &'static AtomicBool,
}

impl Memory {
    pub(super) fn new(device: Device, was_short: &'static AtomicBool) -> Self {
        Self { device, was_short }
    }

    /// How the next pass is to be run.
    pub(super) fn options(self) -> Result<RunOptions, ort::Error> {
        let mut options = RunOptions::new()?;
        if self.was_short.load(Ordering::Relaxed) {
            options.set("memory.enable_memory_arena_shrinkage", self.arena())?;
        }
        Ok(options)
    }

    /// Takes note of why a pass failed.
    pub(super) fn note(self, error: &ort::Error) {
        if is_out_of_memory(error) {
            self.was_short.store(true, Ordering::Relaxed);
        }
    }

    fn arena(self) -> String {
        match self.device {
            Device::Cpu => "cpu:0".to_owned(),
            Device::Cuda(index) => format!("gpu:{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_want_of_memory_is_noted_and_arenas_are_named_as_the_runtime_does() {
        static SHORT: AtomicBool = AtomicBool::new(false);
        let memory = Memory::new(Device::Cuda(1), &SHORT);
        memory.note(&ort::Error::new("Invalid rank for input"));
        assert!(!SHORT.load(Ordering::Relaxed));
        memory.note(&ort::Error::new("CUDA failure 2: out of memory ; GPU=1"));
        assert!(SHORT.load(Ordering::Relaxed));
        assert_eq!(memory.arena(), "gpu:1");
        assert_eq!(Memory::new(Device::Cpu, &SHORT).arena(), "cpu:0");
    }
}
