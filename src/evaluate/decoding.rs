//! When the images for a network on a device are decoded.

use crate::inference::Device;
use crate::vision::Decoding;

/// In turn where the network runs on the same cores as the decoder, else ahead of it.
#[must_use]
pub fn decoding(device: Device) -> Decoding {
    match device {
        Device::Cpu => Decoding::InTurn,
        Device::Cuda(_) => Decoding::Ahead,
    }
}
