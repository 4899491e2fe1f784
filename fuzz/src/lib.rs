//! The readers under test, compiled from their sources in `../src`: the whole of storyeval with all that
//! it depends on takes ten minutes to build for the fuzzer, these take seconds.
#![allow(dead_code, unused_imports, unreachable_pub)]

#[path = "../../src/format"]
pub mod format {
    #[path = "npy/header.rs"]
    mod header;
    pub mod npy_table;
    pub mod pickle;
    pub use header::{HeaderFault, NpyHeader};
}
