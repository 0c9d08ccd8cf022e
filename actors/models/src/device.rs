//! Where trainings compute. Answers are always given on the processor: a single one is far too small to be sent anywhere.

use burn::tensor::Device;

/// The device of every training: the processor, or with the feature `gpu` the graphics card that wgpu finds first (`CUBECL_WGPU_DEFAULT_DEVICE`
/// names another). The promise that the same seed gives the same bytes holds for the processor only.
#[must_use]
pub fn training() -> Device {
    #[cfg(feature = "gpu")]
    let device = Device::wgpu(burn::tensor::DeviceKind::DefaultDevice);
    #[cfg(not(feature = "gpu"))]
    let device = Device::flex();
    device
}
