//! What the environment says about the network: offline, mirrors, proxies.

use super::FetchError;
use std::path::{Path, PathBuf};
use ureq::Proxy;

/// Where files may come from.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Nothing may be downloaded.
    pub offline: bool,
    /// Takes the place of every server.
    pub mirror: Option<Mirror>,
    /// Between this machine and every server.
    pub(super) proxy: Option<Proxy>,
}

/// A copy of published files: it has them below their paths, without scheme and host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// A server.
    Web(String),
    /// A folder.
    Folder(PathBuf),
}

/// A file's address where it is fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Web(String),
    File(PathBuf),
}

const MIRROR: &str = "STORYEVAL_MIRROR";
const PROXIES: [&str; 6] = [
    "ALL_PROXY",
    "all_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

impl Environment {
    /// What the variables of this process say: `STORYEVAL_MIRROR`, `HTTPS_PROXY` or `ALL_PROXY`,
    /// and `NO_PROXY`. An empty one counts as unset.
    ///
    /// # Errors
    /// [`FetchError::Environment`] for one that cannot be used.
    pub fn of_process() -> Result<Self, FetchError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    pub(super) fn read(
        variable: &dyn Fn(&'static str) -> Option<String>,
    ) -> Result<Self, FetchError> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let mirror = set(MIRROR).map(|value| Mirror::read(&value)).transpose()?;
        for name in PROXIES {
            if let Some(value) = set(name)
                && Proxy::new(&value).is_err()
            {
                return Err(FetchError::Environment {
                    variable: name,
                    value: without_password(&value),
                    what: "no address of a proxy such as http://proxy:8080",
                });
            }
        }
        Ok(Self {
            offline: false,
            mirror,
            proxy: Proxy::try_from_env(),
        })
    }

    /// Where a published address is fetched from.
    pub(super) fn source(&self, address: &str) -> Source {
        match &self.mirror {
            None => Source::Web(address.to_owned()),
            Some(Mirror::Web(base)) => Source::Web(format!("{base}/{}", path_of(address))),
            Some(Mirror::Folder(folder)) => {
                let path = path_of(address);
                let whole = folder.join(path);
                let name = path.rsplit('/').next().unwrap_or(path);
                // A few files brought by hand need not lie in the publisher's folders.
                let plain = folder.join(name);
                Source::File(if !whole.is_file() && plain.is_file() {
                    plain
                } else {
                    whole
                })
            }
        }
    }
}

impl Mirror {
    /// Reads `https://host/base`, `file:///folder` or a folder's path.
    ///
    /// # Errors
    /// [`FetchError::Environment`] where it is none of them.
    pub fn read(text: &str) -> Result<Self, FetchError> {
        let text = text.trim().trim_end_matches('/');
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(Self::Web(text.to_owned()));
        }
        let folder = Path::new(text.strip_prefix("file://").unwrap_or(text));
        if folder.is_dir() {
            return Ok(Self::Folder(folder.to_owned()));
        }
        Err(FetchError::Environment {
            variable: MIRROR,
            value: without_password(text),
            what: "neither a folder nor an address that begins with https:// or http://",
        })
    }
}

/// An address without scheme, host and query. Segments that would climb out of a folder are left out.
fn path_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    if path.split('/').any(|part| part == "..") {
        return path.rsplit('/').next().unwrap_or(path);
    }
    path
}

/// An address as messages show it.
pub(crate) fn without_password(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        None => address.to_owned(),
        Some(at) if scheme.is_empty() => format!("...@{}", &rest[at + 1..]),
        Some(at) => format!("{scheme}://...@{}", &rest[at + 1..]),
    }
}
