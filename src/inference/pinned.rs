//! The one release of ONNX Runtime that is fetched, and the hash of its library on every platform.
//!
//! The hashes are of the library inside the wheel, so that they hold for the cached file too, however
//! the wheel was obtained (index, mirror, pip's cache).

/// The release that is fetched.
pub(crate) const VERSION: &str = "1.32.0";
/// The oldest 1.x this program can talk to (`api-22` of the `ort` crate).
pub(crate) const OLDEST_MINOR: u32 = 22;

/// A platform's wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wheel {
    /// Folder name in the cache.
    pub(crate) platform: &'static str,
    /// pip's platform tag.
    pub(crate) tag: &'static str,
    /// File name of the library, in the wheel's `onnxruntime/capi/` and in the cache.
    pub(crate) library: &'static str,
    /// Size of the library in bytes.
    pub(crate) bytes: u64,
    /// Size of the download in megabytes, for talk.
    pub(crate) download_mb: u32,
    /// SHA-256 of the library.
    pub(crate) sha256: &'static str,
}

const WHEELS: [Wheel; 4] = [
    Wheel {
        platform: "linux-x86_64",
        tag: "manylinux_2_28_x86_64",
        library: "libonnxruntime.so.1.32.0",
        bytes: 34_824_680,
        download_mb: 28,
        sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
    },
    Wheel {
        platform: "linux-aarch64",
        tag: "manylinux_2_28_aarch64",
        library: "libonnxruntime.so.1.32.0",
        bytes: 27_165_936,
        download_mb: 23,
        sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
    },
    Wheel {
        platform: "macos-aarch64",
        tag: "macosx_14_0_arm64",
        library: "libonnxruntime.1.32.0.dylib",
        bytes: 35_272_344,
        download_mb: 23,
        sha256: "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
    },
    Wheel {
        platform: "windows-x86_64",
        tag: "win_amd64",
        library: "onnxruntime.dll",
        bytes: 22_668_640,
        download_mb: 17,
        sha256: "443c0065fcdba17618ddef05050308f4b471893c5c7da0337d6957c9073ad8a7",
    },
];

/// This machine, as cache folders are named.
pub(crate) fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// The wheel for this machine. musl has none: the wheels need glibc.
pub(crate) fn wheel() -> Option<&'static Wheel> {
    if cfg!(target_env = "musl") {
        return None;
    }
    let platform = platform();
    WHEELS.iter().find(|wheel| wheel.platform == platform)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_a_folder_of_its_own_and_a_hash() {
        let folders: std::collections::BTreeSet<_> = WHEELS.iter().map(|it| it.platform).collect();
        assert_eq!(folders.len(), WHEELS.len());
        for wheel in &WHEELS {
            assert_eq!(wheel.sha256.len(), 64);
            assert!(wheel.sha256.bytes().all(|it| it.is_ascii_hexdigit()));
        }
    }
}
