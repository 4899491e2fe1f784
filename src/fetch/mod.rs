//! Files from the network: fetched once, resumed where they were cut off, checked, and whole under their name or not
//! there at all.
//!
//! While a file is under way it is `NAME.part` in its folder, which a killed process leaves for the next one. Beside the
//! finished file, `NAME.fetched.json` records where it came from and its whole SHA-256.

mod attempt;
mod environment;
mod error;
mod expected;
mod fetcher;
mod place;
mod secret;
mod service;
mod web;

pub use environment::{Environment, Mirror};
pub use error::FetchError;
pub use expected::{Digest, Expected};
pub use fetcher::{Event, Fetched, Fetcher, Origin};
pub use secret::Secret;
pub use service::{Reply, Service};
pub use web::Patience;

/// A size for people: `96 MB`, `1.7 GB`.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

pub(crate) use environment::without_password;

#[cfg(test)]
mod service_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
