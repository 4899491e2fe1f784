//! How many images or texts go through a network at once.
//!
//! A pass is always full, and the rows that are not needed are computed for nothing: with another number of rows a matrix product
//! may round otherwise, and a frame's numbers would depend on how many came with it. So the number follows from the size of one
//! item, the kind of device and nothing else. On a CPU a network of published size does one image as quickly as many
//! (docs/evidence/performance.md), and one image is a pass; small ones share the cost of starting. A GPU needs several.

use crate::inference::Device;

/// Pixels of the largest image of which the CPU takes a full pass.
const CPU_PIXELS: usize = 64 * 64;
/// The same for a GPU; of larger ones fewer fit into its memory.
const CUDA_PIXELS: usize = 512 * 512;
/// Numbers of the longest text (tokens times width) of which the CPU takes a full pass.
const CPU_TEXT: usize = 32 * 96;

/// Images of one pass, at most `most`: on a GPU a power of two.
pub(super) fn of_images(device: Device, most: usize, (width, height): (u32, u32)) -> usize {
    let pixels = (width as usize).saturating_mul(height as usize).max(1);
    match device {
        Device::Cpu if pixels <= CPU_PIXELS => most,
        Device::Cpu => 1,
        Device::Cuda(_) => 1 << (most * CUDA_PIXELS / pixels).clamp(1, most).ilog2(),
    }
}

/// Texts of one pass, at most `most`.
pub(super) fn of_texts(device: Device, most: usize, tokens: usize, width: usize) -> usize {
    match device {
        Device::Cpu if tokens.saturating_mul(width) > CPU_TEXT => 1,
        Device::Cpu | Device::Cuda(_) => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_go_one_by_one_and_small_ones_together() {
        let cpu = |side| of_images(Device::Cpu, 32, (side, side));
        assert_eq!([8, 64, 65, 224, 299, 1024].map(cpu), [32, 32, 1, 1, 1, 1]);
        let cuda = |side| of_images(Device::Cuda(0), 8, (side, side));
        assert_eq!([64, 512, 600, 1411, 4000].map(cuda), [8, 8, 4, 1, 1]);
        assert_eq!(of_images(Device::Cpu, 8, (0, 5)), 8);
        assert_eq!(of_texts(Device::Cpu, 32, 32, 96), 32);
        assert_eq!(of_texts(Device::Cpu, 32, 77, 768), 1);
        assert_eq!(of_texts(Device::Cuda(0), 32, 77, 768), 32);
    }
}
